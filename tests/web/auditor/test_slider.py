"""Marks above the time slider."""

from datetime import UTC, datetime, timedelta

from engine.queries.inspection import Record
from engine.storage.actor import SYSTEM
from web.auditor.slider import MAX_MARKS, draw_marks, find_records

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def record(seq: int, kind: str = "continue", actor_id: str = SYSTEM.user_id, *, is_failure: bool = False) -> Record:
    return Record(seq, BEGIN + timedelta(minutes=seq), kind, actor_id, is_failure)


def test_each_record_has_its_place_and_its_kind() -> None:
    records = [
        record(1, "start", "ann"),
        record(2, "timer"),
        record(3, "message"),
        record(4),
        record(5, "complete", "ann", is_failure=True),
    ]
    marks = draw_marks(records, {2})
    assert [mark.percent for mark in marks] == [0, 25, 50, 75, 100]
    assert [mark.kind for mark in marks] == ["person", "timer", "message", "other", "incident"]
    assert [mark.seq for mark in marks if mark.has_money] == [2]
    assert draw_marks(records[:1], set())[0].percent == 0


def test_a_long_case_has_few_marks_that_hide_no_incident() -> None:
    records = [record(seq, is_failure=seq == 7_777) for seq in range(1, 10_001)]
    marks = draw_marks(records, {5_000})
    assert len(marks) <= MAX_MARKS
    assert [mark.kind for mark in marks].count("incident") == 1
    assert sum(mark.has_money for mark in marks) == 1
    assert marks[-1].percent <= 100


def test_an_entry_belongs_to_the_record_of_its_instant() -> None:
    records = [record(seq) for seq in (1, 2, 3)]
    instants = [BEGIN, records[1].at, records[1].at + timedelta(seconds=5), records[2].at]
    assert find_records(records, instants) == [1, 2, 2, 3]
