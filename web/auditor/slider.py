"""The records of a case as marks above the time slider."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.queries.inspection import Record

KINDS = ("incident", "person", "timer", "message", "other")  # what a mark that stands for several records shows first
MESSAGES = frozenset({"message", "signal"})
MAX_MARKS = 120


@dataclass(frozen=True)
class Mark:
    """One record, or as many as would stand in the same place; `percent` is where, `has_money` whether money moved."""

    seq: int
    percent: float
    kind: str
    has_money: bool


def draw_marks(records: Sequence[Record], money: Collection[int]) -> list[Mark]:
    """A mark per record; in a long case one for several neighbours, so that the page stays small."""
    step = -(-len(records) // MAX_MARKS)
    groups = [records[place : place + step] for place in range(0, len(records), step)]
    last = max(1, len(records) - 1)
    return [
        Mark(
            group[0].seq,
            round(100 * place * step / last, 2),
            min((kind_of(record) for record in group), key=KINDS.index),
            any(record.seq in money for record in group),
        )
        for place, group in enumerate(groups)
    ]


def kind_of(record: Record) -> str:
    """What a record is about, of which each kind has its colour and its word."""
    if record.is_failure:
        return "incident"
    if record.is_human:
        return "person"
    if record.kind == "timer":
        return "timer"
    return "message" if record.kind in MESSAGES else "other"


def find_records(records: Sequence[Record], instants: Iterable[datetime]) -> list[int]:
    """For each instant the number of the record that was the last one then."""
    times = [record.at for record in records]
    return [records[max(0, bisect_right(times, at) - 1)].seq for at in instants]
