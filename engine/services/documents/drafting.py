"""What every kind of document has before it is issued."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.plain import PlainDict


@dataclass(frozen=True)
class Draft:
    """A document that has no number yet: what it is about (one document each), its month, what it says."""

    subject: str
    month: date
    content: PlainDict


Writer = Callable[[UnitOfWork, Engine, Actor, str], Draft]
"""Writes what a kind of document says about something, for somebody who may have it. Raises NotFound."""


@dataclass(frozen=True)
class Month:
    """A calendar month in the platform's zone."""

    first: date
    since: datetime
    until: datetime

    @classmethod
    def read(cls, text: str, zone: ZoneInfo) -> "Month":
        """The month of a text such as 2026-11. Raises NotFound."""
        try:
            first = date.fromisoformat(f"{text}-01")
        except ValueError:
            raise NotFound("month", text) from None
        return cls(first, *(datetime.combine(day, datetime.min.time(), zone) for day in (first, next_month(first))))

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


def next_month(first: date) -> date:
    """The first day of the month after."""
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def read_past_month(unit: UnitOfWork, engine: Engine, text: str) -> Month:
    """A month that is over. Raises NotFound for any other."""
    month = Month.read(text, engine.zone)
    if month.until > unit.now:
        raise NotFound("month", text)
    return month
