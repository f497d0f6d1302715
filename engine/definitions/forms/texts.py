"""What the text of a field may have to be (`validationType`) beyond its length and pattern, check digits included."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_PHONE = re.compile(r"\+?[0-9][0-9 ()-]{4,22}")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_RESIDENT = re.compile(r"[0-9]{17}[0-9X]")


@dataclass(frozen=True)
class TextKind:
    """How a kind of text is told, and the message for a text that is not of it."""

    is_valid: Callable[[str], bool]
    refusal: str


def compact_number(text: str) -> str:
    """A number as it is compared: without blanks, its letters in capitals."""
    return "".join(text.split()).upper()


def is_resident_number(text: str) -> bool:
    """Whether it is a number by GB 11643, of an identity card or a residence permit: birth date and check digit.

    Its place is not looked at: `ric.validate` refuses places that got their code after the person was born.
    """
    number = compact_number(text)
    if not _RESIDENT.fullmatch(number) or ric.calc_check_digit(number) != number[-1]:
        return False
    try:
        return bool(ric.get_birth_date(number))
    except ValidationError:
        return False


TEXT_KINDS: Mapping[str, TextKind] = {
    "email": TextKind(lambda text: len(text) <= 254 and _EMAIL.fullmatch(text) is not None, "not_an_email"),
    "phone": TextKind(lambda text: _PHONE.fullmatch(text) is not None, "not_a_phone"),
    "mobile": TextKind(lambda text: _MOBILE.fullmatch(text) is not None, "not_a_mobile"),
    "resident_id": TextKind(is_resident_number, "not_a_resident_id"),
    "credit_code": TextKind(lambda text: uscc.is_valid(compact_number(text)), "not_a_credit_code"),
}
