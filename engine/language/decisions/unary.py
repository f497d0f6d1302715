"""Takes the text of a test apart: the unary tests of DMN (9.2), whose operands are read later."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.language.decisions.vocabulary import CellInvalid, mask_strings

_INTERVAL = re.compile(r"\s*([\[(\]])(.*?)\.\.(.*?)([\])\[])\s*(?:,|$)", re.DOTALL)
_COMPARISON = re.compile(r"(<=|>=|==|!=|<|>)(.*)", re.DOTALL)
ANYTHING = ("", "-")


@dataclass(frozen=True)
class Comparison:
    """`< 5`"""

    operator: str
    text: str


@dataclass(frozen=True)
class Interval:
    """`[1..5)`"""

    low: str
    high: str
    has_low: bool
    has_high: bool


@dataclass(frozen=True)
class Alone:
    """A value, or with `?` in it an expression that is true or not."""

    text: str
    has_question: bool


Part = Comparison | Interval | Alone


@dataclass(frozen=True)
class UnaryTests:
    """One part must hold or, if negated, none may."""

    parts: tuple[Part, ...]
    is_negated: bool

    @property
    def is_ordering(self) -> bool:
        """Whether a part asks for an order, which nothing (null) has no place in."""
        return any(
            isinstance(part, Interval) or (isinstance(part, Comparison) and part.operator[0] in "<>")
            for part in self.parts
        )


def read_tests(text: str) -> UnaryTests | None:
    """The parts of a test; None where every value passes. Raises CellInvalid."""
    text = text.strip()
    if text in ANYTHING:
        return None
    negated = _find_negated(text)
    parts = tuple(_read_part(part) for part in split_list(text if negated is None else negated))
    return UnaryTests(parts, negated is not None)


def _read_part(part: str) -> Part:
    masked = mask_strings(part)
    if part.startswith("=") and not part.startswith("=="):
        raise CellInvalid("equals_sign", part=part)
    if match := _INTERVAL.fullmatch(masked):
        low, high = part[slice(*match.span(2))], part[slice(*match.span(3))]
        if ".." in mask_strings(high):
            raise CellInvalid("interval", part=part)
        return Interval(low, high, match[1] == "[", match[4] == "]")
    if match := _COMPARISON.fullmatch(part):
        if "?" in mask_strings(match[2]):
            raise CellInvalid("no_operand", operator=match[1], text=match[2].strip())
        return Comparison(match[1], match[2])
    return Alone(part, "?" in masked)


def split_list(text: str) -> list[str]:
    """The parts of a list of values or tests; commas inside brackets and texts do not divide. Raises CellInvalid."""
    return list(_split_parts(text))


def _split_parts(text: str) -> Iterator[str]:
    masked = mask_strings(text)
    if "#" in masked or "..." in masked:
        raise CellInvalid("comment", text=text)
    for start, end, _ in _find_parts(masked):
        part = text[start:end].strip()
        if part in ANYTHING:
            raise CellInvalid("empty_part", text=text)
        yield part


def _find_parts(masked: str) -> Iterator[tuple[int, int, bool]]:
    """Where each part begins and ends, and whether it is an interval, whose brackets need not match."""
    start = 0
    while start <= len(masked):
        match = _INTERVAL.match(masked, start)
        end = match.end() if match else _find_comma(masked, start)
        if match and masked[end - 1] == ",":
            end -= 1
        yield start, end, match is not None
        start = end + 1


def _find_comma(masked: str, start: int) -> int:
    """Where the next comma outside brackets stands, or the end."""
    depth = 0
    for index in range(start, len(masked)):
        if masked[index] in "([{":
            depth += 1
        elif masked[index] in ")]}":
            depth -= 1
        elif masked[index] == "," and depth == 0:
            return index
    return len(masked)


def _find_negated(text: str) -> str | None:
    """What stands inside a `not(...)` around the whole; None if there is none."""
    masked = mask_strings(text)
    opening = re.match(r"not\s*\(", masked)
    if opening is None or not masked.endswith(")"):
        return None
    inner = masked[opening.end() : -1]
    is_whole = all(is_interval or _is_balanced(inner[start:end]) for start, end, is_interval in _find_parts(inner))
    return text[opening.end() : -1] if is_whole else None


def _is_balanced(part: str) -> bool:
    depth = 0
    for character in part:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return True
