"""Near names for misspelt ones."""

from collections.abc import Iterable
from difflib import get_close_matches
from operator import eq

MAX_COMPARED = 20
MAX_CHARACTERS = 60
MAX_LENGTH_DIFFERENCE = 3


def suggest(name: str, known: Iterable[str]) -> str:
    """The text " (did you mean …?)", empty when nothing is near.

    Nearness is costly, so only names of about the same length are compared, those with the same beginning first.
    """
    if len(name) > MAX_CHARACTERS:
        return ""
    candidates = [other for other in known if abs(len(other) - len(name)) <= MAX_LENGTH_DIFFERENCE and other != name]
    candidates.sort(key=lambda other: (-_count_equal(name, other), other))
    near = get_close_matches(name, candidates[:MAX_COMPARED], 1, 0.7)
    return f" (did you mean {near[0]}?)" if near else ""


def _count_equal(first: str, second: str) -> int:
    """How many characters stand at the same place in both, counted from either end."""
    pairs = (*map(eq, first, second), *map(eq, reversed(first), reversed(second)))
    return pairs.count(True)
