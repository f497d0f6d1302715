"""Incidents as operators see them: those of one cause together, and one with what was kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, select

from engine.language.model import Element
from engine.language.state import read_task_data
from engine.queries.elements import find_element
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.plain import PlainDict
from engine.storage.tables import definition, incident, instance, submission

MAX_ROWS = 500


@dataclass(frozen=True)
class OpenIncident:
    """One case that cannot go on: `since` the first of its `attempts`, all of which failed."""

    id: str
    instance_id: str
    business_key: str | None
    subject_zh: str
    subject_en: str
    since: datetime
    opened_at: datetime
    attempts: int


@dataclass(frozen=True)
class Cause:
    """Why an element stops: `code` is the kind of error, `facts` are line, variable and the like."""

    process_key: str
    process_zh: str
    process_en: str
    version: int
    element: Element
    code: str | None
    message: str
    facts: PlainDict


@dataclass(frozen=True)
class Group:
    """Incidents of one element with one message, the oldest first."""

    cause: Cause
    incidents: list[OpenIncident]


@dataclass(frozen=True)
class Kept:
    """What was sent last before the case stopped: it is not lost."""

    element: Element
    actor_id: str
    submitted_at: datetime


@dataclass(frozen=True)
class IncidentView:
    """One incident; `data` are those of the element as it stands, empty once it is resolved.

    `present`: the open incident of the same step, if this one ended with an attempt that failed again.
    """

    incident: OpenIncident
    cause: Cause
    resolved_at: datetime | None
    kept: Kept | None
    data: PlainDict
    present: str | None


_earlier = incident.alias("earlier")
_IS_OF_TASK = _earlier.c.task_id == incident.c.task_id
_OPEN = select(incident.c.id).where(incident.c.task_id == bindparam("task_id_"), incident.c.resolved_at.is_(None))


def list_causes(engine: Engine) -> list[Group]:
    """The oldest open incidents, the cause that stops most cases first; at most MAX_ROWS incidents."""
    groups: dict[tuple[str, str, str], Group] = {}
    query = _select().where(incident.c.resolved_at.is_(None)).order_by(incident.c.opened_at, incident.c.id)
    with engine.database.read() as connection:
        for row in connection.execute(query.limit(MAX_ROWS)):
            key = (row.case_process, row.element, row.message)
            if key not in groups:
                groups[key] = Group(_read_cause(engine, connection, row), [])
            groups[key].incidents.append(_read_incident(row))
    return sorted(groups.values(), key=lambda group: -len(group.incidents))


def fetch_incident(engine: Engine, incident_id: str) -> IncidentView:
    """One incident, resolved or not. Raises NotFound."""
    query = _select().add_columns(instance.c.state).where(incident.c.id == incident_id)
    with engine.database.read() as connection:
        row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound("incident", incident_id)
        is_open = row.resolved_at is None
        data = read_task_data(row.state, row.task_id) if is_open else {}
        kept = _find_kept(engine, connection, row)
        present = None if is_open else connection.execute(_OPEN, {"task_id_": row.task_id}).scalar()
        cause = _read_cause(engine, connection, row)
        return IncidentView(_read_incident(row), cause, row.resolved_at, kept, data, present)


def list_same(engine: Engine, incident_id: str, limit: int) -> list[str]:
    """The open incidents of the same element with the same message, the oldest first."""
    one, other = incident.alias("one"), incident
    is_same = and_(other.c.element == one.c.element, other.c.message == one.c.message, other.c.resolved_at.is_(None))
    holder = instance.alias("holder")
    query = (
        select(other.c.id)
        .join(one, is_same)
        .join(instance, instance.c.id == other.c.instance_id)
        .join(holder, and_(holder.c.id == one.c.instance_id, holder.c.process_key == instance.c.process_key))
        .where(one.c.id == incident_id)
        .order_by(other.c.opened_at, other.c.id)
        .limit(limit)
    )
    with engine.database.read() as connection:
        return list(connection.execute(query).scalars())


def _select() -> Select[Any]:
    return (
        select(
            *(column for column in incident.c if column.name != "process_key"),
            incident.c.process_key.label("drawn_in"),
            instance.c.process_key.label("case_process"),
            instance.c.business_key,
            instance.c.subject_zh,
            instance.c.subject_en,
            instance.c.pin_set_id,
            definition.c.name_zh,
            definition.c.name_en,
            definition.c.version,
            select(func.count()).select_from(_earlier).where(_IS_OF_TASK).scalar_subquery().label("attempts"),
            select(func.min(_earlier.c.opened_at)).where(_IS_OF_TASK).scalar_subquery().label("since"),
        )
        .join(instance, instance.c.id == incident.c.instance_id)
        .join(definition, definition.c.id == instance.c.definition_id)
    )


def _read_incident(row: Row[Any]) -> OpenIncident:
    named = (row.id, row.instance_id, row.business_key, row.subject_zh, row.subject_en)
    return OpenIncident(*named, row.since, row.opened_at, row.attempts)


def _read_cause(engine: Engine, connection: Connection, row: Row[Any]) -> Cause:
    element = find_element(engine, connection, row.pin_set_id, row.case_process, row.element, row.drawn_in)
    process = (row.case_process, row.name_zh, row.name_en, row.version)
    return Cause(*process, element, row.code, row.message, row.facts or {})


def _find_kept(engine: Engine, connection: Connection, row: Row[Any]) -> Kept | None:
    """The last form of a person; what operators and workers sent is told elsewhere."""
    query = (
        select(submission.c.element, submission.c.actor_id, submission.c.submitted_at)
        .where(
            submission.c.instance_id == row.instance_id,
            submission.c.element.is_not(None),
            submission.c.scope.startswith("task:"),
            submission.c.submitted_at <= row.since,
        )
        .order_by(submission.c.submitted_at.desc())
        .limit(1)
    )
    found = connection.execute(query).one_or_none()
    if found is None:
        return None
    element = find_element(engine, connection, row.pin_set_id, row.case_process, found.element)
    return Kept(element, found.actor_id, found.submitted_at)
