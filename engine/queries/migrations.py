"""Migrations as analysts look at them: what could go where, what became of a plan, and of each of its cases."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, select

from engine.definitions.catalogue import PROCESS
from engine.language.model import FLOW_NODES, Element
from engine.language.versions import split_version
from engine.records.migrations import (
    CHOSEN,
    CLEAN,
    DIFFERS,
    FAILED,
    LEAVING,
    MIGRATED,
    NEW,
    PLANNED,
    REVERTED,
    REVERTED_FROM,
    REVERTING,
    RUNNING,
    SKIPPED,
    TRYING,
    Filters,
    count_items,
    find_migration,
    read_filters,
)
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.reconsidering import Place
from engine.runtime.step import ACTIVE
from engine.storage.actor import Actor
from engine.storage.migrating import migration, migration_item
from engine.storage.plain import PlainDict
from engine.storage.tables import definition, instance, task

ROLE = "analyst"
ROWS = 50
# Elements at which nobody ever waits, and which decide nothing.
_SILENT = frozenset({"startEvent", "endEvent", "intermediateThrowEvent", "scriptTask", "sendTask"})
_WAITED_AT = frozenset(
    {"userTask", "serviceTask", "receiveTask", "intermediateCatchEvent", "callActivity", "subProcess"}
)
World = dict[Place, Element]  # by process without its version

_CAN_BE_REVERTED = and_(
    migration_item.c.state == MIGRATED,
    migration_item.c.snapshot.is_not(None),
    migration_item.c.version == instance.c.version,
)
_SHOWN = (
    *(migration_item.c[name] for name in ("instance_id", "state", "verdict", "reason", "element", "facts", "places")),
    *(instance.c[name] for name in ("business_key", "subject_zh", "subject_en", "amount_fen", "started_at")),
    _CAN_BE_REVERTED.label("can_be_reverted"),
)


@dataclass(frozen=True)
class Missing:
    """An element of the old versions that the target does not have, and those of the target it may have become."""

    element: Element
    waiting: int  # open user tasks at it
    candidates: list[Element]

    @property
    def key(self) -> str:
        return f"{self.element.process_key}/{self.element.id}"

    @property
    def guess(self) -> str:
        """The one candidate of the same name; empty if there is none, or more than one."""
        same = [one.id for one in self.candidates if one.name_zh == self.element.name_zh]
        return same[0] if len(same) == 1 else ""


@dataclass(frozen=True)
class MigrationRow:
    """A plan and how far it is. `counts` are its cases by state and verdict."""

    id: str
    process_key: str
    process_zh: str
    process_en: str
    sources: list[int]
    source_ids: list[str]
    target: int
    target_id: str
    state: str
    actor_id: str
    created_at: datetime
    ended_at: datetime | None
    renamed: Mapping[str, str]
    filters: Filters
    counts: Mapping[tuple[str, str | None], int]

    def count(self, *states: str, verdict: str = "") -> int:
        """Cases in any of these states (without one: in all), of a verdict if one is named."""
        return sum(
            number
            for (state, found), number in self.counts.items()
            if (not states or state in states) and (not verdict or found == verdict)
        )

    @property
    def total(self) -> int:
        return self.count()

    @property
    def progress(self) -> tuple[int, int] | None:
        """Done and to do of what is going on now; None where nothing is."""
        if self.state == TRYING:
            return self.total - self.count(NEW), self.total
        if self.state == REVERTING:
            done = self.count(REVERTED)
            return done, done + self.count(LEAVING)
        done = self.count(MIGRATED, SKIPPED, FAILED)
        return (done, done + self.count(CHOSEN)) if self.state == RUNNING or self.count(CHOSEN) else None


@dataclass(frozen=True)
class Finding:
    """Why cases are not clean, or were not moved or put back: so many for this reason at this element.

    `state` is that of such cases.
    """

    verdict: str
    reason: str
    process_key: str
    element: str
    state: str
    facts: PlainDict
    count: int

    @property
    def place(self) -> str:
        """As `process/element`; empty where no element is to blame."""
        return f"{self.process_key}/{self.element}" if self.element else ""


@dataclass(frozen=True)
class MovedCase:
    """A case of a plan. `places` are the elements it waits at."""

    instance_id: str
    business_key: str | None
    subject_zh: str
    subject_en: str
    amount_fen: int | None
    started_at: datetime
    state: str
    verdict: str | None
    reason: str | None
    element: str | None
    facts: PlainDict
    places: list[Element]
    can_be_reverted: bool

    @property
    def can_go(self) -> bool:
        """Whether it may be chosen to be taken over."""
        return self.state == PLANNED and self.verdict in (CLEAN, DIFFERS)


@dataclass(frozen=True)
class MigrationView:
    """A plan with a page of its cases; `after` is where the next page begins.

    `revertible` is how many of all its cases can be put back now.
    """

    row: MigrationRow
    revertible: int
    findings: list[Finding]
    cases: list[MovedCase]
    after: str | None
    elements: Mapping[str, Element]  # by process/element


def list_migrations(engine: Engine, actor: Actor, process_key: str = "", limit: int = 50) -> list[MigrationRow]:
    """The newest plans, of one process if it is named. Raises NotFound for whoever is no analyst."""
    require_analyst(actor)
    query = select(migration).order_by(migration.c.created_at.desc(), migration.c.id).limit(limit)
    if process_key:
        query = query.where(migration.c.process_key == process_key)
    with engine.database.read() as connection:
        return [_read(connection, row) for row in connection.execute(query)]


def require_analyst(actor: Actor) -> None:
    """Raises NotFound for whoever is no analyst."""
    if actor.role != ROLE:
        raise NotFound("migration", "")


def find_missing(engine: Engine, sources: Sequence[str], target: str) -> list[Missing]:
    """What the target does not have of what a case may wait at or has decided; what people wait at most comes first.

    Processes the running cases may call are looked at as well.
    """
    with engine.database.read() as connection:
        key = engine.catalogue.content(connection, target)["key"]
        newest = {**engine.catalogue.newest(connection)[PROCESS], key: target}
        worlds = _read_worlds(engine, connection, key, sources)
        old = {place: one for world in worlds for place, one in world.items()}
        new = {
            (process, one.id): one
            for process in {process for process, _ in old} & newest.keys()
            for one in engine.catalogue.elements(connection, newest[process]).values()
        }
        waiting = _count_waiting(connection, sources)
    found = [
        Missing(replace(one, process_key=place[0]), waiting[place], _list_candidates(place, one, worlds, new))
        for place, one in old.items()
        if one.kind in FLOW_NODES and one.kind not in _SILENT and place not in new
    ]
    return sorted(found, key=lambda one: (-one.waiting, not one.candidates))


def _list_candidates(place: Place, one: Element, worlds: Sequence[World], new: World) -> list[Element]:
    """What an element may have become: what no version that has it has beside it."""
    beside = [world for world in worlds if place in world]
    return [
        other
        for fresh, other in new.items()
        if (fresh[0], other.kind) == (place[0], one.kind) and not any(fresh in world for world in beside)
    ]


def list_places(engine: Engine, key: str, sources: Sequence[str]) -> list[tuple[Element, list[Element]]]:
    """Where running cases of these versions of a process may wait: the process and what stands in it, then those it
    calls. A sub-process or a call stands for all inside it. Elements carry the key of their process, without a version.
    """
    found: World = {}
    with engine.database.read() as connection:
        for world in _read_worlds(engine, connection, key, sources):
            found |= world
    places: dict[str, list[Element]] = {key: []}
    for (process, _), one in found.items():
        if one.kind in _WAITED_AT:
            places.setdefault(process, []).append(replace(one, process_key=process))
    names = {process: found.get((process, process)) or Element(process, "process", process) for process in places}
    return [(names[process], elements) for process, elements in places.items() if elements]


def _read_worlds(engine: Engine, connection: Connection, key: str, sources: Sequence[str]) -> list[World]:
    """The elements cases of these versions may stand at: of each version, and of each set of versions running cases
    have pinned, called processes included.
    """
    catalogue = engine.catalogue
    worlds: list[World] = [
        {(key, one.id): one for one in catalogue.elements(connection, source).values()} for source in sources
    ]
    pins = select(instance.c.pin_set_id).where(instance.c.definition_id.in_(sources), instance.c.status == ACTIVE)
    for pin_set_id in connection.execute(pins.distinct()).scalars():
        specs = catalogue.process(connection, catalogue.pins(connection, pin_set_id), key)
        worlds.append({(split_version(process)[0], element): one for (process, element), one in specs.elements.items()})
    return worlds


def _count_waiting(connection: Connection, sources: Sequence[str]) -> Counter[tuple[str, str]]:
    query = (
        select(definition.c.key, task.c.element, func.count().label("waiting"))
        .join(instance, instance.c.id == task.c.instance_id)
        .join(definition, definition.c.id == task.c.definition_id)
        .where(instance.c.definition_id.in_(sources))
        .group_by(definition.c.key, task.c.element)
    )
    return Counter({(row.key, row.element): row.waiting for row in connection.execute(query)})


def fetch_migration(
    engine: Engine,
    actor: Actor,
    migration_id: str,
    verdict: str = "",
    state: str = "",
    reason: str = "",
    element: str = "",
    after: str = "",
) -> MigrationView:
    """A plan with the cases of a verdict, in a state, for a reason, or with an element to blame (`process/element`).

    Raises NotFound.
    """
    require_analyst(actor)
    with engine.database.read() as connection:
        found = find_migration(connection, migration_id)
        if found is None:
            raise NotFound("migration", migration_id)
        elements = _read_elements(engine, connection, found)
        query = (
            select(*_SHOWN)
            .join(instance, instance.c.id == migration_item.c.instance_id)
            .where(migration_item.c.migration_id == migration_id, migration_item.c.instance_id > after)
            .order_by(migration_item.c.instance_id)
            .limit(ROWS + 1)
        )
        process, _, blamed = element.partition("/")
        wanted = {"verdict": verdict, "state": state, "reason": reason, "process_key": process, "element": blamed}
        query = query.where(*(migration_item.c[column] == asked for column, asked in wanted.items() if asked))
        rows = connection.execute(query).all()
        cases = [_read_case(row, elements) for row in rows[:ROWS]]
        more = cases[-1].instance_id if len(rows) > ROWS else None
        row, findings = _read(connection, found), _read_findings(connection, migration_id)
        return MigrationView(row, _count_revertible(connection, row), findings, cases, more, elements)


def _count_revertible(connection: Connection, row: MigrationRow) -> int:
    if row.state not in REVERTED_FROM or not row.count(MIGRATED):
        return 0
    query = (
        select(func.count())
        .select_from(migration_item)
        .join(instance, instance.c.id == migration_item.c.instance_id)
        .where(migration_item.c.migration_id == row.id, _CAN_BE_REVERTED)
    )
    return int(connection.execute(query).scalar_one())


def _read_elements(engine: Engine, connection: Connection, row: Any) -> dict[str, Element]:
    """Those of the target and all it calls, and those of the old versions, which names are told in."""
    catalogue = engine.catalogue
    target = catalogue.process(connection, catalogue.pins(connection, row.pin_set_id), row.process_key)
    found = {f"{key.partition('@')[0]}/{element}": one for (key, element), one in target.elements.items()}
    for source in row.sources:
        found |= {f"{one.process_key}/{one.id}": one for one in catalogue.elements(connection, source).values()}
    return found


def _read_findings(connection: Connection, migration_id: str) -> list[Finding]:
    columns = [migration_item.c[name] for name in ("verdict", "reason", "process_key", "element")]
    states, facts = func.min(migration_item.c.state).label("state"), func.max(migration_item.c.facts).label("facts")
    query = (
        select(*columns, states, facts, func.count().label("number"))
        .where(migration_item.c.migration_id == migration_id, migration_item.c.reason.is_not(None))
        .group_by(*columns)
        .order_by(columns[0], func.count().desc())
    )
    return [
        Finding(
            row.verdict or "",
            row.reason,
            row.process_key or "",
            row.element or "",
            row.state,
            row.facts or {},
            row.number,
        )
        for row in connection.execute(query)
    ]


def _read_case(row: Any, elements: Mapping[str, Element]) -> MovedCase:
    places = [elements.get(one) or Element(one.partition("/")[2], "unknown", "") for one in row.places or ()]
    return MovedCase(**{**row._mapping, "facts": row.facts or {}, "places": places})


def _read(connection: Connection, row: Any) -> MigrationRow:
    ids = [*row.sources, row.target_id]
    query = select(definition).where(definition.c.id.in_(ids), definition.c.kind == PROCESS)
    known = {one.id: one for one in connection.execute(query)}
    target = known[row.target_id]
    return MigrationRow(
        row.id,
        row.process_key,
        target.name_zh,
        target.name_en,
        sorted(known[one].version for one in row.sources),
        row.sources,
        target.version,
        row.target_id,
        row.state,
        row.actor_id,
        row.created_at,
        row.ended_at,
        row.renamed,
        read_filters(row.filters),
        count_items(connection, row.id),
    )
