"""Process instances found by what is known of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import hexdigits
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Subquery, and_, exists, func, or_, select, text

from engine.queries.candidates import (
    ALL_CASES,
    Place,
    Window,
    aside,
    everywhere,
    find_scarcest,
    is_there,
    place_of_processes,
    place_of_text,
    repeat_first,
)
from engine.queries.page import MAX_LIMIT, Page
from engine.queries.parties import find_parties
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.step import ACTIVE, CANCELLED, COMPLETED
from engine.storage.actor import Actor
from engine.storage.grams import fold
from engine.storage.ids import first_id_at, start_of
from engine.storage.tables import definition, incident, instance, instance_party, party, task

READERS = frozenset({"auditor", "platform_operator", "customer_service", "arbiter"})
INCIDENT = "incident"
MAX_PARTIES = 32  # more parties of a name are found case by case
FIRST_REACH, MAX_REACH, MAX_LOOKED = 64, 2_048, 6_000
MAX_READ = 1_500  # cases whose texts are read for one page
CLOCKS_DIFFER = timedelta(minutes=1)  # between an id and the start it belongs to, in cases of former versions
_DIGITS = frozenset(hexdigits)
_TEXTS = (instance.c.business_key, instance.c.subject_zh, instance.c.subject_en)
_IS_OPEN = incident.c.resolved_at.is_(None)
_IS_UNUSUAL = text("status <> 'completed'")  # as the index says it


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
        search = _Search(connection, wanted, limit)
        ids, end = search.run(after)
        rows = connection.execute(select_cases().where(instance.c.id.in_(ids)).order_by(instance.c.id.desc())).all()
    return FoundCases(
        [read_case(row) for row in rows], end, start_of(end) if end is not None and len(ids) < limit else None
    )


def require_reader(actor: Actor) -> None:
    """Raises NotFound for whoever may not look at cases."""
    if actor.role not in READERS:
        raise NotFound("case", "")


def select_cases() -> Select[Any]:
    """All cases, with what `read_case` needs."""
    has_incident = exists(
        select(1).where(incident.c.instance_id == instance.c.id, incident.c.resolved_at.is_(None))
    ).label("has_incident")
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
        has_incident,
    ).join(definition, definition.c.id == instance.c.definition_id)


class _Search:
    """One page of a search."""

    def __init__(self, connection: Connection, wanted: CaseFilter, limit: int) -> None:
        self.connection = connection
        self.wanted = wanted
        self.limit = limit
        self.text = fold(wanted.text)
        self.parties = find_parties(connection, wanted.party, MAX_PARTIES) if wanted.party else []
        self.conditions = list(self._list_conditions())

    def run(self, after: str | None) -> tuple[list[str], str | None]:
        """The ids of a page, and where the next one begins."""
        window = self._window(after)
        place = find_scarcest(self.connection, list(self._list_places(window)) or [everywhere()], window)
        found = dict[str, None]()
        looked_at, read, reach = 0, 0, FIRST_REACH
        while True:
            looked = place.look(window, reach)
            fit, count = self._read(place, looked, after)
            found |= dict.fromkeys(fit)
            if len(found) > self.limit:
                ids = list(found)[: self.limit]
                return ids, ids[-1]
            number, last = self.connection.execute(select(func.count(), func.min(looked.c.position))).one()
            if number < reach:
                return list(found), None
            window = Window(window.first, place.name(last))
            looked_at, read, reach = looked_at + number, read + count, min(4 * reach, MAX_REACH)
            if looked_at > MAX_LOOKED or read > MAX_READ:
                return list(found), window.below

    def _read(self, place: Place, looked: Subquery, after: str | None) -> tuple[list[str], int]:
        """The cases that fit among those some entries name, and how many had to be read for it."""
        query = place.find_cases(looked).where(*self.conditions)
        if after:
            query = query.where(instance.c.id < after)
        if not self.text:
            ordered = query.order_by(looked.c.position.desc()).limit(self.limit + 1)
            return list(self.connection.execute(ordered).scalars()), 0
        rows = self.connection.execute(query.add_columns(*_TEXTS)).all()
        return sorted((row[0] for row in rows if self._says(row)), reverse=True), len(rows)

    def _says(self, row: Row[Any]) -> bool:
        return self.wanted.text == row.id or any(self.text in fold(text or "") for text in tuple(row)[1:])

    def _window(self, after: str | None) -> Window:
        """The ids the dates leave; the instants themselves are conditions as well."""
        start, end = self.wanted.started_from, self.wanted.started_to
        first = first_id_at(start - CLOCKS_DIFFER) if start else ALL_CASES.first
        below = first_id_at(end + CLOCKS_DIFFER) if end else ALL_CASES.below
        return Window(first, min(below, after or ALL_CASES.below))

    def _list_places(self, window: Window) -> Iterator[Place]:
        wanted = self.wanted
        if wanted.text:
            exact = instance.c.id == wanted.text
            if self.connection.execute(select(instance.c.id).where(exact)).first():
                yield Place(((instance.c.id, exact),))
            elif place := place_of_text(self.connection, wanted.text, window):
                yield place
        if wanted.party and self.parties is not None:
            column = instance_party.c.instance_id
            parties = repeat_first(self.parties)
            yield Place(tuple((column, instance_party.c.party_id == party_id) for party_id in parties))
        if wanted.element:
            yield Place(((task.c.instance_id, task.c.element == wanted.element),))
        if wanted.status == INCIDENT:
            yield Place(((incident.c.instance_id, _IS_OPEN),))
        if wanted.process_key:
            statuses = (ACTIVE, CANCELLED, COMPLETED) if wanted.status in {"", INCIDENT} else (wanted.status,)
            yield place_of_processes((wanted.process_key,), statuses)
        elif wanted.status not in {"", INCIDENT, COMPLETED}:
            yield Place(((instance.c.id, and_(instance.c.status == wanted.status, _IS_UNUSUAL)),))

    def _list_conditions(self) -> Iterator[ColumnElement[bool]]:
        wanted = self.wanted
        if wanted.party:
            yield self._belongs()
        if wanted.element:
            yield is_there(
                select(task.c.id).where(task.c.instance_id == instance.c.id, task.c.element == wanted.element)
            )
        if wanted.process_key:
            yield aside(instance.c.process_key) == wanted.process_key
        if wanted.status == INCIDENT:
            yield is_there(select(incident.c.id).where(incident.c.instance_id == instance.c.id, _IS_OPEN))
        elif wanted.status:
            yield aside(instance.c.status) == wanted.status
        if wanted.started_from:
            yield instance.c.started_at >= wanted.started_from
        if wanted.started_to:
            yield instance.c.started_at < wanted.started_to

    def _belongs(self) -> ColumnElement[bool]:
        of_case = select(instance_party.c.party_id).where(instance_party.c.instance_id == instance.c.id)
        if self.parties is not None:
            return is_there(of_case.where(instance_party.c.party_id.in_(self.parties)))
        names = (party.c.name_zh, party.c.name_en)
        named = or_(*(name.icontains(self.wanted.party, autoescape=True) for name in names))
        return is_there(of_case.join(party, party.c.id == instance_party.c.party_id).where(named))


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
