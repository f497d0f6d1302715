"""What diagrams may name: topics of service tasks, relations of user tasks, kinds of jobs.

Services register themselves with the decorators below; the engine never imports a service.
"""

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import NoneType, UnionType
from typing import Any, Protocol, Union, get_args, get_origin

from sqlalchemy import Connection

from engine.language.decisions import Decision
from engine.language.errors import ValueUnfit
from engine.language.specs.durations import Calendar
from engine.storage.actor import Actor
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict


class BusinessCalendar(Calendar, Protocol):
    """The days of the company."""

    @property
    def working_day(self) -> timedelta:
        """How long people work on a working day."""

    def is_working_day(self, day: date) -> bool:
        """Whether people work on this local date."""


class Outbox(Protocol):
    """What a piece of work may leave behind for after the commit, in the same transaction as its own effects."""

    @property
    def connection(self) -> Connection: ...
    @property
    def keys(self) -> KeyRing: ...
    @property
    def now(self) -> datetime: ...

    def enqueue(self, kind: str, payload: Plain, due_at: datetime | None = None, key: str | None = None) -> str:
        """A job row; with a key at most one open job of that key exists. Gives the job's id."""

    def publish(self, name: str, correlation_key: str, payload: PlainDict) -> str:
        """A message to whichever instance waits for it, delivered after the commit. Gives the message's id."""


class TopicCall(Outbox, Protocol):
    """What a topic function gets of the step it runs in. Everything it does commits or rolls back with the step."""

    @property
    def actor(self) -> Actor: ...
    @property
    def instance_id(self) -> str: ...
    @property
    def process_key(self) -> str: ...
    @property
    def business_key(self) -> str | None: ...
    @property
    def element(self) -> str: ...
    @property
    def task_id(self) -> str: ...
    @property
    def key(self) -> str:
        """The idempotency key of this execution, the same at every attempt: instance, element, task id."""

    @property
    def policy(self) -> PlainDict:
        """The policy values the instance pinned at its start."""

    @property
    def calendar(self) -> BusinessCalendar:
        """By whose days time is counted: the platform's zone, and the company's days as pinned at the start."""

    def values_of(self, element: str) -> PlainDict:
        """The content of the form last submitted at that element of this instance; empty if none was.

        Raises ValueError for an element the topic does not say it reads.
        """

    def decide(self, table: str, values: Mapping[str, Plain]) -> Decision:
        """The answer of a pinned decision table, written into the history."""

    def describe(self, subject_zh: str, subject_en: str, amount_fen: int | None = None, number: str = "") -> None:
        """What lists show of this case: a few words, the amount it is about, and the number people call it by."""

    def add_party(self, party_id: str, relation: str) -> None:
        """Makes a party one of the case's own: it may look at it, and a search by party finds it."""

    def note(self, kind: str, **facts: Plain) -> None:
        """Writes an event of the service's own into the history of this step."""


class ChunkCall(Outbox, Protocol):
    """What the function of a batch gets with some of its items, in a transaction of their own."""

    @property
    def instance_id(self) -> str: ...
    @property
    def element(self) -> str: ...
    @property
    def number(self) -> int:
        """Which chunk this is, from 1."""

    @property
    def key(self) -> str:
        """The idempotency key of this chunk, the same at every attempt."""

    def reject(self, item: Plain, reason: str) -> None:
        """Reports an item that cannot be done; the others go on, and it is in the result of the task."""


class RelationCall(Protocol):
    """What a relation resolver gets: for which case, and when."""

    @property
    def connection(self) -> Connection: ...
    @property
    def now(self) -> datetime: ...
    @property
    def instance_id(self) -> str: ...
    @property
    def data(self) -> Mapping[str, Plain]: ...


class ViewCall(RelationCall, Protocol):
    """What a view gets: for whom it is made."""

    @property
    def keys(self) -> KeyRing: ...
    @property
    def actor(self) -> Actor: ...
    @property
    def language(self) -> str:
        """zh or en."""

    def decide(self, table: str, values: Mapping[str, Plain]) -> Decision:
        """The answer of a decision table as the case has pinned it; nothing is written down."""


class JobRun(Protocol):
    """What a job handler gets outside any transaction. `services` is the engine, for handlers that send commands."""

    @property
    def job_id(self) -> str: ...
    @property
    def attempt(self) -> int: ...
    @property
    def payload(self) -> PlainDict: ...
    @property
    def now(self) -> datetime: ...


class JobDone(Outbox, Protocol):
    """What the second half of a job gets, inside the transaction that deletes the job."""

    @property
    def job_id(self) -> str: ...
    @property
    def payload(self) -> PlainDict: ...

    def announce(self, *topics: str) -> None:
        """Once this is committed, open pages look at what these topics name again; without any, at their lists."""


TopicFunction = Callable[..., PlainDict]
PlanFunction = Callable[..., list[Plain]]
ChunkFunction = Callable[[ChunkCall, list[Plain]], Plain]
RelationFunction = Callable[[RelationCall], list[str]]
ViewFunction = Callable[[ViewCall], Plain]
FileGuard = Callable[[Connection, Actor, str], Collection[str]]


@dataclass(frozen=True)
class Topic:
    """A registered service: in-step, unless it is a `BatchTopic`. `is_pure`, `reads`: see `topic`."""

    name: str
    function: Callable[..., Any]
    required: frozenset[str]
    optional: frozenset[str]
    types: Mapping[str, object] = field(hash=False)
    is_pure: bool = field(default=False, kw_only=True)
    reads: tuple[str, ...] = field(default=(), kw_only=True)

    def list_forms(self, inputs: Mapping[str, object]) -> list[str]:
        """The elements whose forms it may read with these inputs; of one that is not given, the default counts."""
        found = []
        for element in self.reads:
            if element.startswith("${"):
                name = element[2:-1]
                named = inputs[name] if name in inputs else inspect.signature(self.function).parameters[name].default
                found += [named] if isinstance(named, str) and named else []
            else:
                found.append(element)
        return found

    def check_inputs(self, inputs: Mapping[str, Plain]) -> None:
        """Raises ValueUnfit for a value that is not of its parameter's type: a diagram can map anything to it."""
        for name, value in inputs.items():
            expected = self.types.get(name)
            if expected is not None and not _fits(value, expected):
                wanted = getattr(expected, "__name__", str(expected))
                raise ValueUnfit(f"Expected {name} of {self.name} to be {wanted}, but got {value!r}"[:500])

    @property
    def summary(self) -> str:
        """The first paragraph of the docstring, which analysts read."""
        return " ".join((inspect.getdoc(self.function) or "").partition("\n\n")[0].split())

    @property
    def results(self) -> tuple[str, ...]:
        """What the docstring says the function gives: the names in "Returns: a, b (of which kind) and c."."""
        said = _RETURNS.search(inspect.getdoc(self.function) or "")
        parts = _BETWEEN.split(_ASIDE.sub("", said[1])) if said else []
        return tuple(name for part in parts if (name := part.partition(" ")[0]).isidentifier() and name != "nothing")


@dataclass(frozen=True)
class BatchTopic(Topic):
    """A registered service that is done in chunks: `function` gives the items, `chunk` does some of them."""

    chunk: ChunkFunction
    chunk_items: int

    @property
    def results(self) -> tuple[str, ...]:
        """The same of every batch, see `batch_topic`."""
        return ("results", "rejected", "items")


class BatchPlan:
    """The first half of a batch topic; with its second half it is registered."""

    def __init__(self, name: str, plan: PlanFunction, chunk_items: int, reads: tuple[str, ...]) -> None:
        self.name = name
        self.plan = plan
        self.chunk_items = chunk_items
        self.reads = reads

    def chunk(self, function: ChunkFunction) -> ChunkFunction:
        """Decorator: does at most `chunk_items` items, in a transaction of their own; what it gives is their result.

        Any exception but BpmnError rolls them back, to be tried again with growing pauses, and at last opens an
        incident of the task; the other chunks are kept and go on.
        """
        parameters = _read_parameters(self.plan)
        found = BatchTopic(
            self.name, self.plan, *parameters, chunk=function, chunk_items=self.chunk_items, reads=self.reads
        )
        _add_topic(found)
        return function


_RETURNS = re.compile(r"Returns: ((?:[^().]|\([^)]*\))*)\.")
_ASIDE = re.compile(r"\s*\([^)]*\)")
_BETWEEN = re.compile(r"[,;]\s*(?:and\s+)?|\s+and\s+")


class JobHandler:
    """A registered kind of job: `perform` may call the world, `finish` writes down what came of it."""

    def __init__(self, kind: str, perform: Callable[[JobRun], Plain]) -> None:
        self.kind = kind
        self.perform = perform
        self.finishing: Callable[[JobDone, Plain], None] | None = None

    def finish(self, function: Callable[[JobDone, Plain], None]) -> Callable[[JobDone, Plain], None]:
        """Decorator: the half that runs in the transaction which deletes the job."""
        self.finishing = function
        return function


def _fits(value: Plain, expected: object) -> bool:
    """Whether a plain value is of an annotated type; what the annotation says of its inside is not looked at."""
    if get_origin(expected) in (Union, UnionType):
        return any(_fits(value, one) for one in get_args(expected))
    kind = get_origin(expected) or expected
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is NoneType:
        return value is None
    return not isinstance(kind, type) or kind is object or isinstance(value, kind)


CHUNK_ITEMS = 100
"""How many items of a batch are done in one transaction, unless its topic wants fewer."""
TOPICS: dict[str, Topic] = {}
RELATIONS: dict[str, RelationFunction] = {}
MEMBER_ROLES: set[str] = set()
"""The roles in which members act for an organisation: what `baton:memberRoles` may name."""
VIEWS: dict[str, ViewFunction] = {}
VIEW_NEEDS: dict[str, tuple[str, ...]] = {}
"""The process data without which a view cannot be made."""
JOB_HANDLERS: dict[str, JobHandler] = {}
FILE_GUARDS: list[FileGuard] = []
"""Who take files of a case from the sight of those who otherwise see all of them."""


def topic(name: str, *, is_pure: bool = False, reads: Collection[str] = ()) -> Callable[[TopicFunction], TopicFunction]:
    """Registers an in-step service: `def f(call: TopicCall, *, <input parameters>) -> PlainDict`.

    `reads`: the elements whose forms it asks for (`call.values_of`), `"${element}"` for the one that its input
    parameter `element` names. A diagram that calls the service must have them: the lint says so before it is deployed.
    A pure one knows nothing but its inputs, the instant, the policy and the calendar, and does nothing to the world:
    a replay calls it, where of all others it takes what was recorded.
    """

    def register(function: TopicFunction) -> TopicFunction:
        _add_topic(Topic(name, function, *_read_parameters(function), is_pure=is_pure, reads=tuple(reads)))
        return function

    return register


def batch_topic(
    name: str, *, chunk_items: int = CHUNK_ITEMS, reads: Collection[str] = ()
) -> Callable[[PlanFunction], BatchPlan]:
    """Registers a service for many items: `def plan(call: TopicCall, *, <input parameters>) -> list[Plain]` gives them.
    Fewer of them make a chunk where one item costs much, so that its transaction stays short. `reads`: see `topic`.

    The decorated name becomes a `BatchPlan`, whose `chunk` registers what is done with them. The result of the task:
    `results`, what each chunk gave, in order; `rejected`, a list of {"item", "reason"}; `items`, how many there were.
    """
    return lambda plan: BatchPlan(name, plan, chunk_items, tuple(reads))


def _add_topic(found: Topic) -> None:
    if found.name in TOPICS:
        raise ValueError(f"Expected one function for topic {found.name}, but there are two")
    TOPICS[found.name] = found


def _read_parameters(function: Callable[..., object]) -> tuple[frozenset[str], frozenset[str], dict[str, object]]:
    """Input parameters that must be mapped, those that may be, and their types."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return (
        frozenset(p.name for p in parameters if p.default is p.empty),
        frozenset(p.name for p in parameters if p.default is not p.empty),
        {p.name: p.annotation for p in parameters if p.annotation is not p.empty},
    )


def relation(name: str) -> Callable[[RelationFunction], RelationFunction]:
    """Registers who `baton:relation="<name>"` means: a function giving party ids; after `relation:` in `baton:exclude`
    user ids as well."""

    def register(function: RelationFunction) -> RelationFunction:
        if name in RELATIONS:
            raise ValueError(f"Expected one function for relation {name}, but there are two")
        RELATIONS[name] = function
        return function

    return register


def view(name: str, *, needs: Collection[str] = ()) -> Callable[[ViewFunction], ViewFunction]:
    """Registers what a form component with `source: "<name>"` shows beside process data: rows of a service.

    `needs`: the process data it cannot do without. A form that shows it where they are not known is refused.
    """

    def register(function: ViewFunction) -> ViewFunction:
        if name in VIEWS:
            raise ValueError(f"Expected one function for view {name}, but there are two")
        VIEWS[name], VIEW_NEEDS[name] = function, tuple(needs)
        return function

    return register


def file_guard(function: FileGuard) -> FileGuard:
    """Registers which files of a case an actor may not see though he takes part in it: a function of the connection,
    the actor and the case's id that gives their ids."""
    FILE_GUARDS.append(function)
    return function


def job_handler(kind: str) -> Callable[[Callable[[JobRun], Plain]], JobHandler]:
    """Registers the first half of a job; the decorated name becomes a `JobHandler`."""

    def register(function: Callable[[JobRun], Plain]) -> JobHandler:
        if kind in JOB_HANDLERS:
            raise ValueError(f"Expected one handler for jobs of kind {kind}, but there are two")
        JOB_HANDLERS[kind] = JobHandler(kind, function)
        return JOB_HANDLERS[kind]

    return register
