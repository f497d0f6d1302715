"""Parts of the forms of a repair: who does which line, and a signature drawn by hand."""

import re
from collections.abc import Iterator, Mapping

from wtforms.form import BaseForm

from engine.definitions.forms.components import FormComponent, form_component, require_text, text_of
from engine.definitions.forms.fields import PlainField, Submitted, find_datum
from engine.definitions.forms.messages import Language
from engine.definitions.forms.model import Component, Finding
from engine.storage.plain import Plain, PlainDict

WIDTH, HEIGHT = 600, 200  # of the field a signature is drawn in
MAX_PATH, MAX_NAME = 20_000, 80
_STROKES = re.compile(r"(?:M\d{1,3} \d{1,3}(?:L\d{1,3} \d{1,3})+)+")
_POINTS = re.compile(r"(\d{1,3}) (\d{1,3})")


class SplitLinesField(PlainField):
    """Who does which line: a dict with a list of members for each line of the order."""

    required_message = "lines_without_member"

    def input_name(self, line: str) -> str:
        """The name of the boxes of one line."""
        return f"{self.name}-{line}"

    def read_submitted(self, submitted: Submitted) -> None:
        prefix = self.input_name("")
        sent = {name.removeprefix(prefix): name for name in submitted if name.startswith(prefix)}
        self._choose({line: [str(one) for one in submitted.getlist(name)] for line, name in sent.items()})

    def read_stored(self, value: Plain) -> None:
        stored = value if isinstance(value, dict) else {}
        self._choose({line: [str(one) for one in some] for line, some in stored.items() if isinstance(some, list)})

    def _choose(self, owners: dict[str, list[str]]) -> None:
        self.owners = owners
        self.data = {line: list[Plain](some) for line, some in owners.items()} or None

    def check(self, form: BaseForm) -> None:
        found = find_datum(self.meta.binding.data, text_of(self.component, "source"))
        lines, members = _list_ids(found, "lines"), _list_ids(found, "members")
        if not set(self.owners) <= lines or any(not set(some) <= members for some in self.owners.values()):
            raise self.refuse("not_a_choice")
        if any(not self.owners.get(line) for line in lines):
            raise self.refuse("lines_without_member")


def _list_ids(found: Plain, name: str) -> set[str]:
    rows = found.get(name) if isinstance(found, dict) else None
    return {str(row["id"]) for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set()


@form_component("baton:split_lines")
class SplitLines(FormComponent):
    """Gives each line of a repair order to one or more members. `source` is the path of a dict with `lines` and
    `members`, each a list of rows with an `id` and a `name`.
    """

    properties = frozenset({"source"})
    field_class = SplitLinesField

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        yield from require_text(component, "source")

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        found = find_datum(data, text_of(component, "source"))
        return dict(found) if isinstance(found, dict) else {"lines": [], "members": []}


class SignatureField(PlainField):
    """A name, and the strokes drawn over it as the data of an SVG path; without scripts the typed name alone."""

    required_message = "signature_missing"

    def input_names(self) -> tuple[str, ...]:
        return (f"{self.name}-name", f"{self.name}-path")

    def read_submitted(self, submitted: Submitted) -> None:
        name, path = (str(next(iter(submitted.getlist(one)), "")) for one in self.input_names())
        self._sign(" ".join(name.split()), path.strip())

    def read_stored(self, value: Plain) -> None:
        stored = value if isinstance(value, dict) else {}
        self._sign(str(stored.get("name") or ""), str(stored.get("path") or ""))

    def _sign(self, name: str, path: str) -> None:
        self.typed_name, self.path = name, path
        self.data = {"name": name, "path": path} if name or path else None

    def check(self, form: BaseForm) -> None:
        if not self.typed_name:
            raise self.refuse("signature_missing")
        if len(self.typed_name) > MAX_NAME or not is_drawable(self.path):
            raise self.refuse("signature_wrong")


def is_drawable(path: str) -> bool:
    """Whether a text is what the signature field draws: strokes of points inside it, and nothing else."""
    if not path:
        return True
    if len(path) > MAX_PATH or not _STROKES.fullmatch(path):
        return False
    return all(int(x) <= WIDTH and int(y) <= HEIGHT for x, y in _POINTS.findall(path))


@form_component("baton:signature")
class Signature(FormComponent):
    """A signature drawn with finger or mouse, and the name of who signs; without scripts the name is typed."""

    field_class = SignatureField

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        return {"width": WIDTH, "height": HEIGHT}
