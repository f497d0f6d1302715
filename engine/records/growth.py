"""Lists that only grew, as history keeps them: what came in, and where.

A multi-instance adds each result to its list; to write the whole list down each time would cost as much again as all
results before it.
"""

from engine.storage.plain import Plain, PlainDict

SHORTEST = 16  # shorter lists are written down whole, which is easier to read


def find_growth(old: Plain, new: Plain) -> PlainDict | None:
    """What came into a list, by its place in the new one; none if it is short, or anything else has changed.

    Values that stayed must be the very same objects, which is quicker to see than whether they are equal.
    """
    if not isinstance(old, list) or not isinstance(new, list) or not SHORTEST <= len(old) < len(new):
        return None
    added: PlainDict = {}
    kept, count = 0, len(old)
    for place, value in enumerate(new):
        if kept < count and old[kept] is value:
            kept += 1
        else:
            added[str(place)] = value
    return added if kept == count else None


def grow(old: Plain, added: Plain) -> list[Plain]:
    """The new list."""
    assert isinstance(old, list)
    assert isinstance(added, dict)
    new = [*old]
    for place, value in sorted(added.items(), key=lambda one: int(one[0])):
        new.insert(int(place), value)
    return new
