"""Money, times and names as people read them: in their language and their zone."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from engine.services.places.geometry import write_distance
from web.texts import Language, text_in

MINUS = "\N{MINUS SIGN}"
LOCALES: dict[Language, str] = {"zh": "zh_Hans_CN", "en": "en_GB"}
DAY: dict[Language, str] = {"zh": "M月d日", "en": "d MMM"}
MONTH: dict[Language, str] = {"zh": "y年M月", "en": "MMM y"}
DAY_WITH_YEAR: dict[Language, str] = {"zh": "y年M月d日", "en": "d MMM y"}
FULL: dict[Language, str] = {"zh": "y年M月d日 EEEE HH:mm:ss zzzz", "en": "EEEE, d MMMM y, HH:mm:ss zzzz"}
WEEK = timedelta(days=7)
SOON_SHARE = 4  # due soon: less than a quarter of the time is left
SOON_ICONS = {"bad": "circle-alert", "warn": "alarm-clock", "": "clock"}
_LENGTH = re.compile(
    r"(?P<working>WT:)?P(?=\d|T\d)(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


@dataclass(frozen=True)
class DueBadge:
    """When something is due, in words; `tone` is `bad` (late), `warn` (soon) or empty."""

    text: str
    tone: str
    iso: str
    title: str

    @property
    def icon(self) -> str:
        return SOON_ICONS[self.tone]


def format_money(amount_fen: int) -> str:
    """An amount with its currency: ¥1,234.56, −¥1,234.56."""
    return f"{MINUS if amount_fen < 0 else ''}¥{_yuan(amount_fen)}"


def format_signed(amount_fen: int) -> str:
    """An amount in a column of entries, its sign always written: +507.60, −1,500.00, 0.00."""
    sign = "" if amount_fen == 0 else MINUS if amount_fen < 0 else "+"
    return f"{sign}{_yuan(amount_fen)}"


def _yuan(amount_fen: int) -> str:
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{yuan:,}.{fen:02d}"


# The same days and due times are shown over and over, in every list and to everybody.
@lru_cache(maxsize=4096)
def _format_day(day: date, pattern: str, language: Language) -> str:
    return format_date(day, pattern, locale=LOCALES[language])


@lru_cache(maxsize=4096)
def _format_full(at: datetime, language: Language, zone: ZoneInfo) -> str:
    return format_datetime(at, FULL[language], tzinfo=zone, locale=LOCALES[language])


class Formatter:
    """Formats for one reader at one moment; `fmt` in templates."""

    def __init__(self, language: Language, zone: ZoneInfo, now: datetime) -> None:
        self.language = language
        self.zone = zone
        self.now = now

    money = staticmethod(format_money)
    signed = staticmethod(format_signed)
    distance = staticmethod(write_distance)

    def name(self, zh: str, en: str) -> str:
        """Of a name in two languages the one to show; the other where it is empty."""
        first, second = (zh, en) if self.language == "zh" else (en, zh)
        return first or second

    def initials(self, name: str) -> str:
        """One or two letters that stand for a name in an avatar: 陈思远 is 陈, Chen Siyuan is CS."""
        words = name.split()
        letters = "".join(word[0] for word in words[:2]).upper()
        return letters if letters.isascii() else name[:1]

    def number(self, value: float) -> str:
        """A number with groups of three and a true minus sign."""
        return f"{value:,}".replace("-", MINUS)

    def percent(self, basis_points: int) -> str:
        """Basis points as per cent, without zeros at the end: 600 is 6%, 1250 is 12.5%."""
        return f"{basis_points / 100:g}%".replace("-", MINUS)

    def instant(self, at: datetime) -> str:
        """A day and a time: 11月21日 20:18, 21 Nov 20:18; with its year unless that is this year's."""
        return f"{self.day(at)} {self.time(at)}"

    def moment(self, at: datetime) -> str:
        """A day and a time to the second: 11月21日 20:18:04."""
        return f"{self.day(at)} {at.astimezone(self.zone):%H:%M:%S}"

    def full(self, at: datetime) -> str:
        """Everything about an instant, for the tooltip of a short form."""
        return _format_full(at, self.language, self.zone)

    def day(self, at: datetime | date) -> str:
        """A calendar day; an instant's day is that of the reader's zone."""
        day = at.astimezone(self.zone).date() if isinstance(at, datetime) else at
        is_this_year = day.year == self._today().year
        pattern = (DAY if is_this_year else DAY_WITH_YEAR)[self.language]
        return _format_day(day, pattern, self.language)

    def month(self, first: date) -> str:
        """A calendar month with its year: 2026年11月, Nov 2026."""
        return format_date(first, MONTH[self.language], locale=LOCALES[self.language])

    def time(self, at: datetime) -> str:
        """A time of day: 20:18."""
        return at.astimezone(self.zone).strftime("%H:%M")

    def ago(self, at: datetime) -> str:
        """How long ago, within a day; then the day and time."""
        passed = self.now - at
        if passed < timedelta(minutes=1):
            return text_in(self.language, "time.now")
        if passed < timedelta(days=1):
            return text_in(self.language, "time.ago", duration=self.duration(passed))
        return self.instant(at)

    def duration(self, length: timedelta) -> str:
        """A length of time in its largest sensible unit, rounded down: 50 min, 2 h, 3 days."""
        minutes = max(1, int(abs(length).total_seconds() // 60))
        if minutes < 60:
            return text_in(self.language, "time.minutes", count=minutes)
        if minutes < 24 * 60:
            return text_in(self.language, "time.hours", count=minutes // 60)
        return text_in(self.language, "time.days", count=minutes // (24 * 60))

    def length(self, text: str) -> str | None:
        """A length of time as diagrams and rules write it (P1DT4H, WT:P2D), in words; None if it is none."""
        found = _LENGTH.fullmatch(text)
        if found is None:
            return None
        parts = [(unit, int(count)) for unit, count in found.groupdict().items() if count and unit != "working"]
        words = " ".join(text_in(self.language, f"time.{unit}", count=count) for unit, count in parts)
        return text_in(self.language, "time.working", duration=words) if found["working"] else words

    def due(self, due_at: datetime, since: datetime | None = None) -> DueBadge:
        """A due time: relative when late or soon, else the day by its nearest name (today, Monday, 21 Nov).

        Soon is less than a quarter of the time from `since` to `due_at`; without `since`, less than an hour.
        """
        left = due_at - self.now
        if left < timedelta():
            words, tone = text_in(self.language, "time.late", duration=self.duration(left)), "bad"
        elif left < ((due_at - since) / SOON_SHARE if since else timedelta(hours=1)):
            words, tone = self._soon(due_at, left), "warn"
        else:
            words, tone = f"{self._near_day(due_at)} {self.time(due_at)}", ""
        return DueBadge(words, tone, due_at.isoformat(), self.full(due_at))

    def _soon(self, due_at: datetime, left: timedelta) -> str:
        if left < timedelta(days=1):
            return text_in(self.language, "time.in", duration=self.duration(left))
        return f"{self._near_day(due_at)} {self.time(due_at)}"

    def _near_day(self, at: datetime) -> str:
        day, today = at.astimezone(self.zone).date(), self._today()
        if day == today:
            return text_in(self.language, "time.today")
        if day == today + timedelta(days=1):
            return text_in(self.language, "time.tomorrow")
        if timedelta() < day - today < WEEK:
            return _format_day(day, "EEE", self.language)
        return self.day(at)

    def _today(self) -> date:
        return self.now.astimezone(self.zone).date()
