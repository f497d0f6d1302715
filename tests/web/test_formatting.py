"""Money, times and names as people read them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.formatting import Formatter, format_money, format_signed
from web.texts import Language

NOW = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)  # a Saturday, 15:00 in Shanghai
SHANGHAI = ZoneInfo("Asia/Shanghai")
ZH = Formatter("zh", SHANGHAI, NOW)
EN = Formatter("en", SHANGHAI, NOW)


@pytest.mark.parametrize(
    ("amount_fen", "money", "signed"),
    [
        (0, "¥0.00", "0.00"),
        (1, "¥0.01", "+0.01"),
        (-1, "−¥0.01", "−0.01"),
        (123_456, "¥1,234.56", "+1,234.56"),
        (-150_000, "−¥1,500.00", "−1,500.00"),
        (10**15 + 5, "¥10,000,000,000,000.05", "+10,000,000,000,000.05"),
    ],
)
def test_money(amount_fen: int, money: str, signed: str) -> None:
    assert format_money(amount_fen) == money
    assert format_signed(amount_fen) == signed


@given(st.integers(-(10**18), 10**18))
def test_money_loses_nothing(amount_fen: int) -> None:
    digits = format_money(amount_fen).replace("¥", "").replace(",", "").replace(".", "").replace("−", "-")
    assert int(digits) == amount_fen


@pytest.mark.parametrize(("basis_points", "text"), [(600, "6%"), (1250, "12.5%"), (0, "0%"), (10_000, "100%")])
def test_percent(basis_points: int, text: str) -> None:
    assert ZH.percent(basis_points) == text


def test_instants_are_in_the_zone_of_the_reader() -> None:
    at = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
    assert ZH.instant(at) == "11月22日 02:30"
    assert EN.instant(at) == "22 Nov 02:30"
    assert Formatter("en", ZoneInfo("America/New_York"), NOW).instant(at) == "21 Nov 13:30"


def test_other_years_are_named() -> None:
    at = datetime(2025, 12, 31, 15, 59, tzinfo=UTC)
    assert ZH.instant(at) == "2025年12月31日 23:59"
    assert EN.instant(at) == "31 Dec 2025 23:59"
    assert EN.day(at + timedelta(minutes=1)) == "1 Jan"  # midnight in Shanghai: this year
    assert ZH.day(date(2027, 1, 2)) == "2027年1月2日"


def test_full_instant_names_day_and_zone() -> None:
    assert ZH.full(NOW) == "2026年11月21日 星期六 15:00:00 中国标准时间"
    assert EN.full(NOW) == "Saturday, 21 November 2026, 15:00:00 China Standard Time"


@pytest.mark.parametrize(
    ("length", "zh", "en"),
    [
        (timedelta(seconds=5), "1 分钟", "1 min"),
        (timedelta(minutes=59, seconds=59), "59 分钟", "59 min"),
        (timedelta(hours=1), "1 小时", "1 h"),
        (timedelta(hours=23, minutes=59), "23 小时", "23 h"),
        (timedelta(days=1), "1 天", "1 day"),
        (timedelta(days=9), "9 天", "9 days"),
        (timedelta(days=-9), "9 天", "9 days"),
    ],
)
def test_durations(length: timedelta, zh: str, en: str) -> None:
    assert ZH.duration(length) == zh
    assert EN.duration(length) == en


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("PT4H", "4 小时", "4 h"),
        ("WT:P1D", "1 天（工作时间）", "1 day of working time"),
        ("P1DT4H30M", "1 天 4 小时 30 分钟", "1 day 4 h 30 min"),
        ("P2W", "2 周", "2 weeks"),
        ("PT", None, None),
        ("P", None, None),
        ("PT4H of the law", None, None),
    ],
)
def test_lengths_of_rules_are_told_in_words(text: str, zh: str | None, en: str | None) -> None:
    assert (ZH.length(text), EN.length(text)) == (zh, en)


@pytest.mark.parametrize(
    ("left", "since", "zh", "en", "tone"),
    [
        (timedelta(hours=-2), None, "逾期 2 小时", "2 h overdue", "bad"),
        (timedelta(days=-3), None, "逾期 3 天", "3 days overdue", "bad"),
        (timedelta(minutes=50), None, "50 分钟后", "in 50 min", "warn"),
        (timedelta(hours=2), timedelta(hours=10), "2 小时后", "in 2 h", "warn"),
        (timedelta(hours=2), timedelta(hours=3), "今天 17:00", "today 17:00", ""),
        (timedelta(hours=2), None, "今天 17:00", "today 17:00", ""),
        (timedelta(hours=9), None, "明天 00:00", "tomorrow 00:00", ""),
        (timedelta(days=2), None, "周一 15:00", "Mon 15:00", ""),
        (timedelta(days=2), timedelta(days=20), "周一 15:00", "Mon 15:00", "warn"),
        (timedelta(days=6), None, "周五 15:00", "Fri 15:00", ""),
        (timedelta(days=7), None, "11月28日 15:00", "28 Nov 15:00", ""),
        (timedelta(days=50), None, "2027年1月10日 15:00", "10 Jan 2027 15:00", ""),
    ],
)
def test_due_badge(left: timedelta, since: timedelta | None, zh: str, en: str, tone: str) -> None:
    """`since` is how long the whole time is, counted back from the due instant."""
    due_at = NOW + left
    started_at = due_at - since if since else None
    for formatter, words in ((ZH, zh), (EN, en)):
        badge = formatter.due(due_at, started_at)
        assert (badge.text, badge.tone) == (words, tone)
        assert badge.iso == due_at.isoformat()


@pytest.mark.parametrize(
    ("passed", "zh", "en"),
    [
        (timedelta(seconds=59), "刚刚", "just now"),
        (timedelta(minutes=2), "2 分钟前", "2 min ago"),
        (timedelta(hours=23), "23 小时前", "23 h ago"),
        (timedelta(hours=24), "11月20日 15:00", "20 Nov 15:00"),
    ],
)
def test_ago(passed: timedelta, zh: str, en: str) -> None:
    assert ZH.ago(NOW - passed) == zh
    assert EN.ago(NOW - passed) == en


@pytest.mark.parametrize(
    ("name", "initials"),
    [("陈思远", "陈"), ("Chen Siyuan", "CS"), ("Zhou", "Z"), ("Li Wen Bo", "LW"), ("陈 思远", "陈"), ("", "")],
)
def test_initials(name: str, initials: str) -> None:
    assert EN.initials(name) == initials


@pytest.mark.parametrize(("language", "shown"), [("zh", "晨星"), ("en", "Morningstar")])
def test_names_are_shown_in_the_language(language: Language, shown: str) -> None:
    formatter = Formatter(language, SHANGHAI, NOW)
    assert formatter.name("晨星", "Morningstar") == shown
    assert formatter.name("", "Morningstar") == "Morningstar"
    assert formatter.name("晨星", "") == "晨星"


def test_numbers() -> None:
    assert EN.number(1_234_567) == "1,234,567"
    assert EN.number(-1_234) == "−1,234"
