"""The browsers in which a person wants to be told also while no page of ours is open. Sealed under his key."""

import json
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select, update

from engine.runtime.engine import Engine
from engine.services.notifications.channels.port import PUSH
from engine.services.notifications.tables import notification_address
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.keys import KeyRing

MOST = 8
"""Browsers of one person; the oldest gives way."""


@dataclass(frozen=True)
class Device:
    """A browser's subscription: where its push service takes messages, and the keys they are encrypted with."""

    endpoint: str
    p256dh: str
    auth: str
    name: str = ""  # what the person knows it by


def read_devices(address: str) -> list[Device]:
    """The browsers of an address of the channel `push`."""
    return [Device(**one) for one in json.loads(address)]


def list_devices(engine: Engine, actor: Actor) -> list[Device]:
    """The actor's own browsers, the oldest first."""
    with engine.database.read() as connection:
        return _open(connection, engine.keys, actor.user_id)


def register_device(engine: Engine, actor: Actor, device: Device) -> None:
    """Adds one of the actor's browsers; one that is known becomes the newest."""

    def work(unit: UnitOfWork) -> None:
        known = _open(unit.connection, engine.keys, actor.user_id, is_locked=True)
        others = [one for one in known if one.endpoint != device.endpoint]
        _write(unit.connection, engine.keys, actor.user_id, [*others, device][-MOST:])

    engine.database.transact(work)


def forget_device(engine: Engine, user_id: str, endpoint: str) -> None:
    """Takes a browser out; one that is not there is no fault."""

    def work(unit: UnitOfWork) -> None:
        known = _open(unit.connection, engine.keys, user_id, is_locked=True)
        left = [one for one in known if one.endpoint != endpoint]
        if len(left) < len(known):
            _write(unit.connection, engine.keys, user_id, left)

    engine.database.transact(work)


def place_of(user_id: str, channel: str) -> str:
    """What a sealed address is bound to."""
    return f"notification_address:{user_id}:{channel}"


def _open(connection: Connection, keys: KeyRing, user_id: str, *, is_locked: bool = False) -> list[Device]:
    is_own = (notification_address.c.user_id == user_id) & (notification_address.c.channel == PUSH)
    query = select(notification_address.c.address).where(is_own)
    sealed = connection.execute(query.with_for_update() if is_locked else query).scalar()
    if sealed is None:
        return []
    place = place_of(user_id, PUSH)
    opened = vault.open_all_sealed(connection, keys, {place: sealed})[place]
    return read_devices(opened) if opened else []


def _write(connection: Connection, keys: KeyRing, user_id: str, devices: list[Device]) -> None:
    is_own = (notification_address.c.user_id == user_id) & (notification_address.c.channel == PUSH)
    if not devices:
        connection.execute(delete(notification_address).where(is_own))
        return
    text = json.dumps([asdict(one) for one in devices])
    sealed = vault.seal_text(connection, keys, user_id, place_of(user_id, PUSH), text)
    if not connection.execute(update(notification_address).where(is_own).values(address=sealed)).rowcount:
        row = {"user_id": user_id, "channel": PUSH, "address": sealed, "is_digest": 0}
        connection.execute(insert(notification_address).values(row))
