"""The legs of errands that couriers handed on to others: what each of them was paid is on his wallet."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from engine.runtime.engine import Engine
from engine.services.errands.offering import RELAY
from engine.services.errands.tables import errand, errand_leg
from engine.services.ledger.views import StatementFilter, statement
from engine.storage.actor import Actor


@dataclass(frozen=True)
class Leg:
    """What a courier carried as far as he could. It tells nothing of where it went: the errand is no longer his."""

    number: str
    category: str
    ended_at: datetime
    earned_fen: int


def list_relayed(engine: Engine, actor: Actor, limit: int = 20) -> list[Leg]:
    """The legs the actor's party handed on, the newest first."""
    query = (
        select(errand_leg.c.order_id, errand_leg.c.ended_at, errand.c.number, errand.c.category)
        .join(errand, errand.c.id == errand_leg.c.order_id)
        .where(errand_leg.c.courier_id == actor.party_id, errand_leg.c.end == RELAY)
        .order_by(errand_leg.c.taken_at.desc())
        .limit(limit)
    )
    with engine.database.read() as connection:
        rows = connection.execute(query).all()
        booked = {
            row.order_id: statement(connection, actor.party_id, wanted=StatementFilter(order_ref=row.order_id))
            for row in rows
        }
    return [
        Leg(row.number, row.category, row.ended_at, sum(one.amount_fen for one in booked[row.order_id])) for row in rows
    ]
