"""Messages between cases and from outside: kept until somebody waits for them, in the order in which they came.

A message is a row, and a job that looks who waits for its name and key. Whoever begins to wait, or makes room for one
that waits for its turn, adds such a job as well; so nothing has to look at every row again and again. Both sides hold
the name and key until their commit: of two that come at once the later one sees the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from engine.records.jobs import enqueue
from engine.storage.actor import SYSTEM
from engine.storage.database import hold_name
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict
from engine.storage.prepared import Prepared
from engine.storage.tables import message, message_turn

MESSAGE, SIGNAL = "message", "signal"
LIFE = timedelta(days=7)

_INSERT = insert(message)
_OLDEST = (
    select(message)
    .where(
        message.c.name == bindparam("name_"),
        message.c.correlation_key == bindparam("key_"),
        message.c.delivered_at.is_(None),
        message.c.expires_at > bindparam("now"),
    )
    .order_by(message.c.number)
    .limit(1)
)
_LOCK_OLDEST = _OLDEST.with_for_update()
_DELIVERED = update(message).where(message.c.number == bindparam("number_")).values(delivered_at=bindparam("now"))
_DELETE = delete(message).where(message.c.number == bindparam("number_"))
_SENT = select(message).where(message.c.sender_id == bindparam("sender"), message.c.id == bindparam("id_"))
_EXPIRED = (
    select(message)
    .where(message.c.expires_at <= bindparam("now"))
    .order_by(message.c.expires_at)
    .limit(bindparam("limit"))
)
_TURN = select(message_turn.c.instance_id).where(
    message_turn.c.name == bindparam("name_"), message_turn.c.correlation_key == bindparam("key_")
)
_TURN_OF = Prepared(select(message_turn).where(message_turn.c.instance_id == bindparam("instance_id_")))
_END_TURN = delete(message_turn).where(message_turn.c.instance_id == bindparam("instance_id_"))


@dataclass(frozen=True)
class Message:
    """A message on its way. `sender` is who sent it from outside; none for one of a case or service."""

    number: int
    id: str
    sender: str | None
    name: str
    key: str
    payload: PlainDict


def add_message(
    connection: Connection,
    now: datetime,
    name: str,
    correlation_key: str,
    payload: PlainDict,
    *,
    sender: str = SYSTEM.user_id,
    message_id: str | None = None,
    life: timedelta = LIFE,
) -> str:
    """Adds a message that waits at most its life for whoever expects it; gives its id."""
    hold_name(connection, _queue(name, correlation_key))
    row = _describe(MESSAGE, name, correlation_key, payload, now, life, sender, message_id)
    connection.execute(_INSERT, row | {"delivered_at": None})
    _look(connection, now, name, correlation_key)
    return str(row["id"])


def add_signal(
    connection: Connection, now: datetime, name: str, payload: PlainDict, sender: str, signal_id: str | None = None
) -> str:
    """Broadcasts a signal from outside and remembers its id; gives the id."""
    row = _describe(SIGNAL, name, "", payload, now, LIFE, sender, signal_id)
    connection.execute(_INSERT, row | {"delivered_at": now})
    enqueue(connection, now, SIGNAL, {"name": name, "payload": payload})
    return str(row["id"])


def find_sent(connection: Connection, sender: str, message_id: str) -> RowMapping | None:
    """What this sender sent before under this id, as long as it is remembered."""
    return connection.execute(_SENT, {"sender": sender, "id_": message_id}).mappings().one_or_none()


def wake_messages(connection: Connection, now: datetime, name: str, correlation_key: str) -> None:
    """Has the oldest message of this name and key delivered, if there is one: somebody has just begun to wait."""
    hold_name(connection, _queue(name, correlation_key))
    if has_message(connection, now, name, correlation_key):
        _look(connection, now, name, correlation_key)


def wake_named(connection: Connection, now: datetime, name: str) -> None:
    """The same for every key of a name: messages of this name begin cases from now on."""
    query = select(message.c.correlation_key).where(message.c.name == name, message.c.delivered_at.is_(None)).distinct()
    for key in connection.execute(query).scalars().all():
        _look(connection, now, name, key)


def has_message(connection: Connection, now: datetime, name: str, correlation_key: str) -> bool:
    """Whether a message of this name and key waits to be delivered."""
    values = {"name_": name, "key_": correlation_key, "now": now}
    return connection.execute(_OLDEST, values).first() is not None


def take_oldest(connection: Connection, now: datetime, name: str, correlation_key: str) -> Message | None:
    """Takes the oldest message of this name and key, in the transaction that delivers it; none if none is left.

    One from outside stays, as delivered, until it would have expired.
    """
    values = {"name_": name, "key_": correlation_key, "now": now}
    row = connection.execute(_LOCK_OLDEST, values).one_or_none()
    if row is None:
        return None
    is_ours = row.sender_id == SYSTEM.user_id
    connection.execute(_DELETE if is_ours else _DELIVERED, {"number_": row.number, "now": now})
    return Message(row.number, row.id, None if is_ours else row.sender_id, row.name, row.correlation_key, row.payload)


def remove_expired(connection: Connection, now: datetime, limit: int) -> list[RowMapping]:
    """Deletes rows whose time is over; gives those that nobody ever waited for, the oldest first."""
    rows = connection.execute(_EXPIRED.with_for_update(skip_locked=True), {"now": now, "limit": limit}).mappings().all()
    if rows:
        connection.execute(delete(message).where(message.c.number.in_([row["number"] for row in rows])))
    return [row for row in rows if row["delivered_at"] is None]


def has_expired(connection: Connection, now: datetime) -> bool:
    """Whether `remove_expired` has anything to do."""
    return connection.execute(_EXPIRED, {"now": now, "limit": 1}).first() is not None


def is_turn_taken(connection: Connection, name: str, correlation_key: str) -> bool:
    """Whether a case that such a message began is still open. Messages without a key never wait for each other."""
    values = {"name_": name, "key_": correlation_key}
    return bool(correlation_key) and connection.execute(_TURN, values).first() is not None


def take_turn(connection: Connection, instance_id: str, name: str, correlation_key: str) -> None:
    """Notes that a message has begun a case."""
    if correlation_key:
        row = {"instance_id": instance_id, "name": name, "correlation_key": correlation_key}
        connection.execute(insert(message_turn), row)


def ask_turn(connection: Connection, instance_id: str) -> Callable[[], Any]:
    """Name and key of the message that began a case, for whose end the next one waits; to be called for later."""
    return _TURN_OF.ask(connection, {"instance_id_": instance_id}).first


def end_turn(connection: Connection, now: datetime, instance_id: str, turn: Any) -> None:
    """The case has ended: it is the next one's turn."""
    connection.execute(_END_TURN, {"instance_id_": instance_id})
    wake_messages(connection, now, turn.name, turn.correlation_key)


def _queue(name: str, correlation_key: str) -> str:
    return f"message:{name}:{correlation_key}"


def _look(connection: Connection, now: datetime, name: str, correlation_key: str) -> None:
    enqueue(connection, now, MESSAGE, {"name": name, "key": correlation_key})


def _describe(
    kind: str,
    name: str,
    correlation_key: str,
    payload: PlainDict,
    now: datetime,
    life: timedelta,
    sender: str,
    message_id: str | None,
) -> dict[str, object]:
    return {
        "id": message_id or new_id(),
        "sender_id": sender,
        "kind": kind,
        "name": name,
        "correlation_key": correlation_key,
        "payload": payload,
        "published_at": now,
        "expires_at": now + life,
    }
