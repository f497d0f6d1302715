"""Incidents: an element that could not go on is tried again."""

from sqlalchemy import Connection, select

from engine.records.history import event
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.host import resolve_incidents
from engine.runtime.step import Command, Step, run_step
from engine.storage.actor import Actor
from engine.storage.plain import Plain
from engine.storage.tables import incident


def retry_incident(engine: Engine, actor: Actor, incident_id: str) -> None:
    """Runs the element of an open incident again. Raises NotFound if there is no open incident of that id."""
    with engine.database.read() as connection:
        row = _find(connection, incident_id)

    def act(step: Step) -> Plain:
        found = _find(step.connection, incident_id)
        resolve_incidents(step.connection, found[1], step.now)
        step.note(event("retried", task=found[1], incident=incident_id))
        step.case.retry(step.case.get_task_from_id(found[1]))
        return None

    run_step(engine, row[0], Command("retry", actor, act))


def _find(connection: Connection, incident_id: str) -> tuple[str, str]:
    row = connection.execute(
        select(incident.c.instance_id, incident.c.task_id).where(
            incident.c.id == incident_id, incident.c.resolved_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        raise NotFound("incident", incident_id)
    return row.instance_id, row.task_id
