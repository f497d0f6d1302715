"""What an errand costs its requester, and what it brings its courier. Amounts are those the ledger will post."""

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping

from engine.services.errands.commands import REQUESTER
from engine.services.errands.foretelling import Foretold
from engine.services.errands.queries import ErrandCard
from engine.services.errands.states import RETURNING
from engine.services.ledger.fees import Settlement, compute_settlement, read_terms
from engine.services.ledger.views import StatementFilter, statement
from web.market.statements import name_movement


@dataclass(frozen=True)
class Sum:
    """A line of a sum: the key of its words, fen, and how it is drawn (total, sub)."""

    key: str
    amount_fen: int
    tone: str = ""


def split_fee(row: RowMapping) -> Settlement:
    """What is left of the delivery fee for the courier of now: gross, platform fee, net."""
    gross_fen, terms = row["fee_fen"] - row["legs_fen"], read_terms(row["fee_terms"])
    return compute_settlement(gross_fen, terms, before_fen=row["legs_fen"])


def list_sums(connection: Connection, party_id: str, card: ErrandCard, row: RowMapping) -> list[Sum]:
    """The lines for a side of the errand: what is agreed, and once it is over what was booked.

    What bringing it back is worth, the courier is told with that task.
    """
    if card.closed_at is not None:
        return list_booked(connection, party_id, card.id, "paid" if card.side == REQUESTER else "earned")
    if card.side == REQUESTER:
        return _list_costs(row) if row["fee_fen"] else []
    return [] if card.state == RETURNING else _list_earned(row)


def list_booked(connection: Connection, party_id: str, order_id: str, total: str) -> list[Sum]:
    """What the ledger did to a party's wallet for an errand, oldest first, and what it comes to: paid or earned."""
    rows = statement(connection, party_id, wanted=StatementFilter(order_ref=order_id))[::-1]
    lines = [Sum(name_movement(row.rule, row.amount_fen), row.amount_fen) for row in rows]
    whole_fen = sum(row.amount_fen for row in rows)
    return [*lines, Sum(f"errands.money.{total}", -whole_fen if total == "paid" else whole_fen, "total")]


def _list_costs(row: RowMapping) -> list[Sum]:
    spent_fen, cap_fen = row["spent_fen"], row["goods_cap_fen"]
    parts = [
        Sum("errands.money.fee", row["fee_fen"]),
        Sum("errands.money.tip", row["tip_fen"]),
        Sum("errands.money.goods", spent_fen) if spent_fen else Sum("errands.money.goods_cap", cap_fen),
    ]
    shown = [part for part in parts if part.amount_fen]
    total = Sum("errands.money.total", sum(part.amount_fen for part in parts), "total")
    back = [Sum("errands.money.back", cap_fen - spent_fen, "sub")] if 0 < spent_fen < cap_fen else []
    return [*shown, total, *back]


def _list_earned(row: RowMapping) -> list[Sum]:
    split = split_fee(row)
    parts = [
        Sum("errands.money.fee", split.gross_fen),
        Sum("errands.money.platform_fee", -split.fee_fen),
        Sum("errands.money.tip", row["tip_fen"]),
        Sum("errands.money.reimbursed", row["spent_fen"]),
    ]
    shown = [part for part in parts if part.amount_fen]
    return [*shown, Sum("errands.money.earned", sum(part.amount_fen for part in parts), "total")]


def list_cancelled(cost: Foretold) -> list[Sum]:
    """What a cancellation costs, and what comes back."""
    parts = [
        Sum("errands.money.cancel_fee", cost.fee_fen),
        *([Sum("errands.money.return_fee", cost.return_fen)] if cost.return_fen else []),
        *([Sum("errands.money.added", cost.added_fen)] if cost.added_fen else []),
    ]
    return [*parts, Sum("errands.money.refund", cost.refund_fen, "total")]
