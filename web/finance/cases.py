"""The cases of platform finance: what is under way, what came of the rest, and the task one may do for each."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from engine.queries.candidates import place_of_processes
from engine.queries.inbox import TaskFilter, list_tasks
from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.runtime.step import ACTIVE, CANCELLED, COMPLETED
from engine.storage.actor import Actor
from engine.storage.tables import instance, task

MAX_CASES = 100


@dataclass(frozen=True)
class FinanceCase:
    """One case; `element` is the step it waits at, `task_id` the task if the reader may do it."""

    id: str
    process_key: str
    subject: tuple[str, str]
    amount_fen: int | None
    started_by: str
    started_at: datetime
    outcome: str | None
    element: str | None
    task_id: str | None


def list_cases(engine: Engine, connection: Connection, actor: Actor, *process_keys: str) -> list[FinanceCase]:
    """The newest cases of some processes, those that are under way first."""
    own = find_tasks(engine, actor, *process_keys)
    ids = _find_newest(connection, process_keys, (ACTIVE,), MAX_CASES)
    ids += _find_newest(connection, process_keys, (COMPLETED, CANCELLED), MAX_CASES - len(ids))
    told = (instance.c.id, instance.c.process_key, instance.c.subject_zh, instance.c.subject_en, instance.c.amount_fen)
    began = (instance.c.started_by, instance.c.started_at, instance.c.outcome)
    rows = connection.execute(
        select(*told, *began, task.c.element)
        .outerjoin(task, task.c.instance_id == instance.c.id)
        .where(instance.c.id.in_(ids))
        .order_by(instance.c.status != ACTIVE, instance.c.id.desc())
    )
    return [
        FinanceCase(
            id=row.id,
            process_key=row.process_key,
            subject=(row.subject_zh, row.subject_en),
            amount_fen=row.amount_fen,
            started_by=row.started_by,
            started_at=row.started_at,
            outcome=row.outcome,
            element=row.element,
            task_id=own.get(row.id),
        )
        for row in rows
    ]


def _find_newest(
    connection: Connection, process_keys: tuple[str, ...], statuses: tuple[str, ...], limit: int
) -> list[str]:
    return place_of_processes(process_keys, statuses).list_newest(connection, limit)


def find_tasks(engine: Engine, actor: Actor, *process_keys: str) -> dict[str, str]:
    """Case → the task in it that the actor may do now."""
    return {
        row.instance_id: row.id
        for key in process_keys
        for row in list_tasks(engine, actor, TaskFilter(process_key=key), limit=MAX_LIMIT).rows
    }
