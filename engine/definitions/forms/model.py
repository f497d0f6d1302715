"""What a form is once it was read: immutable, checked, shared by everyone who fills it in."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType

from engine.definitions.forms.messages import Language, say
from engine.storage.plain import Plain, PlainDict

# Values that are lists and values that are texts; what is empty follows from it.
LIST_TYPES = frozenset({"checklist", "dynamiclist"})
TEXT_TYPES = frozenset({"textfield", "textarea"})


@dataclass(frozen=True)
class Words:
    """A text of the form in both languages."""

    zh: str = ""
    en: str = ""

    def of(self, language: Language) -> str:
        """The text in one language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Choice:
    """A declared answer: the value kept, the label shown, and one line about what it leads to."""

    value: str
    label: Words
    help: Words = Words()


@dataclass(frozen=True)
class Rules:
    """What the values of a field must keep. `minimum` and `maximum` are in the unit typed: for money in yuan."""

    is_required: bool = False
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: re.Pattern[str] | None = None
    pattern_message: Words = Words()
    validation_type: str | None = None
    decimals: int | None = None


@dataclass(frozen=True)
class FileRules:
    """What a filepicker takes: `accept` lists media types (`image/*`), and endings (`.pdf`); empty means anything.

    `max_mb`: megabytes (10^6 bytes) of each file; None is what the server takes at all.
    """

    accept: tuple[str, ...] = ()
    max_files: int = 1
    max_mb: int | None = None

    @property
    def takes_photos(self) -> bool:
        """Whether a phone should offer its camera."""
        return any(part.startswith("image/") for part in self.accept)

    @property
    def takes_only_photos(self) -> bool:
        """Whether nothing but pictures is accepted."""
        return bool(self.accept) and all(part.startswith("image/") for part in self.accept)


@dataclass(frozen=True)
class EntryRules:
    """What the entries of a list must keep: how many they may be, and what the numbers in `sum_field` add up to."""

    max_entries: int = 20
    sum_field: str | None = None
    sum_is: int = 0


@dataclass(frozen=True, eq=False)
class Component:
    """One part of a form. `name` is the key of a field; for what takes no value, the id the editor gave it.

    `entry` are the fields each entry of a list has. `bounds` is the path, in the data of the case or in a view, of a
    dict with the `minimum` and `maximum` a number must keep, as it is kept. A datetime must come `after` another one of
    the form, or after `now`; a date comes not later than the one it is `until`, or than today (`now`). What `is_live`
    is shown anew with each of its own answers.
    """

    name: str
    type: str
    label: Words = Words()
    help: Words = Words()
    unit: Words = Words()
    rules: Rules = Rules()
    files: FileRules = FileRules()
    choices: tuple[Choice, ...] = ()
    children: tuple["Component", ...] = ()
    entry: tuple["Component", ...] = ()
    entries: EntryRules = EntryRules()
    default: Plain = None
    has_value: bool = False
    is_money: bool = False
    is_percent: bool = False
    is_read_only: bool = False
    is_live: bool = False
    takes_files: bool = False
    is_kept: bool = False
    subtype: str = "date"
    bounds: str | None = None
    after: str | None = None
    until: str | None = None
    personal_subject: str | None = None
    show_when: str | None = None
    row: str | None = None
    properties: Mapping[str, Plain] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def reads(self) -> tuple[str, ...]:
        """The keys of the fields whose answers it shows something of, while they are typed."""
        found = self.properties.get("reads")
        return tuple(key.strip() for key in found.split(",") if key.strip()) if isinstance(found, str) else ()

    @property
    def is_in_hundredths(self) -> bool:
        """Whether the number is kept as a hundred times what is typed: yuan as fen, per cent as basis points."""
        return self.is_money or self.is_percent

    @property
    def sources(self) -> frozenset[str]:
        """The first names of what it shows, or is bounded by."""
        paths = (self.properties.get("source"), self.properties.get("total"), self.bounds)
        return frozenset(str(path).partition(".")[0] for path in paths if path)

    @property
    def empty(self) -> Plain:
        """The value of the field as long as nothing was filled in."""
        if self.type in LIST_TYPES or self.takes_files:
            return []
        if self.type in TEXT_TYPES:
            return ""
        return False if self.type == "checkbox" else None

    def label_of(self, value: Plain) -> Words:
        """The label of a declared answer; an answer no longer declared is shown as its value."""
        known = {choice.value: choice.label for choice in self.choices}
        return known.get(str(value), Words(str(value), str(value)))


@dataclass(frozen=True)
class Condition:
    """When a component is shown: `source` is an expression over the fields in `reads`."""

    name: str
    source: str
    reads: frozenset[str]


@dataclass(frozen=True, eq=False)
class Form:
    """One version of a form.

    `levels` are its conditions in the order of evaluation: those of one level need only fields of the levels before.
    """

    key: str
    components: tuple[Component, ...]
    levels: tuple[tuple[Condition, ...], ...] = ()

    @cached_property
    def paths(self) -> Mapping[str, tuple[str, ...]]:
        """For every component its name and those of the groups around it."""
        return MappingProxyType({part.name: path for part, path in walk(self.components)})

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all components."""
        return frozenset(self.paths)

    @cached_property
    def fields(self) -> Mapping[str, Component]:
        """The components that take a value, by key, in the order of the form."""
        return MappingProxyType({part.name: part for part, _ in walk(self.components) if part.has_value})

    @cached_property
    def inputs(self) -> Mapping[str, Component]:
        """The fields a person can fill in: all but the read-only ones."""
        return MappingProxyType({key: part for key, part in self.fields.items() if not part.is_read_only})

    @cached_property
    def input_types(self) -> frozenset[str]:
        """The types of fields a person can fill in."""
        return frozenset(part.type for part in self.inputs.values())

    @cached_property
    def personal_fields(self) -> Mapping[str, str]:
        """For fields about a person, the path to that person in process data."""
        subjects = {key: part.personal_subject for key, part in self.inputs.items()}
        return MappingProxyType({key: path for key, path in subjects.items() if path is not None})

    @cached_property
    def kept(self) -> frozenset[str]:
        """The fields that stay in the submission and are not copied into process data."""
        return frozenset(key for key, part in self.inputs.items() if part.is_kept)

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The fields that become process variables."""
        return tuple(key for key in self.inputs if key not in self.kept)

    @cached_property
    def always_required(self) -> tuple[str, ...]:
        """The fields that are asked for and must be filled in, whatever the others say."""
        conditional = {one.name for level in self.levels for one in level}
        required = (key for key, part in self.inputs.items() if part.rules.is_required)
        return tuple(key for key in required if conditional.isdisjoint(self.paths[key]))

    @cached_property
    def file_keys(self) -> tuple[str, ...]:
        """The fields that take files."""
        return tuple(key for key, part in self.inputs.items() if part.takes_files)

    @cached_property
    def sources(self) -> frozenset[str]:
        """The first names of what its parts show, or are bounded by, before anything is filled in."""
        parts = [one for part, _ in walk(self.components) for one in (part, *part.entry)]
        return frozenset().union(*(part.sources for part in parts if not part.reads))

    @cached_property
    def previews(self) -> Mapping[str, tuple[str, ...]]:
        """For every component that is made anew while others are filled in, the keys of those."""
        parts = [part for part, _ in walk(self.components) if part.reads]
        return MappingProxyType({part.name: part.reads for part in parts})

    @cached_property
    def is_refreshed(self) -> bool:
        """Whether an answer can change what else the form shows."""
        return bool(self.levels or self.previews or self._live)

    @cached_property
    def _live(self) -> frozenset[str]:
        return frozenset(key for key, part in self.inputs.items() if part.is_live)

    @cached_property
    def has_extra_buttons(self) -> bool:
        """Whether the form has buttons that do not send it: to refresh it, to remove a file, to add an entry."""
        return bool(self.is_refreshed or self.file_keys) or any(part.entry for part in self.inputs.values())

    @cached_property
    def triggers(self) -> frozenset[str]:
        """The fields whose change may show or hide others, or what a preview says."""
        read = frozenset(key for level in self.levels for condition in level for key in condition.reads)
        return read.union(self._live, *self.previews.values())

    @cached_property
    def conditional(self) -> frozenset[str]:
        """The components that are not always shown."""
        guarded = {condition.name for level in self.levels for condition in level}
        return frozenset(name for name, path in self.paths.items() if guarded & set(path))


def walk(components: tuple[Component, ...], path: tuple[str, ...] = ()) -> Iterator[tuple[Component, tuple[str, ...]]]:
    """Every component with its path, groups before what is in them."""
    for component in components:
        here = (*path, component.name)
        yield component, here
        yield from walk(component.children, here)


@dataclass(frozen=True)
class Finding:
    """What is wrong with a form, and at which component (its key, else its id, else its place)."""

    component: str
    code: str
    facts: PlainDict = field(default_factory=dict)

    def message(self, language: Language) -> str:
        """What to tell the analyst."""
        return say(language, self.code, **self.facts)


class FormInvalid(Exception):
    """A form cannot be deployed. `findings` holds everything that is wrong with it."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(f"{finding.component}: {finding.message('en')}" for finding in findings))
        self.findings = findings
