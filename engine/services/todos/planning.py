"""When things are due: absolute instants from a rule, the business calendar and quiet hours."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from engine.definitions.registry import BusinessCalendar
from engine.language.specs.durations import WORKING, add_duration, parse_duration, parse_working_time
from engine.services.notifications.hours import Hours
from engine.services.notifications.telling import to_minute

ACTIVATION, DUE = "activation", "due"
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Planned:
    """One reminder, or one step of escalation (`level` above 0)."""

    at: datetime
    template: str
    channels: tuple[str, ...]
    only_if: str = "open"
    level: int = 0


def shift(calendar: BusinessCalendar, at: datetime, offset: str) -> datetime:
    """An instant moved by `PT2H`, `WT:P1D`, `-PT2H` or `-WT:P1D`; nothing moves it not. Raises ValueUnfit."""
    is_back, length = offset.startswith("-"), offset.removeprefix("-")
    if not length:
        return at
    if not length.startswith(WORKING):
        return add_duration(at, parse_duration(length), calendar.zone, -1 if is_back else 1)
    if not is_back:
        return calendar.working_time(length, at)
    days, rest = parse_working_time(length)
    local = at.astimezone(calendar.zone)
    for _ in range(days):
        local -= timedelta(days=1)
        while not calendar.is_working_day(local.date()):
            local -= timedelta(days=1)
    return (local - rest).astimezone(at.tzinfo)


def into_working_time(calendar: BusinessCalendar, at: datetime) -> datetime:
    """The instant, if people work then, else when they begin to."""
    return calendar.working_time("WT:PT1M", at) - _MINUTE


def plan_reminders(
    rules: Sequence[Mapping[str, Any]],
    calendar: BusinessCalendar,
    activated_at: datetime,
    due_at: datetime | None,
    quiet: Hours,
) -> Iterator[Planned]:
    """Reminders by the rows of a rule. Each row: anchor (activation, due), offset, times, every (pause between them),
    channels (comma list), template, only_if (open, unread), working (moved into working time).
    """
    for rule in rules:
        anchor = activated_at if rule["anchor"] == ACTIVATION else due_at
        if anchor is None:
            continue
        at = shift(calendar, anchor, str(rule["offset"] or ""))
        channels = tuple(one.strip() for one in str(rule["channels"] or "").split(",") if one.strip())
        for number in range(int(rule["times"] or 1)):
            if number:
                at = shift(calendar, at, str(rule["every"]))
            told = into_working_time(calendar, at) if rule["working"] else at
            told = quiet.find_time(told, calendar.zone)
            if told >= activated_at:
                yield Planned(to_minute(told), str(rule["template"]), channels, str(rule["only_if"] or "open"))


def plan_escalation(
    rules: Sequence[Mapping[str, Any]], calendar: BusinessCalendar, due_at: datetime | None
) -> Iterator[Planned]:
    """Steps of escalation by the rows of a rule: level, after (counted from the step before, of the first from due).

    They fall into working time only.
    """
    at = due_at
    for rule in rules:
        if at is None:
            return
        at = to_minute(into_working_time(calendar, shift(calendar, at, str(rule["after"] or ""))))
        yield Planned(at, "todo_escalated", (), level=int(rule["level"]))


def read_quiet(policy: Mapping[str, Any]) -> Hours:
    """The quiet hours of reminders, as the policy sets them."""
    start, end = (time.fromisoformat(str(policy[f"todo_quiet_{name}"])) for name in ("from", "until"))
    return Hours(start, end)
