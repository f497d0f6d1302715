"""What a case is replayed on: the versions it pinned, with others in the place of some of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection

from engine.definitions.calendars import CalendarInvalid
from engine.definitions.catalogue import (
    CALENDAR,
    DECISION,
    FORM,
    POLICY,
    PROCESS,
    Catalogue,
    Pins,
    UnknownDefinition,
)
from engine.definitions.forms import Form, FormInvalid
from engine.language.decisions import Decision, DecisionLogic, decide, decide_alone
from engine.language.errors import BpmnUnreadable
from engine.language.sandbox import Sandbox, TimeBudget
from engine.language.specs.durations import Calendar
from engine.language.workflow import Specs
from engine.runtime.calendar import WorkingCalendar
from engine.runtime.engine import Engine
from engine.runtime.replay.recorded import DAMAGE
from engine.storage.plain import Plain, PlainDict

Drafts = Mapping[tuple[str, str], bytes]  # files by kind and key, see `engine.definitions.catalogue`
DRAFT = "draft:"
NOTHING: Drafts = {}


class Definitions(Protocol):
    """All that a replay asks of definitions."""

    @property
    def specs(self) -> Specs: ...

    @property
    def calendar(self) -> Calendar: ...

    @property
    def has_own_calendar(self) -> bool:
        """Whether it is the calendar the case had."""

    @property
    def policy(self) -> Mapping[str, Plain]: ...

    def decide(self, key: str, values: PlainDict, sandbox: Sandbox, budget: TimeBudget) -> Decision:
        """What a decision comes to. Raises UnknownDefinition, and as `engine.language.decisions.decide` does."""

    def decide_alone(self, key: str, values: PlainDict, sandbox: Sandbox, budget: TimeBudget) -> Decision:
        """The same on values that hold the results of what it requires."""

    def form(self, key: str) -> Form:
        """A form. Raises UnknownDefinition, VersionsGone."""


class Finder(Protocol):
    """Finds the definitions of a process for cases of a pinned set."""

    def find(self, pin_set_id: str, process_key: str) -> Definitions:
        """Raises VersionsGone."""


class VersionsGone(Exception):
    """What a case pinned is not there any more as it was."""


class DraftCatalogue(Catalogue):
    """A catalogue in which some definitions are files that nobody has deployed."""

    def __init__(self, drafts: Drafts) -> None:
        super().__init__()
        self.drafts = {f"{DRAFT}{kind}:{key}": (kind, key, content) for (kind, key), content in drafts.items()}

    def content(self, connection: Connection, definition_id: str) -> Mapping[Any, Any]:
        """See `Catalogue.content`."""
        if definition_id not in self.drafts:
            return super().content(connection, definition_id)
        kind, key, content = self.drafts[definition_id]
        return {"kind": kind, "key": key, "content": content}

    def replace(self, pins: Pins) -> Pins:
        """A pinned set in which the files stand in the place of what it names, and beside it.

        Its id is made of its processes, so that sets with the same ones share what is parsed.
        """
        ids = {kind: dict(named) for kind, named in pins.ids.items()}
        for definition_id, (kind, key, _) in self.drafts.items():
            ids.setdefault(kind, {})[key] = definition_id
        return Pins(str(sorted(ids.get(PROCESS, {}).items())), ids)


class PinnedDefinitions:
    """The versions of one pinned set; each is read once."""

    def __init__(self, engine: Engine, catalogue: Catalogue, own: Pins, pins: Pins, process_key: str) -> None:
        self._engine, self._catalogue, self._pins = engine, catalogue, pins
        self._is_own = own is pins
        with self._read() as connection:
            self.specs: Specs = catalogue.process(connection, pins, process_key)
            self.calendar = WorkingCalendar(catalogue.calendar(connection, pins.ids), engine.zone)
            self.policy = catalogue.policy(connection, pins) if POLICY in pins.ids else {}
        self.has_own_calendar = own.ids.get(CALENDAR) == pins.ids.get(CALENDAR)
        self._decisions: dict[str, DecisionLogic] = {}
        self._forms: dict[str, Form] = {}

    def decide(self, key: str, values: PlainDict, sandbox: Sandbox, budget: TimeBudget) -> Decision:
        """See `Definitions`."""
        return decide(self._find_decision(key), values, sandbox, budget)

    def decide_alone(self, key: str, values: PlainDict, sandbox: Sandbox, budget: TimeBudget) -> Decision:
        """See `Definitions`."""
        return decide_alone(self._find_decision(key), values, sandbox, budget)

    def _find_decision(self, key: str) -> DecisionLogic:
        if key not in self._decisions:
            with self._engine.database.read() as connection:
                self._decisions[key] = self._catalogue.decision(connection, self._pins.find(DECISION, key))
        return self._decisions[key]

    def form(self, key: str) -> Form:
        """See `Definitions`."""
        if key not in self._forms:
            with self._read() as connection:
                self._forms[key] = self._catalogue.form(connection, self._pins.find(FORM, key))
        return self._forms[key]

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        """A connection. Raises VersionsGone for what the case had and that cannot be read any more."""
        try:
            with self._engine.database.read() as connection:
                yield connection
        except (UnknownDefinition, BpmnUnreadable, CalendarInvalid, FormInvalid, *DAMAGE) as error:
            if self._is_own:
                raise VersionsGone from error
            raise


class Target:
    """On which definitions cases are replayed: each on the versions it pinned, or all on the newest ones; `drafts` are
    files in the place of some of them. What a case's own versions lack is then taken from the newest.
    """

    def __init__(self, engine: Engine, drafts: Drafts = NOTHING, *, is_newest: bool = False) -> None:
        self._engine = engine
        self._is_newest = is_newest
        self._drafts = DraftCatalogue(drafts) if drafts or is_newest else None
        self._known: dict[tuple[str, str], PinnedDefinitions] = {}

    def find(self, pin_set_id: str, process_key: str) -> PinnedDefinitions:
        """The definitions for a case. Raises VersionsGone, UnknownDefinition, DefinitionUnparsable."""
        key = ("" if self._is_newest else pin_set_id, process_key)
        if key not in self._known:
            self._known[key] = self._read(pin_set_id, process_key)
        return self._known[key]

    def _read(self, pin_set_id: str, process_key: str) -> PinnedDefinitions:
        with self._engine.database.read() as connection:
            own = self._read_own(connection, pin_set_id)
            pins = self._find_pins(connection, own)
        return PinnedDefinitions(self._engine, self._drafts or self._engine.catalogue, own, pins, process_key)

    def _read_own(self, connection: Connection, pin_set_id: str) -> Pins:
        try:
            own = self._engine.catalogue.pins(connection, pin_set_id)
            sound = Pins(own.id, {kind: dict(named) for kind, named in own.ids.items()})
        except DAMAGE as error:
            raise VersionsGone from error
        return sound

    def _find_pins(self, connection: Connection, own: Pins) -> Pins:
        if self._drafts is None:
            return own
        newest = self._engine.catalogue.newest(connection)
        if self._is_newest:
            return self._drafts.replace(Pins("", newest))
        return self._drafts.replace(
            Pins(own.id, {kind: {**new, **own.ids.get(kind, {})} for kind, new in newest.items()})
        )
