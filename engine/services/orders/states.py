"""The state machine of a hire order (F.3). `move` is the only function that writes `hire_order.state`."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from engine.services.ledger import accounts
from engine.services.ledger.posting import balance_of
from engine.services.orders.tables import hire_order

TRANSITIONS: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"funding"}),
    "funding": frozenset({"in_review", "not_funded"}),
    "in_review": frozenset({"open", "content_rejected"}),
    "open": frozenset({"locked", "expired", "cancelled"}),
    "expired": frozenset({"open", "refunded"}),
    "locked": frozenset({"open", "started", "disputed", "cancelled"}),
    "started": frozenset({"open", "handed_over", "disputed", "cancelled"}),
    "handed_over": frozenset({"auditing", "disputed"}),
    "auditing": frozenset({"started", "disputed", "paid"}),
    "disputed": frozenset({"locked", "started", "paid", "paid_partially", "refunded"}),
    "not_funded": frozenset(),
    "content_rejected": frozenset(),
    "cancelled": frozenset(),
    "paid": frozenset(),
    "paid_partially": frozenset(),
    "refunded": frozenset(),
}
FINAL = frozenset(state for state, following in TRANSITIONS.items() if not following)
HELD = frozenset({"locked", "started", "handed_over", "auditing", "disputed"})
"""The states in which an order is somebody's: they count against the number of orders he may hold."""

SELECT_ORDER = select(hire_order).where(hire_order.c.id == bindparam("order_id"))


def fetch_row(connection: Connection, order_id: str) -> RowMapping:
    """The row of an order. Raises LookupError if there is none."""
    row = connection.execute(SELECT_ORDER, {"order_id": order_id}).mappings().one_or_none()
    if row is None:
        raise LookupError(f"Expected a hire order, but found none under {order_id!r}")
    return row


def move(connection: Connection, order_id: str, state: str, now: datetime, **values: object) -> None:
    """Brings an order into another state and writes `values` with it.

    Raises ValueError for a transition the state machine does not have, and for a final state as long as money is left
    in the order's escrow (I4).
    """
    before = fetch_row(connection, order_id)["state"]
    if state not in TRANSITIONS[before]:
        raise ValueError(f"Expected one of {sorted(TRANSITIONS[before])} after {before}, but got {state!r}")
    if state in FINAL:
        _expect_empty_escrow(connection, order_id)
        values["closed_at"] = now
    changed = connection.execute(
        update(hire_order)
        .where(hire_order.c.id == order_id, hire_order.c.state == before)
        .values(state=state, **values)
    )
    if changed.rowcount != 1:
        raise ValueError(f"Expected order {order_id} to be {before}, but it changed meanwhile")


def _expect_empty_escrow(connection: Connection, order_id: str) -> None:
    left_fen = balance_of(connection, accounts.escrow(order_id))
    if left_fen:
        raise ValueError(f"Expected an empty escrow at the end of order {order_id}, but {left_fen} fen are left")
