"""The inbox: open tasks an actor may do."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from engine.language.model import Element
from engine.queries.page import MAX_LIMIT, Page
from engine.records.access import (
    IS_CANDIDATE,
    IS_CANDIDATE_OF_FEW,
    IS_FREE,
    IS_MINE,
    IS_POOLED,
    NAMES_ACTOR,
    describe_actor,
)
from engine.runtime.engine import Engine
from engine.storage.actor import Actor
from engine.storage.tables import EPOCH, Instant, instance, task, task_candidate

MINE, GROUP, ALL, LATE = "mine", "group", "all", "late"
VIEWS = (MINE, GROUP, ALL, LATE)
COUNT_LIMIT = 100
# An actor who is a candidate of few tasks is served from his side, another from the list of all tasks in their order.
FEW_TASKS = 3_000
NO_DUE_DATE = "-"

_VIEWS: dict[str, ColumnElement[bool]] = {
    MINE: IS_MINE,
    GROUP: IS_POOLED,
    ALL: true(),
    LATE: and_(task.c.due_at < bindparam("now", type_=Instant), IS_FREE),
}
_COUNT_POOL = select(func.count()).select_from(
    select(literal_column("1")).select_from(task_candidate).where(NAMES_ACTOR).limit(FEW_TASKS + 1).subquery()
)


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
    values = describe_actor(actor) | {"now": engine.clock(), "search": _escape(search), "process_key": process_key}
    due, _, last_id = (after or "").partition(":")
    if after:
        values["last_id"] = last_id
    if after and due != NO_DUE_DATE:
        values["last_due"] = EPOCH + timedelta(microseconds=int(due))
    with engine.database.read() as connection:
        shape = (view, _has_few(connection, values), bool(search), bool(process_key))
        rows: list[Any] = []
        if due != NO_DUE_DATE:
            query = _list_query(*shape, has_due_date=True, is_continued=bool(after))
            rows += connection.execute(query, values | {"rows": limit + 1})
        if len(rows) <= limit:
            query = _list_query(*shape, has_due_date=False, is_continued=due == NO_DUE_DATE)
            rows += connection.execute(query, values | {"rows": limit + 1 - len(rows)})
        found = [_read(engine, connection, row) for row in rows[:limit]]
    return Page(found, _mark(found[-1]) if len(rows) > limit else None)


def count_tasks(engine: Engine, actor: Actor) -> dict[str, int]:
    """How many tasks each view holds; COUNT_LIMIT stands for that many or more."""
    values = describe_actor(actor) | {"now": engine.clock()}
    with engine.database.read() as connection:
        row = connection.execute(_count_query(_has_few(connection, values)), values).one()
    return dict(zip(VIEWS, row, strict=True))


def _has_few(connection: Connection, values: dict[str, object]) -> bool:
    return connection.execute(_COUNT_POOL, values).scalar_one() <= FEW_TASKS


@lru_cache(maxsize=128)
def _list_query(
    view: str, has_few: bool, is_searched: bool, is_of_process: bool, *, has_due_date: bool, is_continued: bool
) -> Select[Any]:
    """Tasks with a due date and those without are two queries, so that each comes in order from an index."""
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
        .where(IS_CANDIDATE_OF_FEW if has_few else IS_CANDIDATE, _VIEWS[view])
        .limit(bindparam("rows", type_=Integer))
    )
    if has_due_date:
        query = query.where(task.c.due_at.is_not(None)).order_by(task.c.due_at, task.c.id)
    else:
        query = query.where(task.c.due_at.is_(None)).order_by(task.c.id)
    if is_continued:
        last = tuple_(bindparam("last_due", type_=Instant), bindparam("last_id", type_=String))
        is_later = (
            tuple_(task.c.due_at, task.c.id) > last if has_due_date else task.c.id > bindparam("last_id", type_=String)
        )
        query = query.where(is_later)
    if is_searched:
        searched = (instance.c.business_key, instance.c.subject_zh, instance.c.subject_en)
        query = query.where(or_(*(one.icontains(bindparam("search", type_=String), escape="/") for one in searched)))
    if is_of_process:
        query = query.where(instance.c.process_key == bindparam("process_key"))
    return query


@lru_cache(maxsize=2)
def _count_query(has_few: bool) -> Select[Any]:
    is_candidate = IS_CANDIDATE_OF_FEW if has_few else IS_CANDIDATE
    found = {view: select(task.c.id).where(is_candidate, _VIEWS[view]).limit(COUNT_LIMIT) for view in VIEWS}
    return select(*(select(func.count()).select_from(found[view].subquery()).scalar_subquery() for view in VIEWS))


def _read(engine: Engine, connection: Connection, row: Any) -> TaskRow:
    return TaskRow(
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


def _mark(last: TaskRow) -> str:
    """Where the next page begins."""
    due = NO_DUE_DATE if last.due_at is None else (last.due_at - EPOCH) // timedelta(microseconds=1)
    return f"{due}:{last.id}"


def _escape(search: str) -> str:
    return search.replace("/", "//").replace("%", "/%").replace("_", "/_")
