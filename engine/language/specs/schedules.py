"""When a timer is due: durations, dates, repetitions (`R3/PT1H`) and cron texts.

Whatever is read here without a zone of its own is meant in the platform's.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from engine.language.errors import ValueUnfit
from engine.language.repairs import repairs
from engine.language.specs.durations import (
    WORKING,
    Calendar,
    NotForward,
    add_duration,
    parse_duration,
    parse_working_time,
)
from engine.storage.clock import format_instant, parse_instant
from engine.storage.plain import PlainDict

_COUNT = re.compile(r"R(\d{0,9})", re.ASCII)
_WITH_TIME = re.compile(r".+[T ]\d.*")
CRON_FIELDS = 5


@dataclass(frozen=True)
class Repetition:
    """`every` is a duration, `WT:` working time or a cron text; no `count` means without end."""

    every: str
    count: int | None = None
    start: str | None = None
    end: str | None = None


def parse_date(text: str, zone: ZoneInfo) -> datetime:
    """The instant of an ISO 8601 date with its time of day; without an offset it is meant in the zone.

    Raises ValueUnfit.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or not _WITH_TIME.fullmatch(text):
        message = f"Expected a date with its time of day such as 2026-12-31T18:00, but got {text!r}"
        raise ValueUnfit(message, value=text)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def find_due(text: str, now: datetime, calendar: Calendar) -> datetime:
    """The instant a text means: a duration or `WT:` working time from now, or a date. Raises ValueUnfit."""
    if text.startswith(WORKING):
        return calendar.working_time(text, now)
    if re.match(r"-?P", text):
        return add_duration(now, parse_duration(text), calendar.zone)
    return parse_date(text, calendar.zone)


def parse_repetition(text: str) -> Repetition:
    """Read `R3/PT1H`, `R/<start>/P1D`, `R/PT1H/<end>`, `R5/<start>/P1M/<end>` or a cron text. Raises ValueUnfit.

    Dates and cron fields are read when the first turn is looked for.
    """
    if not text.startswith("R"):
        if len(text.split()) == CRON_FIELDS:
            return Repetition(" ".join(text.split()))
        expected = "a repetition such as R3/PT1H, or a cron text of five fields such as 0 9 * * MON-FRI"
        raise ValueUnfit(f"Expected {expected}, but got {text!r}", value=text)
    head, *parts = text.split("/")
    count = _COUNT.fullmatch(head)
    at = next((place for place, part in enumerate(parts) if re.match(r"(WT:)?-?P", part)), None)
    if count is None or at is None or at > 1 or len(parts) > at + 2:
        raise ValueUnfit(
            f"Expected a repetition such as R3/PT1H or R/2026-12-01T09:00/P1D, but got {text!r}", value=text
        )
    if count[1] and int(count[1]) == 0:
        raise NotForward(f"Expected a repetition of once or more often, but got {text!r}", value=text)
    every = parts[at]
    parse_working_time(every) if every.startswith(WORKING) else parse_duration(every)
    return Repetition(
        every,
        int(count[1]) if count[1] else None,
        parts[0] if at else None,
        parts[at + 1] if len(parts) > at + 1 else None,
    )


def start_cycle(text: str, now: datetime, calendar: Calendar) -> PlainDict:
    """The first turn of a repetition: its own start if it names one, else one interval from now. Raises ValueUnfit."""
    wanted = parse_repetition(text)
    end = None if wanted.end is None else parse_date(wanted.end, calendar.zone)
    anchor, turn = now, 1
    if wanted.start is None:
        first = _find_turn(wanted.every, anchor, anchor, turn, calendar)
    else:
        first = anchor = parse_date(wanted.start, calendar.zone)
        turn = 0
    if end is not None and first > end:
        raise ValueUnfit(f"Expected an end after the first turn, but got {text!r}", value=text)
    return {
        "every": wanted.every,
        "anchor": format_instant(anchor),
        "turn": turn,
        "left": wanted.count,
        "end": None if end is None else format_instant(end),
        "due": format_instant(first),
    }


@repairs("storm-after-an-outage", "Turns of a repeated timer that were missed all fire at once.")
def continue_cycle(cycle: PlainDict, now: datetime, calendar: Calendar) -> PlainDict | None:
    """The turn after this one, on the cycle's own schedule; None when it was the last.

    What was missed while nothing ran is not made up for: it counts as fired, so that no storm follows an outage.
    """
    every, turn, left, end = str(cycle["every"]), cycle["turn"], cycle["left"], cycle.get("end")
    anchor, due = parse_instant(str(cycle["anchor"])), parse_instant(str(cycle["due"]))
    assert isinstance(turn, int)
    assert left is None or isinstance(left, int)
    missed = _count_missed(every, due, now) if left is None else min(_count_missed(every, due, now), left - 1)
    turn, left = turn + missed, left and left - missed
    while left is None or left > 1:
        turn, left = turn + 1, left and left - 1
        due = _find_turn(every, anchor, max(due, now) if _is_cron(every) else due, turn, calendar)
        if end is not None and due > parse_instant(str(end)):
            return None
        if due > now:
            return cycle | {"turn": turn, "left": left, "due": format_instant(due)}
    return None


def due_of(cycle: PlainDict) -> datetime:
    """When the present turn of a cycle is due."""
    return parse_instant(str(cycle["due"]))


def _is_cron(every: str) -> bool:
    return " " in every


@repairs("monthly-drift", "A monthly repetition goes on by the number of days its first month has.")
def _find_turn(every: str, anchor: datetime, before: datetime, turn: int, calendar: Calendar) -> datetime:
    """From the anchor, so that the 31st of each month does not drift; the others go on from the turn before."""
    if _is_cron(every):
        return _find_cron(every, before, calendar.zone)
    if every.startswith(WORKING):
        return calendar.working_time(every, before)
    return add_duration(anchor, parse_duration(every), calendar.zone, turn)


def _find_cron(text: str, after: datetime, zone: ZoneInfo) -> datetime:
    """As the cron of Debian, also where summer time begins and ends. Raises ValueUnfit."""
    try:
        return next(CronSim(text, after.astimezone(zone))).astimezone(UTC)
    except CronSimError as error:
        message = (
            f"Expected five fields, minute hour day month weekday, such as 0 9 * * MON-FRI, but got {text!r}: {error}"
        )
        raise ValueUnfit(message, value=text) from None
    except StopIteration:
        raise ValueUnfit(f"Expected a cron text with a day that comes, but got {text!r}", value=text) from None


def _count_missed(every: str, due: datetime, now: datetime) -> int:
    """How many turns after this one are surely over: so many need not be looked at one by one."""
    if _is_cron(every) or every.startswith(WORKING) or now <= due:
        return 0
    return max(0, (now - due) // parse_duration(every).longest - 1)
