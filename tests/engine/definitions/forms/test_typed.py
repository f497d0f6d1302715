"""What people type, and the values it stands for."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.definitions.forms.typed import (
    MAX_NUMBER,
    InputRefused,
    clean_text,
    format_yuan,
    parse_date,
    parse_local_datetime,
    parse_number,
    parse_time,
    parse_yuan,
    write_number,
    write_yuan,
)
from engine.storage.clock import parse_instant

AMOUNTS = st.integers(-MAX_NUMBER // 200, MAX_NUMBER // 200)


@pytest.mark.parametrize(
    ("text", "amount_fen"),
    [
        ("1,234.50", 123450),
        ("¥88", 8800),
        ("￥８８．５", 8850),
        ("８８元", 8800),
        (" 0.01 ", 1),
        ("-3", -300),
        ("−¥1,000", -100000),
        ("１，２３４", 123400),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, amount_fen: int) -> None:
    assert parse_yuan(text) == amount_fen


@pytest.mark.parametrize("text", ["", "abc", "1,5", "1,23,456", "1.2.3", "--1", "1e3", "¥", "٣", "1 000", "0x10"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InputRefused) as refused:
        parse_yuan(text)
    assert refused.value.code == "not_an_amount"


def test_a_third_decimal_and_an_enormous_amount_are_refused() -> None:
    for text, code in [("1.005", "too_many_decimals"), ("99999999999999999", "number_too_large")]:
        with pytest.raises(InputRefused) as refused:
            parse_yuan(text)
        assert refused.value.code == code


@given(AMOUNTS)
def test_an_amount_survives_being_written_and_read(amount_fen: int) -> None:
    assert parse_yuan(write_yuan(amount_fen)) == amount_fen
    assert parse_yuan(format_yuan(amount_fen)) == amount_fen


@given(st.text(max_size=60))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    for parse in (parse_yuan, parse_number, parse_date, parse_time, clean_text):
        with suppress(InputRefused):
            parse(text)


@given(st.integers(-(10**12), 10**12) | st.decimals(-1000, 1000, places=4).map(float))
def test_a_number_survives_being_written_and_read(number: int | float) -> None:
    read = parse_number(write_number(number))
    assert read == number
    assert type(read) is type(number)


def test_decimals_of_numbers() -> None:
    assert parse_number("1,000.25", decimals=2) == 1000.25
    with pytest.raises(InputRefused) as refused:
        parse_number("1.5", decimals=0)
    assert refused.value.code == "not_whole"


def test_texts_are_composed_and_trimmed() -> None:
    assert clean_text("  e\u0301te\u0301 \r\n ", has_lines=True) == "été"
    assert clean_text("a\r\nb\tc", has_lines=True) == "a\nb\tc"


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x85", "\u202e", "\u2066", "\u2028", "\ud800", "\n"])
def test_characters_that_deceive_or_break_are_refused(character: str) -> None:
    with pytest.raises(InputRefused) as refused:
        clean_text(f"a{character}b")
    assert refused.value.facts == {"character": f"U+{ord(character):04X}"}


@given(st.text(max_size=200))
def test_a_cleaned_text_stays_as_it_is(text: str) -> None:
    try:
        cleaned = clean_text(text, has_lines=True)
    except InputRefused:
        return
    assert clean_text(cleaned, has_lines=True) == cleaned
    cleaned.encode()


@given(st.integers(0, 60 * 24 * 365 * 80), st.sampled_from(["Asia/Shanghai", "Europe/Berlin"]))
def test_a_local_time_is_the_instant_its_zone_says(minutes: int, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    text = (datetime(1950, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")
    with suppress(InputRefused):  # the hours that clocks skip
        at = parse_instant(parse_local_datetime(text, zone))
        assert at.tzinfo is UTC
        assert at.astimezone(zone).strftime("%Y-%m-%dT%H:%M") == text


def test_a_time_the_clocks_skip_is_refused() -> None:
    with pytest.raises(InputRefused) as refused:
        parse_local_datetime("2026-03-29T02:30", ZoneInfo("Europe/Berlin"))
    assert refused.value.code == "time_skipped"


@pytest.mark.parametrize("text", ["2026-02-30", "20260230", "2026-W01-1", "0001-01-01", "9999-12-31", "2026-1-1"])
def test_dates_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InputRefused):
        parse_date(text)


def test_full_width_dates_and_times() -> None:
    assert parse_date("２０２６-11-30") == "2026-11-30"
    assert parse_time("１８:30") == "18:30"


def test_amounts_read_well() -> None:
    assert [format_yuan(fen) for fen in (0, 5, 123456789, -150000)] == ["¥0.00", "¥0.05", "¥1,234,567.89", "−¥1,500.00"]
    assert Decimal(write_yuan(123456)) == Decimal("1234.56")
