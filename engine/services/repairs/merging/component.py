"""The part of a form in which the leader merges: sources, what became of them, and what he decides."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from wtforms.form import BaseForm

from engine.definitions.forms.components import FormComponent, form_component, require_text, text_of
from engine.definitions.forms.fields import PlainField, Submitted, find_datum
from engine.definitions.forms.model import Component, Finding
from engine.definitions.forms.typed import clean_text
from engine.services.repairs.merging.model import Conflict, Decisions, Draft, Info, Member, Order, Pair, Statement
from engine.services.repairs.merging.plain import read_sources
from engine.services.repairs.merging.report import draft
from engine.storage.plain import Plain

MERGE = "baton:merge"
WORDS = ("same", "different")
MAX_TEXT, MAX_QUESTION = 4000, 500


class MergeField(PlainField):
    """The leader's word: `{"pairs", "choices", "texts", "returned": [{"member", "question"}]}`. The first three are by
    the ids of `merging`; what no longer applies to the sources as they are is left out.
    """

    def __init__(self, component: Component, **options: Any) -> None:
        super().__init__(component, **options)
        self.pairs: dict[str, Any] = {}
        self.choices: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.questions: dict[str, str] = {}

    def input_name(self, kind: str, id_: str) -> str:
        """The name of an input: `kind` is `pair`, `choice`, `text`, `was` (the text it began with), `return` or
        `question`.
        """
        return f"{self.name}-{kind}-{id_}"

    def read_submitted(self, submitted: Submitted) -> None:
        typed = {kind: self._read_kind(submitted, kind) for kind in _KINDS}
        self.pairs = {id_: word for id_, word in typed["pair"].items() if word in WORDS}
        self.choices = typed["choice"]
        self.texts = {id_: text for id_, text in typed["text"].items() if text and text != typed["was"].get(id_)}
        self.questions = {id_: typed["question"].get(id_, "") for id_ in typed["return"]}
        self._keep()

    def _read_kind(self, submitted: Submitted, kind: str) -> dict[str, str]:
        prefix = self.input_name(kind, "")
        found = {name.removeprefix(prefix): submitted.getlist(name) for name in submitted if name.startswith(prefix)}
        return {id_: clean_text(str(texts[0]), has_lines=True) for id_, texts in found.items() if texts}

    def read_stored(self, value: Plain) -> None:
        found: dict[str, Any] = value if isinstance(value, dict) else {}
        self.pairs = dict(found.get("pairs") or {})
        self.choices = dict(found.get("choices") or {})
        self.texts = dict(found.get("texts") or {})
        self.questions = {str(one["member"]): str(one["question"]) for one in found.get("returned") or []}
        self._keep()

    def _keep(self) -> None:
        merged = self.merged
        keys = [key for one in merged.statements for key in one.keys]
        self.data = {
            "pairs": {one.id: one.word for one in merged.pairs if one.word},
            "choices": {one.id: one.chosen for one in merged.conflicts if one.chosen is not None},
            "texts": {key: self.texts[key] for key in keys if key in self.texts},
            "returned": [{"member": id_, "question": text} for id_, text in self.questions.items()],
        }

    @cached_property
    def sources(self) -> tuple[Order, tuple[Info, ...]]:
        """The order and what its members sent; nothing as long as there is none."""
        found = find_datum(self.meta.binding.data, text_of(self.component, "source"))
        return read_sources(found) if isinstance(found, dict) else (Order(""), ())

    @cached_property
    def returnable(self) -> tuple[Member, ...]:
        """Whom the leader may ask for more."""
        found = find_datum(self.meta.binding.data, text_of(self.component, "source"))
        ids = found.get("returnable") if isinstance(found, dict) else None
        return tuple(one for one in self.sources[0].members if isinstance(ids, list) and one.id in ids)

    @cached_property
    def merged(self) -> Draft:
        """The sources merged as far as his word goes."""
        order, infos = self.sources
        return draft(order, infos, Decisions(self.pairs, self.choices, self.texts))

    def pairs_of(self, statement: Statement) -> list[Pair]:
        """The pairs shown beside a statement: those whose first half went into it."""
        return [one for one in self.merged.pairs if one.first in statement.keys]

    def conflicts_of(self, statement: Statement) -> list[Conflict]:
        """What its authors differ about."""
        return [one for one in self.merged.conflicts if one.statement == statement.id]

    @property
    def is_empty(self) -> bool:
        return False

    def check(self, form: BaseForm) -> None:
        longest = max(map(len, self.texts.values()), default=0)
        if longest > MAX_TEXT:
            raise self.refuse("too_long", max_length=MAX_TEXT, length=longest, excess=longest - MAX_TEXT)
        if not self.questions.keys() <= {one.id for one in self.returnable}:
            raise self.refuse("not_a_choice")
        for text in self.questions.values():
            if not text:
                raise self.refuse("question_missing")
            if len(text) > MAX_QUESTION:
                excess = len(text) - MAX_QUESTION
                raise self.refuse("too_long", max_length=MAX_QUESTION, length=len(text), excess=excess)
        undecided = sum(one.word is None for one in self.merged.pairs)
        undecided += sum(one.chosen is None for one in self.merged.conflicts)
        if undecided and not self.questions:
            raise self.refuse("merge_undecided", count=undecided)


_KINDS = ("pair", "choice", "text", "was", "return", "question")


@form_component(MERGE)
class Merge(FormComponent):
    """Sources, merged and decision side by side. `source` is the path of what `describe_sources` makes; with `returns`
    members may be asked for more.
    """

    properties = frozenset({"source", "returns"})
    field_class = MergeField
    is_live = True

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        yield from require_text(component, "source")
        if not isinstance(component.properties.get("returns", False), bool):
            yield Finding(component.name, "wrong_property", {"property": "returns", "expected": "true or false"})
