"""When a timer is due: ISO 8601 durations, instants and repetitions, and working time (`WT:`)."""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.language.errors import ValueUnfit
from engine.language.repairs import repairs
from engine.storage.clock import format_instant, parse_instant
from engine.storage.plain import PlainDict

WorkingTime = Callable[[str, datetime], datetime]
"""Gives the instant a `WT:` duration after an instant, by the business calendar."""

_DURATION = re.compile(
    r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_CYCLE = re.compile(r"R(\d*)/(?:([^/]+)/)?((?:WT:)?P[^/]+)")


@dataclass(frozen=True)
class Duration:
    """Months are kept apart: how long they are depends on where they start."""

    months: int
    rest: timedelta


@repairs("negative-durations", "A negative duration is taken for a positive one, and a bare `P` for none at all.")
def parse_duration(text: str) -> Duration:
    """Read an ISO 8601 duration such as `P1Y2M`, `P2W3D` or `PT1H30M`. Raises ValueUnfit."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueUnfit(f"Expected an ISO 8601 duration, but got {text!r}", value=text)
    years, months, weeks, days, hours, minutes = (int(group or 0) for group in found.groups()[:6])
    seconds = float(found[7] or 0)
    rest = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return Duration(years * 12 + months, rest)


def add_duration(start: datetime, duration: Duration, times: int = 1) -> datetime:
    """`start` and so many times the duration; a month that is too short ends on its last day."""
    month = start.month - 1 + duration.months * times
    year, month = start.year + month // 12, month % 12 + 1
    day = min(start.day, monthrange(year, month)[1])
    return start.replace(year=year, month=month, day=day) + duration.rest * times


def find_due(text: str, now: datetime, working_time: WorkingTime) -> datetime:
    """The instant a text means: a duration from now, `WT:` working time from now, or an instant. Raises ValueUnfit."""
    if text.startswith("WT:"):
        return working_time(text, now)
    if text.startswith("P"):
        return add_duration(now, parse_duration(text))
    try:
        return parse_instant(text)
    except ValueError:
        message = f"Expected a duration or an instant with its time zone, but got {text!r}"
        raise ValueUnfit(message, value=text) from None


def start_cycle(text: str, now: datetime, working_time: WorkingTime) -> PlainDict:
    """The first firing of `R3/PT1H`, `R/P1D` or `R5/<instant>/P1M`. Raises ValueUnfit."""
    found = _CYCLE.fullmatch(text)
    if found is None or found[1] == "0":
        raise ValueUnfit(f"Expected a repetition such as R3/PT1H, but got {text!r}", value=text)
    count, start, interval = found.groups()
    left = int(count) if count else None
    first = _find_turn(interval, now, now, 1, working_time)
    if first <= now:
        raise ValueUnfit(f"Expected a repetition that goes forward in time, but got {text!r}", value=text)
    cycle: PlainDict = {"anchor": format_instant(now), "turn": 1, "left": left, "every": interval}
    if start is not None:
        first = find_due(start, now, working_time)
        cycle |= {"anchor": format_instant(first), "turn": 0}
    return cycle | {"due": format_instant(first)}


@repairs("storm-after-an-outage", "Turns of a repeated timer that were missed all fire at once.")
def continue_cycle(cycle: PlainDict, now: datetime, working_time: WorkingTime) -> PlainDict | None:
    """The firing after this one, on the cycle's own schedule; None when it was the last.

    What was missed while nothing ran is not made up for: it counts as fired, so that no storm follows an outage.
    """
    anchor, due = parse_instant(str(cycle["anchor"])), parse_instant(str(cycle["due"]))
    interval, turn, left = str(cycle["every"]), cycle["turn"], cycle["left"]
    assert isinstance(turn, int)
    assert left is None or isinstance(left, int)
    while left is None or left > 1:
        turn, left = turn + 1, left and left - 1
        due = _find_turn(interval, anchor, due, turn, working_time)
        if due > now:
            return cycle | {"turn": turn, "left": left, "due": format_instant(due)}
    return None


@repairs("monthly-drift", "A monthly repetition goes on by the number of days its first month has.")
def _find_turn(interval: str, anchor: datetime, before: datetime, turn: int, working_time: WorkingTime) -> datetime:
    """From the anchor, so that the 31st of each month does not drift; working time goes on from the turn before."""
    if interval.startswith("WT:"):
        return working_time(interval, before)
    return add_duration(anchor, parse_duration(interval), turn)
