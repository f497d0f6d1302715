"""Lists that only grew are kept as what came in."""

from hypothesis import given
from hypothesis import strategies as st

from engine.records.growth import SHORTEST, find_growth, grow
from engine.storage.plain import Plain

LONG: list[Plain] = [*range(SHORTEST)]


@given(st.lists(st.integers(), min_size=SHORTEST), st.lists(st.tuples(st.integers(0, 60), st.text()), min_size=1))
def test_what_came_in_anywhere_makes_the_new_list_again(numbers: list[int], added: list[tuple[int, str]]) -> None:
    old: list[Plain] = [{"number": number} for number in numbers]
    new = [*old]
    for place, text in added:
        new.insert(place, text)
    growth = find_growth(old, new)
    assert growth is not None
    assert len(growth) == len(added)
    assert grow(old, growth) == new


def test_anything_else_is_written_down_whole() -> None:
    assert find_growth(LONG[1:], LONG) is None  # short
    assert find_growth(LONG, [*LONG]) is None  # nothing came in
    assert find_growth(LONG, [*LONG[:-1], None, None]) is None  # something else as well
    assert find_growth(LONG, [*reversed(LONG), 1]) is None
    assert find_growth(None, LONG) is None
    assert find_growth(LONG, "text") is None
    assert find_growth(LONG, [*LONG, None]) == {str(SHORTEST): None}
