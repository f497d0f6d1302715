"""Days as they are typed."""

from datetime import date, datetime, time

from flask import g

YEARS = range(1970, 9999)  # so that its instant and the day after can be told in any zone


def read_day(typed: str) -> datetime | None:
    """The first moment of a day in the reader's zone; none for what is no day of a year anybody asks for."""
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    return datetime.combine(day, time.min, g.fmt.zone) if day.year in YEARS else None
