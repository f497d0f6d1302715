"""Deployed definitions, parsed once per process and version, and the sets of versions that instances pin."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, bindparam, func, insert, select

from engine.definitions.agreements import SUFFIX, AgreementText, parse_agreement
from engine.definitions.calendars import CompanyDays, parse_calendar
from engine.definitions.forms import Form, parse_form
from engine.language.decisions import DecisionLogic, parse_decisions
from engine.language.model import Element, find_plain_start, read_bpmn, read_diagram, read_frames
from engine.language.parser import ProcessSpecs, parse_process
from engine.language.versions import split_version
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict
from engine.storage.prepared import Prepared
from engine.storage.tables import definition, pin_set

PROCESS, DECISION, FORM, POLICY, CALENDAR = "process", "decision", "form", "policy", "calendar"
AGREEMENT = "agreement"
POLICY_KEY, CALENDAR_KEY = "policy", "calendar"
SHARED = "shared"
T = TypeVar("T")
K = TypeVar("K")

_CONTENT = select(definition.c.kind, definition.c.key, definition.c.content).where(
    definition.c.id == bindparam("definition_id")
)
_PINS = select(pin_set.c.pins).where(pin_set.c.id == bindparam("pin_set_id"))
_newest = (
    select(definition.c.kind, definition.c.key, func.max(definition.c.version).label("version"))
    .group_by(definition.c.kind, definition.c.key)
    .subquery()
)
_NEWEST = Prepared(
    select(definition.c.kind, definition.c.key, definition.c.id).join(
        _newest,
        (definition.c.kind == _newest.c.kind)
        & (definition.c.key == _newest.c.key)
        & (definition.c.version == _newest.c.version),
    )
)
_SAME_PINS = select(pin_set.c.id).where(pin_set.c.sha256 == bindparam("sha256"))
_FIND_PINS = Prepared(_SAME_PINS)
_STAMP = Prepared(
    select(
        func.count().label("count"),
        func.max(definition.c.id).label("last_id"),
        _SAME_PINS.scalar_subquery().label("pin_set_id"),
    )
)
_VERSION = Prepared(
    select(definition.c.id).where(
        definition.c.kind == PROCESS, definition.c.key == bindparam("key"), definition.c.version == bindparam("version")
    )
)


def find_version(connection: Connection, key: str, version: int) -> str | None:
    """The definition of one version of a process, whether anything pins it or not."""
    found: str | None = _VERSION.scalar(connection, {"key": key, "version": version})
    return found


class UnknownDefinition(Exception):
    """Nothing is deployed under that key."""


def path_of(kind: str, key: str) -> str:
    """A path that tells the kind and key of a definition; where it would lie as a file."""
    return {
        PROCESS: f"bpmn/{key}/{key}.bpmn",
        DECISION: f"bpmn/{SHARED}/{key}.dmn",
        FORM: f"forms/{key}.form",
        POLICY: f"bpmn/{SHARED}/policy.json",
        CALENDAR: f"bpmn/{SHARED}/calendar.json",
        AGREEMENT: f"forms/{SHARED}/{key}{SUFFIX}",
    }[kind]


def parts_of(element: Element) -> list[tuple[str, str]]:
    """Kind and key of the definitions an element names: the process it calls, its form, its decision table."""
    called = element.called_element and split_version(element.called_element)[0]
    named = ((PROCESS, called), (FORM, element.form_key), (DECISION, element.decision_ref))
    return [(kind, key) for kind, key in named if key]


@dataclass(frozen=True)
class Pins:
    """The version of everything at one moment: definition ids by kind and key."""

    id: str
    ids: Mapping[str, Mapping[str, str]]

    def find(self, kind: str, key: str) -> str:
        """The pinned definition's id. Raises UnknownDefinition."""
        found = self.ids.get(kind, {}).get(key)
        if found is None:
            raise UnknownDefinition(f"Expected a deployed {kind} {key!r}, but there is none")
        return found


@dataclass(frozen=True)
class _Newest:
    """The newest version of everything; `stamp` is another one as soon as anything is deployed."""

    stamp: tuple[int, str | None]
    ids: Mapping[str, Mapping[str, str]]
    digest: str


class Catalogue:
    """A cache over immutable rows; safe for many threads, never invalid."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._pins: dict[str, Pins] = {}
        self._processes: dict[tuple[str, str], ProcessSpecs] = {}
        self._forms: dict[str, Form] = {}
        self._decisions: dict[str, DecisionLogic] = {}
        self._policies: dict[str, PlainDict] = {}
        self._calendars: dict[str, CompanyDays] = {}
        self._elements: dict[str, Mapping[str, Element]] = {}
        self._frames: dict[str, frozenset[str]] = {}
        self._agreements: dict[str, AgreementText] = {}
        self._starts: dict[str, tuple[Element | None]] = {}
        self._newest: _Newest | None = None

    def pin_newest(self, connection: Connection) -> Pins:
        """The newest version of everything, as a set that instances share. Runs inside a unit of work."""
        return self.pin(connection, {})

    def pin(self, connection: Connection, chosen: Mapping[str, Mapping[str, str]]) -> Pins:
        """The same with chosen definitions in the place of the newest ones, by kind and key."""
        newest, found = self._read_newest(connection)
        ids, digest = newest.ids, newest.digest
        if chosen:
            ids = {**ids, **{kind: {**ids.get(kind, {}), **keys} for kind, keys in chosen.items()}}
            digest, found = _digest(ids), None
        if found is None:
            found = _FIND_PINS.scalar(connection, {"sha256": digest})
        if found is None:
            found = new_id()
            connection.execute(insert(pin_set).values(id=found, sha256=digest, pins=ids))
        return Pins(found, ids)

    def newest(self, connection: Connection) -> Mapping[str, Mapping[str, str]]:
        """The ids of the newest versions, by kind and key."""
        return self._read_newest(connection)[0].ids

    def _read_newest(self, connection: Connection) -> tuple["_Newest", str | None]:
        """Read again when something was deployed: definitions are only added, and their ids grow. With it the set that
        pins it, if one is known to.
        """
        kept = self._newest
        count, last_id, pin_set_id = _STAMP.first(connection, {"sha256": kept.digest if kept else ""})
        if kept is not None and kept.stamp == (count, last_id):
            return kept, pin_set_id
        ids: dict[str, dict[str, str]] = {}
        for kind, key, definition_id in _NEWEST.all(connection):
            ids.setdefault(kind, {})[key] = definition_id
        kept = self._newest = _Newest((count, last_id), ids, _digest(ids))
        return kept, None

    def pins(self, connection: Connection, pin_set_id: str) -> Pins:
        """A pinned set by its id."""
        return self._once(
            self._pins,
            pin_set_id,
            lambda: Pins(pin_set_id, connection.execute(_PINS, {"pin_set_id": pin_set_id}).scalar_one()),
        )

    def process(self, connection: Connection, pins: Pins, key: str) -> ProcessSpecs:
        """A process with all it calls, in the pinned versions."""
        return self._once(self._processes, (pins.id, key), lambda: self._parse_process(connection, pins, key))

    def process_id(self, connection: Connection, pins: Pins, name: str) -> str:
        """The definition of a process: the pinned one, or the very version the name says. Raises UnknownDefinition."""
        key, version = split_version(name)
        if version is None:
            return pins.find(PROCESS, key)
        found = find_version(connection, key, version)
        if found is None:
            raise UnknownDefinition(f"Expected version {version} of the process {key!r}, but there is none")
        return found

    def form(self, connection: Connection, definition_id: str) -> Form:
        """A form version."""
        return self._once(self._forms, definition_id, lambda: self._parse_form(connection, definition_id))

    def decision(self, connection: Connection, definition_id: str) -> DecisionLogic:
        """A version of a decision, with those it requires as its file holds them."""
        return self._once(self._decisions, definition_id, lambda: self._parse_decision(connection, definition_id))

    def policy(self, connection: Connection, pins: Pins) -> PlainDict:
        """The pinned policy values."""
        definition_id = pins.find(POLICY, POLICY_KEY)
        return self._once(
            self._policies, definition_id, lambda: orjson.loads(self.content(connection, definition_id)["content"])
        )

    def calendar(self, connection: Connection, ids: Mapping[str, Mapping[str, str]]) -> CompanyDays:
        """The company's days among the versions of a pinned set; where there are none, those of the country alone."""
        definition_id = ids.get(CALENDAR, {}).get(CALENDAR_KEY)
        if definition_id is None:
            return CompanyDays()
        return self._once(
            self._calendars, definition_id, lambda: parse_calendar(self.content(connection, definition_id)["content"])
        )

    def agreement(self, connection: Connection, definition_id: str) -> AgreementText:
        """A version of an agreement."""
        return self._once(
            self._agreements,
            definition_id,
            lambda: parse_agreement(self.content(connection, definition_id)["content"]),
        )

    def elements(self, connection: Connection, definition_id: str) -> Mapping[str, Element]:
        """What the diagram of a process definition says of its elements, by element id."""
        return self._once(
            self._elements,
            definition_id,
            lambda: read_diagram(self.content(connection, definition_id)["content"]),
        )

    def plain_start(self, connection: Connection, definition_id: str, key: str) -> Element | None:
        """See `find_plain_start`, in the diagram of a process definition."""
        elements = self.elements(connection, definition_id)
        return self._once(self._starts, definition_id, lambda: (find_plain_start(elements, key),))[0]

    def frames(self, connection: Connection, definition_id: str) -> frozenset[str]:
        """The elements that the diagram of a process definition draws open."""
        return self._once(
            self._frames,
            definition_id,
            lambda: read_frames(read_bpmn(self.content(connection, definition_id)["content"])),
        )

    def content(self, connection: Connection, definition_id: str) -> Mapping[Any, Any]:
        """Kind, key and file of a definition. Raises UnknownDefinition."""
        row = connection.execute(_CONTENT, {"definition_id": definition_id}).mappings().one_or_none()
        if row is None:
            raise UnknownDefinition(f"Expected a definition, but found none under {definition_id!r}")
        return row

    def _parse_process(self, connection: Connection, pins: Pins, key: str) -> ProcessSpecs:
        sources: dict[str, bytes] = {}
        waiting = [key]
        while waiting:
            process_key = waiting.pop()
            if process_key in sources:
                continue
            definition_id = self.process_id(connection, pins, process_key)
            sources[process_key] = self.content(connection, definition_id)["content"]
            elements = self.elements(connection, definition_id).values()
            own = split_version(process_key)[0]
            waiting += [e.called_element for e in elements if e.process_key == own and e.called_element]
        return parse_process(sources, key)

    def _parse_form(self, connection: Connection, definition_id: str) -> Form:
        row = self.content(connection, definition_id)
        return parse_form(row["key"], row["content"])

    def _parse_decision(self, connection: Connection, definition_id: str) -> DecisionLogic:
        row = self.content(connection, definition_id)
        return next(decision for decision in parse_decisions(row["content"]) if decision.key == row["key"])

    def _once(self, cache: dict[K, T], key: K, make: Callable[[], T]) -> T:
        found = cache.get(key)
        if found is None:
            with self._lock:
                found = cache.get(key)
                if found is None:
                    found = cache[key] = make()
        return found


def _digest(ids: Mapping[str, Mapping[str, str]]) -> str:
    return hashlib.sha256(orjson.dumps(ids, option=orjson.OPT_SORT_KEYS)).hexdigest()
