"""Where a party stands with the platform: whether it was certified, has signed the agreement, is suspended."""

from sqlalchemy import update

from engine.records.history import append_system
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.identity.people import STREAM
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.tables import party


def set_standing(
    engine: Engine, actor: Actor, party_id: str, *, is_certified: bool, has_agreement: bool, is_suspended: bool = False
) -> None:
    """Changes what a party may do on the market: only one that is certified, has an agreement and is not suspended
    takes orders. Recorded. Raises NotFound."""
    standing = {"is_certified": is_certified, "has_agreement": has_agreement, "is_suspended": is_suspended}

    def work(unit: UnitOfWork) -> None:
        values = {name: int(value) for name, value in standing.items()}
        if unit.connection.execute(update(party).where(party.c.id == party_id).values(values)).rowcount != 1:
            raise NotFound("party", party_id)
        append_system(unit, engine.keys, STREAM, actor, "set_standing", {"party": party_id, **standing})

    engine.database.transact(work)
