"""When two texts say the same: the normal form of a text, and how similar two of them are."""

import re
import unicodedata
from collections import Counter
from decimal import Decimal, InvalidOperation

# Ways to write a unit. The case of a unit is kept: mΩ is not MΩ.
_UNITS = {
    "伏": "V", "伏特": "V", "v": "V", "千伏": "kV", "安": "A", "安培": "A", "a": "A", "毫安": "mA", "瓦": "W", "w": "W",
    "千瓦": "kW", "欧": "Ω", "欧姆": "Ω", "ohm": "Ω", "兆欧": "MΩ", "毫米": "mm", "厘米": "cm", "米": "m", "微米": "μm",
    "克": "g", "千克": "kg", "公斤": "kg", "升": "l", "L": "l", "毫升": "ml", "mL": "ml", "帕": "Pa", "千帕": "kPa",
    "兆帕": "MPa", "摄氏度": "°C", "度": "°C", "赫兹": "Hz", "hz": "Hz", "秒": "s", "分钟": "min", "小时": "h",
    "转/分": "r/min", "转每分": "r/min", "rpm": "r/min", "百分比": "%",
}  # fmt: skip
_OTHERS = ("mV", "mΩ", "kΩ", "μA", "kHz", "MHz", "bar", "N", "Nm", "kN", "dB", "l/min", "m/s", "kWh")
_WORDS = sorted({*_UNITS, *_UNITS.values(), *_OTHERS}, key=lambda word: (-len(word), word))
_QUANTITY = re.compile(
    rf"(?<![A-Za-z0-9.])([-+]?\d+(?:\.\d+)?)(?:\s*({'|'.join(map(re.escape, _WORDS))})(?![A-Za-z0-9]))?"
)
_CHINESE = "[\u3400-\u9fff]"
_LOOSE_SPACES = re.compile(f"(?<={_CHINESE}) | (?={_CHINESE})")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
SIMILAR_PERCENT = 85


def normalise_unit(unit: str) -> str:
    """A unit as it is compared."""
    plain = unicodedata.normalize("NFKC", unit).strip()
    return _UNITS.get(plain, plain)


def normalise_value(value: str) -> str:
    """A measured value as it is compared: 12.50 is 12.5."""
    plain = unicodedata.normalize("NFKC", value).translate(_DASHES).strip()
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return plain.casefold()
    return format(number.normalize(), "f") if number.is_finite() else plain.casefold()


def normalise_code(code: str) -> str:
    """A name or code as it is compared."""
    return "".join(unicodedata.normalize("NFKC", code).casefold().split())


def normalise_text(text: str) -> str:
    """A text without what makes no difference: width, case, punctuation, spaces, ways to write a unit.

    Numbers keep their sign and point, units their case.
    """
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    parts, at = [], 0
    for found in _QUANTITY.finditer(plain):
        number, unit = found.groups()
        parts += [_bare(plain[at : found.start()]), f" {normalise_value(number)}{normalise_unit(unit or '')} "]
        at = found.end()
    return _LOOSE_SPACES.sub("", " ".join("".join([*parts, _bare(plain[at:])]).split()))


def _bare(text: str) -> str:
    return "".join(char if unicodedata.category(char)[0] in "LNM" else " " for char in text.casefold())


def find_similarity(first: str, second: str) -> int:
    """How much of their trigrams two normal forms share (Dice), in whole per cent, rounded down."""
    one, other = _trigrams(first), _trigrams(second)
    total = one.total() + other.total()
    return 200 * (one & other).total() // total if total else 100


def _trigrams(text: str) -> Counter[str]:
    padded = f"  {text} "
    return Counter(padded[start : start + 3] for start in range(len(padded) - 2))
