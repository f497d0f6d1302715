"""How plain values look to a reader: amounts, times, files, hidden personal data."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial

from engine.definitions.forms.model import Component
from engine.language.values import is_reference
from engine.storage.clock import parse_instant
from engine.storage.plain import Plain, PlainDict
from web.formatting import Formatter
from web.texts import Language, text_in

# Gives the text behind a vault reference to a reader who may see it and asked to, None to anyone else.
OpenPersonal = Callable[[PlainDict], str | None]
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def open_nothing(reference: PlainDict) -> None:
    """For readers who have asked to see no personal data."""


@dataclass(frozen=True)
class ShownFile:
    """A stored file as a link; images have a small picture at `thumbnail`."""

    id: str
    name: str
    size: str
    is_image: bool

    @property
    def url(self) -> str:
        return f"/files/{self.id}"

    @property
    def thumbnail(self) -> str:
        return f"{self.url}/thumbnail"


@dataclass(frozen=True)
class Shown:
    """A value ready to be drawn: lines of text, files, or a sign that it is hidden; nothing of these: not filled in."""

    lines: tuple[str, ...] = ()
    files: tuple[ShownFile, ...] = ()
    is_masked: bool = False


def show_file(entry: PlainDict) -> ShownFile:
    """A file as form values hold it."""
    size = entry.get("size_bytes")
    return ShownFile(
        id=str(entry.get("file", "")),
        name=str(entry.get("name", "")),
        size=format_size(size) if isinstance(size, int) else "",
        is_image=str(entry.get("media_type", "")).startswith("image/"),
    )


def format_size(size_bytes: int) -> str:
    """A size in bytes as people read it: 148 kB, 2.4 MB."""
    return f"{max(1, round(size_bytes / 1000))} kB" if size_bytes < 1_000_000 else f"{size_bytes / 1e6:.1f} MB"


@dataclass(frozen=True)
class Display:
    """Shows values to one reader."""

    fmt: Formatter
    open_personal: OpenPersonal = open_nothing

    @property
    def language(self) -> Language:
        return self.fmt.language

    def say(self, key: str, **facts: object) -> str:
        """A text of the catalogue in the reader's language."""
        return text_in(self.language, key, **facts)

    def show_field(self, component: Component, value: Plain) -> Shown:
        """The value of a form field; declared answers are shown by their labels."""
        if component.choices and isinstance(value, str) and value:
            return Shown((component.label_of(value).of(self.language),))
        if component.choices and isinstance(value, list):
            return self._join(component.label_of(answer).of(self.language) for answer in value)
        if component.type == "number" and isinstance(value, (int, float)) and not component.is_in_hundredths:
            unit = component.unit.of(self.language)
            return Shown((f"{self.fmt.number(value)} {unit}".strip(),))
        if component.type in {"textfield", "textarea"} and isinstance(value, str):
            return self._show_text(value)
        return self.show_datum(component.name, value)

    def show_datum(self, name: str, value: Plain) -> Shown:
        """A datum of a process; the unit at the end of its name says how it is shown."""
        if is_reference(value) and isinstance(value, dict):
            opened = self.open_personal(value)
            return Shown(is_masked=True) if opened is None else self._show_text(opened)
        if isinstance(value, bool):
            return Shown((self.say("form.yes" if value else "form.no"),))
        if isinstance(value, (int, float)):
            return Shown((self._show_number(name, value),))
        if isinstance(value, str):
            return self._show_text(self.fmt.length(value) or self._show_moment(value))
        if isinstance(value, dict) and value.keys() == {"address", "lat", "lng"}:
            return self._show_text(str(value["address"]))
        if isinstance(value, dict):
            return Shown(files=(show_file(value),)) if "file" in value else self._show_dict(value)
        return self._show_list(name, value or [])

    def _show_number(self, name: str, value: int | float) -> str:
        if name.endswith("_fen") and isinstance(value, int):
            return self.fmt.money(value)
        return self.fmt.percent(int(value)) if name.endswith("_bps") else self.fmt.number(value)

    def _show_moment(self, text: str) -> str:
        try:
            return self.fmt.day(date.fromisoformat(text)) if _ISO_DATE.fullmatch(text) else self._show_instant(text)
        except (ValueError, OverflowError):
            return text

    def _show_instant(self, text: str) -> str:
        return self.fmt.instant(parse_instant(text))

    def _show_text(self, text: str) -> Shown:
        return Shown(tuple(text.splitlines()) if text.strip() else ())

    def _show_dict(self, value: PlainDict) -> Shown:
        parts = ((key, self.show_datum(key, part)) for key, part in value.items())
        return Shown(tuple(f"{key}: {' '.join(shown.lines)}" for key, shown in parts))

    def _show_list(self, name: str, values: list[Plain]) -> Shown:
        shown = list(map(partial(self.show_datum, name), values))
        files = tuple(file for part in shown for file in part.files)
        return Shown(files=files) if files else self._join(line for part in shown for line in part.lines)

    def _join(self, texts: Iterable[str]) -> Shown:
        joined = self.say("form.list_separator").join(texts)
        return Shown((joined,) if joined else ())
