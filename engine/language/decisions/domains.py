"""The values an input may have, cut at every bound a cell names: within a piece no rule can tell values apart.

Pieces are bits of a number, so that what a cell accepts is a number too.
"""

import json
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil, floor
from typing import Any

from engine.language.decisions.kinds import DAY, DISCRETE, NUMERIC, TEMPORAL, Kind, Value, write_value
from engine.language.decisions.spans import Accepts, Span

_NULL_BIT = 1
_CALLS = {Kind.DATE: "date", Kind.DATETIME: "date and time", Kind.TIME: "time"}
_FIRST: dict[Kind, Value] = {
    Kind.NUMBER: 0, Kind.INTEGER: 0, Kind.DATE: date(2026, 1, 1), Kind.DATETIME: datetime(2026, 1, 1, tzinfo=UTC),
    Kind.DAYS: timedelta(), Kind.TIME: timedelta(), Kind.MONTHS: 0,
}  # fmt: skip
_OTHER_TEXT = "other"


@dataclass(frozen=True)
class _Line:
    """The pieces of one kind: before, at and between its points. Bit `offset` is what lies before the first point."""

    kind: Kind
    points: list[Any]
    offset: int

    @property
    def size(self) -> int:
        return 2 * len(self.points) + 1

    @property
    def bits(self) -> int:
        """The pieces that hold a value."""
        return sum(1 << (self.offset + place) for place in range(self.size) if self.sample(place) is not None)

    def mask(self, span: Span) -> int:
        first, last = 0, self.size - 1
        if span.low is not None:
            first = 2 * bisect_left(self.points, span.low) + (1 if span.has_low else 2)
        if span.high is not None:
            last = 2 * bisect_left(self.points, span.high) + (1 if span.has_high else 0)
        return ((1 << (last - first + 1)) - 1) << (self.offset + first) if last >= first else 0

    def sample(self, place: int) -> Value:
        """A value of a piece, None where it holds none."""
        index, is_point = divmod(place, 2)
        if is_point:
            point = self.points[index]
            is_broken = self.kind is Kind.INTEGER and point % 1 != 0
            is_late = self.kind is Kind.TIME and point == DAY
            return None if is_broken or is_late else point
        low = self.points[index - 1] if index else None
        high = self.points[index] if index < len(self.points) else None
        match self.kind:
            case Kind.BOOLEAN:
                return None
            case Kind.TIME if low is None or high is None:
                return None
            case Kind.STRING:
                return None if high is not None else _find_other_text(self.points)
        try:
            return _between(self.kind, low, high)
        except OverflowError:  # beyond the first or last date
            return None


class Domain:
    """What one input may be. `full`: all its pieces; `expected`: those a rule should be there for."""

    def __init__(self, kind: Kind, tests: Sequence[Accepts], allowed: Accepts | None) -> None:
        spans = [span for test in (*tests, *([allowed] if allowed else ())) for span in test.spans]
        kinds = {kind} - {Kind.ANY} or {span.kind for span in spans} - {Kind.NULL}
        self.lines: list[_Line] = []
        offset = _NULL_BIT
        for one in sorted(kinds):
            line = _Line(one, _find_points(one, spans), offset)
            self.lines.append(line)
            offset += line.size
        self.anything = 1 << offset if not self.lines else 0  # a kind that no cell speaks of
        self._all = (1 << (offset + 1)) - 1
        values = self.anything | sum(line.bits for line in self.lines)
        self.full = values | _NULL_BIT
        asks_null = any(span.kind is Kind.NULL for span in spans)
        self.expected = self.full if asks_null else values
        if allowed:
            self.full &= self.mask(allowed)
            self.expected = self.full
        self.is_closed = allowed is not None or kinds == {Kind.BOOLEAN}

    def mask(self, accepts: Accepts) -> int:
        """The pieces whose values pass a test."""
        passing = 0
        for span in accepts.spans:
            found = self._mask_span(span)
            passing |= self._all & ~found if span.is_outside else found
        if accepts.is_negated:
            passing = self._all & ~passing & ~(_NULL_BIT if accepts.is_ordering else 0)
        return passing & self.full

    def _mask_span(self, span: Span) -> int:
        if span.kind is Kind.NULL:
            return _NULL_BIT
        kinds = NUMERIC if span.kind in NUMERIC else {span.kind}
        return sum(line.mask(span) for line in self.lines if line.kind in kinds)

    def show(self, mask: int) -> str:
        """A value of the first piece that is not nothing (null), as a cell would name it."""
        values = mask & ~_NULL_BIT or mask
        bit = (values & -values).bit_length() - 1
        for line in self.lines:
            if line.offset <= bit < line.offset + line.size:
                return _write(line.kind, line.sample(bit - line.offset))
        return "null" if values == _NULL_BIT else "-"


def list_pieces(mask: int) -> Iterable[int]:
    """The single bits of a mask."""
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit


def _find_points(kind: Kind, spans: Iterable[Span]) -> list[Any]:
    kinds = NUMERIC if kind in NUMERIC else {kind}
    points: set[Any] = {end for span in spans if span.kind in kinds for end in (span.low, span.high) if end is not None}
    if kind is Kind.BOOLEAN:
        points |= {False, True}
    if kind is Kind.TIME:
        points |= {timedelta(), DAY}
    return sorted(points)


def _between(kind: Kind, low: Any, high: Any) -> Value:
    """A value above `low` and below `high`, None where there is none."""
    step: int | timedelta = 1 if kind in NUMERIC or kind is Kind.MONTHS else DAY
    if low is None and high is None:
        return _FIRST[kind]
    if low is None:
        below: Value = ceil(high) - 1 if kind is Kind.INTEGER else high - step
        return below
    near = floor(low) + 1 if kind in (Kind.INTEGER, Kind.MONTHS) else low + step
    found: Value = near
    if high is None or near < high:
        return found
    if kind in DISCRETE:
        return None
    found = middle = low + (high - low) / 2
    return found if low < middle < high else None


def _find_other_text(known: Iterable[Value]) -> str:
    taken, count = set(known), 0
    while (text := _OTHER_TEXT + (str(count) if count else "")) in taken:
        count += 1
    return text


def _write(kind: Kind, value: Value) -> str:
    if kind in TEMPORAL:
        return f'{_CALLS.get(kind, "duration")}("{write_value(kind, value)}")'
    return json.dumps(value, ensure_ascii=False)
