"""The page on time and messages says what the engine does: every row of its tables is executed."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from engine.definitions.calendars import parse_calendar
from engine.definitions.lint.timers import find_fault
from engine.language.specs.schedules import continue_cycle, due_of, find_due, start_cycle
from engine.runtime.calendar import WorkingCalendar
from engine.storage.plain import PlainDict
from tests.support.stage import ROOT

PAGE = (ROOT / "docs" / "time-and-messages.md").read_text(encoding="utf-8")
OWN_DAYS = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
SHIPPED = (ROOT / "bpmn" / "shared" / "calendar.json").read_bytes()


def _read_rows(heading: str) -> list[tuple[str, ...]]:
    lines = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0].splitlines()
    rows = [line.strip("|").split(" | ") for line in lines if line.startswith("| `")]
    return [tuple(cell.strip().strip("`") for cell in row) for row in rows]


def _calendar(zone: str, content: bytes = SHIPPED) -> WorkingCalendar:
    return WorkingCalendar(parse_calendar(content), ZoneInfo(zone))


def _at(text: str, calendar: WorkingCalendar) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=calendar.zone)


def _show(at: datetime, calendar: WorkingCalendar) -> str:
    return at.astimezone(calendar.zone).isoformat()[:16]


@pytest.mark.parametrize(("text", "begin", "zone", "due"), _read_rows("Texts of timers"))
def test_texts_of_timers(text: str, begin: str, zone: str, due: str) -> None:
    calendar = _calendar(zone)
    assert _show(find_due(text, _at(begin, calendar), calendar), calendar) == due


@pytest.mark.parametrize(("text", "begin", "zone", "turns"), _read_rows("Repetitions"))
def test_repetitions(text: str, begin: str, zone: str, turns: str) -> None:
    calendar, said = _calendar(zone), turns.split(", ")
    cycle: PlainDict | None = start_cycle(text, _at(begin, calendar), calendar)
    shown: list[str] = []
    while len(shown) < len(said):
        shown.append(_show(due_of(cycle), calendar) if cycle else "no more")
        cycle = cycle and continue_cycle(cycle, due_of(cycle), calendar)
    assert shown == said


@pytest.mark.parametrize(("text", "kind", "sentence"), _read_rows("What is refused"))
def test_what_is_refused(text: str, kind: str, sentence: str) -> None:
    fault = find_fault(kind, text)
    assert fault is not None
    assert sentence in str(fault)


@pytest.mark.parametrize(("text", "begin", "zone", "due"), _read_rows("The company's days"))
def test_the_days_of_a_company(text: str, begin: str, zone: str, due: str) -> None:
    assert OWN_DAYS
    calendar = _calendar(zone, OWN_DAYS[1].encode())
    assert _show(find_due(text, _at(begin, calendar), calendar), calendar) == due


def test_no_table_was_overlooked() -> None:
    headings = ("Texts of timers", "Repetitions", "What is refused", "The company's days")
    assert [len(_read_rows(heading)) for heading in headings] == [17, 12, 13, 3]
