"""External tasks: rows that workers outside find, lock and give back; no instance is loaded for any of it.

A row is written in the step that begins to wait and removed in the step that ends it. `free_at` is the only state of a
lock: from then on anybody may take the task; until then it is whose `lock_id` it carries.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, and_, bindparam, delete, insert, or_, select, update

from engine.storage.ids import new_id
from engine.storage.outside import external_task
from engine.storage.plain import PlainDict
from engine.storage.tables import instance

_INSERT = insert(external_task)
_DELETE = delete(external_task).where(external_task.c.task_id.in_(bindparam("ids", expanding=True)))
_IS_FREE = and_(
    external_task.c.topic.in_(bindparam("topics", expanding=True)),
    external_task.c.free_at <= bindparam("now"),
    or_(external_task.c.retries.is_(None), external_task.c.retries > 0),
)
_FREE: Select[tuple[str]] = (
    select(external_task.c.task_id)
    .where(_IS_FREE)
    .order_by(external_task.c.created_at, external_task.c.task_id)
    .limit(bindparam("limit"))
)
_DESCRIBE = (
    select(external_task, instance.c.process_key, instance.c.business_key)
    .join(instance, instance.c.id == external_task.c.instance_id)
    .where(external_task.c.task_id.in_(bindparam("ids", expanding=True)))
    .order_by(external_task.c.created_at, external_task.c.task_id)
)


@dataclass(frozen=True)
class Lock:
    """Whose task it is for a while: the worker in his own words, his token, and until when."""

    worker: str
    token_id: str
    until: datetime


@dataclass(frozen=True)
class LockedTask:
    """A task as its worker gets it. `retries` is what is left after a failure, none before the first."""

    id: str
    lock: str
    topic: str
    element: str
    instance_id: str
    process_key: str
    business_key: str | None
    inputs: PlainDict
    created_at: datetime
    locked_until: datetime
    retries: int | None
    worker: str
    token_id: str


def add_external_task(
    connection: Connection, now: datetime, task_id: str, instance_id: str, element: str, topic: str, inputs: PlainDict
) -> None:
    """Offers a service task to the workers of its topic, from now on."""
    row = {"task_id": task_id, "instance_id": instance_id, "element": element, "topic": topic, "inputs": inputs}
    nothing_yet = dict.fromkeys(("lock_id", "worker", "token_id", "retries", "error"))
    connection.execute(_INSERT, row | nothing_yet | {"created_at": now, "free_at": now})


def remove_external_tasks(connection: Connection, task_ids: list[str]) -> None:
    """Forgets tasks that wait no more; a worker that still holds one finds no such task."""
    if task_ids:
        connection.execute(_DELETE, {"ids": task_ids})


def has_free(connection: Connection, now: datetime, topics: Collection[str]) -> bool:
    """Whether there is anything to lock: a look that takes no lock itself."""
    values = {"topics": sorted(topics), "now": now, "limit": 1}
    return connection.execute(_FREE, values).first() is not None


def lock_free(
    connection: Connection, now: datetime, topics: Collection[str], lock: Lock, limit: int
) -> list[LockedTask]:
    """Locks up to `limit` free tasks, the oldest first, each under a lock id of its own."""
    values = {"topics": sorted(topics), "now": now, "limit": limit}
    ids = list(connection.execute(_FREE.with_for_update(skip_locked=True), values).scalars())
    for task_id in ids:
        taken = {"lock_id": new_id(), "worker": lock.worker, "token_id": lock.token_id, "free_at": lock.until}
        connection.execute(update(external_task).where(external_task.c.task_id == task_id).values(taken))
    return [_read(row) for row in connection.execute(_DESCRIBE, {"ids": ids})] if ids else []


def find_external_task(connection: Connection, task_id: str) -> LockedTask | None:
    """A task as it stands, whoever holds it; none once it is done or gone."""
    row = connection.execute(_DESCRIBE, {"ids": [task_id]}).one_or_none()
    return None if row is None else _read(row)


def change_external_task(
    connection: Connection, task_id: str, free_at: datetime, *, is_given_back: bool, **values: object
) -> None:
    """Extends a lock, or gives the task back."""
    if is_given_back:
        values |= {"lock_id": None}
    target = update(external_task).where(external_task.c.task_id == task_id)
    connection.execute(target.values(free_at=free_at, **values))


def _read(row: object) -> LockedTask:
    found = row._mapping  # type: ignore[attr-defined]  # a Row
    same = ("topic", "element", "instance_id", "process_key", "business_key", "inputs", "created_at", "retries")
    return LockedTask(
        id=found["task_id"],
        lock=found["lock_id"] or "",
        locked_until=found["free_at"],
        worker=found["worker"] or "",
        token_id=found["token_id"] or "",
        **{name: found[name] for name in same},
    )
