"""The addresses people keep for the next time (ER-26)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.places.stored import Address, open_address
from engine.services.places.tables import saved_place
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from engine.storage.keys import KeyRing

MAX_SAVED = 50


@dataclass(frozen=True)
class Saved:
    """An address of somebody."""

    id: str
    address: Address
    used_at: datetime


def list_saved(connection: Connection, keys: KeyRing, party_id: str) -> list[Saved]:
    """The addresses of a party, the one used last first."""
    query = select(saved_place).where(saved_place.c.party_id == party_id).order_by(saved_place.c.used_at.desc())
    opened = [(row, open_address(connection, keys, row.address)) for row in connection.execute(query)]
    return [Saved(row.id, address, row.used_at) for row, address in opened if address is not None]


def save_address(connection: Connection, keys: KeyRing, party_id: str, address: Address, now: datetime) -> None:
    """Keeps an address, once; past MAX_SAVED the one not used for longest goes."""
    index = vault.blind_index(keys, address.as_text())
    is_known = (saved_place.c.party_id == party_id) & (saved_place.c.address_index == index)
    if connection.execute(update(saved_place).where(is_known).values(used_at=now)).rowcount:
        return
    own = saved_place.c.party_id == party_id
    if connection.execute(select(func.count()).where(own)).scalar_one() >= MAX_SAVED:
        oldest = select(saved_place.c.id).where(own).order_by(saved_place.c.used_at).limit(1).scalar_subquery()
        connection.execute(delete(saved_place).where(saved_place.c.id == oldest))
    reference = vault.put(connection, keys, party_id, address.as_text())
    row = {"id": new_id(), "party_id": party_id, "address": reference, "address_index": index, "used_at": now}
    connection.execute(insert(saved_place), row)


def forget_address(engine: Engine, actor: Actor, saved_id: str) -> None:
    """Deletes an address of the actor's own. Raises NotFound."""
    own = (saved_place.c.party_id == actor.party_id) & (saved_place.c.id == saved_id)
    gone = engine.database.transact(lambda unit: unit.connection.execute(delete(saved_place).where(own)).rowcount)
    if not gone:
        raise NotFound("address", saved_id)
