"""Migrations as they are written down: plans, the cases in them, and what elements of a case were called before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from engine.language.migration import Renamed
from engine.storage.clock import format_instant, parse_instant
from engine.storage.migrating import former_element, migration, migration_item
from engine.storage.plain import PlainDict
from engine.storage.prepared import Prepared
from engine.storage.tables import instance, instance_party, party

CHUNK_ITEMS = 100
# of a migration
TRYING, TRIED, RUNNING, PAUSED, REVERTING, ENDED, DROPPED = (
    "trying",
    "tried",
    "running",
    "paused",
    "reverting",
    "ended",
    "cancelled",
)
# of a case in it
NEW, PLANNED, CHOSEN, MIGRATED, SKIPPED, FAILED, LEAVING, REVERTED = ITEM_STATES = (
    "new",
    "planned",
    "chosen",
    "migrated",
    "skipped",
    "failed",
    "leaving",
    "reverted",
)
TO_DO = {TRYING: NEW, RUNNING: CHOSEN, REVERTING: LEAVING}
"""In which state the cases are that a migration in this state still has to look at."""
REVERTED_FROM = (PAUSED, ENDED, DROPPED)
"""In which states cases may be put back."""
CLEAN, DIFFERS, BLOCKED = VERDICTS = "clean", "differs", "blocked"

_IS_ITEM = and_(
    migration_item.c.migration_id == bindparam("migration_id_"),
    migration_item.c.instance_id == bindparam("instance_id_"),
)
_FIND = Prepared(select(migration).where(migration.c.id == bindparam("migration_id_")))
_NEXT = Prepared(
    select(migration_item.c.instance_id)
    .where(migration_item.c.migration_id == bindparam("migration_id_"), migration_item.c.state == bindparam("state_"))
    .order_by(migration_item.c.instance_id)
    .limit(CHUNK_ITEMS)
)
_ITEM = Prepared(select(migration_item).where(_IS_ITEM))
_HOLD = Prepared(
    select(migration.c.state).where(migration.c.id == bindparam("migration_id_")).with_for_update(read=True)
)


@dataclass(frozen=True)
class Filters:
    """Which running cases; an empty part says nothing. `element` is `process/element` where a case waits."""

    element: str = ""
    text: str = ""  # business key, subject or id
    party: str = ""  # id or part of the name of one of its parties
    started_from: datetime | None = None
    started_to: datetime | None = None
    least_fen: int | None = None
    most_fen: int | None = None

    def write(self) -> PlainDict:
        """As a row keeps it: only what says something."""
        values = {name: value for name, value in asdict(self).items() if value not in ("", None)}
        return {name: format_instant(v) if isinstance(v, datetime) else v for name, v in values.items()}


def read_filters(content: Mapping[str, Any]) -> Filters:
    """What `Filters.write` wrote."""
    instants = {name: parse_instant(str(content[name])) for name in ("started_from", "started_to") if name in content}
    return Filters(**{**content, **instants})


def list_running(
    connection: Connection, process_key: str, sources: Sequence[str], pin_set_id: str, filters: Filters
) -> list[str]:
    """The running cases of these versions that do not run on the target's versions already."""
    query = select(instance.c.id).where(
        instance.c.process_key == process_key,
        instance.c.status == "active",
        instance.c.definition_id.in_(sources),
        instance.c.pin_set_id != pin_set_id,
    )
    return list(connection.execute(_filter(query, filters).order_by(instance.c.id)).scalars())


def _filter(query: Select[Any], filters: Filters) -> Select[Any]:
    if filters.text:
        columns = (instance.c.business_key, instance.c.subject_zh, instance.c.subject_en)
        like = [column.icontains(filters.text, autoescape=True) for column in columns]
        query = query.where(or_(instance.c.id == filters.text, *like))
    if filters.party:
        named = or_(*(name.icontains(filters.party, autoescape=True) for name in (party.c.name_zh, party.c.name_en)))
        is_party = or_(
            instance_party.c.party_id == filters.party, instance_party.c.party_id.in_(select(party.c.id).where(named))
        )
        query = query.where(exists(select(1).where(instance_party.c.instance_id == instance.c.id, is_party)))
    bounds = (
        (filters.started_from, instance.c.started_at.__ge__),
        (filters.started_to, instance.c.started_at.__lt__),
        (filters.least_fen, instance.c.amount_fen.__ge__),
        (filters.most_fen, instance.c.amount_fen.__le__),
    )
    for bound, compare in bounds:
        if bound is not None:
            query = query.where(compare(bound))
    return query


def find_migration(connection: Connection, migration_id: str) -> Any:
    """The row of a migration; None if there is none."""
    return _FIND.first(connection, {"migration_id_": migration_id})


def lock_migration(connection: Connection, migration_id: str) -> Any:
    """The same, held until the end of the transaction."""
    query = select(migration).where(migration.c.id == migration_id).with_for_update()
    return connection.execute(query).one_or_none()


def hold_state(connection: Connection, migration_id: str) -> str:
    """The state of a migration, which nobody changes until the end of the transaction; others may hold it as well."""
    return str(_HOLD.scalar(connection, {"migration_id_": migration_id}))


def add_migration(connection: Connection, row: Mapping[str, Any], instance_ids: Iterable[str]) -> None:
    """Writes a plan down with its cases, none of them tried yet."""
    connection.execute(insert(migration), row)
    items = [
        {"migration_id": row["id"], "instance_id": one, "state": NEW, "changed_at": row["created_at"]}
        for one in instance_ids
    ]
    if items:
        connection.execute(insert(migration_item), items)


def change_migration(connection: Connection, migration_id: str, **values: object) -> None:
    """Changes the state of a migration."""
    connection.execute(update(migration).where(migration.c.id == migration_id).values(values))


def next_items(connection: Connection, migration_id: str, state: str) -> list[str]:
    """The next cases in this state, at most CHUNK_ITEMS."""
    return [row.instance_id for row in _NEXT.all(connection, {"migration_id_": migration_id, "state_": state})]


def find_item(connection: Connection, migration_id: str, instance_id: str) -> Any:
    """A case of a migration; None if it is not in it."""
    return _ITEM.first(connection, {"migration_id_": migration_id, "instance_id_": instance_id})


def change_item(connection: Connection, migration_id: str, instance_id: str, now: datetime, **values: object) -> None:
    """Writes down what came of a case."""
    is_item = migration_item.c.migration_id == migration_id, migration_item.c.instance_id == instance_id
    connection.execute(update(migration_item).where(*is_item).values(values | {"changed_at": now}))


def drop_items(connection: Connection, migration_id: str, instance_ids: Sequence[str]) -> None:
    """Takes cases out of a plan that its filters do not mean."""
    if instance_ids:
        is_item = migration_item.c.migration_id == migration_id, migration_item.c.instance_id.in_(instance_ids)
        connection.execute(delete(migration_item).where(*is_item))


def change_items(
    connection: Connection,
    migration_id: str,
    now: datetime,
    before: str,
    after: str,
    verdicts: Sequence[str] = (),
    instance_ids: Sequence[str] | None = None,
) -> int:
    """Moves cases from one state to another, of some verdicts or by id; how many."""
    where = [migration_item.c.migration_id == migration_id, migration_item.c.state == before]
    if verdicts:
        where.append(migration_item.c.verdict.in_(verdicts))
    if instance_ids is not None:
        where.append(migration_item.c.instance_id.in_(instance_ids))
    changed = connection.execute(update(migration_item).where(*where).values(state=after, changed_at=now))
    return changed.rowcount


def count_items(connection: Connection, migration_id: str) -> dict[tuple[str, str | None], int]:
    """How many cases of a migration are in each state, by verdict."""
    query = (
        select(migration_item.c.state, migration_item.c.verdict, func.count())
        .where(migration_item.c.migration_id == migration_id)
        .group_by(migration_item.c.state, migration_item.c.verdict)
    )
    return {(state, verdict): count for state, verdict, count in connection.execute(query)}


def add_former_elements(connection: Connection, instance_id: str, renamed: Renamed) -> None:
    """Keeps what elements were called before, those names included that they had before that."""
    known = connection.execute(
        select(former_element.c.element, former_element.c.former).where(former_element.c.instance_id == instance_id)
    ).all()
    pairs = {(new, old) for (_, old), new in renamed.items()}
    pairs |= {(new, row.former) for new, old in pairs for row in known if row.element == old}
    fresh = sorted(pairs - {(row.element, row.former) for row in known})
    if fresh:
        rows = [{"instance_id": instance_id, "element": element, "former": former} for element, former in fresh]
        connection.execute(insert(former_element), rows)


def remove_former_elements(connection: Connection, instance_id: str, renamed: Renamed) -> None:
    """Forgets the former names of elements whose renaming was taken back."""
    names = sorted(renamed.values())
    is_there = former_element.c.instance_id == instance_id, former_element.c.element.in_(names)
    connection.execute(delete(former_element).where(*is_there))
