"""The fields of forms: how each reads what was typed, what it refuses, and what it shows again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, Protocol

from wtforms import Field
from wtforms.form import BaseForm
from wtforms.meta import DefaultMeta
from wtforms.validators import StopValidation, ValidationError

from engine.definitions.forms import typed
from engine.definitions.forms.conditions import NOW
from engine.definitions.forms.messages import Language, say
from engine.definitions.forms.model import Component
from engine.definitions.forms.texts import TEXT_KINDS
from engine.definitions.forms.typed import InputRefused
from engine.storage.clock import parse_instant
from engine.storage.frozen import frozen
from engine.storage.plain import Plain, PlainDict

# Names of the form protocol; no field key begins with an underscore.
REFRESH, REMOVE, ADD, SHOWN = "_refresh", "_remove", "_add", "_shown"
DEFAULT_MAX_LENGTH = {"textfield": 500, "textarea": 20_000}
# A text with a pattern is short, so that matching stays fast whatever was typed.
PATTERN_MAX_LENGTH = 100
BYTES_PER_MEGABYTE = 1_000_000


class Submitted(Protocol):
    """What a browser sent: the multi-dict of any web framework."""

    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def __contains__(self, key: Any, /) -> bool: ...
    def getlist(self, key: str, /) -> list[Any]: ...


class Typed(dict[str, list[str]]):
    """What a browser would send, for whoever fills a form in without one."""

    def getlist(self, key: str, /) -> list[str]:
        """The texts under a name."""
        return self.get(key, [])


@frozen
class Binding:
    """For whom and over what a form is filled in. `files` are the files this person may name, by id."""

    language: Language
    timezone: tzinfo
    data: Mapping[str, Plain] = field(default_factory=dict)
    files: Mapping[str, PlainDict] = field(default_factory=dict)
    conditional: frozenset[str] = frozenset()


class BindingMeta(DefaultMeta):
    """Carries the binding to the fields of one form."""

    def __init__(self, binding: Binding) -> None:
        self.binding = binding


class PlainField(Field):
    """A field whose value is plain data. `typed` is what to show again, whether or not it could be read."""

    meta: BindingMeta

    def __init__(self, component: Component, **options: Any) -> None:
        super().__init__(label=component.label.zh, **options)
        self.component = component
        self.typed = ""
        self.data: Plain = component.empty

    @property
    def language(self) -> Language:
        return self.meta.binding.language

    def refuse(self, code: str, **facts: object) -> ValidationError:
        """The error to raise from a check."""
        return ValidationError(say(self.language, code, **facts))

    def is_in(self, submitted: Submitted) -> bool:
        """Whether the person had this field on the page.

        A field that was hidden then has sent nothing, which does not mean that its default was cleared.
        """
        if self.name not in self.meta.binding.conditional:
            return True
        return any(name in submitted for name in self.input_names()) or self.name in submitted.getlist(SHOWN)

    def input_names(self) -> tuple[str, ...]:
        """The names of its inputs in the page."""
        return (self.name,)

    def process(self, formdata: Any, data: Any = None, extra_filters: Sequence[Any] | None = None) -> None:
        """Read what was submitted, else the stored value `data` (plain, or a draft's text as typed)."""
        self.process_errors = []
        try:
            if formdata is not None and self.is_in(formdata):
                self.read_submitted(formdata)
            else:
                self.read_stored(data)
        except InputRefused as refused:
            self.process_errors = [say(self.language, refused.code, **refused.facts)]

    def read_submitted(self, submitted: Submitted) -> None:
        """Set `typed` and `data`. Raises InputRefused."""
        texts = submitted.getlist(self.name)
        self.read_text(str(texts[0]) if texts else "")

    def read_text(self, text: str) -> None:
        """Set `typed` and `data` from a text. Raises InputRefused."""
        self.typed = text.encode("utf-8", "replace").decode()
        self.data = self.component.empty
        if text.strip():
            self.data = self.read(text)

    def read_stored(self, value: Plain) -> None:
        """Set `typed` and `data` from a stored value; what cannot be a value of the field is left out."""
        if isinstance(value, str):
            self.read_text(value)

    def read(self, text: str) -> Plain:
        """The value of a text that is not blank. Raises InputRefused."""
        raise NotImplementedError

    @property
    def is_empty(self) -> bool:
        return self.data == self.component.empty

    def pre_validate(self, form: BaseForm) -> None:
        if self.process_errors:
            raise StopValidation
        if not self.is_empty:
            self.check(form)
        elif self.component.rules.is_required:
            raise self.refuse(self.required_message)

    required_message = "required"

    def check(self, form: BaseForm) -> None:
        """Raise ValidationError for a value that breaks the rules of the component."""

    def as_text(self) -> str:
        """The value as the vault keeps it where it is personal; `read_stored` takes it back."""
        return str(self.data)

    @property
    def draft(self) -> Plain:
        """What to keep so that the person finds the field as it was left."""
        return self.typed if self.process_errors else self.data


class TextField(PlainField):
    """textfield and textarea."""

    def read(self, text: str) -> Plain:
        cleaned = typed.clean_text(text, has_lines=self.component.type == "textarea")
        return typed.fold_width(cleaned) if self.component.rules.validation_type else cleaned

    def check(self, form: BaseForm) -> None:
        rules, text = self.component.rules, str(self.data)
        longest = rules.max_length or DEFAULT_MAX_LENGTH[self.component.type]
        if rules.pattern:
            longest = min(longest, PATTERN_MAX_LENGTH)
        if len(text) < (rules.min_length or 0):
            raise self.refuse("too_short", min_length=rules.min_length, length=len(text))
        if len(text) > longest:
            raise self.refuse("too_long", max_length=longest, length=len(text), excess=len(text) - longest)
        if rules.pattern and not rules.pattern.fullmatch(text):
            message = rules.pattern_message.of(self.language)
            raise ValidationError(message) if message else self.refuse("pattern_mismatch")
        if rules.validation_type and not TEXT_KINDS[rules.validation_type].is_valid(text):
            raise self.refuse(TEXT_KINDS[rules.validation_type].refusal)


class NumberField(PlainField):
    """number, also as money (typed in yuan, kept as integer fen) and as a share (per cent, as basis points)."""

    def read(self, text: str) -> Plain:
        if self.component.is_percent:
            return typed.parse_percent(text)
        return typed.parse_yuan(text) if self.component.is_money else typed.parse_number(text, self._decimals)

    def read_stored(self, value: Plain) -> None:
        if isinstance(value, bool):
            return
        if self.component.is_in_hundredths and isinstance(value, int):
            write = typed.write_percent if self.component.is_percent else typed.write_yuan
            self.data, self.typed = value, write(value)
        elif not self.component.is_in_hundredths and isinstance(value, (int, float)):
            self.data, self.typed = value, typed.write_number(value)
        else:
            super().read_stored(value)

    @property
    def _decimals(self) -> int | None:
        return self.component.rules.decimals

    def check(self, form: BaseForm) -> None:
        rules = self.component.rules
        value = Decimal(str(self.data)) / (100 if self.component.is_in_hundredths else 1)
        minimum = Decimal(0) if rules.minimum is None and self.component.is_in_hundredths else rules.minimum
        if minimum is not None and value < minimum:
            raise self.refuse("too_small", minimum=show_number(self.component, minimum), value=self._shown(value))
        if rules.maximum is not None and value > rules.maximum:
            raise self.refuse("too_great", maximum=show_number(self.component, rules.maximum), value=self._shown(value))
        self._check_bounds()

    def _check_bounds(self) -> None:
        """What the case allows: a path to nothing allows everything."""
        found = find_datum(self.meta.binding.data, self.component.bounds) if self.component.bounds else None
        limits, unit = found if isinstance(found, dict) else {}, 100 if self.component.is_in_hundredths else 1
        value = Decimal(str(self.data)) / unit
        minimum, maximum = (_read_limit(limits.get(name), unit) for name in ("minimum", "maximum"))
        if minimum is not None and value < minimum:
            raise self.refuse("too_small", minimum=show_number(self.component, minimum), value=self._shown(value))
        if maximum is not None and value > maximum:
            raise self.refuse("too_great", maximum=show_number(self.component, maximum), value=self._shown(value))

    def _shown(self, value: Decimal) -> str:
        return show_number(self.component, value)


def _read_limit(value: Plain, unit: int) -> Decimal | None:
    return Decimal(value) / unit if isinstance(value, int) else None


def find_datum(data: Mapping[str, Plain], path: str) -> Plain:
    """The datum at a dotted path, None where there is none."""
    found: Plain = dict(data)
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def show_number(component: Component, number: Decimal) -> str:
    """A number in the unit typed as messages show it."""
    if component.is_percent:
        return typed.format_percent(int(number * 100))
    return typed.format_yuan(int(number * 100)) if component.is_money else f"{number:,f}"


class ChoiceField(PlainField):
    """select and radio: only declared values."""

    required_message = "required_choice"

    def read(self, text: str) -> Plain:
        if text not in {choice.value for choice in self.component.choices}:
            raise InputRefused("not_a_choice")
        return text


class TickField(PlainField):
    """A single checkbox; required means: must be ticked."""

    required_message = "required_tick"

    def read_submitted(self, submitted: Submitted) -> None:
        texts = submitted.getlist(self.name)
        self.data = bool(texts) and str(texts[-1]).lower() not in {"", "false", "0"}

    def read_stored(self, value: Plain) -> None:
        self.data = value is True


class ChecklistField(PlainField):
    """Several of the declared values, kept in the order they are declared."""

    required_message = "required_choice"

    def read_submitted(self, submitted: Submitted) -> None:
        self.read_stored([str(text) for text in submitted.getlist(self.name)])

    def read_stored(self, value: Plain) -> None:
        given = value if isinstance(value, list) else []
        declared = [choice.value for choice in self.component.choices]
        self.data = [known for known in declared if known in given]
        if any(answer not in declared for answer in given):
            raise InputRefused("not_a_choice")


class MomentField(PlainField):
    """datetime in its three kinds. An instant is typed in the person's zone and kept in UTC."""

    def read(self, text: str) -> Plain:
        if self.component.subtype == "date":
            return typed.parse_date(text)
        if self.component.subtype == "time":
            return typed.parse_time(text)
        return typed.parse_local_datetime(text, self.meta.binding.timezone)

    def check(self, form: BaseForm) -> None:
        self._check_after(form)
        self._check_until(form)

    def _check_until(self, form: BaseForm) -> None:
        other = self.component.until
        if other == NOW:
            now = parse_instant(str(self.meta.binding.data[NOW])).astimezone(self.meta.binding.timezone)
            if str(self.data) > now.date().isoformat():
                raise self.refuse("not_yet")
        elif other and other in form and isinstance(form[other].data, str) and str(self.data) > form[other].data:
            named = form[other]
            assert isinstance(named, PlainField)
            raise self.refuse("not_until", other=named.component.label.of(self.language))

    def _check_after(self, form: BaseForm) -> None:
        other = self.component.after
        if other is None or not (other == NOW or other in form):
            return
        earlier = self.meta.binding.data.get(NOW) if other == NOW else form[other].data
        if isinstance(earlier, str) and earlier and parse_instant(str(self.data)) <= parse_instant(earlier):
            if other == NOW:
                raise self.refuse("not_to_come")
            named = form[other]
            assert isinstance(named, PlainField)
            raise self.refuse("not_after", other=named.component.label.of(self.language))

    def read_stored(self, value: Plain) -> None:
        moment = _parse_stored_instant(value) if self.component.subtype == "datetime" else None
        if moment is None:
            super().read_stored(value)
        else:
            self.data = value
            self.typed = moment.astimezone(self.meta.binding.timezone).strftime("%Y-%m-%dT%H:%M")


def _parse_stored_instant(value: Plain) -> datetime | None:
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


class FilesField(PlainField):
    """Files that are stored already; inputs carry their ids. The same content twice counts once."""

    required_message = "required_file"

    def read_submitted(self, submitted: Submitted) -> None:
        removed = set(submitted.getlist(REMOVE))
        ids = [str(id_) for id_ in submitted.getlist(self.name) if id_ and f"{self.name}:{id_}" not in removed]
        known = [self.meta.binding.files.get(id_) for id_ in ids]
        self.read_stored([stored for stored in known if stored is not None])
        if gone := known.count(None):
            raise InputRefused("file_gone", count=gone)

    def read_stored(self, value: Plain) -> None:
        given = [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
        distinct: list[Plain] = list({str(entry.get("sha256", entry.get("file"))): entry for entry in given}.values())
        # Where one file is wanted, a later upload replaces the earlier one.
        self.data = distinct[-1:] if self.component.files.max_files == 1 else distinct

    @property
    def draft(self) -> Plain:
        return self.data  # one that is gone takes none of the others along

    @property
    def entries(self) -> list[PlainDict]:
        """The files held, as plain dicts."""
        return [entry for entry in self.data if isinstance(entry, dict)] if isinstance(self.data, list) else []

    def check(self, form: BaseForm) -> None:
        rules, entries = self.component.files, self.entries
        if len(entries) > rules.max_files:
            raise self.refuse("too_many_files", max_files=rules.max_files, count=len(entries))
        for entry in entries:
            if rules.max_mb is not None and int(str(entry.get("size_bytes"))) > rules.max_mb * BYTES_PER_MEGABYTE:
                raise self.refuse("file_too_large", name=entry.get("name"), max_mb=rules.max_mb)
            if not _is_accepted(entry, rules.accept):
                accept = ("、" if self.language == "zh" else ", ").join(rules.accept)
                raise self.refuse("file_type", name=entry.get("name"), accept=accept)


def _is_accepted(entry: PlainDict, accept: tuple[str, ...]) -> bool:
    media_type, name = str(entry.get("media_type")).lower(), str(entry.get("name")).lower()
    for part in accept:
        if part.startswith(".") and name.endswith(part):
            return True
        if part == media_type or (part.endswith("/*") and media_type.startswith(part[:-1])):
            return True
    return not accept


FIELD_CLASSES: Mapping[str, type[PlainField]] = {
    "textfield": TextField,
    "textarea": TextField,
    "number": NumberField,
    "select": ChoiceField,
    "radio": ChoiceField,
    "checkbox": TickField,
    "checklist": ChecklistField,
    "datetime": MomentField,
    "filepicker": FilesField,
}


def upload_name(key: str) -> str:
    """The name of the file input of a field: the web layer stores what comes under it and adds the ids to the key."""
    return f"{key}-upload"
