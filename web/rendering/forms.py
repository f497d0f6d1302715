"""Puts forms into HTML. What is shown is decided here, how it looks in templates/forms and templates/components."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeAlias

from jinja2 import Environment
from markupsafe import Markup

from engine.definitions.forms import BoundForm, Form
from engine.definitions.forms.components import COMPONENTS, template_name
from engine.definitions.forms.entries import EntriesField, fields_of
from engine.definitions.forms.fields import ADD, REFRESH, REMOVE, SHOWN, FilesField, PlainField, upload_name
from engine.definitions.forms.model import Component
from engine.storage.frozen import frozen
from engine.storage.plain import Plain, PlainDict
from web.formatting import Formatter
from web.rendering.display import Display, OpenPersonal, Shown, ShownFile, open_nothing, show_file

Protocol: TypeAlias = Mapping[str, str]
"""The names under which a page sends what is no field, and the address it sends it to."""
_MAX_COLUMNS = 3
_MAX_BLANK = 4_096
_blank: dict[tuple[int | str | bool, ...], tuple[Component, Markup]] = {}


@frozen
class Part:
    """A component in one page. `input` is there if the person can fill it in, `value` if not."""

    component: Component
    display: Display
    input: PlainField | None = None
    value: Plain = None
    errors: tuple[str, ...] = ()
    view: PlainDict = field(default_factory=dict)
    rows: tuple[tuple["Part", ...], ...] = ()
    entries: tuple["Entry", ...] = ()
    is_trigger: bool = False
    is_conditional: bool = False

    @property
    def name(self) -> str:
        """The name of the input; in a list it has the number of its entry."""
        return self.component.name if self.input is None else self.input.name

    @property
    def id(self) -> str:
        return f"f-{self.name}"

    @property
    def label(self) -> str:
        return self.component.label.of(self.display.language)

    @property
    def help(self) -> str:
        return self.component.help.of(self.display.language)

    @property
    def unit(self) -> str:
        return self.component.unit.of(self.display.language)

    @property
    def described_by(self) -> str:
        """The ids of the help and the errors below the input."""
        parts = [f"{self.id}-help"] if self.help else []
        return " ".join([*parts, *(f"{self.id}-error-{number}" for number in range(1, len(self.errors) + 1))])

    @property
    def is_blank(self) -> bool:
        """Whether it is an input with nothing in it, and nothing to say of it."""
        given = self.input
        return given is not None and not (given.typed or given.data or self.errors)

    def draw_blank(self, draw: Callable[["Part", Protocol], Markup], protocol: Protocol) -> Markup:
        """The same for everybody who reads the same language, so each is drawn once."""
        look = (self.display.language, self.name, self.is_trigger, self.is_conditional, protocol["action"])
        key = (id(self.component), *look)
        kept = _blank.get(key)
        if kept is None or kept[0] is not self.component:
            if len(_blank) >= _MAX_BLANK:
                _blank.clear()
            kept = _blank[key] = self.component, draw(self, protocol)
        return kept[1]

    @property
    def template(self) -> str:
        return template_name(self.component)

    @property
    def upload_name(self) -> str:
        return upload_name(self.component.name)

    @property
    def files(self) -> list[ShownFile]:
        """The files the field holds already."""
        return [show_file(entry) for entry in self.input.entries] if isinstance(self.input, FilesField) else []

    @property
    def shown(self) -> Shown:
        return self.display.show_field(self.component, self.value)

    @property
    def table(self) -> list[list[Shown]]:
        """The entries of a list as they were filled in, with a column for each field."""
        kept = [entry for entry in self.value if isinstance(entry, dict)] if isinstance(self.value, list) else []
        return [
            [self.display.show_field(part, entry.get(part.name)) for part in self.component.entry] for entry in kept
        ]


@dataclass(frozen=True)
class Entry:
    """An entry of a list being filled in; `number` names its inputs."""

    number: int
    rows: tuple[tuple[Part, ...], ...]


def render_form(environment: Environment, bound: BoundForm, fmt: Formatter, action: str = "") -> Markup:
    """The fields of a form, without the `<form>` around them.

    They need a form that posts to `action`, by default the address of the page; with file fields (`form.file_keys`) as
    multipart. An answer to a refresh (`is_refresh`) is the same page, or this fragment alone, rendered again without
    `validate`.
    """
    display = Display(fmt)
    problems = [(bound.form.fields[key], errors) for key, errors in bound.errors.items()]
    return _render(
        environment,
        "forms/form.html",
        rows=_arrange(bound.form.components, bound, display),
        problems=[(f"#f-{part.name}", part.label.of(bound.language), errors) for part, errors in problems],
        form=bound.form,
        is_submitted=bound.is_submitted,
        display=display,
        protocol={"refresh": REFRESH, "remove": REMOVE, "add": ADD, "shown": SHOWN, "action": action},
    )


def _arrange(components: tuple[Component, ...], bound: BoundForm, display: Display) -> tuple[tuple[Part, ...], ...]:
    """The visible parts, those of one layout row side by side."""
    return _in_rows(
        [_make_part(component, bound, display) for component in components if bound.is_visible(component.name)]
    )


def _in_rows(parts: list[Part]) -> tuple[tuple[Part, ...], ...]:
    rows: list[tuple[Part, ...]] = []
    for _, found in groupby(parts, key=lambda part: part.component.row or part.component.name):
        members = tuple(found)
        rows += [members[start : start + _MAX_COLUMNS] for start in range(0, len(members), _MAX_COLUMNS)]
    return tuple(rows)


def _make_part(component: Component, bound: BoundForm, display: Display) -> Part:
    is_input = component.name in bound.form.inputs
    given = bound.fields[component.name] if is_input else None
    return Part(
        component=component,
        display=display,
        input=given,
        value=None if is_input or not component.has_value else bound.read_only_value(component),
        errors=tuple(bound.errors.get(component.name, ())),
        view=_view(component, bound),
        rows=_arrange(component.children, bound, display),
        entries=_list_entries(given, bound, display) if isinstance(given, EntriesField) else (),
        is_trigger=component.name in bound.form.triggers,
        is_conditional=component.name in bound.form.conditional,
    )


def _view(component: Component, bound: BoundForm) -> PlainDict:
    return bound.view(component) if component.type in COMPONENTS else {}


def _list_entries(field: EntriesField, bound: BoundForm, display: Display) -> tuple[Entry, ...]:
    """The entries of the page; what is wrong with one is said at its input."""
    entries = []
    for number, row in field.rows.items():
        parts = [
            Part(one.component, display, input=one, errors=tuple(one.errors), view=_view(one.component, bound))
            for one in fields_of(row).values()
        ]
        entries.append(Entry(number, _in_rows(parts)))
    return tuple(entries)


@dataclass
class Section:
    """A run of answers under the heading of their group, or one registered component."""

    heading: str = ""
    answers: list[Part] = field(default_factory=list)
    component: Part | None = None


def render_readonly(
    environment: Environment,
    form: Form,
    values: Mapping[str, Plain],
    fmt: Formatter,
    open_personal: OpenPersonal = open_nothing,
    data: Mapping[str, Plain] | None = None,
) -> Markup:
    """A form as it was filled in: the fields `values` has; what was hidden then is not there.

    `data` are the process data of that time, for components that show some; without them these are left out.
    """
    display = Display(fmt, open_personal)
    sections = _list_sections(form.components, values, data, display)
    filled = [section for section in sections if section.answers or section.component]
    return _render(environment, "forms/readonly.html", sections=filled, display=display)


def _list_sections(
    components: tuple[Component, ...],
    values: Mapping[str, Plain],
    data: Mapping[str, Plain] | None,
    display: Display,
    heading: str = "",
) -> Iterator[Section]:
    section = Section(heading)
    for component in components:
        if component.type in COMPONENTS:
            if component.name in values or (not component.has_value and data is not None):
                yield section
                yield Section(component=_make_readonly(component, values, data or {}, display))
                section = Section()
        elif component.children:
            yield section
            inner = component.label.of(display.language)
            yield from _list_sections(component.children, values, data, display, inner)
            section = Section()
        elif component.name in values and component.has_value:
            section.answers.append(Part(component, display, value=values[component.name]))
    yield section


def _make_readonly(
    component: Component, values: Mapping[str, Plain], data: Mapping[str, Plain], display: Display
) -> Part:
    view = COMPONENTS[component.type].view(component, data, display.language)
    return Part(component, display, value=values.get(component.name), view=view)


def _render(environment: Environment, template: str, **context: object) -> Markup:
    return Markup(environment.get_template(template).render(**context))
