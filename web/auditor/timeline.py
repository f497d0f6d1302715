"""The story of a case in words: what each step did, who did it, and which values it changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from engine.language.model import Element
from engine.language.values import is_reference
from engine.queries.marks import CONTAINER_KINDS
from engine.queries.story import Change, Chapter, Entry
from engine.storage.actor import MACHINES, SYSTEM
from engine.storage.plain import Plain, PlainDict
from web.texts import catalogue, text

PASSED = "passed"  # entered and left in one step
RECORDS = frozenset({"state", "submitted", "completed_task", "waiting"})  # what the step says of itself
ARMING = frozenset({"entered", "cancelled"})
ICONS = {
    "start": "play",
    "complete": "check",
    "claim": "hand",
    "unclaim": "undo-2",
    "timer": "timer",
    "message": "message-circle",
    "signal": "megaphone",
    "continue": "step-forward",
    "retry": "refresh-cw",
    "cancel": "ban",
    "migrate": "git-compare",
    "revert": "undo-2",
}
SYMBOL_OF_OTHERS = "circle"


@dataclass(frozen=True)
class Line:
    """One thing that happened in a step. `facts` are what the event says of it beside the changed values."""

    kind: str
    element: Element | None
    index: int | None
    changes: tuple[Change, ...]
    facts: tuple[tuple[str, Plain], ...]

    @property
    def words(self) -> str:
        """What it was; an event of a kind nobody described shows its name."""
        return say(f"event.{self.kind}", self.kind)

    @property
    def is_bad(self) -> bool:
        return self.kind in {"incident", "failed"}

    @property
    def is_record(self) -> bool:
        """Whether it only matters to the curious: seals, and events that are armed and come and go with an activity."""
        is_listener = self.element is not None and self.element.is_listener
        return self.kind in RECORDS or (is_listener and self.kind in ARMING)


@dataclass(frozen=True)
class Scene:
    """A step of the case; `records` are folded away."""

    chapter: Chapter
    lines: list[Line]
    records: list[Line]

    @property
    def words(self) -> str:
        plain = say(f"chapter.{self.chapter.kind}", self.chapter.kind)
        begun_by = next((entry.facts.get("by") for entry in self.chapter.entries if entry.kind == "started"), None)
        return say(f"chapter.start.{begun_by}", plain) if begun_by else plain

    @property
    def subject(self) -> Element | None:
        """What the step was about; a start is about the whole case."""
        return None if self.chapter.kind == "start" else self.chapter.element

    @property
    def reached(self) -> list[Element]:
        """Where the case came to rest; what has no name, such as a join, waits only for others."""
        entered = [line.element for line in self.lines if line.kind == "entered" and line.element is not None]
        return [one for one in entered if one.name_zh and one.kind not in CONTAINER_KINDS]

    @property
    def moved(self) -> tuple[Plain, Plain] | None:
        """The versions it left and came to, where the step moved it to another one."""
        facts = next((entry.facts for entry in self.chapter.entries if entry.kind == "migrated"), None)
        return None if facts is None else (facts["former_version"], facts["version"])

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the step itself changed, without what followed from it."""
        merged: tuple[Change, ...] = ()
        for line in self.lines:
            if line.element == self.subject:
                merged = merge_changes(merged, line.changes)
        return merged

    @property
    def failures(self) -> list[Line]:
        return [line for line in self.lines if line.is_bad]

    @property
    def icon(self) -> str:
        return ICONS.get(self.chapter.kind, SYMBOL_OF_OTHERS)

    @property
    def is_human(self) -> bool:
        return self.chapter.acting_role not in MACHINES

    @property
    def is_bad(self) -> bool:
        return any(line.is_bad for line in self.lines)


def say(key: str, otherwise: str) -> str:
    """A text, or the technical name where there is none."""
    return text(key) if key in catalogue() else otherwise


def say_status(status: str) -> str:
    """How a case is, as its page says it."""
    return say(f"instance.status.{status}", status)


def say_role(role: str) -> str:
    """What somebody acted as."""
    return text("actor.system") if role == SYSTEM.role else say(f"acting.{role}", role)


def name_fact(name: str) -> str:
    """What a fact of an event is called; `payload.note` is a part of one."""
    whole, _, part = name.partition(".")
    words = say(f"fact.{whole}", whole)
    return f"{words} · {part}" if part else words


def stage_scenes(chapters: Iterable[Chapter]) -> list[Scene]:
    """Each step with its lines, these in the order they happened."""
    return [_stage(chapter) for chapter in chapters]


def _stage(chapter: Chapter) -> Scene:
    lines = _join_passages(chapter.entries)
    return Scene(chapter, [one for one in lines if not one.is_record], [one for one in lines if one.is_record])


def _join_passages(entries: list[Entry]) -> list[Line]:
    """An element entered and completed in the same step is one line, where it was entered."""
    lines: list[Line] = []
    entered: dict[tuple[str, str, int | None], int] = {}
    for entry in entries:
        line = _tell(entry)
        place = (entry.element.process_key, entry.element.id, entry.index) if entry.element else None
        if entry.kind == "completed" and place in entered:
            before = lines[entered.pop(place)]
            joined = replace(before, kind=PASSED, changes=merge_changes(before.changes, line.changes))
            lines[lines.index(before)] = joined
            continue
        if entry.kind == "entered" and place is not None:
            entered[place] = len(lines)
        lines.append(line)
    return lines


def _tell(entry: Entry) -> Line:
    return Line(entry.kind, entry.element, entry.index, tell_changes(entry), tuple(_list_facts(entry.facts)))


def tell_changes(entry: Entry) -> tuple[Change, ...]:
    """What an event changed. What a called process does not see is not gone: entering tells of new values only."""
    return tuple(c for c in entry.changes if entry.kind != "entered" or c.new is not None)


def merge_changes(first: tuple[Change, ...], second: tuple[Change, ...]) -> tuple[Change, ...]:
    """Both as one: of a variable changed twice the first old and the last new value."""
    merged = {change.name: change for change in first}
    for change in second:
        before = merged.get(change.name)
        merged[change.name] = Change(change.name, before.old if before else change.old, change.new)
    return tuple(merged.values())


def _list_facts(facts: PlainDict) -> Iterator[tuple[str, Plain]]:
    for name, value in facts.items():
        if name in {"index", "body", "by"}:
            continue
        if name == "inputs" and isinstance(value, str):
            yield "inputs_sha256", value
            continue
        if isinstance(value, dict) and not is_reference(value) and "file" not in value:
            yield from ((f"{name}.{key}", part) for key, part in value.items())
        else:
            yield name, value
