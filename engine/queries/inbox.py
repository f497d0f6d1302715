"""The inbox: open tasks an actor may do."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, true

from engine.language.model import Element
from engine.queries.page import MAX_LIMIT, Page
from engine.records.access import is_candidate, is_mine
from engine.runtime.engine import Engine
from engine.storage.actor import Actor
from engine.storage.tables import EPOCH, Instant, instance, task

MINE, GROUP, ALL, LATE = "mine", "group", "all", "late"
VIEWS = (MINE, GROUP, ALL, LATE)
NEVER = EPOCH + timedelta(days=365_000)  # sorts tasks without a due date last


@dataclass(frozen=True)
class TaskRow:
    """One line of the inbox."""

    id: str
    instance_id: str
    element: Element
    process_key: str
    business_key: str | None
    subject_zh: str
    subject_en: str
    amount_fen: int | None
    assignee_id: str | None
    priority: int
    created_at: datetime
    due_at: datetime | None


def list_tasks(
    engine: Engine,
    actor: Actor,
    view: str = ALL,
    search: str = "",
    process_key: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[TaskRow]:
    """Tasks by due date, those without one last."""
    limit = min(limit, MAX_LIMIT)
    due = func.coalesce(task.c.due_at, literal(NEVER, Instant), type_=Instant)
    query = _select(actor, view, search, process_key, engine.clock()).add_columns(due.label("sort_due"))
    if after:
        at, _, last_id = after.partition(":")
        instant = EPOCH + timedelta(microseconds=int(at))
        query = query.where(or_(due > instant, and_(due == instant, task.c.id > last_id)))
    with engine.database.read() as connection:
        rows = connection.execute(query.order_by(due, task.c.id).limit(limit + 1)).all()
        found = [
            TaskRow(
                row.id,
                row.instance_id,
                engine.catalogue.elements(connection, row.definition_id)[row.element],
                row.process_key,
                row.business_key,
                row.subject_zh,
                row.subject_en,
                row.amount_fen,
                row.assignee_id,
                row.priority,
                row.created_at,
                row.due_at,
            )
            for row in rows[:limit]
        ]
    is_more = len(rows) > limit
    last = found[-1] if found else None
    cursor = f"{((last.due_at or NEVER) - EPOCH) // timedelta(microseconds=1)}:{last.id}" if last and is_more else None
    return Page(found, cursor)


def count_tasks(engine: Engine, actor: Actor) -> dict[str, int]:
    """How many tasks each view holds."""
    now = engine.clock()
    query = select(
        func.count().label(ALL),
        func.count().filter(_view(actor, MINE, now)).label(MINE),
        func.count().filter(_view(actor, GROUP, now)).label(GROUP),
        func.count().filter(_view(actor, LATE, now)).label(LATE),
    ).where(is_candidate(actor))
    with engine.database.read() as connection:
        row = connection.execute(query).one()
    return {view: getattr(row, view) for view in VIEWS}


def _select(actor: Actor, view: str, search: str, process_key: str, now: datetime) -> Select[tuple[object, ...]]:
    query = (
        select(
            task,
            instance.c.process_key,
            instance.c.business_key,
            instance.c.subject_zh,
            instance.c.subject_en,
            instance.c.amount_fen,
        )
        .join(instance, instance.c.id == task.c.instance_id)
        .where(is_candidate(actor), _view(actor, view, now))
    )
    if search:
        like = [instance.c.business_key, instance.c.subject_zh, instance.c.subject_en]
        query = query.where(or_(*(column.icontains(search, autoescape=True) for column in like)))
    if process_key:
        query = query.where(instance.c.process_key == process_key)
    return query


def _view(actor: Actor, view: str, now: datetime) -> ColumnElement[bool]:
    if view == MINE:
        return is_mine(actor)
    if view == GROUP:
        return and_(~is_mine(actor), task.c.assignee_id.is_(None))
    if view == LATE:
        return and_(task.c.due_at < now, or_(task.c.assignee_id.is_(None), is_mine(actor)))
    return true()
