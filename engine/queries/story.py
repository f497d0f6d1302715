"""The story of a case: its history rows with names, old and new values, the path on the diagram, and the tokens."""

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.language.model import Element
from engine.language.parser import ProcessSpecs
from engine.language.versions import split_version
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
class Origin:
    """When a variable last got a value, in which step, and at which element."""

    seq: int
    at: datetime
    element: Element


@dataclass(frozen=True)
class TokenView:
    """Where the case stands, and with which data. `since` is when the token came, `scope` the task it is inside of."""

    task: str
    scope: str | None
    element: Element
    index: int | None
    is_failed: bool
    since: datetime
    data: PlainDict


@dataclass
class Story:
    """A case after some step.

    `visits` counts entries by process and element, `flows` passages by process and sequence flow; `completed` are
    elements that ended by themselves at least once; `last` is what completed last in the case's own process.
    """

    chapters: list[Chapter] = field(default_factory=list)
    tokens: list[TokenView] = field(default_factory=list)
    visits: Counter[tuple[str, str]] = field(default_factory=Counter)
    flows: Counter[tuple[str, str]] = field(default_factory=Counter)
    completed: set[tuple[str, str]] = field(default_factory=set)
    origins: dict[tuple[str, str], Origin] = field(default_factory=dict)  # by process and variable
    processes: set[str] = field(default_factory=set)
    elements: dict[str, Element] = field(default_factory=dict)  # by task id
    last: TokenView | None = None

    def element(self, task_id: str, element_id: str) -> Element:
        """The element a task was of; a bare one if history does not know the task."""
        return self.elements.get(task_id) or Element(element_id, "userTask", "")


def tell_story(
    rows: Sequence[HistoryRow],
    specs: ProcessSpecs,
    wanted: Container[int] | None = None,
    versions: Callable[[str], ProcessSpecs] | None = None,
) -> Story:
    """The story that history rows, from the first on, tell of a case that began on `specs`.

    Only the rows of the `wanted` numbers become chapters, without it all: of a long case few are looked at.
    `versions` gives the specs of the pinned set that a migration names; without it all of the case is told in `specs`.
    """
    teller = _Teller(specs, versions)
    for row in rows:
        teller.tell(row, is_wanted=wanted is None or row.seq in wanted)
    return teller.finish()


class _Teller:
    def __init__(self, specs: ProcessSpecs, versions: Callable[[str], ProcessSpecs] | None) -> None:
        self.specs, self.versions = specs, versions
        self.story = Story(processes={specs.key})
        self.picture = Picture()
        self.since: dict[str, datetime] = {}
        self.last: str | None = None
        self.flow_ids = _flows(specs.elements)

    def tell(self, row: HistoryRow, *, is_wanted: bool) -> None:
        entries = []
        for event in row.events:
            if event["kind"] == "migrated":
                self._change_versions(event)
            changes = self._follow(event, row, is_wanted=is_wanted) if event["kind"] in TOKEN_KINDS else ()
            if is_wanted and (event["kind"] != "data" or changes) and not _is_renamed(event):
                entries.append(self._entry(event, changes))
        if is_wanted:
            self.story.chapters.append(Chapter(row.seq, row.at, row.actor_id, row.acting_role, row.kind, entries))

    def finish(self) -> Story:
        story = self.story
        tokens = [token for token in self.picture.tokens() if not token.is_body]
        story.tokens = [
            TokenView(
                token.task,
                token.scope,
                story.elements[token.task],
                token.index,
                token.is_failed,
                self.since[token.task],
                token.data,
            )
            for token in tokens
        ]
        if self.last is not None:
            element, data = story.elements[self.last], self.picture.data_of(self.last)
            story.last = TokenView(self.last, None, element, None, False, self.since[self.last], data)
        return story

    def _entry(self, event: PlainDict, changes: tuple[Change, ...]) -> Entry:
        element = self.story.elements.get(str(event.get("task")))
        index = event.get("index")
        facts = {k: v for k, v in event.items() if k not in {"kind", "task", "element", "scope", "base", "set", "gone"}}
        return Entry(str(event["kind"]), element, index if isinstance(index, int) else None, changes, facts)

    def _follow(self, event: PlainDict, row: HistoryRow, *, is_wanted: bool) -> tuple[Change, ...]:
        """Takes one event of a token into account; what it changed, for a chapter that is wanted."""
        task = str(event["task"])
        if _is_renamed(event):
            self.story.elements[task] = self._find_element(event)
            old = {}
        elif event["kind"] == "entered":
            self._enter(event, row.at)
            old = self.picture.data_of(str(event["base"])) if is_wanted and "base" in event else {}
        else:
            old = self.picture.data_of(task) if is_wanted else {}
        self.picture.apply(event)
        element = self.story.elements[task]
        if event["kind"] == "completed":
            self.story.completed.add((element.process_key, element.id))
            self.last = self.last if "scope" in event else task
        if "set" not in event and "gone" not in event:
            return ()
        new, gone = event.get("set", {}), event.get("gone", [])
        assert isinstance(new, dict)
        assert isinstance(gone, list)
        for name in new:
            self.story.origins[element.process_key, name] = Origin(row.seq, row.at, element)
        if not is_wanted:
            return ()
        changed = [Change(name, old.get(name), value) for name, value in new.items()]
        return (*changed, *(Change(str(name), old.get(str(name)), None) for name in gone))

    def _enter(self, event: PlainDict, at: datetime) -> None:
        task, element = str(event["task"]), self._find_element(event)
        process, element_id = element.process_key, element.id
        self.story.elements[task] = element
        self.since[task] = at
        if "body" not in event:
            self.story.visits[process, element_id] += 1
        base = self.story.elements.get(str(event.get("base")))
        if base is not None:
            for flow in self.flow_ids.get((process, base.id, element_id), ()):
                self.story.flows[process, flow] += 1

    def _find_element(self, event: PlainDict) -> Element:
        process, element_id = self._process_of(event), str(event["element"])
        return self.specs.elements.get((process, element_id)) or Element(element_id, "unknown", process)

    def _change_versions(self, event: PlainDict) -> None:
        """From here on in other diagrams: where the case has been, and where it is, go by the names of those."""
        if self.versions is not None:
            self.specs = self.versions(str(event["pins"]))
            self.flow_ids = _flows(self.specs.elements)
        given, story = event.get("renamed", {}), self.story
        assert isinstance(given, dict)
        renamed = {tuple(old.split("/", 1)): str(new) for old, new in given.items()}

        def rename(place: tuple[str, str]) -> tuple[str, str]:
            return place[0], renamed.get((split_version(place[0])[0], place[1]), place[1])

        visits = Counter[tuple[str, str]]()
        for place, count in story.visits.items():
            visits[rename(place)] += count
        story.visits, story.completed = visits, {rename(place) for place in story.completed}
        there = {token.task for token in self.picture.tokens()}
        for task, element in story.elements.items():
            if task in there or element.is_listener:
                found = self.specs.elements.get(rename((element.process_key, element.id)))
                story.elements[task] = found or element

    def _process_of(self, event: PlainDict) -> str:
        """The diagram the element stands in: that of the activity it runs inside of, or the one that activity calls."""
        holder = self.story.elements.get(str(event.get("scope")))
        if holder is None:
            return self.specs.key
        if holder.called_element:
            self.story.processes.add(holder.called_element)
            return holder.called_element
        return holder.process_key


def _is_renamed(event: PlainDict) -> bool:
    """Whether a token only got another name in a migration: it is entered over its own data."""
    return event["kind"] == "entered" and event.get("base") == event["task"]


def _flows(elements: Mapping[tuple[str, str], Element]) -> dict[tuple[str, str, str], list[str]]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for (process, _), element in elements.items():
        if element.kind == "sequenceFlow" and element.source and element.target:
            found.setdefault((process, element.source, element.target), []).append(element.id)
    return found
