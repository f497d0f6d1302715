"""What cancelling an errand would cost now, before its requester does it: by the same table as the end itself."""

from dataclasses import dataclass

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.tasks import ViewContext
from engine.services.errands import states
from engine.services.errands.ending import Charge, charge_for, count_minutes
from engine.services.errands.exceptions import where_goods_are
from engine.services.ledger import accounts
from engine.services.ledger.posting import balance_of
from engine.storage.actor import Actor
from engine.storage.plain import PlainDict

NOTHING = Charge(0, 0)


@dataclass(frozen=True)
class Foretold:
    """What would be kept of the fee, and for the way back; what comes back of all that is frozen, as long as the
    courier has spent nothing; how much more would have to be paid.
    """

    fee_fen: int
    return_fen: int
    refund_fen: int
    added_fen: int


def foretell_cancellation(engine: Engine, actor: Actor, order_id: str) -> Foretold:
    """For the requester of an errand. Raises NotFound, for everybody else as well."""
    now = engine.clock()
    with engine.database.read() as connection:
        row = connection.execute(states.SELECT_ERRAND, {"order_id": order_id}).mappings().one_or_none()
        if row is None or row["requester_id"] != actor.party_id:
            raise NotFound("errand", order_id)
        held_fen = balance_of(connection, accounts.escrow(order_id))
        goods_fen = balance_of(connection, accounts.goods(order_id))
        charge = NOTHING
        if row["taken_at"] is not None:
            facts: PlainDict = {
                "cause": "requester",
                "goods": where_goods_are(row),
                "minutes": count_minutes(now - row["taken_at"]),
            }
            context = ViewContext(connection, engine.keys, order_id, {}, actor, now, "zh", engine)
            terms = context.decide("errand_cancel", facts).result
            assert isinstance(terms, dict)
            charge = charge_for(row, terms)
    kept_fen, added_fen = min(charge.whole_fen, held_fen), max(0, charge.whole_fen - held_fen)
    refund_fen = held_fen - kept_fen + goods_fen - row["spent_fen"]
    return Foretold(charge.fee_fen, charge.return_fen, refund_fen, added_fen)
