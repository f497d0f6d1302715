"""From a form-js schema to a `Form`. Everything that is wrong is found in one go, with the component it is at."""

import json
import keyword
import re
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from engine.definitions.forms.components import COMPONENTS, PREFIX
from engine.definitions.forms.conditions import NOW, order_conditions
from engine.definitions.forms.entries import ENTRY_TYPES, LIST
from engine.definitions.forms.fields import FIELD_CLASSES
from engine.definitions.forms.model import (
    Component,
    Finding,
    Form,
    FormInvalid,
    Words,
    walk,
)
from engine.definitions.forms.reading import Reader, read_default
from engine.definitions.forms.typed import parse_number, parse_percent, parse_yuan
from engine.storage.plain import Plain, PlainDict

MAX_BYTES = 200_000
FILES_KEPT = 256  # as parsed; a deployment, and each look at a draft, reads most of what is deployed
MAX_COMPONENTS = 200
MAX_DEPTH = 5
_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
_RESERVED_KEYS = frozenset({"csrf_token", NOW}) | frozenset(keyword.kwlist)

_COMMON = frozenset({"type", "id", "key", "label", "description", "layout", "appearance", "i18n", "showWhen"})
_FIELD = _COMMON | {"validate", "defaultValue", "readonly", "disabled", "keep"}
# What form-js writes for its own rendering of a datetime; ours uses the browser's inputs.
_DATETIME = frozenset({"subtype", "dateLabel", "timeLabel", "timeSerializingFormat", "timeInterval", "use24h"})
# What form-js writes for its own rendering of a list, beside what is ours: how many entries, and what they add up to.
_LIST = frozenset(
    {
        *("path", "components", "max_entries", "sum"),
        *("isRepeating", "allowAddRemove", "defaultRepetitions", "nonCollapsedItems", "disableCollapse"),
        *("showOutline", "verticalAlignment"),
    }
)
_PROPERTIES: dict[str, frozenset[str]] = {
    "textfield": _FIELD | {"personal"},
    "textarea": _FIELD | {"personal"},
    "number": _FIELD | {"money", "percent", "decimalDigits", "increment", "bounds"},
    "select": _FIELD | {"values", "searchable"},
    "radio": _FIELD | {"values"},
    "checkbox": _FIELD,
    "checklist": _FIELD | {"values"},
    "datetime": _FIELD | _DATETIME | {"personal", "after", "until"},
    "filepicker": _FIELD - {"defaultValue"} | {"accept", "multiple", "max_files", "max_mb"},
    LIST: _FIELD - {"key", "defaultValue"} | _LIST,
    "group": _COMMON | {"components", "showOutline", "verticalAlignment"},
    "text": _COMMON | {"text"},
    "separator": _COMMON,
    "spacer": _COMMON | {"height"},
}
_RULES: dict[str, frozenset[str]] = {
    "textfield": frozenset({"required", "minLength", "maxLength", "pattern", "patternErrorMessage", "validationType"}),
    "textarea": frozenset({"required", "minLength", "maxLength"}),
    "number": frozenset({"required", "min", "max"}),
}
_ENGLISH = frozenset({"label", "description", "text", "dateLabel", "suffixAdorner", "patternErrorMessage"})


@lru_cache(maxsize=FILES_KEPT)
def parse_form(key: str, content: bytes) -> Form:
    """Read and check a form. Raises FormInvalid with everything that is wrong."""
    schema = _load(key, content)
    parser = _Parser()
    components = parser.read_all(schema.get("components", []), depth=1)
    _check_names(components, parser.findings)
    _check_registered(components, parser.findings)
    _check_order(components, parser.findings)
    levels = order_conditions(components, parser.findings)
    if parser.findings:
        raise FormInvalid(tuple(parser.findings))
    return Form(key, components, levels)


def _load(key: str, content: bytes) -> PlainDict:
    if len(content) > MAX_BYTES:
        facts: PlainDict = {"limit": f"{MAX_BYTES:,} B", "found": f"{len(content):,} B"}
        raise FormInvalid((Finding(key, "form_too_large", facts),))
    try:
        schema = json.loads(content, parse_constant=_refuse_constant)
        json.dumps(schema, ensure_ascii=False, allow_nan=False).encode()  # refuses halves of characters and 1e999
    except (ValueError, RecursionError) as error:
        raise FormInvalid((Finding(key, "not_json", {"problem": str(error)}),)) from None
    if (
        not isinstance(schema, dict)
        or schema.get("type") != "default"
        or not isinstance(schema.get("components"), list)
    ):
        problem = 'it lacks "type": "default" or a list of components'
        raise FormInvalid((Finding(key, "not_json", {"problem": problem}),))
    return dict(schema)


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON number")


@dataclass
class _Parser:
    findings: list[Finding] = field(default_factory=list)
    count: int = 0

    def read_all(self, raw: Plain, depth: int) -> tuple[Component, ...]:
        components: list[Component] = []
        for entry in raw if isinstance(raw, list) else []:
            self.count += 1
            if self.count > MAX_COMPONENTS or depth > MAX_DEPTH:
                limit = f"{MAX_COMPONENTS} components, {MAX_DEPTH} levels"
                self.findings.append(Finding(f"#{self.count}", "form_too_large", {"limit": limit, "found": "more"}))
                break
            component = self._read(entry, depth) if isinstance(entry, dict) else None
            if component is not None:
                components.append(component)
        return tuple(components)

    def _read(self, raw: PlainDict, depth: int) -> Component | None:
        kind = str(raw.get("type"))
        if kind == "button":
            return None  # the page around the form has its own
        name = str(raw.get("path" if kind == LIST else "key") or raw.get("id") or f"#{self.count}")
        reader = Reader(name, raw, {}, self.findings)
        registered = COMPONENTS.get(kind)
        if kind.startswith(PREFIX) and registered is None:
            reader.report("unknown_component", type=kind)
        elif registered is None and kind not in _PROPERTIES:
            reader.report("unknown_type", type=kind)
        else:
            return self._read_known(reader, kind, depth)
        return None

    def _read_known(self, reader: Reader, kind: str, depth: int) -> Component:
        registered = COMPONENTS.get(kind)
        has_value = kind in {*FIELD_CLASSES, LIST} or (registered is not None and registered.field_class is not None)
        choices_key = registered.choices_property if registered else "values"
        known = _PROPERTIES.get(kind, _FIELD - {"defaultValue"} if has_value else _COMMON)
        _check_properties(reader, known | (registered.properties if registered else frozenset()), choices_key)
        if has_value:
            _check_key(reader)
        choices = reader.read_choices(choices_key) if choices_key else ()
        if kind in {"select", "radio", "checklist"} and not choices:
            reader.report("choices_missing", count=1)
        is_money = kind == "number" and _read_unit(reader, "money", "_fen")
        is_percent = kind == "number" and _read_unit(reader, "percent", "_bps")
        children = self.read_all(reader.raw.get("components"), depth + 1)
        entry = _check_entry(reader, children) if kind == LIST else ()
        subject, rules = _read_personal(reader), reader.read_rules(_RULES.get(kind, frozenset({"required"})))
        layout = reader.read_dict("layout")
        return Component(
            name=reader.name,
            type=kind,
            label=_read_label(reader, kind, has_value),
            help=reader.read_words("description"),
            unit=reader.read_words("suffixAdorner", reader.read_dict("appearance")),
            rules=rules,
            files=reader.read_file_rules(),
            choices=choices,
            children=() if kind == LIST else children,
            entry=entry,
            entries=reader.read_entry_rules(frozenset(part.name for part in entry if part.type == "number")),
            default=read_default(
                reader, kind, choices, parse_yuan if is_money else parse_percent if is_percent else parse_number
            ),
            has_value=has_value,
            is_money=is_money,
            is_percent=is_percent,
            is_read_only=reader.read_flag("readonly") or reader.read_flag("disabled"),
            is_live=registered is not None and registered.is_live,
            takes_files=kind == "filepicker" or (registered is not None and registered.takes_files),
            is_kept=_read_keep(reader),
            subtype=_read_subtype(reader),
            bounds=reader.read_text("bounds") or None,
            after=reader.read_text("after") or None,
            until=reader.read_text("until") or None,
            personal_subject=subject,
            show_when=reader.read_text("showWhen") or None,
            row=str(layout["row"]) if layout.get("row") else None,
            properties=MappingProxyType(dict(reader.raw)) if registered else MappingProxyType({}),
        )


def _check_properties(reader: Reader, known: frozenset[str], choices_key: str | None) -> None:
    for unknown in sorted(reader.raw.keys() - known):
        reader.report("unknown_property", property=unknown)
    reader.english = reader.read_dict("en", reader.read_dict("i18n"))
    for unknown in sorted(reader.english.keys() - _ENGLISH - {choices_key}):
        reader.report("unknown_property", property=f"i18n.en.{unknown}")


def _check_key(reader: Reader) -> None:
    key = reader.raw.get("path" if reader.raw.get("type") == LIST else "key")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        reader.report("key_invalid", key=str(key))
    elif key in _RESERVED_KEYS:
        reader.report("key_reserved", key=key)


def _read_label(reader: Reader, kind: str, has_value: bool) -> Words:
    if kind == "text":
        return reader.read_words("text", is_needed=True)
    if kind == "datetime" and "label" not in reader.raw:
        key = "timeLabel" if reader.raw.get("subtype") == "time" else "dateLabel"
        words = Words(reader.read_text(key), reader.read_text("label", reader.english))
        if not words.zh or not words.en:
            reader.report("missing_english" if words.zh else "missing_chinese", property="label")
        return words
    return reader.read_words("label", is_needed=has_value or kind == "group")


def _read_unit(reader: Reader, unit: str, ending: str) -> bool:
    """Whether a number has a unit (`money`, `percent`); its key then says so by its ending."""
    has_unit = reader.read_flag(unit)
    if has_unit and not reader.name.endswith(ending):
        reader.report(f"{unit}_key", key=reader.name)
    return has_unit


def _check_entry(reader: Reader, parts: tuple[Component, ...]) -> tuple[Component, ...]:
    """The fields of an entry of a list: simple ones, always shown and open to everybody who sees the list."""
    for part in parts:
        if part.type not in ENTRY_TYPES:
            reader.report("entry_unsupported", type=part.type)
        for name, is_set in (
            ("showWhen", part.show_when),
            ("personal", part.personal_subject),
            ("readonly", part.is_read_only),
        ):
            if is_set:
                reader.report("entry_property", property=name)
    if not parts:
        reader.report("entries_missing")
    seen = [part.name for part in parts]
    for name in sorted({one for one in seen if seen.count(one) > 1}):
        reader.report("key_duplicate", key=name)
    return parts


def _read_personal(reader: Reader) -> str | None:
    if "personal" not in reader.raw:
        return None
    personal = reader.read_dict("personal")
    subject = reader.read_text("subject", personal)
    reader.expect(bool(subject) and personal.keys() == {"subject"}, "personal", '{"subject": path}')
    return subject or None


def _read_keep(reader: Reader) -> bool:
    keep = reader.read_text("keep")
    return reader.expect(keep in {"", "submission"}, "keep", '"submission"') and keep == "submission"


def _read_subtype(reader: Reader) -> str:
    subtype = reader.read_text("subtype") or "date"
    reader.expect(subtype in {"date", "time", "datetime"}, "subtype", "date, time or datetime")
    return subtype


def _check_names(components: tuple[Component, ...], findings: list[Finding]) -> None:
    seen: set[str] = set()
    for component, _ in walk(components):
        if component.name in seen:
            findings.append(Finding(component.name, "key_duplicate", {"key": component.name}))
        seen.add(component.name)


def _check_order(components: tuple[Component, ...], findings: list[Finding]) -> None:
    """A time comes after another one of the form that is asked as often, a date no later than another one."""
    times = {part.name for part, _ in walk(components) if part.type == "datetime" and part.subtype == "datetime"}
    for part, _ in walk(components):
        if part.after and not (part.name in times and part.after in {*times, NOW} - {part.name}):
            expected = "now, or the key of another date with time"
            findings.append(Finding(part.name, "wrong_property", {"property": "after", "expected": expected}))
    dates = {part.name for part, _ in walk(components) if part.type == "datetime" and part.subtype == "date"}
    for part, _ in walk(components):
        if part.until and not (part.name in dates and part.until in {*dates, NOW} - {part.name}):
            expected = "now, or the key of another date"
            findings.append(Finding(part.name, "wrong_property", {"property": "until", "expected": expected}))


def _check_registered(components: tuple[Component, ...], findings: list[Finding]) -> None:
    parts = [part for part, _ in walk(components)]
    keys = frozenset(part.name for part in parts if part.has_value)
    for part in parts:
        if part.type in COMPONENTS:
            findings += COMPONENTS[part.type].check(part, keys)
