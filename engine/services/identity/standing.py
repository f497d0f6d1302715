"""Where a party stands with the platform: whether it was certified, has signed the agreement, is suspended.

Certifications and agreements are granted and taken back by service tasks of their processes, in the step that does so.
"""

from typing import Any

from sqlalchemy import Connection, Row, select, update

from engine.records.history import append_system
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.identity.people import STREAM
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.tables import party


def fetch_party(connection: Connection, party_id: str) -> Row[Any]:
    """The row of a party. Raises NotFound."""
    row = connection.execute(select(party).where(party.c.id == party_id)).one_or_none()
    if row is None:
        raise NotFound("party", party_id)
    return row


def grant_certification(connection: Connection, party_id: str) -> None:
    """The party is who it says it is. Raises NotFound."""
    _set(connection, party_id, is_certified=1)


def end_certification(connection: Connection, party_id: str) -> None:
    """The party's certification has ended: it publishes, signs up for and takes nothing new; what runs goes on.

    Raises NotFound.
    """
    _set(connection, party_id, is_certified=0)


def grant_agreement(connection: Connection, party_id: str) -> None:
    """The party has signed the service agreement. Raises NotFound."""
    _set(connection, party_id, has_agreement=1)


def set_standing(
    engine: Engine, actor: Actor, party_id: str, *, is_certified: bool, has_agreement: bool, is_suspended: bool = False
) -> None:
    """Changes what a party may do on the market: only one that is certified, has an agreement and is not suspended
    takes orders. Recorded. Raises NotFound."""
    standing = {"is_certified": is_certified, "has_agreement": has_agreement, "is_suspended": is_suspended}

    def work(unit: UnitOfWork) -> None:
        _set(unit.connection, party_id, **{name: int(value) for name, value in standing.items()})
        append_system(unit, engine.keys, STREAM, actor, "set_standing", {"party": party_id, **standing})

    engine.database.transact(work)


def _set(connection: Connection, party_id: str, **values: int) -> None:
    if connection.execute(update(party).where(party.c.id == party_id).values(values)).rowcount != 1:
        raise NotFound("party", party_id)
