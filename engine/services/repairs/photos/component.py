"""The part of a form that takes photos, each with what it shows: stored as they are, unlike pictures sent elsewhere."""

from collections.abc import Iterator, Mapping

from wtforms.form import BaseForm
from wtforms.validators import StopValidation

from engine.definitions.forms.components import FormComponent, form_component, require_text, text_of
from engine.definitions.forms.fields import REMOVE, FilesField, Submitted, find_datum
from engine.definitions.forms.messages import Language
from engine.definitions.forms.model import Component, Finding
from engine.definitions.forms.typed import InputRefused, clean_text
from engine.storage.plain import Plain, PlainDict

PHOTOS = "baton:photos"
STAGES = ("before", "during", "after")
MAX_CAPTION = 200
_ASKED = ("line", "stage", "caption")


class PhotosField(FilesField):
    """Photos with the line they belong to, their stage and a caption: a list of files with these three beside.

    What is asked of each photo comes in the order of the photos; of one just uploaded nothing was asked yet, so it
    begins with the line and the stage of the one before it.
    """

    def input_names(self) -> tuple[str, ...]:
        return (self.name, *(self.input_name(one) for one in _ASKED))

    def input_name(self, asked: str) -> str:
        """The name of the inputs for one of `line`, `stage`, `caption`."""
        return f"{self.name}-{asked}"

    def read_submitted(self, submitted: Submitted) -> None:
        removed = set(submitted.getlist(REMOVE))
        answers = {one: [clean_text(str(text)) for text in submitted.getlist(self.input_name(one))] for one in _ASKED}
        found: list[Plain] = []
        gone, before = 0, {"line": self._only_line, "stage": ""}
        for place, id_ in enumerate(str(one) for one in submitted.getlist(self.name)):
            asked: PlainDict = {
                one: texts[place] if place < len(texts) else before.get(one, "") for one, texts in answers.items()
            }
            before = {one: str(asked[one]) for one in before}
            stored = self.meta.binding.files.get(id_)
            if f"{self.name}:{id_}" not in removed:
                gone += stored is None
                found += [{**stored, **asked}] if stored else []
        self._hold(found)
        if gone:
            raise InputRefused("file_gone", count=gone)

    def read_stored(self, value: Plain) -> None:
        self._hold([entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else [])

    def _hold(self, entries: list[Plain]) -> None:
        first: dict[str, Plain] = {}
        for entry in entries:
            assert isinstance(entry, dict)
            first.setdefault(str(entry.get("sha256")), entry)
        self.data = [*first.values()]

    @property
    def lines(self) -> dict[str, str]:
        """The names of the lines by their id."""
        return find_lines(self.component, self.meta.binding.data)

    @property
    def _only_line(self) -> str:
        lines = self.lines
        return next(iter(lines)) if len(lines) == 1 else ""

    def pre_validate(self, form: BaseForm) -> None:
        super().pre_validate(form)
        reason = text_of(self.component, "reason")
        if self.is_empty and not (reason in form and str(form[reason].data or "").strip()):
            self.errors = [self.refuse("photos_missing").args[0]]
            raise StopValidation

    def check(self, form: BaseForm) -> None:
        super().check(form)
        lines = self.lines
        for number, entry in enumerate(self.entries, start=1):
            if entry.get("line") not in lines or entry.get("stage") not in STAGES:
                raise self.refuse("photo_unplaced", number=number)
            length = len(str(entry.get("caption")))
            if length > MAX_CAPTION:
                raise self.refuse("too_long", max_length=MAX_CAPTION, length=length, excess=length - MAX_CAPTION)


def find_lines(component: Component, data: Mapping[str, Plain]) -> dict[str, str]:
    """The names of the lines a photo may belong to, by their id."""
    found = find_datum(data, text_of(component, "source"))
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    return {str(row.get("id")): str(row.get("name")) for row in rows}


@form_component(PHOTOS)
class Photos(FormComponent):
    """Photos, each with a line, a stage and a caption. `source` is the path of the list of lines, each with an `id` and
    a `name`; `reason` names the text field that must say why, where there are none.
    """

    properties = frozenset({"source", "reason", "accept", "multiple", "max_files", "max_mb"})
    field_class = PhotosField
    takes_files = True

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        yield from require_text(component, "source")
        if component.properties.get("reason") not in keys:
            yield Finding(component.name, "wrong_property", {"property": "reason", "expected": "the key of a field"})
        if not component.files.takes_only_photos:
            yield Finding(component.name, "wrong_property", {"property": "accept", "expected": "image/*"})

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        return {"lines": dict[str, Plain](find_lines(component, data)), "stages": list[Plain](STAGES)}
