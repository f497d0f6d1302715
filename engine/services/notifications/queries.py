"""What a person was told, and what left the machine or would have."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.notifications.tables import delivery, notification, outbox_message
from engine.services.notifications.templates import write_notification
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain

_IS_SHOWN = notification.c.withdrawn_at.is_(None)


@dataclass(frozen=True)
class Told:
    """A notification in the reader's language."""

    id: str
    title: str
    body: str
    path: str
    actions: list[Any]
    is_urgent: bool
    created_at: datetime
    read_at: datetime | None
    channels: list[tuple[str, str]]  # channel, state


@dataclass(frozen=True)
class Written:
    """A message of the outbox."""

    id: str
    channel: str
    user_id: str
    title: str
    body: str
    written_at: datetime


def list_told(engine: Engine, actor: Actor, language: str, limit: int) -> list[Told]:
    """The actor's newest notifications, without those that were withdrawn."""
    query = select(notification).where(notification.c.user_id == actor.user_id, _IS_SHOWN)
    with engine.database.read() as connection:
        rows = connection.execute(query.order_by(notification.c.id.desc()).limit(limit)).all()
        sent = connection.execute(
            select(delivery).where(delivery.c.notification_id.in_([row.id for row in rows])).order_by(delivery.c.id)
        ).all()
    return [_show(engine, row, sent, language) for row in rows]


def _show(engine: Engine, row: Row[Any], sent: Any, language: str) -> Told:
    title, body = write_notification(row.template, row.facts, language, engine.zone)
    channels = [(one.channel, one.state) for one in sent if one.notification_id == row.id]
    shown = (row.path, row.actions, bool(row.is_urgent), row.created_at, row.read_at)
    return Told(row.id, title, body, *shown, channels)


def note_shown(engine: Engine, actor: Actor) -> None:
    """The browser has shown the actor's list: what is in it is delivered. Nothing is written where nothing is new."""
    is_new = (notification.c.user_id == actor.user_id, notification.c.delivered_at.is_(None))
    with engine.database.read() as connection:
        if connection.execute(select(notification.c.id).where(*is_new).limit(1)).first() is None:
            return

    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(update(notification).where(*is_new).values(delivered_at=unit.now))

    engine.database.transact(work)


def open_notification(engine: Engine, actor: Actor, notification_id: str) -> str:
    """Marks one of the actor's notifications as read; gives the page it is about. Raises NotFound."""
    is_this = (notification.c.id == notification_id, notification.c.user_id == actor.user_id)

    def work(unit: UnitOfWork) -> Plain:
        path = unit.connection.execute(select(notification.c.path).where(*is_this)).scalar_one_or_none()
        if path is None:
            raise NotFound("notification", notification_id)
        unread = notification.c.read_at.is_(None)
        unit.connection.execute(update(notification).where(*is_this, unread).values(read_at=unit.now))
        return str(path)

    return str(engine.database.transact(work))


def read_all(engine: Engine, actor: Actor) -> None:
    """Marks all of the actor's notifications as read."""
    unread = (notification.c.user_id == actor.user_id, notification.c.read_at.is_(None))
    engine.database.transact(
        lambda unit: unit.connection.execute(update(notification).where(*unread).values(read_at=unit.now))
    )


def list_outbox(connection: Connection, limit: int) -> list[Written]:
    """The newest messages that no channel has taken out of the machine."""
    rows = connection.execute(select(outbox_message).order_by(outbox_message.c.delivery_id.desc()).limit(limit))
    return [Written(r.delivery_id, r.channel, r.user_id, r.title, r.body, r.written_at) for r in rows]


def count_deliveries(connection: Connection) -> dict[tuple[str, str], int]:
    """How many deliveries are in which state, by (channel, state)."""
    query = select(delivery.c.channel, delivery.c.state, func.count()).group_by(delivery.c.channel, delivery.c.state)
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}
