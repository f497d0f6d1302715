"""How long something lasts: ISO 8601 durations in natural time, and working time (`WT:`)."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from engine.language.errors import ValueUnfit
from engine.language.repairs import repairs

WORKING = "WT:"
_NUMBER = r"(\d{1,9}(?:[.,]\d{1,9})?)"
_DURATION = re.compile(
    rf"P(?=.)(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(?:T(?=.)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?",
    re.ASCII,
)
_BACKWARD = re.compile(r"(?:WT:)?-P.+|(?:WT:)?P.*-\d.*")
_WORKING = re.compile(r"WT:P(?:(\d{1,4})D)?(?:T(?=.)(?:(\d{1,4})H)?(?:(\d{1,4})M)?)?", re.ASCII)


class NotForward(ValueUnfit):
    """A time of no length, or one that goes backward."""


class Calendar(Protocol):
    """By whose clock on the wall, and by whose working days, time is counted."""

    @property
    def zone(self) -> ZoneInfo: ...

    def working_time(self, text: str, start: datetime) -> datetime:
        """The instant a `WT:` duration after `start`, by the business calendar. Raises ValueUnfit."""


@dataclass(frozen=True)
class Duration:
    """How long months and days are depends on where they start; the rest is exact."""

    months: int
    days: int
    rest: timedelta

    @property
    def longest(self) -> timedelta:
        """At most so long, wherever it starts."""
        return timedelta(days=31 * self.months) + timedelta(hours=25 * self.days) + self.rest


@repairs("negative-durations", "A negative duration is taken for a positive one, and a bare `P` for none at all.")
def parse_duration(text: str) -> Duration:
    """Read an ISO 8601 duration such as `P1Y2M`, `P2W3D` or `PT1H30M`; its last part may have a fraction (`PT0.5S`).

    Raises ValueUnfit, for one that is zero or goes backward in time as well.
    """
    _refuse_backward(text)
    found = _DURATION.fullmatch(text)
    if found is None or not _is_fraction_last([part for part in found.groups() if part], found[1], found[2]):
        raise ValueUnfit(f"Expected an ISO 8601 duration such as PT4H or P3D, but got {text!r}", value=text)
    numbers = [float((part or "0").replace(",", ".")) for part in found.groups()]
    years, months, weeks, days, hours, minutes, seconds = numbers
    whole_days = int(weeks * 7 + days)
    rest = timedelta(days=weeks * 7 + days - whole_days, hours=hours, minutes=minutes, seconds=seconds)
    duration = Duration(int(years) * 12 + int(months), whole_days, rest)
    if not any(numbers):
        raise NotForward(f"Expected a duration longer than zero, but got {text!r}", value=text)
    return duration


def add_duration(start: datetime, duration: Duration, zone: ZoneInfo, times: int = 1) -> datetime:
    """`start` and so many times the duration, in UTC.

    Days, weeks, months and years keep the time of day of the zone, also over a change to summer time; a time that does
    not exist there is moved on by the gap, of two the first counts. A month that is too short ends on its last day.
    Raises ValueUnfit beyond the year 9999.
    """
    try:
        local = start.astimezone(zone)
        month = local.month - 1 + duration.months * times
        year, month = local.year + month // 12, month % 12 + 1
        day = min(local.day, monthrange(year, month)[1])
        local = local.replace(
            year=year, month=month, day=day, fold=0 if duration.months or duration.days else local.fold
        )
        local += timedelta(days=duration.days * times)
        return local.astimezone(UTC) + duration.rest * times
    except (OverflowError, ValueError):
        raise ValueUnfit(f"Expected an instant before the year 10000, but {duration} leads beyond") from None


def parse_working_time(text: str) -> tuple[int, timedelta]:
    """The days and hours of `WT:P2D`, `WT:PT4H` or `WT:P1DT2H30M`. Raises ValueUnfit, for zero and less as well."""
    _refuse_backward(text)
    found = _WORKING.fullmatch(text)
    if found is None or not any(found.groups()):
        message = f"Expected a working time such as WT:P2D, WT:PT4H or WT:P1DT2H, but got {text!r}"
        raise ValueUnfit(message, value=text)
    days, hours, minutes = (int(part or 0) for part in found.groups())
    if not (days or hours or minutes):
        raise NotForward(f"Expected a working time longer than zero, but got {text!r}", value=text)
    return days, timedelta(hours=hours, minutes=minutes)


def _refuse_backward(text: str) -> None:
    if _BACKWARD.fullmatch(text):
        raise NotForward(f"Expected a duration that goes forward in time, but got {text!r}", value=text)


def _is_fraction_last(parts: list[str], years: str | None, months: str | None) -> bool:
    """ISO 8601 lets the last part have a fraction; half a month is no definite time."""
    wholes = [*parts[:-1], years or "0", months or "0"]
    return all(part.isdigit() for part in wholes)
