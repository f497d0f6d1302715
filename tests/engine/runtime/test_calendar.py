"""Working time: weekends, holidays and make-up working days."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from engine.runtime.calendar import add_working_time

ZONE = ZoneInfo("Asia/Shanghai")


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
    ],
)
def test_working_time(start: str, duration: str, end: str) -> None:
    assert add_working_time(_at(start), duration, ZONE) == _at(end)


@pytest.mark.parametrize("text", ["P1D", "WT:", "WT:P", "WT:P1W", "WT:PT", "WT:-P1D", "WT:P1.5D"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="working time"):
        add_working_time(_at("2026-11-23T10:00"), text, ZONE)
