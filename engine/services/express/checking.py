"""What is wrong with a line, as codes a page has words for. One bad line says nothing about the others."""

from dataclasses import dataclass

from engine.definitions.forms.texts import TEXT_KINDS, compact_number
from engine.services.express.reading import Line, read_pay

RESIDENT_ID, PASSPORT = "resident_id", "passport"
ID_TYPES = {"": RESIDENT_ID, "居民身份证": RESIDENT_ID, "身份证": RESIDENT_ID, "resident id": RESIDENT_ID}
ID_TYPES |= {"护照": PASSPORT, "passport": PASSPORT}
MAX_NAME, MIN_NAME = 60, 2
MIN_PAY_FEN = 100


@dataclass(frozen=True)
class Limits:
    """How much one person may be paid by express tasks of one enterprise, in fen."""

    day_fen: int
    month_fen: int


@dataclass(frozen=True)
class Known:
    """What the platform knows of the person a line names. The sums are those of other lists, in fen."""

    is_blacklisted: bool
    day_fen: int
    month_fen: int


def find_faults(line: Line) -> list[str]:
    """What is wrong with a line by itself."""
    return [
        code
        for code, is_fault in (
            ("name", not MIN_NAME <= len(line.name) <= MAX_NAME),
            ("id_type", line.id_type.casefold() not in ID_TYPES),
            ("id_no", not _is_number(line)),
            ("phone", not TEXT_KINDS["mobile"].is_valid(compact_number(line.phone))),
            ("pay", (read_pay(line.pay) or 0) < MIN_PAY_FEN),
            ("quantity", bool(line.quantity) and not (line.quantity.isascii() and line.quantity.isdigit())),
        )
        if is_fault
    ]


def find_bars(pay_fen: int, known: Known, limits: Limits) -> list[str]:
    """What bars the person a line names from being paid by it."""
    return [
        code
        for code, is_barred in (
            ("black_list", known.is_blacklisted),
            ("day_limit", known.day_fen + pay_fen > limits.day_fen),
            ("month_limit", known.month_fen + pay_fen > limits.month_fen),
        )
        if is_barred
    ]


def _is_number(line: Line) -> bool:
    number = compact_number(line.id_no)
    if ID_TYPES.get(line.id_type.casefold()) == PASSPORT:
        return 5 <= len(number) <= 20 and number.isascii() and number.isalnum()
    return TEXT_KINDS["resident_id"].is_valid(number)
