"""The story of a case: its history rows with names, old and new values, the path on the diagram, and the tokens."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.language.model import Element
from engine.language.parser import ProcessSpecs
from engine.records.history import HistoryRow
from engine.records.rebuild import TOKEN_KINDS, Picture
from engine.storage.plain import Plain, PlainDict


@dataclass(frozen=True)
class Change:
    """A variable that got another value; `old` is None for one that is new, `new` for one that went away."""

    name: str
    old: Plain
    new: Plain


@dataclass(frozen=True)
class Entry:
    """One event of a step. `element` is none for what concerns the whole case."""

    kind: str
    element: Element | None
    index: int | None
    changes: tuple[Change, ...]
    facts: PlainDict


@dataclass(frozen=True)
class Chapter:
    """One step: who did what when, and what followed by itself."""

    seq: int
    at: datetime
    actor_id: str
    acting_role: str
    kind: str
    entries: list[Entry]

    @property
    def element(self) -> Element | None:
        """What the step was about: the first element it names."""
        return next((entry.element for entry in self.entries if entry.element), None)


@dataclass(frozen=True)
class TokenView:
    """Where the case stands. `since` is when the token came."""

    element: Element
    index: int | None
    is_failed: bool
    since: datetime


@dataclass
class Story:
    """`visits` counts entries by process and element; `flows` counts passages by process and sequence flow."""

    chapters: list[Chapter] = field(default_factory=list)
    tokens: list[TokenView] = field(default_factory=list)
    visits: Counter[tuple[str, str]] = field(default_factory=Counter)
    flows: Counter[tuple[str, str]] = field(default_factory=Counter)
    processes: set[str] = field(default_factory=set)
    elements: dict[str, Element] = field(default_factory=dict)  # by task id

    def element(self, task_id: str, element_id: str) -> Element:
        """The element a task was of; a bare one if history does not know the task."""
        return self.elements.get(task_id) or Element(element_id, "userTask", "")


def tell_story(rows: list[HistoryRow], specs: ProcessSpecs) -> Story:
    """The story that history rows tell of a case that ran on `specs`."""
    teller = _Teller(specs)
    for row in rows:
        teller.tell(row)
    return teller.finish()


class _Teller:
    def __init__(self, specs: ProcessSpecs) -> None:
        self.specs = specs
        self.story = Story(processes={specs.key})
        self.picture = Picture()
        self.since: dict[str, datetime] = {}
        self.flow_ids = _flows(specs.elements)

    def tell(self, row: HistoryRow) -> None:
        entries = [self._entry(event, row.at) for event in row.events]
        self.story.chapters.append(
            Chapter(row.seq, row.at, row.actor_id, row.acting_role, row.kind, [e for e in entries if e is not None])
        )

    def finish(self) -> Story:
        self.story.tokens = [
            TokenView(self.story.elements[token.task], token.index, token.is_failed, self.since[token.task])
            for token in self.picture.tokens()
            if not token.is_body
        ]
        return self.story

    def _entry(self, event: PlainDict, at: datetime) -> Entry | None:
        kind = str(event["kind"])
        changes: tuple[Change, ...] = ()
        if kind in TOKEN_KINDS:
            changes = self._apply(event, at)
            if kind == "data" and not changes:
                return None
        element = self.story.elements.get(str(event.get("task")))
        index = event.get("index")
        facts = {k: v for k, v in event.items() if k not in {"kind", "task", "element", "scope", "base", "set", "gone"}}
        return Entry(kind, element, index if isinstance(index, int) else None, changes, facts)

    def _apply(self, event: PlainDict, at: datetime) -> tuple[Change, ...]:
        task = str(event["task"])
        old: PlainDict = {}
        if event["kind"] == "entered":
            self._enter(event, at)
            if "base" in event:
                old = self.picture.data_of(str(event["base"]))
        else:
            old = self.picture.data_of(task)
        self.picture.apply(event)
        new, gone = event.get("set", {}), event.get("gone", [])
        assert isinstance(new, dict)
        assert isinstance(gone, list)
        changed = [Change(name, old.get(name), value) for name, value in new.items()]
        return (*changed, *(Change(str(name), old.get(str(name)), None) for name in gone))

    def _enter(self, event: PlainDict, at: datetime) -> None:
        task, element_id = str(event["task"]), str(event["element"])
        process = self._process_of(event)
        element = self.specs.elements.get((process, element_id)) or Element(element_id, "unknown", process)
        self.story.elements[task] = element
        self.since[task] = at
        if "body" not in event:
            self.story.visits[process, element_id] += 1
        base = self.story.elements.get(str(event.get("base")))
        if base is not None:
            for flow in self.flow_ids.get((process, base.id, element_id), ()):
                self.story.flows[process, flow] += 1

    def _process_of(self, event: PlainDict) -> str:
        """The diagram the element stands in: that of the activity it runs inside of, or the one that activity calls."""
        holder = self.story.elements.get(str(event.get("scope")))
        if holder is None:
            return self.specs.key
        if holder.called_element:
            self.story.processes.add(holder.called_element)
            return holder.called_element
        return holder.process_key


def _flows(elements: Mapping[tuple[str, str], Element]) -> dict[tuple[str, str, str], list[str]]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for (process, _), element in elements.items():
        if element.kind == "sequenceFlow" and element.source and element.target:
            found.setdefault((process, element.source, element.target), []).append(element.id)
    return found
