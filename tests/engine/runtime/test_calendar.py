"""Working time: weekends, holidays, make-up working days, and the company's own days."""

import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.definitions.calendars import CalendarInvalid, CompanyDays, parse_calendar
from engine.language.errors import ValueUnfit
from engine.runtime.calendar import WorkingCalendar

ZONE = ZoneInfo("Asia/Shanghai")
PUBLIC = WorkingCalendar(CompanyDays(), ZONE)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2026-11-23T10:00", "WT:P1D", "2026-11-24T10:00"),  # Monday to Tuesday
        ("2026-11-20T10:00", "WT:P1D", "2026-11-23T10:00"),  # over a weekend
        ("2026-09-30T09:00", "WT:P7D", "2026-10-15T09:00"),  # National Day; Saturday 10 October is a working day
        ("2026-10-09T09:00", "WT:P1D", "2026-10-10T09:00"),  # onto the make-up Saturday
        ("2026-11-23T10:00", "WT:PT4H", "2026-11-23T14:00"),
        ("2026-11-20T17:00", "WT:PT4H", "2026-11-23T12:00"),  # one hour on Friday, three on Monday
        ("2026-11-21T12:00", "WT:PT1H", "2026-11-23T10:00"),  # begins on a Saturday
        ("2026-11-23T06:00", "WT:PT1H30M", "2026-11-23T10:30"),  # before opening
        ("2026-11-23T10:00", "WT:P1DT8H", "2026-11-24T18:00"),
        ("2027-03-05T10:00", "WT:P1D", "2027-03-08T10:00"),  # the year after
        ("2028-02-28T10:00", "WT:P2D", "2028-03-01T10:00"),  # over a leap day
    ],
)
def test_working_time(start: str, duration: str, end: str) -> None:
    assert PUBLIC.working_time(duration, _at(start)) == _at(end)


@pytest.mark.parametrize(
    "text", ["P1D", "WT:", "WT:P", "WT:P1W", "WT:PT", "WT:-P1D", "WT:P1.5D", "WT:P0D", "WT:PT0H0M", "WT:P1DT"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueUnfit, match=r"working time|goes forward"):
        PUBLIC.working_time(text, _at("2026-11-23T10:00"))


def test_the_company_has_days_and_hours_of_its_own() -> None:
    file = {
        "opens": "08:30",
        "closes": "20:30",
        "holidays": {"2026-11-24": "年会"},
        "working_days": {"2026-11-28": "盘点", "2026-10-01": "值班"},
    }
    company = WorkingCalendar(parse_calendar(json.dumps(file).encode()), ZONE)
    assert company.working_time("WT:P1D", _at("2026-11-23T10:00")) == _at("2026-11-25T10:00")
    assert company.working_time("WT:P1D", _at("2026-11-27T10:00")) == _at("2026-11-28T10:00")  # a Saturday
    assert company.working_time("WT:PT12H", _at("2026-11-23T10:30")) == _at("2026-11-25T10:30")
    assert company.is_working_day(date(2026, 10, 1))
    assert company.working_day.total_seconds() == 12 * 3600


def test_hours_are_those_on_the_wall_where_summer_time_begins_and_ends() -> None:
    berlin = WorkingCalendar(CompanyDays("DE"), ZoneInfo("Europe/Berlin"))
    for friday, monday in (("2026-03-27T14:00Z", "2026-03-30T13:00Z"), ("2026-10-23T13:00Z", "2026-10-26T14:00Z")):
        begin, end = datetime.fromisoformat(friday), datetime.fromisoformat(monday)
        assert berlin.working_time("WT:P1D", begin) == end, "at three in the afternoon, both days"
        assert berlin.working_time("WT:PT9H", begin) == end


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        (b"[1]", [""]),
        (b"{", [""]),
        (b'{"opens": "9"}', ["opens"]),
        (b'{"opens": "18:00", "closes": "09:00"}', ["closes"]),
        (b'{"country": "XX"}', ["country"]),
        (b'{"country": 5}', ["country"]),
        (b'{"feasts": {}}', ["feasts"]),
        (b'{"holidays": ["2026-12-24"]}', ["holidays"]),
        (b'{"holidays": {"2026-02-30": "x"}}', ["2026-02-30"]),
        (b'{"holidays": {"2026-12-24": ""}}', ["2026-12-24"]),
        (b'{"holidays": {"2026-12-24": "x"}, "working_days": {"2026-12-24": "y"}}', ["2026-12-24"]),
    ],
)
def test_what_is_wrong_with_a_calendar_is_said_at_its_place(content: bytes, keys: list[str]) -> None:
    with pytest.raises(CalendarInvalid) as caught:
        parse_calendar(content)
    assert [problem.key for problem in caught.value.problems] == keys
    assert all(problem.en.startswith("Expected") and problem.zh for problem in caught.value.problems)
