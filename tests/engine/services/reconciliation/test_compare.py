"""Every way in which two books can disagree, and none where they agree."""

import pytest

from engine.services.payments.provider import FileLine
from engine.services.reconciliation.compare import Difference, OwnOrder, compare

KEY = ("payment", "p1")
PAID = FileLine("payment", "p1", 500)
OURS = {KEY: OwnOrder(500, "ann")}


def test_the_same_on_both_sides() -> None:
    outcome = compare([PAID], OURS, set(), OURS)
    assert (outcome.matched, outcome.differences) == ([PAID], [])


@pytest.mark.parametrize(
    ("lines", "known", "due", "expected", "surplus"),
    [
        ([PAID], {}, (), Difference("missing_here", "payment", "p1", 500, 0, None), 500),
        ([], OURS, OURS, Difference("missing_there", "payment", "p1", 0, 500, "ann"), 0),
        ([FileLine("payment", "p1", 700)], OURS, (), Difference("different_amount", *KEY, 700, 500, "ann"), 200),
        ([FileLine("payment", "p1", 300)], OURS, (), Difference("different_amount", *KEY, 300, 500, "ann"), 0),
        ([FileLine("payout", "p1", 500)], OURS, (), Difference("missing_here", "payout", "p1", 500, 0, None), 0),
        ([FileLine("charge_back", "p9", 5)], OURS, (), Difference("missing_here", "charge_back", "p9", 5, 0, None), 0),
        (
            [PAID],
            {("payment", "p1"): OwnOrder(0, "ann")},  # it failed, we thought
            (),
            Difference("different_amount", "payment", "p1", 500, 0, "ann"),
            500,
        ),
    ],
)  # fmt: skip
def test_each_difference(
    lines: list[FileLine],
    known: dict[tuple[str, str], OwnOrder],
    due: dict[tuple[str, str], OwnOrder],
    expected: Difference,
    surplus: int,
) -> None:
    outcome = compare(lines, known, set(), due)
    assert (outcome.matched, outcome.differences) == ([], [expected])
    assert expected.surplus_fen == surplus


def test_a_line_that_comes_twice() -> None:
    twice = Difference("duplicate", "payment", "p1", 500, 500, "ann")
    assert compare([PAID, PAID], OURS, set(), OURS).differences == [twice]
    assert compare([PAID], OURS, {("payment", "p1")}, {}).differences == [twice]
    assert twice.surplus_fen == 500


def test_an_order_of_yesterday_s_file_is_not_missing_today() -> None:
    assert compare([], OURS, {("payment", "p1")}, OURS).differences == []
