"""What an errand costs its requester, and what it brings its courier. Amounts are those the ledger will post."""

from dataclasses import dataclass

from sqlalchemy import RowMapping

from engine.services.errands.commands import COURIER
from engine.services.errands.foretelling import Foretold
from engine.services.errands.queries import ErrandCard
from engine.services.ledger.fees import Settlement, compute_settlement, read_terms


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


def list_sums(card: ErrandCard, row: RowMapping) -> list[Sum]:
    """The lines for a side of the errand."""
    return _list_earned(row) if card.side == COURIER else _list_costs(row)


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
