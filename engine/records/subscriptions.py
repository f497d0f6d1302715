"""Who waits for which message or signal, found without loading an instance."""

from collections.abc import Iterable

from sqlalchemy import Connection, Row, bindparam, delete, insert, select

from engine.storage.tables import subscription

_INSERT = insert(subscription)
_DELETE = delete(subscription).where(subscription.c.task_id.in_(bindparam("ids", expanding=True)))
_WAITING = (
    select(subscription.c.task_id, subscription.c.instance_id)
    .where(
        subscription.c.kind == bindparam("kind"),
        subscription.c.name == bindparam("name"),
        subscription.c.correlation_key == bindparam("correlation"),
    )
    .order_by(subscription.c.task_id)
)


def add_subscriptions(connection: Connection, instance_id: str, found: Iterable[tuple[str, str, str, str]]) -> None:
    """`found`: (task id, kind, name, correlation key) of each place that has begun to wait."""
    rows = [
        {"task_id": task_id, "instance_id": instance_id, "kind": kind, "name": name, "correlation_key": key}
        for task_id, kind, name, key in found
    ]
    if rows:
        connection.execute(_INSERT, rows)


def remove_subscriptions(connection: Connection, task_ids: list[str]) -> None:
    """Forgets places that wait no more."""
    if task_ids:
        connection.execute(_DELETE, {"ids": task_ids})


def find_waiting(connection: Connection, kind: str, name: str, correlation_key: str) -> list[Row[tuple[str, str]]]:
    """(task id, instance id) of every place that waits for this, in one fixed order."""
    values = {"kind": kind, "name": name, "correlation": correlation_key}
    return list(connection.execute(_WAITING, values))
