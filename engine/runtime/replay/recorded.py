"""A case as its history tells it: step by step what it was given, and what came of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy.exc import NoResultFound

from engine.records.history import HistoryRow
from engine.records.rebuild import TOKEN_KINDS
from engine.runtime.replay.places import Path, Place, Places
from engine.runtime.replay.results import Ending
from engine.storage.plain import PlainDict

COMPARED = TOKEN_KINDS | {"published", "broadcast"}
WAITING = "waiting"
CALLS = frozenset({"service", "batch", "batch_reopened", "external"})
DAMAGE = (  # what reading rows that somebody changed may lead to
    *(ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
    NoResultFound,
)


class Verb(StrEnum):
    """What can be done to a case."""

    START = "start"
    COMPLETE = "complete"
    FIRE = "fire"
    DELIVER = "deliver"
    RELEASE = "release"
    ANSWER = "answer"
    THROW = "throw"
    FAIL = "fail"
    FIX = "fix"
    RETRY = "retry"
    CANCEL = "cancel"
    MIGRATE = "migrate"


_VERBS = {
    "started": Verb.START,
    "completed_task": Verb.COMPLETE,
    "timer": Verb.FIRE,
    "message": Verb.DELIVER,
    "signal": Verb.DELIVER,
    "released": Verb.RELEASE,
    "worked": Verb.ANSWER,
    "batch_done": Verb.ANSWER,
    "worker_error": Verb.THROW,
    "batch_error": Verb.THROW,
    "worker_failed": Verb.FAIL,
    "batch_failed": Verb.FAIL,
    "fixed": Verb.FIX,
    "retried": Verb.RETRY,
    "cancelled_instance": Verb.CANCEL,
    "migrated": Verb.MIGRATE,
}


@dataclass(frozen=True)
class Sent:
    """What a person submitted, and by which form."""

    content: PlainDict
    form_id: str | None


NOTHING_SENT = Sent({}, None)
Submissions = Mapping[tuple[str, str], Sent]  # by scope and token


@dataclass(frozen=True)
class Act:
    """One thing done to the case: where (None: to the case itself), and all that history says of it."""

    verb: Verb
    place: Place | None
    event: PlainDict
    sent: Sent


@dataclass(frozen=True)
class Failure:
    """An element that could not go on. `is_overrun`: for lack of time, so that it need not happen again."""

    place: Place
    error: str
    is_overrun: bool


@dataclass(frozen=True)
class Call:
    """What a service task was given (a hash) and what came of it; `decisions` are those its service asked for."""

    event: PlainDict
    decisions: tuple[PlainDict, ...]

    @property
    def topic(self) -> str:
        """The name of the service."""
        return str(self.event["topic"])


@dataclass
class RecordedStep:
    """One row of history. `events` are what two runs are compared by, `waits` what began to be waited for."""

    seq: int
    at: datetime
    acts: list[Act] = field(default_factory=list)
    events: list[PlainDict] = field(default_factory=list)
    waits: list[PlainDict] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    decisions: list[PlainDict] = field(default_factory=list)


@dataclass
class RecordedCase:
    """A case to be replayed. `pin_set_id`: the versions it began on; `calls`: of service tasks, by path, in order.

    `broken`: the first row of its history that does not hold what happened, because it is gone or damaged.
    """

    instance_id: str
    process_key: str
    business_key: str | None
    pin_set_id: str
    ending: Ending
    steps: list[RecordedStep] = field(default_factory=list)
    calls: dict[Path, list[Call]] = field(default_factory=dict)
    broken: int | None = None

    def tell(self, rows: Iterable[HistoryRow], submissions: Submissions, length: int) -> "RecordedCase":
        """Fills it from its rows, of which there must be so many, as far as they hold what happened."""
        teller, known = _Teller(self, submissions), {row.seq: row for row in rows}
        for seq in range(1, length + 1):
            try:
                teller.tell(known[seq])
            except DAMAGE:
                self.broken = seq
                break
        return self


class _Teller:
    def __init__(self, case: RecordedCase, submissions: Submissions) -> None:
        self.case, self.submissions = case, submissions
        self.places = Places()
        self.fixed: dict[str, PlainDict] = {}  # by task: the values an operator gave, until it is tried again
        self.decided: dict[str, list[PlainDict]] = {}  # by task: until it is known whether a service asked

    def tell(self, row: HistoryRow) -> None:
        """Takes the next row into account. Raises one of DAMAGE for what nothing here has written."""
        if not row.events:
            raise ValueError(f"Expected events in row {row.seq}, but found none")
        step = RecordedStep(row.seq, row.at)
        sent = self._find_sent(row)
        for event in row.events:
            kind = str(event["kind"])
            if kind in COMPARED:
                self.places.follow((event,))
                step.events.append(event)
            if (verb := _VERBS.get(kind)) is not None:
                self._act(step, verb, event, sent)
            elif kind == WAITING:
                step.waits.append(event)
            elif kind == "failed":
                self._fail(step, event)
            elif kind == "decision":
                step.decisions.append(event)
                self.decided.setdefault(str(event["task"]), []).append(event)
            elif kind in CALLS:
                self._call(event)
        if step.acts or step.events:
            self.case.steps.append(step)

    def _find_sent(self, row: HistoryRow) -> Sent:
        """What was submitted is named at the end of the row."""
        for event in reversed(row.events):
            if event["kind"] == "submitted":
                return self.submissions[str(event["scope"]), str(event["token"])]
        return NOTHING_SENT

    def _act(self, step: RecordedStep, verb: Verb, event: PlainDict, sent: Sent) -> None:
        task = str(event["task"]) if "task" in event else ""
        if verb is Verb.START and "pins" in event:
            self.case.pin_set_id = str(event["pins"])
        if verb is Verb.FAIL and event.get("retries"):
            return  # the worker will be given it again: nothing happens to the case
        if verb is Verb.FIX:  # where tokens meet several are given the values, and one of them is tried again
            self.fixed[task] = event
            return
        place = self.places.place(task)
        if verb is Verb.RETRY and task in self.fixed:
            step.acts.append(Act(Verb.FIX, place, self.fixed[task], NOTHING_SENT))
            self.fixed.clear()
        step.acts.append(Act(verb, place, event, sent))

    def _fail(self, step: RecordedStep, event: PlainDict) -> None:
        place = self.places.place(str(event["task"]))
        if place is not None:
            step.failures.append(Failure(place, str(event.get("error", "")), "overrun" in event))

    def _call(self, event: PlainDict) -> None:
        path = self.places.path(str(event["task"]))
        if path is not None:
            decisions = self.decided.pop(str(event["task"]), [])
            self.case.calls.setdefault(path, []).append(Call(event, tuple(decisions)))


def take_dict(event: PlainDict, name: str) -> PlainDict:
    """A part of an event, which leaves out what is empty."""
    value = event.get(name)
    return value if isinstance(value, dict) else {}
