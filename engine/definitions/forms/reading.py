"""Reading the properties of one component of a form-js schema. What is wrong with them becomes a finding."""

import re
from dataclasses import dataclass
from decimal import Decimal

from engine.definitions.forms import typed
from engine.definitions.forms.model import Choice, EntryRules, FileRules, Finding, Rules, Words
from engine.definitions.forms.texts import TEXT_KINDS
from engine.storage.clock import format_instant, parse_instant
from engine.storage.plain import Plain, PlainDict

MAX_FILES = 50
MAX_MEGABYTES = 50
MAX_ENTRIES = 50
MAX_LENGTH = 100_000
MAX_DECIMALS = 6
_MAX_PATTERN_LENGTH = 200
_MAX_REPEATS, _MAX_FORKS = 3, 6
_ACCEPT = re.compile(r"\.[a-z0-9]{1,10}|[a-z]+/(\*|[a-z0-9.+-]+)")


@dataclass
class Reader:
    """Reads `raw`, the properties of the component `name`; `english` are its texts under `i18n.en`."""

    name: str
    raw: PlainDict
    english: PlainDict
    findings: list[Finding]

    def report(self, code: str, **facts: Plain) -> None:
        """Note what is wrong with this component."""
        self.findings.append(Finding(self.name, code, facts))

    def expect(self, is_right: bool, key: str, expected: str) -> bool:
        """Note a property that is not what it should be."""
        if not is_right:
            self.report("wrong_property", property=key, expected=expected)
        return is_right

    def read_flag(self, key: str, holder: PlainDict | None = None) -> bool:
        """True or False; False where absent."""
        value = (self.raw if holder is None else holder).get(key, False)
        return self.expect(isinstance(value, bool), key, "true or false") and value is True

    def read_text(self, key: str, holder: PlainDict | None = None) -> str:
        """A text; empty where absent."""
        value = (self.raw if holder is None else holder).get(key)
        if value is None or not self.expect(isinstance(value, str), key, "text"):
            return ""
        text = str(value).strip()
        if text.startswith("=") and key != "pattern":
            self.report("feel_refused", property=key)
        return text

    def read_dict(self, key: str, holder: PlainDict | None = None) -> PlainDict:
        """An object; empty where absent."""
        value = (self.raw if holder is None else holder).get(key, {})
        self.expect(isinstance(value, dict), key, "an object")
        return value if isinstance(value, dict) else {}

    def read_integer(self, key: str, low: int, high: int, holder: PlainDict | None = None) -> int | None:
        """A whole number within bounds, None where absent."""
        value = (self.raw if holder is None else holder).get(key)
        if value is None or value == "":
            return None
        is_right = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        self.expect(is_right, key, f"a whole number from {low} to {high}")
        return value if is_right and isinstance(value, int) else None

    def read_decimal(self, key: str, holder: PlainDict) -> Decimal | None:
        """A number, None where absent."""
        value = holder.get(key)
        if value is None or value == "":
            return None
        is_right = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= typed.MAX_NUMBER
        return Decimal(str(value)) if self.expect(is_right, key, "a number") else None

    def read_words(self, key: str, holder: PlainDict | None = None, *, is_needed: bool = False) -> Words:
        """A text in both languages; a text in only one of them is wrong, as is none where one is needed."""
        words = Words(self.read_text(key, holder), self.read_text(key, self.english))
        self._check_words(key, words, is_needed)
        return words

    def _check_words(self, key: str, words: Words, is_needed: bool) -> None:
        if not words.zh and (words.en or is_needed):
            self.report("missing_chinese", property=key)
        if not words.en and (words.zh or is_needed):
            self.report("missing_english", property=key)

    def read_choices(self, key: str) -> tuple[Choice, ...]:
        """A list of `{label, value, description}`; English by value under `i18n.en.<key>`, a label or both texts."""
        raw = self.raw.get(key, [])
        if not self.expect(isinstance(raw, list), key, "a list") or not isinstance(raw, list):
            return ()
        english = self.read_dict(key, self.english)
        choices = [self._read_choice(key, entry, english) for entry in raw]
        found: set[str] = set()
        for choice in choices:
            if choice and choice.value in found:
                self.report("choice_duplicate", value=choice.value)
            found.add(choice.value if choice else "")
        return tuple(choice for choice in choices if choice)

    def _read_choice(self, key: str, entry: Plain, english: PlainDict) -> Choice | None:
        value = entry.get("value") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(value, str) or not value.strip():
            self.expect(False, key, "a list of labels with values (texts)")
            return None
        if unknown := sorted(entry.keys() - {"label", "value", "description"}):
            self.report("unknown_property", property=f"{key}.{unknown[0]}")
        own = english.get(value)
        texts: PlainDict = own if isinstance(own, dict) else {"label": own}
        label = Words(self.read_text("label", entry), self.read_text("label", texts))
        help_ = Words(self.read_text("description", entry), self.read_text("description", texts))
        self._check_words(f"{key}.{value}", label, is_needed=True)
        self._check_words(f"{key}.{value}.description", help_, is_needed=False)
        return Choice(value, label, help_)

    def read_rules(self, allowed: frozenset[str]) -> Rules:
        """`validate` and `decimalDigits`."""
        raw = self.read_dict("validate")
        for unknown in sorted(raw.keys() - allowed):
            self.report("unknown_property", property=f"validate.{unknown}")
        kind = self.read_text("validationType", raw)
        self.expect(kind in {"", "custom", *TEXT_KINDS}, "validationType", f"one of {', '.join(TEXT_KINDS)}")
        rules = Rules(
            is_required=self.read_flag("required", raw),
            minimum=self.read_decimal("min", raw),
            maximum=self.read_decimal("max", raw),
            min_length=self.read_integer("minLength", 0, MAX_LENGTH, raw),
            max_length=self.read_integer("maxLength", 1, MAX_LENGTH, raw),
            pattern=self._read_pattern(self.read_text("pattern", raw)),
            pattern_message=self.read_words("patternErrorMessage", raw),
            validation_type=kind if kind in TEXT_KINDS else None,
            decimals=self.read_integer("decimalDigits", 0, MAX_DECIMALS),
        )
        self._check_bounds(rules.minimum, rules.maximum)
        self._check_bounds(rules.min_length, rules.max_length)
        return rules

    def _check_bounds(self, low: Decimal | int | None, high: Decimal | int | None) -> None:
        if low is not None and high is not None and low > high:
            self.report("bounds_crossed", low=str(low), high=str(high))

    def _read_pattern(self, text: str) -> re.Pattern[str] | None:
        if not text:
            return None
        if problem := find_slowness(text):
            self.report("pattern_slow", problem=problem)
            return None
        try:
            return re.compile(text, re.ASCII)  # as in form-js: \d and \w are ASCII
        except (re.error, OverflowError, RecursionError) as error:
            self.report("pattern_invalid", problem=str(error))
            return None

    def read_file_rules(self) -> FileRules:
        """`accept`, `multiple`, `max_files` and `max_mb`."""
        accept = tuple(part.strip().lower() for part in self.read_text("accept").split(",") if part.strip())
        for part in accept:
            self.expect(_ACCEPT.fullmatch(part) is not None, "accept", "media types and endings, such as image/*,.pdf")
        is_multiple = self.read_flag("multiple")
        max_files = self.read_integer("max_files", 1, MAX_FILES)
        if max_files is not None and max_files > 1:
            self.expect(is_multiple, "max_files", "1 without multiple")
        max_mb = self.read_integer("max_mb", 1, MAX_MEGABYTES)
        return FileRules(accept, (max_files or 10) if is_multiple else 1, max_mb)

    def read_entry_rules(self, number_keys: frozenset[str]) -> EntryRules:
        """`max_entries` and `sum`, which names one of the number fields of an entry and what they add up to."""
        max_entries = self.read_integer("max_entries", 1, MAX_ENTRIES) or EntryRules.max_entries
        if "sum" not in self.raw:
            return EntryRules(max_entries)
        wanted = self.read_dict("sum")
        field_key, sum_is = self.read_text("field", wanted), self.read_integer("is", 1, typed.MAX_NUMBER, wanted)
        is_right = wanted.keys() == {"field", "is"} and field_key in number_keys and sum_is is not None
        self.expect(is_right, "sum", '{"field": a number of the entry, "is": a whole number}')
        return EntryRules(max_entries, field_key, sum_is or 0) if is_right else EntryRules(max_entries)


def find_slowness(pattern: str) -> str | None:
    """Why a pattern might take long over a short text, None if it cannot.

    Python's matcher backtracks: a repeat inside a repeat, or many places where it can go on in several ways, take time
    that grows with a power of the length. What is left here is bounded, as a text with a pattern has at most 100
    characters (`fields.PATTERN_MAX_LENGTH`).
    """
    if len(pattern) > _MAX_PATTERN_LENGTH:
        return f"it has {len(pattern)} characters, more than {_MAX_PATTERN_LENGTH}"
    if re.search(r"\\[1-9]", pattern):
        return "it refers back to a group"
    bare = re.sub(r"\[\^?\]?(?:\\.|[^\]\\])*\]", "a", re.sub(r"\\[^\]]", "a", pattern))
    if re.search(r"\(\?(?!:)", bare):
        return "it uses (?…) other than (?:…)"
    if re.search(r"\)[*+{]", bare):
        return "it repeats a group"
    repeats = len(re.findall(r"[*+]|\{\d*,\d*\}", bare))
    if repeats > _MAX_REPEATS:
        return f"it has {repeats} repeats, more than {_MAX_REPEATS}"
    forks = len(re.findall(r"[?|]", bare.replace("(?:", "(")))
    return f"it has {forks} options, more than {_MAX_FORKS}" if forks > _MAX_FORKS else None


def read_default(reader: Reader, kind: str, choices: tuple[Choice, ...], parse: typed.Parse) -> Plain:
    """`defaultValue` as a plain value of the field; `parse` reads a number as typed, so money is given in yuan."""
    raw = reader.raw.get("defaultValue")
    if raw is None or raw == "" or raw == []:
        return None
    try:
        if kind == "number":
            value = _read_default_number(raw, parse)
        elif kind == "datetime":
            value = _read_default_moment(raw, reader.raw.get("subtype"))
        else:
            value = _read_default_answer(raw, kind, [choice.value for choice in choices])
    except ValueError:
        value = None
    if value is None:
        reader.report("default_invalid")
    return value


def _read_default_number(raw: Plain, parse: typed.Parse) -> Plain:
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        return None
    text = raw if isinstance(raw, str) else typed.write_number(raw)
    return parse(text)


def _read_default_moment(raw: Plain, subtype: Plain) -> Plain:
    if not isinstance(raw, str):
        return None
    if subtype == "datetime":
        return format_instant(parse_instant(raw))
    return typed.parse_time(raw) if subtype == "time" else typed.parse_date(raw)


def _read_default_answer(raw: Plain, kind: str, declared: list[str]) -> Plain:
    if kind == "checkbox":
        return raw if isinstance(raw, bool) else None
    if kind == "checklist":
        return raw if isinstance(raw, list) and all(answer in declared for answer in raw) else None
    if kind in {"select", "radio"}:
        return raw if raw in declared else None
    return typed.clean_text(raw, has_lines=kind == "textarea") if isinstance(raw, str) else None
