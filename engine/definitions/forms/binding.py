"""A form before one person: the values, what is shown, what is wrong. The class behind each field is WTForms'."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from functools import lru_cache

from wtforms.fields.core import UnboundField
from wtforms.form import BaseForm

from engine.definitions.forms.components import COMPONENTS
from engine.definitions.forms.conditions import Evaluate, find_visible
from engine.definitions.forms.entries import LIST, EntriesField
from engine.definitions.forms.fields import (
    ADD,
    FIELD_CLASSES,
    REFRESH,
    REMOVE,
    Binding,
    BindingMeta,
    FilesField,
    PlainField,
    Submitted,
)
from engine.definitions.forms.messages import Language
from engine.definitions.forms.model import Component, Form
from engine.storage.plain import Plain, PlainDict


@dataclass
class BoundForm:
    """One filling of a form, `is_submitted` by who sends it now. `values` and `draft` hold the visible fields only."""

    form: Form
    binding: Binding
    inputs: BaseForm
    visible: frozenset[str]
    is_submitted: bool = False
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, PlainField]:
        """The visible fields a person can fill in, by key."""
        return {part.name: part for part in self.inputs if isinstance(part, PlainField)}

    @property
    def language(self) -> Language:
        """The language of labels and messages."""
        return self.binding.language

    def is_visible(self, name: str) -> bool:
        """Whether a component is shown for the values at hand."""
        return name in self.visible

    def validate(self) -> bool:
        """Check every visible field; what is wrong is in `errors` by key, in the person's language."""
        self.inputs.validate()
        self.errors = {key: list(part.errors) for key, part in self.fields.items() if part.errors}
        return not self.errors

    @property
    def values(self) -> PlainDict:
        """The values of the visible fields; after `validate` returned True, what to complete the task with."""
        return {key: part.data for key, part in self.fields.items()}

    @property
    def draft(self) -> PlainDict:
        """The same, but what could not be read stays as it was typed: to be given to `bind` again."""
        return {key: part.draft for key, part in self.fields.items()}

    @property
    def personal(self) -> dict[str, str]:
        """For the filled-in fields about a person, the path to that person. Their values are plain text here."""
        filled = self.values
        return {key: subject for key, subject in self.form.personal_fields.items() if filled.get(key)}

    @property
    def file_ids(self) -> list[str]:
        """The files among the values."""
        fields = [part for part in self.inputs if isinstance(part, FilesField)]
        return [str(entry["file"]) for part in fields for entry in part.entries]

    def read_only_value(self, component: Component) -> Plain:
        """The value of a read-only field, which process data hold."""
        return self.binding.data.get(component.name, component.empty)

    def show(self, views: Mapping[str, Plain]) -> None:
        """Adds what was computed of the values at hand to the data that read-only parts show."""
        self.binding = replace(self.binding, data={**self.binding.data, **views})

    def view(self, component: Component) -> PlainDict:
        """What the template of a registered component shows."""
        return COMPONENTS[component.type].view(component, self.binding.data, self.language)


def bind(
    form: Form,
    *,
    data: Mapping[str, Plain],
    language: Language,
    timezone: tzinfo,
    evaluate: Evaluate,
    submitted: Submitted | None = None,
    draft: PlainDict | None = None,
    files: Mapping[str, PlainDict] | None = None,
) -> BoundForm:
    """Fill a form from what was submitted, else from a draft (or earlier values), else from its defaults.

    `data` are the process data that read-only parts show; `files` the files this person may name, by id. An upload must
    be stored before, and its id be among the submitted values of its field.
    """
    binding = Binding(language, timezone, data, files or {}, form.conditional)
    inputs = BaseForm(_build_fields(form), meta=BindingMeta(binding))
    inputs.process(submitted, data={key: part.default for key, part in form.inputs.items()} | (draft or {}))
    values = {key: data.get(key, part.empty) for key, part in form.fields.items()} | inputs.data
    visible = find_visible(form, values, evaluate)
    for key in form.inputs.keys() - visible:
        del inputs[key]
    return BoundForm(form, binding, inputs, visible, submitted is not None)


@lru_cache(maxsize=512)
def _build_fields(form: Form) -> "dict[str, UnboundField[PlainField]]":
    """The WTForms fields of a form, built once for each version of it."""
    return {key: UnboundField(_find_field_class(part), part) for key, part in form.inputs.items()}


def _find_field_class(component: Component) -> type[PlainField]:
    if component.type == LIST:
        return EntriesField
    field_class = FIELD_CLASSES.get(component.type) or COMPONENTS[component.type].field_class
    assert field_class is not None, f"Expected a component that takes a value, but got {component.type}"
    return field_class


def is_refresh(submitted: Submitted) -> bool:
    """Whether the person asked to see the form again, with no wish to submit it yet."""
    return any(name in submitted for name in (REFRESH, REMOVE, ADD))
