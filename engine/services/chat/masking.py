"""Phone numbers typed into a message are taken out before it is kept: both sides can call without them."""

import re
import unicodedata

MASK = "•••"
_SAID = str.maketrans("〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖", "001234567891123456789")
_BETWEEN = r"[\s\-–—.·•_/()~*]{0,3}"
_PHONE = re.compile(
    r"(?<!\d)(?:"
    rf"(?:(?:\+|00)?86{_BETWEEN})?1{_BETWEEN}[3-9](?:{_BETWEEN}\d){{9}}"  # mobile
    rf"|(?<![A-Za-z])0\d{{2,3}}{_BETWEEN}[2-8](?:{_BETWEEN}\d){{6,7}}"  # landline with its area
    rf"|(?:\+|(?<![A-Za-z])00)[1-9](?:{_BETWEEN}\d){{7,14}}"  # abroad
    r")(?!\d)"
)


def mask_phones(text: str) -> tuple[str, bool]:
    """The text with every phone number replaced, and whether there was one. Digits may be of full width or Chinese,
    and stand apart; longer numbers, amounts and the numbers of parcels and orders are left.
    """
    read = "".join(_read(character) for character in text)
    parts, end = [], 0
    for found in _PHONE.finditer(read):
        parts += [text[end : found.start()], MASK]
        end = found.end()
    return "".join([*parts, text[end:]]), bool(parts)


def _read(character: str) -> str:
    """The character as one reads it: a digit for a digit of any kind, and never more than one."""
    folded = unicodedata.normalize("NFKC", character).translate(_SAID)
    return folded if len(folded) == 1 else character
