"""The form with which an operator gives a stopped element other values: JSON texts, each beside what it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from engine.language.values import has_reference, is_same
from engine.storage.plain import Plain, PlainDict

VALUE, WAS = "value:", "was:"
NEW_NAME, NEW_VALUE = "new_name", "new_value"
LONG_CHARACTERS = 48


@dataclass(frozen=True)
class Line:
    """A variable on the form: `typed` and `was` are JSON; `was` is empty for one that does not exist yet."""

    name: str
    typed: str
    was: str
    is_personal: bool = False
    is_wrong: bool = False

    @property
    def is_long(self) -> bool:
        return len(self.typed) > LONG_CHARACTERS or "\n" in self.typed


@dataclass
class FixForm:
    """What was typed: the values that differ, what they were when the page was shown, and the lines to show again."""

    lines: list[Line] = field(default_factory=list)
    values: PlainDict = field(default_factory=dict)
    seen: PlainDict = field(default_factory=dict)
    new_name: str = ""
    new_value: str = ""
    reason: str = ""
    wrong: set[str] = field(default_factory=set)


class NotJson(ValueError):
    """A text is no JSON."""


def show_form(data: PlainDict, variable: str = "") -> FixForm:
    """The form as it is first shown; a variable that is to blame and does not exist is offered as a new one."""
    lines = [_show(name, value) for name, value in sorted(data.items())]
    return FixForm(lines, new_name="" if variable in data else variable)


def read_form(sent: Mapping[str, str], data: PlainDict) -> FixForm:
    """What was sent, as far as it can be read. `data` are those of now: none of an incident resolved meanwhile."""
    added = sent.get(NEW_NAME, "").strip(), sent.get(NEW_VALUE, "")
    form = FixForm(new_name=added[0], new_value=added[1], reason=sent.get("reason", ""))
    named = {name.removeprefix(VALUE) for name in sent if name.startswith(VALUE)}
    for name in sorted(data.keys() | named):
        line = _show(name, data.get(name))
        if VALUE + name in sent and not line.is_personal:
            line = _read_line(form, name, sent[VALUE + name], sent.get(WAS + name, line.was))
        form.lines.append(line)
    if form.new_name and form.new_value.strip():
        try:
            form.values[form.new_name] = read_json(form.new_value)
            form.seen[form.new_name] = None
        except NotJson:
            form.wrong.add(NEW_VALUE)
    return form


def read_json(text: str) -> Plain:
    """A value typed as JSON. Raises NotJson."""
    try:
        value: Plain = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotJson(str(error)) from None
    return value


def write_json(value: Plain) -> str:
    """A value as one edits it."""
    text = orjson.dumps(value).decode()
    is_nested = isinstance(value, dict | list) and len(text) > LONG_CHARACTERS
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() if is_nested else text


def _show(name: str, value: Plain) -> Line:
    if has_reference(value):
        return Line(name, "", "", is_personal=True)
    return Line(name, write_json(value), orjson.dumps(value).decode())


def _read_line(form: FixForm, name: str, typed: str, was: str) -> Line:
    try:
        value, before = read_json(typed), read_json(was)
    except NotJson:
        form.wrong.add(name)
        return Line(name, typed, was, is_wrong=True)
    if not is_same(value, before):
        form.values[name], form.seen[name] = value, before
    return Line(name, typed, was)
