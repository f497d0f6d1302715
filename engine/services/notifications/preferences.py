"""How each person wants to be told. Addresses are sealed under his key."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from engine.runtime.engine import Engine
from engine.services.notifications.channels.chosen import check_channel_address
from engine.services.notifications.channels.port import CHANNELS
from engine.services.notifications.devices import place_of
from engine.services.notifications.hours import Hours, read_time
from engine.services.notifications.tables import notification_address, notification_hours
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.keys import KeyRing


@dataclass(frozen=True)
class Address:
    """Where a channel reaches a person; in a digest once a day, or at once."""

    address: str
    is_digest: bool = False


@dataclass(frozen=True)
class Preferences:
    """What a person has chosen; a channel without an address is off."""

    addresses: dict[str, Address] = field(default_factory=dict)
    hours: Hours = field(default_factory=Hours)


def fetch_preferences(engine: Engine, actor: Actor) -> Preferences:
    """The actor's own choice."""
    with engine.database.read() as connection:
        is_own = (notification_address.c.user_id == actor.user_id) & notification_address.c.channel.in_(CHANNELS)
        rows = connection.execute(select(notification_address).where(is_own)).all()
        opened = open_addresses(connection, engine.keys, rows)
        found = {
            row.channel: Address(text, bool(row.is_digest))
            for row in rows
            if (text := opened[row.user_id, row.channel])
        }
        return Preferences(found, read_hours(connection, [actor.user_id]).get(actor.user_id, Hours()))


def save_preferences(engine: Engine, actor: Actor, wanted: Preferences) -> None:
    """Replaces the actor's choice. Raises AddressUnfit, with nothing written."""
    for channel, one in wanted.addresses.items():
        check_channel_address(engine.settings, channel, one.address)
    user_id = actor.user_id

    def work(unit: UnitOfWork) -> None:
        is_own = (notification_address.c.user_id == user_id) & notification_address.c.channel.in_(CHANNELS)
        unit.connection.execute(delete(notification_address).where(is_own))
        unit.connection.execute(delete(notification_hours).where(notification_hours.c.user_id == user_id))
        for channel in CHANNELS:
            if one := wanted.addresses.get(channel):
                sealed = vault.seal_text(unit.connection, engine.keys, user_id, place_of(user_id, channel), one.address)
                row = {"user_id": user_id, "channel": channel, "address": sealed, "is_digest": int(one.is_digest)}
                unit.connection.execute(insert(notification_address).values(row))
        hours = {name: getattr(wanted.hours, name).strftime("%H:%M") for name in Hours.__dataclass_fields__}
        unit.connection.execute(insert(notification_hours).values(user_id=user_id, **hours))

    engine.database.transact(work)


def open_addresses(connection: Connection, keys: KeyRing, rows: Collection[Any]) -> dict[tuple[str, str], str | None]:
    """Addresses by user and channel, of rows with columns of `notification_address`; None once a person is erased."""
    sealed = {place_of(row.user_id, row.channel): row.address for row in rows}
    opened = vault.open_all_sealed(connection, keys, sealed)
    return {(row.user_id, row.channel): opened[place_of(row.user_id, row.channel)] for row in rows}


def read_hours(connection: Connection, user_ids: Collection[str]) -> dict[str, Hours]:
    """The hours of those who have chosen some."""
    query = select(notification_hours).where(notification_hours.c.user_id.in_(list(user_ids)))
    return {
        row.user_id: Hours(read_time(row.quiet_from), read_time(row.quiet_until), read_time(row.digest_at))
        for row in connection.execute(query)
    }
