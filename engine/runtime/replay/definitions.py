"""What a case is replayed on: the versions it pinned, with others in the place of some of them."""

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy import Connection

from engine.definitions.catalogue import DECISION, FORM, Catalogue, Pins
from engine.definitions.forms import Form
from engine.language.decisions import DecisionLogic
from engine.language.specs.durations import Calendar
from engine.language.workflow import Specs
from engine.runtime.calendar import WorkingCalendar
from engine.runtime.engine import Engine

Drafts = Mapping[tuple[str, str], bytes]  # files by kind and key, see `engine.definitions.catalogue`
DRAFT = "draft:"
NOTHING: Drafts = {}


class Definitions(Protocol):
    """All that a replay asks of definitions."""

    @property
    def specs(self) -> Specs: ...

    @property
    def calendar(self) -> Calendar: ...

    def decision(self, key: str) -> DecisionLogic:
        """A decision. Raises UnknownDefinition."""

    def form(self, key: str) -> Form:
        """A form. Raises UnknownDefinition."""


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
        """A pinned set in which the files stand in the place of what it names, and beside it."""
        ids = {kind: dict(named) for kind, named in pins.ids.items()}
        for definition_id, (kind, key, _) in self.drafts.items():
            ids.setdefault(kind, {})[key] = definition_id
        return Pins(f"{DRAFT}{pins.id}", ids)


class PinnedDefinitions:
    """The versions of one pinned set; each is read once."""

    def __init__(self, engine: Engine, catalogue: Catalogue, pins: Pins, specs: Specs, calendar: Calendar) -> None:
        self.specs, self.calendar = specs, calendar
        self._engine, self._catalogue, self._pins = engine, catalogue, pins
        self._decisions: dict[str, DecisionLogic] = {}
        self._forms: dict[str, Form] = {}

    def decision(self, key: str) -> DecisionLogic:
        """See `Definitions`."""
        if key not in self._decisions:
            with self._engine.database.read() as connection:
                self._decisions[key] = self._catalogue.decision(connection, self._pins.find(DECISION, key))
        return self._decisions[key]

    def form(self, key: str) -> Form:
        """See `Definitions`."""
        if key not in self._forms:
            with self._engine.database.read() as connection:
                self._forms[key] = self._catalogue.form(connection, self._pins.find(FORM, key))
        return self._forms[key]


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
        """The definitions for a case. Raises UnknownDefinition, DefinitionUnparsable."""
        known = self._known.get((pin_set_id, process_key))
        if known is None:
            known = self._known[pin_set_id, process_key] = self._read(pin_set_id, process_key)
        return known

    def _read(self, pin_set_id: str, process_key: str) -> PinnedDefinitions:
        catalogue = self._drafts or self._engine.catalogue
        with self._engine.database.read() as connection:
            pins = self._find_pins(connection, pin_set_id)
            specs = catalogue.process(connection, pins, process_key)
            calendar = WorkingCalendar(catalogue.calendar(connection, pins.ids), self._engine.zone)
        return PinnedDefinitions(self._engine, catalogue, pins, specs, calendar)

    def _find_pins(self, connection: Connection, pin_set_id: str) -> Pins:
        own = self._engine.catalogue.pins(connection, pin_set_id)
        if self._drafts is None:
            return own
        newest = self._engine.catalogue.newest(connection)
        if self._is_newest:
            return self._drafts.replace(Pins("", newest))
        ids = {kind: {**found, **own.ids.get(kind, {})} for kind, found in newest.items()}
        return self._drafts.replace(Pins(own.id, ids))
