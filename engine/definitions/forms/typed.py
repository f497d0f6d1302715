"""Turning what people type into plain values. Knows no form; every refusal names its message and the numbers in it."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal

from engine.storage.clock import format_instant

# Reads a number as typed.
Parse = Callable[[str], int | float]
# The largest integer JSON readers in browsers keep exactly.
MAX_NUMBER = 2**53 - 1
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_CONTROLS = frozenset("\n\t")
_NUMBER = re.compile(r"([+-]?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.([0-9]+))?")
_YUAN_SIGN = re.compile(r"^([+-]?)\s*¥\s*")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(r"([0-9]{2}):([0-9]{2})(?::[0-9]{2}(?:\.[0-9]{1,6})?)?")
_MAX_TYPED_NUMBER = 40
_FIRST_YEAR, _LAST_YEAR = 1900, 2999


class InputRefused(ValueError):
    """A typed text has no value. `code` is a key of `messages.MESSAGES`, `facts` fill its places."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def fold_width(text: str) -> str:
    """Full-width digits, signs and letters in their plain form, without blanks around."""
    return unicodedata.normalize("NFKC", text).strip()


def clean_text(text: str, *, has_lines: bool = False) -> str:
    """Unicode NFC, trimmed, line ends as `\\n`.

    Raises InputRefused for control characters (lines and tabs pass where `has_lines`), for characters that turn the
    direction of the text around (they can make a text look like another one) and for halves of characters.
    """
    cleaned = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    for character in cleaned:
        if has_lines and character in _LINE_CONTROLS:
            continue
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in _BIDI_CONTROLS:
            raise InputRefused("control_character", character=f"U+{ord(character):04X}")
    return cleaned


def parse_number(text: str, decimals: int | None = None) -> int | float:
    """A number as typed: full-width digits and thousands commas pass. An integer text gives an int.

    Raises InputRefused.
    """
    number = _read_decimal(fold_width(text).replace("−", "-"), "not_a_number", decimals)
    if number == number.to_integral_value() and "." not in fold_width(text):
        return int(number)
    return float(number) + 0.0  # no negative zero


def parse_yuan(text: str) -> int:
    """An amount typed in yuan ("1,234.50", "¥88", "８８元") as integer fen. Raises InputRefused."""
    bare = _YUAN_SIGN.sub(r"\1", fold_width(text).replace("−", "-")).removesuffix("元").strip()
    return int(_read_decimal(bare, "not_an_amount", 2) * 100)


def parse_percent(text: str) -> int:
    """A share typed in per cent ("33.5", "20 %") as integer basis points. Raises InputRefused."""
    bare = fold_width(text).replace("−", "-").removesuffix("%").strip()
    return int(_read_decimal(bare, "not_a_number", 2) * 100)


def _read_decimal(text: str, code: str, decimals: int | None) -> Decimal:
    match = _NUMBER.fullmatch(text) if len(text) <= _MAX_TYPED_NUMBER else None
    if match is None:
        raise InputRefused(code)
    sign, whole, fraction = match.groups()
    if decimals is not None and len(fraction or "") > decimals:
        raise InputRefused("too_many_decimals", decimals=decimals) if decimals else InputRefused("not_whole")
    number = Decimal(f"{sign}{whole.replace(',', '')}.{fraction or '0'}")
    if abs(number) > MAX_NUMBER // 100:
        raise InputRefused("number_too_large", limit=f"{MAX_NUMBER // 100:,}")
    return number


def format_yuan(amount_fen: int) -> str:
    """An amount as people read it: `¥1,234.56`, with a true minus sign."""
    sign = "−" if amount_fen < 0 else ""
    return f"{sign}¥{abs(amount_fen) // 100:,}.{abs(amount_fen) % 100:02d}"


def write_yuan(amount_fen: int) -> str:
    """An amount as it stands in an input: `1234.56`."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02d}"


def format_percent(basis_points: int) -> str:
    """A share as people read it: `12.5%`."""
    return f"{write_percent(basis_points)}%".replace("-", "−")


def write_percent(basis_points: int) -> str:
    """A share as it stands in an input: `12.5`."""
    return f"{Decimal(basis_points).scaleb(-2).normalize():f}"


def parse_date(text: str) -> str:
    """An ISO date. Raises InputRefused."""
    return _read_date(fold_width(text)).isoformat()


def parse_time(text: str) -> str:
    """A time of day as `HH:MM`. Raises InputRefused."""
    hour, minute = _read_time(fold_width(text))
    return f"{hour:02d}:{minute:02d}"


def parse_local_datetime(text: str, zone: tzinfo) -> str:
    """What a datetime-local input sends, in the person's zone, as UTC instant text. Raises InputRefused."""
    day, _, clock = fold_width(text).replace(" ", "T", 1).partition("T")
    hour, minute = _read_time(clock)
    on = _read_date(day)
    local = datetime(on.year, on.month, on.day, hour, minute, tzinfo=zone)
    at = local.astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise InputRefused("time_skipped")  # clocks were put forward over it
    return format_instant(at)


def _read_date(text: str) -> date:
    match = _DATE.fullmatch(text)
    if match is None:
        raise InputRefused("not_a_date")
    year, month, day = map(int, match.groups())
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise InputRefused("year_out_of_range", first=_FIRST_YEAR, last=_LAST_YEAR)
    try:
        return date(year, month, day)
    except ValueError:
        raise InputRefused("not_a_date") from None


def _read_time(text: str) -> tuple[int, int]:
    match = _TIME.fullmatch(text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise InputRefused("not_a_time")
    return int(match[1]), int(match[2])


def write_number(number: int | float) -> str:
    """A number as it stands in an input, never with an exponent."""
    return f"{Decimal(str(number)):f}"
