"""The company's days, `calendar.json`: what its country does not know of holidays, make-up days and opening hours."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time

import holidays

KEYS = ("country", "opens", "closes", "holidays", "working_days")
MAX_DAYS = 2_000


@dataclass(frozen=True)
class CalendarProblem:
    """What is wrong with one entry, in both languages."""

    key: str
    en: str
    zh: str


class CalendarInvalid(Exception):
    """The file may not be used as it is; `problems` say why."""

    def __init__(self, problems: list[CalendarProblem]) -> None:
        super().__init__("; ".join(problem.en for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class CompanyDays:
    """Which days people work, and from when to when: those of the country, and the company's own exceptions by date."""

    country: str = "CN"
    opens: time = time(9)
    closes: time = time(18)
    holidays: dict[date, str] = field(default_factory=dict)
    working_days: dict[date, str] = field(default_factory=dict)


def parse_calendar(content: bytes) -> CompanyDays:
    """Reads a `calendar.json`; what it leaves out is as without it. Raises CalendarInvalid."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CalendarInvalid([CalendarProblem("", f"Expected JSON, but {error}", f"应为 JSON，但 {error}")]) from None
    if not isinstance(found, dict):
        kind = type(found).__name__
        problem = CalendarProblem("", f"Expected a JSON object, but it is a {kind}", f"应为 JSON 对象，但现在是 {kind}")
        raise CalendarInvalid([problem])
    problems = [*_find_problems(found)]
    if problems:
        raise CalendarInvalid(problems)
    return CompanyDays(
        found.get("country", CompanyDays.country),
        time.fromisoformat(found.get("opens", CompanyDays.opens.isoformat())),
        time.fromisoformat(found.get("closes", CompanyDays.closes.isoformat())),
        *({date.fromisoformat(day): name for day, name in found.get(key, {}).items()} for key in KEYS[3:]),
    )


def _find_problems(found: dict[str, object]) -> Iterator[CalendarProblem]:
    for key in found.keys() - set(KEYS):
        listed = ", ".join(KEYS)
        yield CalendarProblem(key, f"Expected one of {listed}, but got {key}", f"只能有 {listed}，但出现了 {key}")
    country = found.get("country", CompanyDays.country)
    if not isinstance(country, str) or country not in holidays.list_supported_countries():
        yield CalendarProblem(
            "country",
            f"Expected the two letters of a country such as CN, but got {country!r}",
            f"country 应为两位国家代码（如 CN），但现在是 {country!r}",
        )
    hours = [_read_time(found.get(key, default.isoformat())) for key, default in _HOURS.items()]
    for key, hour in zip(_HOURS, hours, strict=True):
        if hour is None:
            got = found.get(key)
            yield CalendarProblem(
                key, f"Expected a time such as 09:00, but got {got!r}", f"{key} 应为 09:00 这样的时间"
            )
    if None not in hours and str(hours[0]) >= str(hours[1]):
        yield CalendarProblem("closes", "Expected to close after opening, but it does not", "closes 应晚于 opens")
    days = [found.get(key, {}) for key in KEYS[3:]]
    for key, entries in zip(KEYS[3:], days, strict=True):
        yield from _find_day_problems(key, entries)
    if all(isinstance(entries, dict) for entries in days):
        for day in sorted(set.intersection(*(set(entries) for entries in days if isinstance(entries, dict)))):
            yield CalendarProblem(
                day, f"Expected {day} once, but it is a holiday and a working day", f"{day} 不能既是假日又是工作日"
            )


_HOURS = {"opens": CompanyDays.opens, "closes": CompanyDays.closes}


def _find_day_problems(key: str, entries: object) -> Iterator[CalendarProblem]:
    if not isinstance(entries, dict) or len(entries) > MAX_DAYS:
        en = f'Expected dates with their names in {key}, such as {{"2026-12-31": "Annual party"}}, at most {MAX_DAYS}'
        yield CalendarProblem(key, en, f'{key} 应为日期和名称，如 {{"2026-12-31": "年会"}}，最多 {MAX_DAYS} 个')
        return
    for day, name in entries.items():
        if _read_date(day) is None:
            yield CalendarProblem(
                day,
                f"Expected a date such as 2026-12-31 in {key}, but got {day}",
                f"{key} 中应为 2026-12-31 这样的日期",
            )
        if not isinstance(name, str) or not name.strip():
            yield CalendarProblem(day, f"Expected a name for {day}, but got {name!r}", f"{day} 应有名称")


def _read_time(text: object) -> time | None:
    try:
        found = time.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo is None else None


def _read_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-12-31") else None
    except ValueError:
        return None
