"""Scenarios as they are kept in memory: read once, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.scenarios.definitions import Name
from engine.services.payments.simulator import SimulatorRules
from engine.storage.plain import Plain, PlainDict

FormFields = Mapping[str, tuple[str, ...]]
"""What a browser would send: texts by the name of the input."""
CASE = "$case"  # where a text may name the case itself


@dataclass(frozen=True)
class Place:
    """Where something is written."""

    file: str
    line: int
    path: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}" if self.path else f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Role:
    """Somebody who takes part; his name is the id of his party.

    `kind` is person or organisation. `works_for` is the organisation he acts for, or platform; none: for himself.
    """

    name: str
    kind: str = "person"
    works_for: str | None = None
    acts_as: str = "individual"
    skills: frozenset[str] = frozenset()
    wallet_fen: int = 0


@dataclass(frozen=True)
class Expectation:
    """What shall be so now; a part that is none says nothing. `places` tell where each part is written.

    `open` are the open user tasks, each with the people who may do it (none: whoever). `path` are elements that were
    passed in this order, `visits` how often elements were passed. `rows` are rows of the services' tables: of each
    table exactly so many, with at least these values. Money is in fen.
    """

    place: Place
    open: Mapping[Name, frozenset[str] | None] | None = None
    outcome: Name | None = None
    path: tuple[Name, ...] = ()
    visits: Mapping[Name, int] = field(default_factory=dict)
    data: PlainDict = field(default_factory=dict)
    wallets: Mapping[str, int] = field(default_factory=dict)
    escrow_fen: int | None = None
    held_fen: int | None = None
    accounts: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, tuple[PlainDict, ...]] = field(default_factory=dict)
    incidents: frozenset[Name] = frozenset()
    places: Mapping[str, Place] = field(default_factory=dict)

    def where(self, part: str) -> Place:
        """Where a part is written."""
        return self.places.get(part, self.place)


@dataclass(frozen=True)
class Complete:
    """Somebody completes an open task with what he types; of several cases that of the party `about`."""

    place: Place
    element: Name
    by: str
    form: FormFields
    about: str | None = None


@dataclass(frozen=True)
class Claim:
    """Somebody takes a task out of its pool."""

    place: Place
    element: Name
    by: str


@dataclass(frozen=True)
class Command:
    """Somebody does something beside his tasks: one of `commands.COMMANDS`."""

    place: Place
    name: str
    by: str
    values: PlainDict


@dataclass(frozen=True)
class Message:
    """A message comes for the case."""

    place: Place
    name: str
    payload: PlainDict


@dataclass(frozen=True)
class Signal:
    """A signal is broadcast."""

    place: Place
    name: str
    payload: PlainDict


@dataclass(frozen=True)
class Answer:
    """An external service answers the task that waits for it: with a result, or with a business error."""

    place: Place
    element: Name
    result: PlainDict
    error: str | None


@dataclass(frozen=True)
class Wait:
    """Time passes; what falls due meanwhile is done at its instant. `WT:` is working time."""

    place: Place
    duration: str


@dataclass(frozen=True)
class WaitUntilDue:
    """Time passes until a running timer goes off."""

    place: Place
    timer: Name


@dataclass(frozen=True)
class PayIn:
    """Money arrives in wallets."""

    place: Place
    amounts_fen: Mapping[str, int]


@dataclass(frozen=True)
class Provider:
    """The simulated payment provider behaves in another way from now on."""

    place: Place
    rules: SimulatorRules


@dataclass(frozen=True)
class Expect:
    """Something is looked at on the way."""

    place: Place
    expectation: Expectation


Step = Complete | Claim | Command | Message | Signal | Answer | Wait | WaitUntilDue | PayIn | Provider | Expect


@dataclass(frozen=True)
class Start:
    """How the case begins: by a command, by a person in the browser with what its form asks, or with values.

    The engine itself starts it where nobody is named.
    """

    place: Place
    by: str | None = None
    command: str | None = None
    form: FormFields | None = None
    values: PlainDict = field(default_factory=dict)


@dataclass(frozen=True)
class TableCase:
    """What a decision table shall answer; `rows` are the rules that count, none where that is not said."""

    place: Place
    given: PlainDict
    gives: Plain
    rows: tuple[str, ...] | None


@dataclass(frozen=True)
class Scenario:
    """One file. `key` is its path without the ending.

    Of a table: `cases`. Of a process: how it starts, or the scenario it `continues`, what is done, what came of it.
    """

    key: str
    place: Place
    name_zh: str
    name_en: str
    process: str = ""
    table: str = ""
    cases: tuple[TableCase, ...] = ()
    continues: "Scenario | None" = None
    at: datetime | None = None
    policy: PlainDict = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)  # those of the scenario it continues among them
    given: tuple[Step, ...] = ()
    start: Start | None = None
    steps: tuple[Step, ...] = ()
    expectation: Expectation | None = None
    beside: tuple[str, ...] = ()  # processes whose cases begin by messages of the case

    @property
    def first(self) -> "Scenario":
        """The scenario this one begins with, itself if it continues none."""
        return self if self.continues is None else self.continues.first
