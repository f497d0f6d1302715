"""Items and handlings as pages list them, for managers, handlers and supervisors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, or_, select

from engine.queries.inbox import find_tasks_of_case
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.notifications.tables import delivery, notification
from engine.services.todos.states import EXCEPTION
from engine.services.todos.tables import (
    todo_absence,
    todo_change,
    todo_exception,
    todo_handling,
    todo_item,
    todo_reminder,
    todo_transfer,
    todo_version,
)
from engine.services.todos.telling import subject_of
from engine.storage.actor import Actor

KEEPERS = frozenset({"todo_manager", "todo_reviewer", "todo_supervisor"})
LIMIT = 200


@dataclass(frozen=True)
class ItemLine:
    """An item in the manager's list. `change`: the case of its open change; `open_count`: handlings under way."""

    row: RowMapping
    change_id: str | None
    change_kind: str | None
    change_state: str | None
    open_count: int
    late_count: int


@dataclass(frozen=True)
class ItemView:
    """An item with its versions and its handlings, the newest first, and its open change."""

    item: RowMapping
    versions: Sequence[RowMapping]
    handlings: Sequence[RowMapping]
    change: RowMapping | None


@dataclass(frozen=True)
class Receipts:
    """How a notification of a handling got to one person: in the browser and on each channel."""

    user_id: str
    template: str
    created_at: datetime
    read_at: datetime | None
    delivered_at: datetime | None
    withdrawn_at: datetime | None
    channels: list[tuple[str, str]]


@dataclass(frozen=True)
class HandlingView:
    """A handling with all that happened to it."""

    row: RowMapping
    item: RowMapping
    transfers: Sequence[RowMapping]
    exceptions: Sequence[RowMapping]
    reminders: Sequence[RowMapping]
    receipts: list[Receipts]
    task_id: str | None


def list_items(connection: Connection, now: datetime, state: str, search: str) -> list[ItemLine]:
    """The newest items in a state (active, pending, deleted) whose title or number holds a text."""
    is_open = todo_handling.c.closed_at.is_(None)
    counts = (
        select(
            todo_handling.c.item_id,
            func.count().label("open_count"),
            func.count().filter(todo_handling.c.due_at < now).label("late_count"),
        )
        .where(is_open)
        .group_by(todo_handling.c.item_id)
        .subquery()
    )
    query = (
        select(todo_item, todo_change.c.id.label("change_id"), todo_change.c.kind.label("change_kind"))
        .add_columns(todo_change.c.state.label("change_state"), counts.c.open_count, counts.c.late_count)
        .outerjoin(todo_change, todo_change.c.open_item_id == todo_item.c.id)
        .outerjoin(counts, counts.c.item_id == todo_item.c.id)
        .where(todo_item.c.state == state)
        .order_by(todo_item.c.updated_at.desc(), todo_item.c.id.desc())
        .limit(LIMIT)
    )
    if search:
        query = query.where(
            or_(todo_item.c.title.icontains(search, autoescape=True), todo_item.c.number.icontains(search))
        )
    rows = connection.execute(query).mappings()
    return [
        ItemLine(
            row,
            row["change_id"],
            row["change_kind"],
            row["change_state"],
            row["open_count"] or 0,
            row["late_count"] or 0,
        )
        for row in rows
    ]


def count_items(connection: Connection) -> dict[str, int]:
    """How many items there are by state."""
    query = select(todo_item.c.state, func.count()).group_by(todo_item.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def fetch_item_view(connection: Connection, item_id: str) -> ItemView:
    """An item with all that became of it. Raises NotFound."""
    item = connection.execute(select(todo_item).where(todo_item.c.id == item_id)).mappings().one_or_none()
    if item is None:
        raise NotFound("todo", item_id)
    versions = select(todo_version).where(todo_version.c.item_id == item_id).order_by(todo_version.c.version.desc())
    handlings = select(todo_handling).where(todo_handling.c.item_id == item_id).order_by(todo_handling.c.id.desc())
    change = select(todo_change).where(todo_change.c.open_item_id == item_id)
    return ItemView(
        item,
        connection.execute(versions).mappings().all(),
        connection.execute(handlings.limit(LIMIT)).mappings().all(),
        connection.execute(change).mappings().one_or_none(),
    )


def fetch_handling_view(engine: Engine, actor: Actor, handling_id: str) -> HandlingView:
    """A handling, for those who keep items and for everybody who has or had it to do. Raises NotFound."""
    with engine.database.read() as connection:
        of_this = {"handling_id": handling_id}
        row = (
            connection.execute(select(todo_handling).where(todo_handling.c.id == handling_id)).mappings().one_or_none()
        )
        if row is None:
            raise NotFound("todo", handling_id)
        transfers, exceptions, reminders = (
            connection.execute(select(table).filter_by(**of_this).order_by(table.c.id)).mappings().all()
            for table in (todo_transfer, todo_exception, todo_reminder)
        )
        tasks = find_tasks_of_case(connection, actor, row["instance_id"]) if row["instance_id"] else {}
        receipts = _list_receipts(connection, handling_id)
        involved = {*row["handlers"], *row["chain"], *(one.user_id for one in receipts)}
        if not (tasks or actor.user_id in involved or actor.role in KEEPERS):
            raise NotFound("todo", handling_id)
        item = connection.execute(select(todo_item).where(todo_item.c.id == row["item_id"])).mappings().one()
    task_id = next(iter(tasks.values()), None)
    return HandlingView(row, item, transfers, exceptions, reminders, receipts, task_id)


def _list_receipts(connection: Connection, handling_id: str) -> list[Receipts]:
    query = select(notification).where(notification.c.subject == subject_of(handling_id)).order_by(notification.c.id)
    rows = connection.execute(query).all()
    sent = connection.execute(select(delivery).where(delivery.c.notification_id.in_([row.id for row in rows]))).all()
    return [
        Receipts(
            *(row.user_id, row.template, row.created_at, row.read_at, row.delivered_at, row.withdrawn_at),
            [(one.channel, one.state) for one in sent if one.notification_id == row.id],
        )
        for row in rows
    ]


def list_overdue(connection: Connection) -> list[tuple[RowMapping, RowMapping]]:
    """Handlings that have escalated or whose exception is open, with their items: the gravest first."""
    query = (
        select(todo_handling)
        .where(todo_handling.c.closed_at.is_(None), or_(todo_handling.c.level > 0, todo_handling.c.state == EXCEPTION))
        .order_by(todo_handling.c.level.desc(), todo_handling.c.due_at)
        .limit(LIMIT)
    )
    rows = connection.execute(query).mappings().all()
    ids = {row["item_id"] for row in rows}
    found = connection.execute(select(todo_item).where(todo_item.c.id.in_(ids))).mappings()
    items = {row["id"]: row for row in found}
    return [(row, items[row["item_id"]]) for row in rows]


def list_absences(connection: Connection, user_id: str, now: datetime) -> Sequence[RowMapping]:
    """The absences of a user that are not over."""
    query = select(todo_absence).where(
        todo_absence.c.user_id == user_id, todo_absence.c.until_at > now, todo_absence.c.ended_at.is_(None)
    )
    return connection.execute(query.order_by(todo_absence.c.from_at)).mappings().all()
