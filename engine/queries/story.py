"""The story of a case: its history rows with names, old and new values, the path on the diagram, and the tokens."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from engine.language.model import Element
from engine.language.parser import ProcessSpecs
from engine.language.versions import split_version
from engine.queries.waits import Waits
from engine.records.history import HistoryRow
from engine.records.rebuild import TOKEN_KINDS, Picture, Token
from engine.storage.frozen import frozen
from engine.storage.plain import Plain, PlainDict

STARTED, MIGRATED = "started", "migrated"
VERSIONED = frozenset({STARTED, MIGRATED})  # what names the pinned set the case runs on from then on
FAILURES = frozenset({"incident", "failed"})
_NOT_TOLD = frozenset({"kind", "task", "element", "scope", "base", "set", "grown", "gone"})  # as facts


@frozen
class Change:
    """A variable that got another value; `old` is None for one that is new, `new` for one that went away."""

    name: str
    old: Plain
    new: Plain


@frozen
class Entry:
    """One event of a step. `element` is none for what concerns the whole case."""

    kind: str
    element: Element | None
    index: int | None
    changes: tuple[Change, ...]
    facts: PlainDict


@frozen
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


@frozen
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
    elements that ended by themselves at least once; `last` is what completed last in the case's own process. Of the
    `waits` that are over a story that began at a keyframe has only the newest.
    """

    chapters: list[Chapter] = field(default_factory=list)
    tokens: list[TokenView] = field(default_factory=list)
    visits: Counter[tuple[str, str]] = field(default_factory=Counter)
    flows: Counter[tuple[str, str]] = field(default_factory=Counter)
    completed: set[tuple[str, str]] = field(default_factory=set)
    origins: dict[tuple[str, str], Origin] = field(default_factory=dict)  # by process and variable
    processes: set[str] = field(default_factory=set)
    elements: dict[tuple[str, str], Element] = field(default_factory=dict)  # wherever it has been, by process and id
    waits: Waits = field(default_factory=Waits)
    failures: list[int] = field(default_factory=list)  # numbers of the steps in which something could not go on
    pins: list[str] = field(default_factory=list)  # the pinned sets it ran on, one after the other
    last: TokenView | None = None

    def element(self, element_id: str) -> Element:
        """An element the case has been at; a bare one if history does not know it."""
        found = (element for element in self.elements.values() if element.id == element_id)
        return next(found, Element(element_id, "userTask", ""))


def tell_story(
    rows: Sequence[HistoryRow], specs: ProcessSpecs, versions: Callable[[str], ProcessSpecs] | None = None
) -> Story:
    """The story that all rows of a case tell that began on `specs`.

    `versions` gives the specs of the pinned set that a migration names; without it all of the case is told in `specs`.
    """
    teller = Teller(specs, versions)
    for row in rows:
        teller.tell(row)
    return teller.finish()


class Teller:
    """Tells a case row by row; what it has gathered so far is what a keyframe keeps, see `engine.queries.keyframes`."""

    def __init__(self, specs: ProcessSpecs, versions: Callable[[str], ProcessSpecs] | None = None) -> None:
        self.specs, self.versions = specs, versions
        self.story = Story(processes={specs.key})
        self.picture = Picture()
        self.places: dict[str, Element] = {}  # by task
        self.since: dict[str, datetime] = {}  # likewise
        self.last: str | None = None  # task
        self._flow_ids = _flows(specs.elements)

    def tell(self, row: HistoryRow, *, is_wanted: bool = True) -> None:
        """Takes a row into account. Only of one that is wanted a chapter is made: of a long case few are looked at."""
        entries = []
        for event in row.events:
            if event["kind"] in VERSIONED:
                self.story.pins.append(str(event["pins"]))
            if event["kind"] == MIGRATED:
                self._change_versions(event)
            changes = self._follow(event, row, is_wanted=is_wanted) if event["kind"] in TOKEN_KINDS else ()
            self._note_wait(event, row)
            if is_wanted and (event["kind"] != "data" or changes) and not _is_renamed(event):
                entries.append(self._entry(event, changes))
        if has_failed(row):
            self.story.failures.append(row.seq)
        if is_wanted:
            self.story.chapters.append(Chapter(row.seq, row.at, row.actor_id, row.acting_role, row.kind, entries))

    def finish(self) -> Story:
        """The story as far as it was told."""
        story = self.story
        story.tokens = [self._look_at(token) for token in self.picture.tokens() if not token.is_body]
        if self.last is not None:
            data = self.picture.data_of(self.last)
            story.last = TokenView(self.last, None, self.places[self.last], None, False, self.since[self.last], data)
        return story

    def find_element(self, process: str, element_id: str) -> Element:
        """An element of a diagram of the case; a bare one where the diagram has none."""
        return self.specs.elements.get((process, element_id)) or Element(element_id, "unknown", process)

    def _look_at(self, token: Token) -> TokenView:
        task, element = token.task, self.places[token.task]
        return TokenView(task, token.scope, element, token.index, token.is_failed, self.since[task], token.data)

    def _note_wait(self, event: PlainDict, row: HistoryRow) -> None:
        task = str(event.get("task"))

        def find() -> Element:
            return self.places.get(task) or Element(str(event.get("element")), "userTask", "")

        self.story.waits.note(event, row, self.picture.scope_of(task), find)

    def _entry(self, event: PlainDict, changes: tuple[Change, ...]) -> Entry:
        element = self.places.get(str(event.get("task")))
        index = event.get("index")
        facts = {k: v for k, v in event.items() if k not in _NOT_TOLD}
        return Entry(str(event["kind"]), element, index if isinstance(index, int) else None, changes, facts)

    def _follow(self, event: PlainDict, row: HistoryRow, *, is_wanted: bool) -> tuple[Change, ...]:
        """Takes one event of a token into account; what it changed, for a chapter that is wanted."""
        task = str(event["task"])
        if _is_renamed(event):
            self._place(task, self._find_in(event))
            old = {}
        elif event["kind"] == "entered":
            self._enter(event, row.at)
            old = self.picture.data_of(str(event["base"])) if is_wanted and "base" in event else {}
        else:
            old = self.picture.data_of(task) if is_wanted else {}
        self.picture.apply(event)
        element = self.places[task]
        if event["kind"] == "completed":
            self.story.completed.add((element.process_key, element.id))
            self.last = self.last if "scope" in event else task
        if event.keys().isdisjoint(("set", "grown", "gone")):
            return ()
        new, grown, gone = event.get("set", {}), event.get("grown", {}), event.get("gone", [])
        assert isinstance(new, dict)
        assert isinstance(grown, dict)
        assert isinstance(gone, list)
        new = new | {name: self.picture.data_of(task)[name] for name in grown}
        for name in new:
            self.story.origins[element.process_key, name] = Origin(row.seq, row.at, element)
        if not is_wanted:
            return ()
        changed = [Change(name, old.get(name), value) for name, value in new.items()]
        return (*changed, *(Change(str(name), old.get(str(name)), None) for name in gone))

    def _enter(self, event: PlainDict, at: datetime) -> None:
        task, element = str(event["task"]), self._find_in(event)
        process, element_id = element.process_key, element.id
        self._place(task, element)
        self.since[task] = at
        if "body" not in event:
            self.story.visits[process, element_id] += 1
        base = self.places.get(str(event.get("base")))
        if base is not None:
            for flow in self._flow_ids.get((process, base.id, element_id), ()):
                self.story.flows[process, flow] += 1

    def _place(self, task: str, element: Element) -> None:
        self.places[task] = self.story.elements[element.process_key, element.id] = element

    def _find_in(self, event: PlainDict) -> Element:
        return self.find_element(self._process_of(event), str(event["element"]))

    def _change_versions(self, event: PlainDict) -> None:
        """From here on in other diagrams: where the case has been, and where it is, go by the names of those."""
        if self.versions is not None:
            self.specs = self.versions(str(event["pins"]))
            self._flow_ids = _flows(self.specs.elements)
        given, story = event.get("renamed", {}), self.story
        assert isinstance(given, dict)
        renamed = {tuple(old.split("/", 1)): str(new) for old, new in given.items()}

        def rename(place: tuple[str, str]) -> tuple[str, str]:
            return place[0], renamed.get((split_version(place[0])[0], place[1]), place[1])

        def find(element: Element) -> Element:
            return self.specs.elements.get(rename((element.process_key, element.id)), element)

        visits = Counter[tuple[str, str]]()
        for place, count in story.visits.items():
            visits[rename(place)] += count
        story.visits, story.completed = visits, {rename(place) for place in story.completed}
        story.elements = {(one.process_key, one.id): one for one in map(find, story.elements.values())}
        story.origins = {key: replace(one, element=find(one.element)) for key, one in story.origins.items()}
        story.waits.rename(find)
        self.places = {task: find(element) for task, element in self.places.items()}

    def _process_of(self, event: PlainDict) -> str:
        """The diagram the element stands in: that of the activity it runs inside of, or the one that activity calls."""
        holder = self.places.get(str(event.get("scope")))
        if holder is None:
            return self.specs.key
        if holder.called_element:
            self.story.processes.add(holder.called_element)
            return holder.called_element
        return holder.process_key


def _is_renamed(event: PlainDict) -> bool:
    """Whether a token only got another name in a migration: it is entered over its own data."""
    return event["kind"] == "entered" and event.get("base") == event["task"]


def has_failed(row: HistoryRow) -> bool:
    """Whether something could not go on in this step."""
    return any(event["kind"] in FAILURES for event in row.events)


def _flows(elements: Mapping[tuple[str, str], Element]) -> dict[tuple[str, str, str], list[str]]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for (process, _), element in elements.items():
        if element.kind == "sequenceFlow" and element.source and element.target:
            found.setdefault((process, element.source, element.target), []).append(element.id)
    return found
