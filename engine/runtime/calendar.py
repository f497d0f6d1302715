"""The working calendar: weekends, public holidays, make-up working days, and what the company says of its own days."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from sqlalchemy import Connection

from engine.definitions.calendars import CompanyDays
from engine.language.errors import ValueUnfit
from engine.language.specs.durations import parse_working_time
from engine.runtime.engine import Engine


def read_calendar(engine: Engine, connection: Connection) -> "WorkingCalendar":
    """The company's days as they are deployed now; a case has those it pinned, see `Step.calendar`."""
    return WorkingCalendar(engine.catalogue.calendar(connection, engine.catalogue.newest(connection)), engine.zone)


@lru_cache
def _public_days(country: str) -> holidays.HolidayBase:
    return holidays.country_holidays(country)


class WorkingCalendar:
    """See `engine.language.specs.durations.Calendar`: the days of a company in the platform's zone."""

    def __init__(self, days: CompanyDays, zone: ZoneInfo) -> None:
        self.days = days
        self.zone = zone

    @property
    def working_day(self) -> timedelta:
        """How long people work on a working day."""
        return datetime.combine(date.min, self.days.closes) - datetime.combine(date.min, self.days.opens)

    def is_working_day(self, day: date) -> bool:
        """Whether people work on this local date; a make-up Saturday counts, a holiday on a Monday does not."""
        if day in self.days.working_days:
            return True
        return day not in self.days.holidays and bool(_public_days(self.days.country).is_working_day(day))

    def working_time(self, text: str, start: datetime) -> datetime:
        """When a working time (`WT:P2D`, `WT:PT4H`, `WT:P1DT2H`) that begins at `start` is over.

        Days run to the same time of day that many working days later; hours run only while it is open.
        Raises ValueUnfit for a text of another form, and where the calendar ends.
        """
        days, hours = parse_working_time(text)
        try:
            local = start.astimezone(self.zone)
            for _ in range(days):
                local = self._next_working_day(local)
            if hours:
                local = self._add_hours(local, hours)
        except OverflowError:
            raise ValueUnfit(f"Expected a working time that ends, but {text} leads beyond the year 9999") from None
        return local.astimezone(start.tzinfo)

    def _next_working_day(self, local: datetime) -> datetime:
        local += timedelta(days=1)
        while not self.is_working_day(local.date()):
            local += timedelta(days=1)
        return local

    def _add_hours(self, local: datetime, rest: timedelta) -> datetime:
        while True:
            opens = datetime.combine(local.date(), self.days.opens, local.tzinfo)
            closes = datetime.combine(local.date(), self.days.closes, local.tzinfo)
            begin = max(local, opens)
            if self.is_working_day(local.date()) and begin < closes:
                if rest <= closes - begin:
                    return begin + rest
                rest -= closes - begin
            local = opens + timedelta(days=1)
