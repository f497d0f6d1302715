"""Days as they are typed."""

from datetime import date, datetime, time

from flask import g


def read_day(typed: str) -> datetime | None:
    """The first moment of a day in the reader's zone; none for what is no day."""
    try:
        return datetime.combine(date.fromisoformat(typed), time.min, g.fmt.zone)
    except ValueError:
        return None
