"""What a case waits or waited for: timers and messages, from when they were set to what became of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from engine.language.model import Element
from engine.language.parser import ProcessSpecs
from engine.queries.story import Story, TokenView
from engine.records.history import HistoryRow
from engine.storage.clock import parse_instant
from engine.storage.plain import PlainDict

TIMER = "timer"
SENDING = frozenset({"published", "broadcast"})
HAPPENED, CALLED_OFF = "happened", "called_off"
_ENDS = {"completed": HAPPENED, "joined": HAPPENED, "cancelled": CALLED_OFF}


@dataclass(frozen=True)
class Wait:
    """`kind` is timer, message or signal. `due_at` is that of a timer; `name` and `key` are those of a message.

    `end` says whether it happened or was called off; none while it lasts.
    """

    task: str
    scope: str | None
    element: Element
    kind: str
    since: datetime
    seq: int
    due_at: datetime | None = None
    name: str = ""
    key: str = ""
    end: str | None = None
    ended_at: datetime | None = None
    ended_seq: int | None = None


@dataclass(frozen=True)
class Limit:
    """What comes if nobody acts: the timer, when it goes off, and where its flow leads."""

    timer: Element
    due_at: datetime
    consequence: Element | None


@dataclass(frozen=True)
class Sent:
    """A message or signal the case sent."""

    name: str
    key: str
    at: datetime
    seq: int


def list_sent(rows: Iterable[HistoryRow]) -> list[Sent]:
    """Every message and signal the rows tell of as sent, the oldest first."""
    return [
        Sent(str(event["name"]), str(event.get("key", "")), row.at, row.seq)
        for row in rows
        for event in row.events
        if event["kind"] in SENDING
    ]


def list_waits(rows: Iterable[HistoryRow], story: Story) -> list[Wait]:
    """Every timer and message the rows tell of, in the order they were set. A timer that repeats is one each time."""
    waits: list[Wait] = []
    open_at: dict[str, int] = {}  # by task: its place in the list
    scopes: dict[str, str] = {}
    for row in rows:
        for event in row.events:
            kind, task = str(event["kind"]), str(event.get("task"))
            if kind == "entered" and "scope" in event:
                scopes[task] = str(event["scope"])
            elif kind == "waiting":
                if task in open_at:  # a migration made it wait for something else
                    place = open_at[task]
                    waits[place] = replace(waits[place], end=CALLED_OFF, ended_at=row.at, ended_seq=row.seq)
                open_at[task] = len(waits)
                waits.append(_make_wait(event, row, scopes.get(task), story))
            elif task in open_at and (kind == TIMER or kind in _ENDS):
                place = open_at.pop(task)
                end = HAPPENED if kind == TIMER else _ENDS[kind]
                waits[place] = replace(waits[place], end=end, ended_at=row.at, ended_seq=row.seq)
    return waits


def find_limits(token: TokenView, story: Story, waits: Iterable[Wait], specs: ProcessSpecs) -> list[Limit]:
    """The timers that go off if nothing happens at a token: on its element or scope, else on the activities around."""
    timers = [wait for wait in waits if wait.kind == TIMER and wait.end is None]
    for place in (token, *_holders(token, story)):
        found = [one for one in timers if one.scope == place.scope and _concerns(one, place)]
        if found:
            return sorted((_make_limit(one, specs) for one in found), key=lambda limit: limit.due_at)
    return []


def _make_limit(wait: Wait, specs: ProcessSpecs) -> Limit:
    return Limit(wait.element, wait.due_at or wait.since, _find_consequence(wait.element, specs))


def _find_consequence(event: Element, specs: ProcessSpecs) -> Element | None:
    """The first element with a name on the way from an event, past joins; none where the way forks before."""
    place, passed = event, {event.id}
    while place is event or not place.name_zh:
        flows = [
            one
            for (key, _), one in specs.elements.items()
            if key == event.process_key and one.kind == "sequenceFlow" and one.source == place.id
        ]
        target = specs.elements.get((event.process_key, flows[0].target or "")) if len(flows) == 1 else None
        if target is None or target.id in passed:
            return None
        place = target
        passed.add(place.id)
    return place


def _concerns(wait: Wait, place: TokenView) -> bool:
    is_of_scope = wait.element.is_listener and wait.element.attached_to is None
    return is_of_scope or wait.element.attached_to == place.element.id or wait.task == place.task


def _holders(token: TokenView, story: Story) -> Iterator[TokenView]:
    """The activities around a token, the nearest first."""
    places = {one.task: one for one in story.tokens}
    holder = places.get(token.scope or "")
    while holder is not None:
        yield holder
        holder = places.get(holder.scope or "")


def _make_wait(event: PlainDict, row: HistoryRow, scope: str | None, story: Story) -> Wait:
    task, due_at = str(event["task"]), event.get("due_at")
    return Wait(
        task,
        scope,
        story.element(task, str(event["element"])),
        str(event["awaits"]),
        row.at,
        row.seq,
        None if due_at is None else parse_instant(str(due_at)),
        str(event.get("name", "")),
        str(event.get("key", "")),
    )
