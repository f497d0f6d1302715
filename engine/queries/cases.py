"""Process instances found by what is known of them."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from string import hexdigits
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Row, Select, and_, bindparam, or_, select

from engine.queries.candidates import (
    ALL_CASES,
    ELEMENT,
    EVERYWHERE,
    EXACT,
    GRAM,
    NUMBER,
    OPEN_INCIDENT,
    PARTY,
    PROCESS,
    STATUS,
    Place,
    PlaceForm,
    Window,
    aside,
    escape_like,
    find_scarcest,
    place_of_processes,
    place_of_text,
    repeat_first,
)
from engine.queries.page import MAX_LIMIT, Page
from engine.queries.parties import find_parties
from engine.records.access import is_there
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.step import ACTIVE, CANCELLED, COMPLETED
from engine.storage.actor import Actor
from engine.storage.columns import Instant
from engine.storage.grams import fold, list_wanted
from engine.storage.ids import first_id_at, start_of
from engine.storage.prepared import Prepared
from engine.storage.tables import definition, incident, instance, instance_party, party, party_gram, task

READERS = frozenset({"auditor", "platform_operator", "customer_service", "arbiter"})
INCIDENT = "incident"
MAX_PARTIES = 32  # more parties of a name are found case by case
FIRST_REACH, MAX_REACH, MAX_LOOKED = 64, 2_048, 4_000
MAX_READ = 1_500  # cases whose texts are read for one page
CLOCKS_DIFFER = timedelta(minutes=1)  # between an id and the start it belongs to, in cases of former versions
_DIGITS = frozenset(hexdigits)
_TEXTS = (instance.c.business_key, instance.c.subject_zh, instance.c.subject_en)
BY_ID, BY_GRAM, BY_NAME = "id", "gram", "name"
_OF_CASE = select(instance_party.c.party_id).where(instance_party.c.instance_id == instance.c.id)
_NAMED = or_(*(name.ilike(bindparam("party"), escape="/") for name in (party.c.name_zh, party.c.name_en)))
_IS_NAMED = is_there(select(party.c.id).where(party.c.id == instance_party.c.party_id, _NAMED))
_GRAM = and_(party_gram.c.gram == bindparam("party_gram"), party_gram.c.party_id == instance_party.c.party_id)
_HAS_GRAM = is_there(select(party_gram.c.gram).where(_GRAM))
_BELONGS = {
    BY_ID: is_there(_OF_CASE.where(instance_party.c.party_id.in_(bindparam("parties", expanding=True)))),
    BY_NAME: is_there(_OF_CASE.where(_IS_NAMED)),
    BY_GRAM: is_there(_OF_CASE.where(_HAS_GRAM, _IS_NAMED)),
}
_WAITS = is_there(select(task.c.id).where(task.c.instance_id == instance.c.id, task.c.element == bindparam("element")))
_IS_STOPPED = is_there(
    select(incident.c.id).where(incident.c.instance_id == instance.c.id, incident.c.resolved_at.is_(None))
)


@dataclass(frozen=True)
class CaseFilter:
    """What is known of the cases looked for; an empty part says nothing."""

    text: str = ""  # business key, subject, or id
    party: str = ""  # id or part of the name of one of its parties
    process_key: str = ""
    status: str = ""
    element: str = ""  # waits there now
    started_from: datetime | None = None
    started_to: datetime | None = None


@dataclass(frozen=True)
class CaseRow:
    """One line of a list of cases."""

    id: str
    process_key: str
    process_zh: str
    process_en: str
    version: int
    business_key: str | None
    subject_zh: str
    subject_en: str
    amount_fen: int | None
    status: str
    outcome: str | None
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    has_incident: bool


@dataclass(frozen=True)
class FoundCases(Page[CaseRow]):
    """A page of a search. Where long lists have to be looked through for few cases, it ends before it is full: it has
    those that began at `looked_to` or later, and goes on from there.
    """

    looked_to: datetime | None = None


def search_cases(
    engine: Engine, actor: Actor, wanted: CaseFilter, after: str | None = None, limit: int = 50
) -> FoundCases:
    """Cases, newest first. Raises NotFound for whoever may not look at cases, ValueError for a mark of no page."""
    require_reader(actor)
    if after and not set(after) <= _DIGITS:
        raise ValueError(f"Expected where a page begins, but got {after!r}")
    limit = min(limit, MAX_LIMIT)
    with engine.database.read() as connection:
        ids, end = _Search(connection, wanted, after or None, limit).run()
        rows = _SHOW.all(connection, {"ids": ids})
    return FoundCases(
        [read_case(row) for row in rows], end, start_of(end) if end is not None and len(ids) < limit else None
    )


def require_reader(actor: Actor) -> None:
    """Raises NotFound for whoever may not look at cases."""
    if actor.role not in READERS:
        raise NotFound("case", "")


def select_cases(has_incident: ColumnElement[bool] = _IS_STOPPED) -> Select[Any]:
    """All cases, with what `read_case` needs. `has_incident`: how it is found whether a case has an open incident."""
    return select(
        instance.c.id,
        instance.c.process_key,
        definition.c.name_zh,
        definition.c.name_en,
        definition.c.version.label("definition_version"),
        instance.c.business_key,
        instance.c.subject_zh,
        instance.c.subject_en,
        instance.c.amount_fen,
        instance.c.status,
        instance.c.outcome,
        instance.c.started_by,
        instance.c.started_at,
        instance.c.ended_at,
        instance.c.pin_set_id,
        has_incident.label("has_incident"),
    ).join(definition, definition.c.id == instance.c.definition_id)


_IDS: BindParameter[str] = bindparam("ids", expanding=True)
# once for all of a page, and however many incidents others have
_STOPPED = select(incident.c.instance_id).where(incident.c.instance_id.in_(_IDS), incident.c.resolved_at.is_(None))
_SHOW = Prepared(
    select_cases(instance.c.id.in_(_STOPPED)).where(instance.c.id.in_(_IDS)).order_by(instance.c.id.desc())
)


# What need not be asked of a case any more because all entries of a place have it.
_TOLD: dict[str, dict[str, Any]] = {
    PROCESS: {"is_of_process": False, "has_status": False},
    STATUS: {"has_status": False},
    PARTY: {"parties": ""},
    ELEMENT: {"is_at_element": False},
    OPEN_INCIDENT: {"is_stopped": False},
}


@dataclass(frozen=True)
class _Form:
    """What of a search decides the text of its queries. `parties`: by what they are found, empty if not asked for."""

    is_said: bool
    parties: str
    is_at_element: bool
    is_of_process: bool
    has_status: bool
    is_stopped: bool
    has_from: bool
    has_to: bool
    is_continued: bool

    def besides(self, place: str) -> "_Form":
        """What the entries of a place do not tell already."""
        if place == GRAM:  # it is shared by cases of the same moment
            return self
        return replace(self, is_continued=False, **_TOLD.get(place, {}))

    def list_conditions(self) -> Iterator[ColumnElement[bool]]:
        if self.is_continued:
            yield instance.c.id < bindparam("after")
        if self.parties:
            yield _BELONGS[self.parties]
        if self.is_at_element:
            yield _WAITS
        if self.is_of_process:
            yield aside(instance.c.process_key) == bindparam("process_key")
        if self.is_stopped:
            yield _IS_STOPPED
        if self.has_status:
            yield aside(instance.c.status) == bindparam("status")
        if self.has_from:
            yield instance.c.started_at >= bindparam("started_from", type_=Instant)
        if self.has_to:
            yield instance.c.started_at < bindparam("started_to", type_=Instant)


@lru_cache(maxsize=1024)
def _find_query(place: PlaceForm, form: _Form, reach: int) -> Prepared:
    """The cases that fit among those some entries name, with what a text that is looked for is compared with."""
    looked, rest = place.look(reach), form.besides(place.index)
    if not place.is_by_moment and not any(astuple(rest)):
        return Prepared(select(looked.c.position.label("id")))
    query = place.find_cases(looked).where(*rest.list_conditions())
    return Prepared(query.add_columns(*_TEXTS) if form.is_said else query)


class _Search:
    """One page of a search."""

    def __init__(self, connection: Connection, wanted: CaseFilter, after: str | None, limit: int) -> None:
        self.connection = connection
        self.wanted = wanted
        self.after = after
        self.limit = limit
        self.text = fold(wanted.text)
        self.parties = find_parties(connection, wanted.party, MAX_PARTIES) if wanted.party else []
        self.party_grams = list_wanted(wanted.party) if self.parties is None else []
        self.form = self._find_form()
        self.values = {name: getattr(wanted, name) for name in ("element", "process_key", "status")}
        self.values |= {"started_from": wanted.started_from, "started_to": wanted.started_to, "after": after}
        self.values |= {"parties": repeat_first(self.parties or []), "party": f"%{escape_like(wanted.party)}%"}
        self.values["party_gram"] = self.party_grams[0] if self.party_grams else None

    def run(self) -> tuple[list[str], str | None]:
        """The ids of a page, and where the next one begins."""
        window = self._window()
        place = find_scarcest(self.connection, list(self._list_places(window)) or [Place(EVERYWHERE)], window)
        found = dict[str, None]()
        looked_at, read, reach = 0, 0, FIRST_REACH
        while True:
            fit, count = self._read(place, window, reach)
            found |= dict.fromkeys(fit)
            if len(found) > self.limit:
                ids = list(found)[: self.limit]
                return ids, ids[-1]
            number, last = place.count(self.connection, window, reach)
            if number < reach:
                return list(found), None
            window = Window(window.first, last)
            looked_at, read, reach = looked_at + number, read + count, min(4 * reach, MAX_REACH)
            if looked_at > MAX_LOOKED or read > MAX_READ:
                return list(found), window.below

    def _read(self, place: Place, window: Window, reach: int) -> tuple[list[str], int]:
        """The cases that fit among those the next entries name, and how many had to be read for it."""
        query = _find_query(place.form, self.form, reach)
        rows = query.all(self.connection, self.values | place.describe(window))
        fit = (row.id for row in rows if not self.text or self._says(row))
        return sorted(fit, reverse=True), len(rows) if self.text else 0

    def _says(self, row: Any) -> bool:
        return self.wanted.text == row.id or any(self.text in fold(text or "") for text in row[1:])

    def _window(self) -> Window:
        """The ids the dates leave; the instants themselves are conditions as well."""
        start, end = self.wanted.started_from, self.wanted.started_to
        first = first_id_at(start - CLOCKS_DIFFER) if start else ALL_CASES.first
        below = first_id_at(end + CLOCKS_DIFFER) if end else ALL_CASES.below
        return Window(first, min(below, self.after or ALL_CASES.below))

    def _list_places(self, window: Window) -> Iterator[Place]:
        wanted = self.wanted
        if wanted.text:
            yield from self._list_places_of_text(window)
        if wanted.party and self.parties is not None:
            yield Place(PARTY, tuple((party_id,) for party_id in repeat_first(self.parties)))
        if wanted.element:
            yield Place(ELEMENT, ((wanted.element,),))
        if wanted.status == INCIDENT:
            yield Place(OPEN_INCIDENT)
        if wanted.process_key:
            yield place_of_processes((wanted.process_key,), self._list_statuses())
        elif wanted.status not in {"", INCIDENT, COMPLETED}:
            yield Place(STATUS, ((wanted.status,),))

    def _list_statuses(self) -> tuple[str, ...]:
        if self.wanted.status not in {"", INCIDENT}:
            return (self.wanted.status,)
        return (ACTIVE,) if self.wanted.element else (ACTIVE, CANCELLED, COMPLETED)

    def _list_places_of_text(self, window: Window) -> Iterator[Place]:
        """Of an id or a number in full those it names, else those of its grams."""
        for exact in (Place(EXACT, ((self.wanted.text,),)), Place(NUMBER, ((self.wanted.text,),))):
            if exact.count(self.connection, ALL_CASES, 1)[0]:
                yield exact
                return
        if place := place_of_text(self.connection, self.wanted.text, window):
            yield place

    def _name_parties(self) -> str:
        if self.parties is not None:
            return BY_ID
        return BY_GRAM if self.party_grams else BY_NAME

    def _find_form(self) -> _Form:
        wanted = self.wanted
        return _Form(
            is_said=bool(self.text),
            parties=self._name_parties() if wanted.party else "",
            is_at_element=bool(wanted.element),
            is_of_process=bool(wanted.process_key),
            has_status=wanted.status not in {"", INCIDENT},
            is_stopped=wanted.status == INCIDENT,
            has_from=wanted.started_from is not None,
            has_to=wanted.started_to is not None,
            is_continued=self.after is not None,
        )


def read_case(row: Row[Any]) -> CaseRow:
    """A row of `select_cases`."""
    return CaseRow(
        row.id,
        row.process_key,
        row.name_zh,
        row.name_en,
        row.definition_version,
        row.business_key,
        row.subject_zh,
        row.subject_en,
        row.amount_fen,
        row.status,
        row.outcome,
        row.started_by,
        row.started_at,
        row.ended_at,
        bool(row.has_incident),
    )
