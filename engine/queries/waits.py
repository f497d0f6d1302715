"""What a case waits or waited for: timers and messages, from when they were set to what became of them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from engine.language.model import Element
from engine.records.history import HistoryRow
from engine.storage.clock import parse_instant
from engine.storage.plain import PlainDict

TIMER, MESSAGE = "timer", "message"
SENT = "sent"
SENDING = frozenset({"published", "broadcast"})
HAPPENED, CALLED_OFF = "happened", "called_off"
_ENDS = {"completed": HAPPENED, "joined": HAPPENED, "cancelled": CALLED_OFF}


@dataclass(frozen=True)
class Wait:
    """`kind` is timer, message or signal. `due_at` is that of a timer; `name` and `key` are those of a message.

    `number` counts the waits of the case in the order they were set. `end` says whether it happened or was called off;
    none while it lasts.
    """

    task: str
    scope: str | None
    element: Element
    kind: str
    since: datetime
    seq: int
    number: int
    due_at: datetime | None = None
    name: str = ""
    key: str = ""
    end: str | None = None
    ended_at: datetime | None = None
    ended_seq: int | None = None


@dataclass(frozen=True)
class Sent:
    """A message or signal the case sent."""

    name: str
    key: str
    at: datetime
    seq: int


@dataclass
class Waits:
    """Every timer and message of a case, event after event. A timer that repeats is one each time.

    `counts`: how many timers, messages (signals among them) and sent ones there were, whatever of them is kept here.
    """

    open: dict[str, Wait] = field(default_factory=dict)  # by task
    ended: list[Wait] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def note(self, event: PlainDict, row: HistoryRow, scope: str | None, find: Callable[[], Element]) -> None:
        """Takes an event into account that begins or ends a wait, or sends something; `find` says where."""
        kind, task = str(event["kind"]), str(event.get("task"))
        if kind in SENDING:
            self.sent.append(Sent(str(event["name"]), str(event.get("key", "")), row.at, row.seq))
            self.counts[SENT] += 1
        elif kind == "waiting":
            if task in self.open:  # a migration made it wait for something else
                self._end(task, CALLED_OFF, row)
            wait = _make_wait(event, row, scope, find(), self.counts[TIMER] + self.counts[MESSAGE])
            self.open[task] = wait
            self.counts[TIMER if wait.kind == TIMER else MESSAGE] += 1
        elif task in self.open and (kind == TIMER or kind in _ENDS):
            self._end(task, HAPPENED if kind == TIMER else _ENDS[kind], row)

    def rename(self, find: Callable[[Element], Element]) -> None:
        """Gives each the element that is found in the place of its own."""
        self.open = {task: replace(wait, element=find(wait.element)) for task, wait in self.open.items()}
        self.ended = [replace(wait, element=find(wait.element)) for wait in self.ended]

    def _end(self, task: str, end: str, row: HistoryRow) -> None:
        self.ended.append(replace(self.open.pop(task), end=end, ended_at=row.at, ended_seq=row.seq))

    def list_newest(self, limit: int | None = None) -> list[Wait]:
        """What is open, and the `limit` that ended last, in the order they were set."""
        ended = self.ended if limit is None else self.ended[-limit:]
        return sorted([*ended, *self.open.values()], key=lambda wait: wait.number)


def _make_wait(event: PlainDict, row: HistoryRow, scope: str | None, element: Element, number: int) -> Wait:
    due_at = event.get("due_at")
    return Wait(
        str(event["task"]),
        scope,
        element,
        str(event["awaits"]),
        row.at,
        row.seq,
        number,
        None if due_at is None else parse_instant(str(due_at)),
        str(event.get("name", "")),
        str(event.get("key", "")),
    )
