"""Process instances as auditors look at them: found by what is known, and shown as history tells them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, exists, or_, select

from engine.definitions.catalogue import PROCESS, Pins
from engine.language.model import Element
from engine.queries.page import MAX_LIMIT, Page
from engine.queries.story import Story, tell_story
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.actor import Actor
from engine.storage.tables import definition, incident, instance, instance_party, party, submission, task

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


@dataclass(frozen=True)
class Drawing:
    """A diagram of the case: its own, or that of a process it called."""

    process_key: str
    name_zh: str
    name_en: str
    xml: bytes


@dataclass(frozen=True)
class FilledForm:
    """A form as it was submitted."""

    element: Element
    form_id: str
    actor_id: str
    party_id: str
    acting_role: str
    content: dict[str, Any]
    submitted_at: datetime


@dataclass(frozen=True)
class OpenWork:
    """An open task of the case: why it waits, since when, until when, for whom."""

    element: Element
    assignee_id: str | None
    created_at: datetime
    due_at: datetime | None


@dataclass(frozen=True)
class Incident:
    """Something that could not go on."""

    id: str
    element: str
    message: str
    opened_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True)
class CaseParty:
    """One of the case's own parties."""

    party_id: str
    relation: str
    name_zh: str
    name_en: str


@dataclass(frozen=True)
class CaseView:
    """Everything history and the work list say of one case."""

    case: CaseRow
    drawings: list[Drawing]
    story: Story
    forms: list[FilledForm]
    open_work: list[OpenWork]
    incidents: list[Incident]
    parties: list[CaseParty]


def search_cases(
    engine: Engine, actor: Actor, wanted: CaseFilter, after: str | None = None, limit: int = 50
) -> Page[CaseRow]:
    """Cases, newest first. Raises NotFound for whoever may not look at cases."""
    _require_reader(actor)
    limit = min(limit, MAX_LIMIT)
    query = _conditions(_select_cases(), wanted)
    if after:
        query = query.where(instance.c.id < after)
    with engine.database.read() as connection:
        rows = connection.execute(query.order_by(instance.c.id.desc()).limit(limit + 1)).all()
    found = [_read_case(row) for row in rows[:limit]]
    return Page(found, found[-1].id if len(rows) > limit else None)


def fetch_case(engine: Engine, actor: Actor, instance_id: str) -> CaseView:
    """One case. Raises NotFound, for whoever may not look at cases as well."""
    _require_reader(actor)
    with engine.database.read() as connection:
        row = connection.execute(_select_cases().where(instance.c.id == instance_id)).one_or_none()
        if row is None:
            raise NotFound("case", instance_id)
        pins = engine.catalogue.pins(connection, row.pin_set_id)
        specs = engine.catalogue.process(connection, pins, row.process_key)
        story = tell_story(read_stream(connection, instance_id), specs)
        keys = list(dict.fromkeys(key for key, _ in specs.elements))
        return CaseView(
            _read_case(row),
            [_read_drawing(connection, pins, key) for key in keys if key in story.processes],
            story,
            _read_forms(connection, instance_id, story),
            _read_open_work(engine, connection, instance_id),
            _read_incidents(connection, instance_id),
            _read_parties(connection, instance_id),
        )


def _require_reader(actor: Actor) -> None:
    if actor.role not in READERS:
        raise NotFound("case", "")


def _select_cases() -> Select[Any]:
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


def _read_case(row: Row[Any]) -> CaseRow:
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


def _read_drawing(connection: Connection, pins: Pins, key: str) -> Drawing:
    row = connection.execute(
        select(definition.c.name_zh, definition.c.name_en, definition.c.content).where(
            definition.c.id == pins.find(PROCESS, key)
        )
    ).one()
    return Drawing(key, row.name_zh, row.name_en, row.content)


def _read_forms(connection: Connection, instance_id: str, story: Story) -> list[FilledForm]:
    rows = connection.execute(
        select(submission)
        .where(submission.c.instance_id == instance_id, submission.c.form_id.is_not(None))
        .order_by(submission.c.submitted_at, submission.c.scope)
    )
    return [
        FilledForm(
            story.element(row.scope.removeprefix("task:"), row.element),
            row.form_id,
            row.actor_id,
            row.party_id,
            row.acting_role,
            row.content,
            row.submitted_at,
        )
        for row in rows
    ]


def _read_open_work(engine: Engine, connection: Connection, instance_id: str) -> list[OpenWork]:
    rows = connection.execute(select(task).where(task.c.instance_id == instance_id).order_by(task.c.created_at))
    return [
        OpenWork(
            engine.catalogue.elements(connection, row.definition_id)[row.element],
            row.assignee_id,
            row.created_at,
            row.due_at,
        )
        for row in rows
    ]


def _read_incidents(connection: Connection, instance_id: str) -> list[Incident]:
    rows = connection.execute(
        select(incident).where(incident.c.instance_id == instance_id).order_by(incident.c.opened_at)
    )
    return [Incident(row.id, row.element, row.message, row.opened_at, row.resolved_at) for row in rows]


def _read_parties(connection: Connection, instance_id: str) -> list[CaseParty]:
    rows = connection.execute(
        select(instance_party.c.party_id, instance_party.c.relation, party.c.name_zh, party.c.name_en)
        .join(party, party.c.id == instance_party.c.party_id)
        .where(instance_party.c.instance_id == instance_id)
        .order_by(instance_party.c.relation)
    )
    return [CaseParty(*row) for row in rows]
