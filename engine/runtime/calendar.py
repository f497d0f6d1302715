"""The working calendar: weekends, public holidays and make-up working days of the platform's country."""

import re
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

PREFIX = "WT:"
COUNTRY = "CN"
OPENS, CLOSES = time(9), time(18)
_DURATION = re.compile(r"WT:P(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,4})M)?)?")


@lru_cache
def _calendar() -> holidays.HolidayBase:
    return holidays.country_holidays(COUNTRY)


def is_working_day(local: datetime) -> bool:
    """Whether people work on this local date; a make-up Saturday counts, a holiday on a Monday does not."""
    return bool(_calendar().is_working_day(local.date()))


def add_working_time(start: datetime, duration: str, zone: ZoneInfo) -> datetime:
    """When a working-time duration (`WT:P2D`, `WT:PT4H`, `WT:P1DT2H`) that begins at `start` is over.

    Days run to the same time of day that many working days later; hours run only from 9 to 18 o'clock of working days.
    Raises ValueError for a text of another form.
    """
    match = _DURATION.fullmatch(duration)
    if match is None or not any(match.groups()):
        raise ValueError(f"Expected a working time such as WT:P2D or WT:PT4H, but got {duration!r}")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    local = start.astimezone(zone)
    for _ in range(days):
        local = _next_working_day(local)
    if hours or minutes:
        local = _add_hours(local, timedelta(hours=hours, minutes=minutes))
    return local.astimezone(start.tzinfo)


def _next_working_day(local: datetime) -> datetime:
    local += timedelta(days=1)
    while not is_working_day(local):
        local += timedelta(days=1)
    return local


def _add_hours(local: datetime, rest: timedelta) -> datetime:
    while True:
        opens = datetime.combine(local.date(), OPENS, local.tzinfo)
        closes = datetime.combine(local.date(), CLOSES, local.tzinfo)
        begin = max(local, opens)
        if is_working_day(local) and begin < closes:
            if rest <= closes - begin:
                return begin + rest
            rest -= closes - begin
        local = opens + timedelta(days=1)
