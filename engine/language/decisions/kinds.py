"""The kinds of values a decision compares, and how process data hold them: dates, times and durations as ISO texts.

In a cell a time of day is the time since midnight, a duration of years and months is its number of months.
"""

import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from engine.storage.clock import format_instant
from engine.storage.plain import Plain


class Kind(StrEnum):
    """What a value is; ANY where nothing says so."""

    ANY = "Any"
    NULL = "null"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    STRING = "string"
    DATE = "date"
    DATETIME = "dateTime"
    TIME = "time"
    DAYS = "dayTimeDuration"
    MONTHS = "yearMonthDuration"


TEMPORAL = frozenset({Kind.DATE, Kind.DATETIME, Kind.TIME, Kind.DAYS, Kind.MONTHS})
NUMERIC = frozenset({Kind.INTEGER, Kind.NUMBER})
DISCRETE = frozenset({Kind.BOOLEAN, Kind.INTEGER, Kind.DATE, Kind.MONTHS})
_OTHER_NAMES = {
    "": Kind.ANY, "long": Kind.INTEGER, "double": Kind.NUMBER, "decimal": Kind.NUMBER, "date and time": Kind.DATETIME,
    "days and time duration": Kind.DAYS, "years and months duration": Kind.MONTHS,
}  # fmt: skip
TYPES: dict[str, Kind] = {**{kind.value: kind for kind in Kind if kind is not Kind.NULL}, **_OTHER_NAMES}
DAY = timedelta(days=1)
# Both are also matched inside the sandbox.
_N = "([0-9]+)"
DURATION_PATTERN = rf"(-?)P(?=.)(?:{_N}Y)?(?:{_N}M)?(?:{_N}D)?(?:T(?=.)(?:{_N}H)?(?:{_N}M)?(?:{_N}(?:\.{_N})?S)?)?"
TIME_PATTERN = r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?"
_DURATION, _TIME = re.compile(DURATION_PATTERN), re.compile(TIME_PATTERN)

Value = None | bool | int | float | str | date | timedelta
"""A literal of a cell; a datetime is a date."""


def read_kind(kind: Kind, text: str) -> Value:
    """The value an ISO text means. Raises ValueError."""
    match kind:
        case Kind.DATE:
            return date.fromisoformat(text)
        case Kind.DATETIME:
            at = datetime.fromisoformat(text)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        case Kind.TIME:
            return _read_time(text)
    months, rest = read_duration(text)
    if rest if kind is Kind.MONTHS else months:
        raise ValueError(f"{text!r} is another kind of duration")
    return months if kind is Kind.MONTHS else rest


def read_duration(text: str) -> tuple[int, timedelta]:
    """Months and the rest of an ISO 8601 duration, one of them zero. Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no ISO 8601 duration")
    years, months, days, hours, minutes, seconds = (int(group or 0) for group in found.groups()[1:7])
    fraction = int((found[8] or "").ljust(6, "0")[:6])
    try:
        rest = timedelta(days, seconds, fraction, hours=hours, minutes=minutes)
    except OverflowError:
        raise ValueError(f"{text!r} is longer than any calendar") from None
    whole = years * 12 + months
    if whole and rest:
        raise ValueError(f"{text!r} has months and days, which cannot be compared")
    return (-whole, -rest) if found[1] else (whole, rest)


def has_months(text: str) -> bool:
    """Whether an ISO 8601 duration is written in years and months."""
    return any(letter in text.partition("T")[0] for letter in "YM")


def write_value(kind: Kind, value: Value) -> Plain:
    """A value as process data hold it."""
    if kind is Kind.TIME and isinstance(value, timedelta):
        minutes, seconds = divmod(value.seconds, 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    if kind is Kind.MONTHS and isinstance(value, int):
        return write_months(value)
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, timedelta):
        return write_days(value)
    return value.isoformat() if isinstance(value, date) else value


def write_months(months: int) -> str:
    """`P1Y2M` for 14."""
    years, rest = divmod(abs(months), 12)
    parts = (f"{years}Y" if years else "") + (f"{rest}M" if rest else "")
    return ("-" if months < 0 else "") + "P" + (parts or "0M")


def write_days(length: timedelta) -> str:
    """`P3DT4H` for three days and four hours."""
    size = abs(length)
    hours, rest = divmod(size.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    exact = f"{seconds}.{size.microseconds:06}".rstrip("0") if size.microseconds else seconds or ""
    clock = "".join(
        f"{number}{unit}" for number, unit in ((hours or "", "H"), (minutes or "", "M"), (exact, "S")) if number
    )
    parts = (f"{size.days}D" if size.days else "") + (f"T{clock}" if clock else "")
    return ("-" if length < timedelta() else "") + "P" + (parts or "T0S")


def fits(kind: Kind, value: Plain) -> bool:
    """Whether a value of process data is of a kind; nothing (null) is of every kind."""
    if value is None or kind is Kind.ANY:
        return True
    if kind in TEMPORAL:
        return isinstance(value, str) and _is_readable(kind, value)
    if kind is Kind.STRING:
        return isinstance(value, str)
    if kind is Kind.BOOLEAN or isinstance(value, bool):
        return kind is Kind.BOOLEAN and isinstance(value, bool)
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return is_whole if kind is Kind.INTEGER else isinstance(value, (int, float))


def _is_readable(kind: Kind, text: str) -> bool:
    try:
        read_kind(kind, text)
    except ValueError:
        return False
    return True


def _read_time(text: str) -> timedelta:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time of day without a zone, such as 08:30 or 08:30:00")
    hours, minutes, seconds = (int(group or 0) for group in found.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
