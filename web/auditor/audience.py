"""Whom the open tasks of a case wait for."""

from sqlalchemy import Connection, select

from engine.storage.tables import task, task_candidate

PARTY, GROUP = "party", "group"


def list_audience(connection: Connection, instance_id: str) -> dict[str, list[tuple[str, str]]]:
    """By element of the open tasks: the parties and groups that may take them, as (kind, id)."""
    rows = connection.execute(
        select(task.c.element, task_candidate.c.kind, task_candidate.c.value)
        .join(task_candidate, task_candidate.c.task_id == task.c.id)
        .where(task.c.instance_id == instance_id, task_candidate.c.kind.in_((PARTY, GROUP)))
        .order_by(task_candidate.c.kind, task_candidate.c.value)
    )
    audience: dict[str, list[tuple[str, str]]] = {}
    for element, kind, value in rows:
        audience.setdefault(element, []).append((kind, value))
    return audience
