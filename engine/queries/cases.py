"""Process instances found by what is known of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, exists, or_, select

from engine.queries.page import MAX_LIMIT, Page
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.actor import Actor
from engine.storage.tables import definition, incident, instance, instance_party, party, task

READERS = frozenset({"auditor", "platform_operator", "customer_service", "arbiter"})


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


def search_cases(
    engine: Engine, actor: Actor, wanted: CaseFilter, after: str | None = None, limit: int = 50
) -> Page[CaseRow]:
    """Cases, newest first. Raises NotFound for whoever may not look at cases."""
    require_reader(actor)
    limit = min(limit, MAX_LIMIT)
    query = _conditions(select_cases(), wanted)
    if after:
        query = query.where(instance.c.id < after)
    with engine.database.read() as connection:
        rows = connection.execute(query.order_by(instance.c.id.desc()).limit(limit + 1)).all()
    found = [read_case(row) for row in rows[:limit]]
    return Page(found, found[-1].id if len(rows) > limit else None)


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


def _conditions(query: Select[Any], wanted: CaseFilter) -> Select[Any]:
    if wanted.text:
        columns = (instance.c.business_key, instance.c.subject_zh, instance.c.subject_en)
        like = [column.icontains(wanted.text, autoescape=True) for column in columns]
        query = query.where(or_(instance.c.id == wanted.text, *like))
    if wanted.party:
        names = (party.c.name_zh, party.c.name_en)
        like = [column.icontains(wanted.party, autoescape=True) for column in names]
        query = query.where(
            exists(
                select(1)
                .join(party, party.c.id == instance_party.c.party_id)
                .where(
                    instance_party.c.instance_id == instance.c.id,
                    or_(instance_party.c.party_id == wanted.party, *like),
                )
            )
        )
    if wanted.element:
        waits = and_(task.c.instance_id == instance.c.id, task.c.element == wanted.element)
        query = query.where(exists(select(1).where(waits)))
    if wanted.process_key:
        query = query.where(instance.c.process_key == wanted.process_key)
    if wanted.status == "incident":
        open_incident = and_(incident.c.instance_id == instance.c.id, incident.c.resolved_at.is_(None))
        query = query.where(exists(select(1).where(open_incident)))
    elif wanted.status:
        query = query.where(instance.c.status == wanted.status)
    if wanted.started_from:
        query = query.where(instance.c.started_at >= wanted.started_from)
    if wanted.started_to:
        query = query.where(instance.c.started_at < wanted.started_to)
    return query


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
