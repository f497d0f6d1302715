"""Registered components: parts of a form that are more than one input. Each is one class: what the schema may say of
it, its field and validator if it takes a value, and the data its template shows. Templates are found by its name.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from wtforms.form import BaseForm

from engine.definitions.forms.fields import PlainField, Submitted, find_datum
from engine.definitions.forms.messages import Language
from engine.definitions.forms.model import Component, Finding
from engine.definitions.forms.typed import (
    InputRefused,
    clean_text,
)
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict

PREFIX = "baton:"
MAX_NOTE = 200


class FormComponent:
    """A kind of component. `properties` are its own, besides those of every component.

    `choices_property` names the one that lists things with a value and a label; they come as `component.choices`.
    What `is_live` is shown anew with each answer; what `takes_files` has a `FilesField`.
    """

    properties: ClassVar[frozenset[str]] = frozenset()
    choices_property: ClassVar[str | None] = None
    field_class: ClassVar[type[PlainField] | None] = None
    receives: ClassVar[bool] = False
    is_live: ClassVar[bool] = False
    takes_files: ClassVar[bool] = False

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        """What is wrong with a component of a form that has the field keys `keys`."""
        yield from ()

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        """What the template shows besides the field, from process data."""
        return {}

    def receive(
        self, unit: UnitOfWork, keys: KeyRing, actor: Actor, instance_id: str, component: Component, sent: Submitted
    ) -> None:
        """Of a kind that `receives`: takes note of what was sent before the form is looked at, in a transaction of its
        own, so that an error in the form undoes nothing of it."""


COMPONENTS: dict[str, FormComponent] = {}
_Kind = TypeVar("_Kind", bound=type[FormComponent])


def form_component(type_name: str) -> Callable[[_Kind], _Kind]:
    """Register a kind of component under its type, `baton:<name>`."""

    def register(kind: _Kind) -> _Kind:
        if not type_name.startswith(PREFIX) or type_name in COMPONENTS:
            raise ValueError(f"Expected a new type that starts with {PREFIX}, but got {type_name!r}")
        COMPONENTS[type_name] = kind()
        return kind

    return register


def text_of(component: Component, name: str) -> str:
    """A property of its own that is a text; empty where it is something else."""
    value = component.properties.get(name)
    return value if isinstance(value, str) else ""


def require_text(component: Component, name: str) -> Iterator[Finding]:
    """That a property of its own must be a text."""
    if not text_of(component, name):
        yield Finding(component.name, "wrong_property", {"property": name, "expected": "text"})


@form_component("baton:settlement_preview")
class SettlementPreview(FormComponent):
    """What a settlement will move, as the server computed it.

    `source` is the path in process data of a dict with `gross_fen`, `platform_fee_fen`, `vat_fen` (contained in the
    fee) and `net_fen`; `platform_fee_bps`, `tax_fen` (withheld) and `secured_fen` (what stays) are optional, and
    `effects`, further rows as those of `baton:facts`. With `reads`, keys of fields with commas between them, it is made
    anew while these are filled in: its source is a view that finds them in its data.
    """

    properties = frozenset({"source", "reads"})

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        yield from require_text(component, "source")
        if not set(component.reads) <= keys:
            yield Finding(component.name, "wrong_property", {"property": "reads", "expected": "keys of fields"})

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        amounts = find_datum(data, text_of(component, "source"))
        needed = ("gross_fen", "platform_fee_fen", "vat_fen", "net_fen")
        if not isinstance(amounts, dict) or not all(isinstance(amounts.get(name), int) for name in needed):
            return {"amounts": None}
        return {"amounts": amounts}


@form_component("baton:facts")
class Facts(FormComponent):
    """A read-only list of process data.

    With `rows`, each `value` is the path of a datum, in process data or in the dict at the path `source`. Without, a
    list of `{"zh", "en", "name", "value"}` is at `source`; a value may be a text in both languages, `{"zh", "en"}`. The
    end of a name says how it is shown: `_fen`, `_at`. With `folded` it is closed until somebody opens it.
    """

    properties = frozenset({"source", "rows", "folded"})
    choices_property = "rows"

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        if not component.choices and not text_of(component, "source"):
            yield Finding(component.name, "source_missing")

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        source = text_of(component, "source")
        found = find_datum(data, source) if source else dict(data)
        rows: list[Plain] = []
        if component.choices:
            values = found if isinstance(found, dict) else {}
            for row in component.choices:
                rows.append(
                    {"label": row.label.of(language), "name": row.value, "value": find_datum(values, row.value)}
                )
        elif isinstance(found, list):
            for entry in found:
                if isinstance(entry, dict):
                    value = entry.get("value")
                    if isinstance(value, dict) and value.keys() == {"zh", "en"}:
                        value = value[language]
                    rows.append({"label": entry.get(language), "name": entry.get("name"), "value": value})
        return {"rows": rows}


class PartsField(PlainField):
    """A field of several inputs, one for each choice; its value is a dict with all of them, or nothing."""

    def __init__(self, component: Component, **options: Any) -> None:
        super().__init__(component, **options)
        self.typed_parts: dict[str, str] = {}

    def input_name(self, part: str) -> str:
        """The name of the input of one part."""
        return f"{self.name}-{part}"

    def input_names(self) -> tuple[str, ...]:
        return tuple(self.input_name(choice.value) for choice in self.component.choices)

    def read_submitted(self, submitted: Submitted) -> None:
        texts = {choice.value: submitted.getlist(self.input_name(choice.value)) for choice in self.component.choices}
        self.read_parts({part: str(given[0]) if given else "" for part, given in texts.items()})

    def read_stored(self, value: Plain) -> None:
        if isinstance(value, dict):
            self.read_parts(
                {choice.value: self.write_part(value.get(choice.value)) for choice in self.component.choices}
            )

    def read_parts(self, texts: dict[str, str]) -> None:
        """Set `typed_parts` and `data`. Raises InputRefused."""
        self.typed_parts = {part: text.encode("utf-8", "replace").decode() for part, text in texts.items()}
        values: PlainDict = {part: self.read(text) if text.strip() else None for part, text in texts.items()}
        self.data = values if any(value is not None for value in values.values()) else None

    def write_part(self, value: Plain) -> str:
        """A stored part as its input shows it."""
        return value if isinstance(value, str) else ""

    @property
    def draft(self) -> Plain:
        return dict(self.typed_parts) if self.process_errors else self.data

    @property
    def parts(self) -> PlainDict:
        """The value of each part, None where it is missing."""
        return self.data if isinstance(self.data, dict) else {choice.value: None for choice in self.component.choices}


class ChecklistReviewField(PartsField):
    """One yes or no for each item."""

    def read(self, text: str) -> Plain:
        if text not in {"yes", "no"}:
            raise InputRefused("not_a_choice")
        return text == "yes"

    def write_part(self, value: Plain) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        return super().write_part(value)

    def pre_validate(self, form: BaseForm) -> None:
        super().pre_validate(form)
        required_when = self.component.properties.get("requiredWhen")
        missing = sum(value is None for value in self.parts.values())
        if missing and isinstance(required_when, dict) and _is_met(required_when, form):
            raise self.refuse("answers_missing", total=len(self.parts), missing=missing)


def _is_met(required_when: PlainDict, form: BaseForm) -> bool:
    key = str(required_when["field"])
    return key in form and form[key].data == required_when["equals"]


@form_component("baton:checklist_review")
class ChecklistReview(FormComponent):
    """Items to be answered with yes or no. `items` lists them; all are required when the field named in
    `requiredWhen: {"field": …, "equals": …}` has that value.
    """

    properties = frozenset({"items", "requiredWhen"})
    choices_property = "items"
    field_class = ChecklistReviewField

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        if not component.choices:
            yield Finding(component.name, "choices_missing", {"count": 1})
        required_when = component.properties.get("requiredWhen")
        is_right = (
            isinstance(required_when, dict) and "equals" in required_when and required_when.get("field") in [*keys]
        )
        if required_when is not None and not is_right:
            expected = '{"field": key, "equals": value}'
            yield Finding(component.name, "wrong_property", {"property": "requiredWhen", "expected": expected})


class ChooseRowsField(PlainField):
    """The rows that were ticked, in the order of the page: a list of `{"id", "note"}`."""

    def __init__(self, component: Component, **options: Any) -> None:
        super().__init__(component, **options)
        self.notes: dict[str, str] = {}

    def note_name(self, row_id: str) -> str:
        """The name of the input of a row's note."""
        return f"{self.name}-note-{row_id}"

    def read_submitted(self, submitted: Submitted) -> None:
        ids = [str(one) for one in submitted.getlist(self.name)]
        texts = {one: str((submitted.getlist(self.note_name(one)) or [""])[0]) for one in ids}
        self._choose({one: clean_text(text) for one, text in texts.items()})

    def read_stored(self, value: Plain) -> None:
        rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
        self._choose({str(row.get("id")): str(row.get("note") or "") for row in rows})

    def _choose(self, notes: dict[str, str]) -> None:
        self.notes = notes
        self.data = [{"id": one, "note": note} for one, note in notes.items()] or None

    @property
    def chosen_ids(self) -> list[str]:
        """What is ticked."""
        return [*self.notes]

    def check(self, form: BaseForm) -> None:
        found = find_datum(self.meta.binding.data, text_of(self.component, "source"))
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        known = [str(row["id"]) for row in rows if row.get("is_open") is not False]
        if not set(self.notes) <= set(known):
            raise self.refuse("not_a_choice")
        limits = find_datum(self.meta.binding.data, self.component.bounds) if self.component.bounds else None
        most = limits.get("maximum") if isinstance(limits, dict) else None
        if isinstance(most, int) and len(self.notes) > most:
            raise self.refuse("too_many_rows", maximum=most, count=len(self.notes))
        longest = max(map(len, self.notes.values()))
        if longest > MAX_NOTE:
            raise self.refuse("too_long", max_length=MAX_NOTE, length=longest, excess=longest - MAX_NOTE)
        self._choose({one: self.notes[one] for one in known if one in self.notes})


@form_component("baton:choose_rows")
class ChooseRows(FormComponent):
    """Ticks rows of a list, with a note to each: `source` is the path of the list in process data or a view. Each row
    has an `id` and a `name`; shown beside is what `columns` lists, as far as a row has it, and its `message`. The end
    of a column's value says how it is shown: `_fen`, `_bps`, `_at`. A row that `is_open` says false of cannot be
    ticked, nor more rows than the `maximum` of its `bounds`.
    """

    properties = frozenset({"source", "columns", "bounds"})
    choices_property = "columns"
    field_class = ChooseRowsField

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        yield from require_text(component, "source")

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        found = find_datum(data, text_of(component, "source"))
        return {"rows": [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []}


def template_name(component: Component) -> str:
    """The template of a registered component."""
    return f"components/{component.type.removeprefix(PREFIX)}.html"
