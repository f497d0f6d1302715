"""The state machine of an errand (F.3). `move` is the only function that writes `errand.state`."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from engine.services.errands.tables import errand
from engine.services.ledger.checks import check_escrow

PROCESS = "errand"
_INTERRUPTED = frozenset({"exception", "disputed"})
_CALLED_OFF = frozenset({"cancelled", "cancelled_with_fee"})
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"draft", "quoted", "unpaid"}),
    "quoted": frozenset({"draft", "quoted", "unpaid"}),
    "unpaid": frozenset({"offering"}),
    "offering": frozenset({"taken", "no_courier", "cancelled"}),
    "taken": frozenset({"offering", "at_pickup", "handed_over"}) | _CALLED_OFF | _INTERRUPTED,
    "at_pickup": frozenset({"offering", "picked_up", "returning"}) | _CALLED_OFF | _INTERRUPTED,
    "picked_up": frozenset({"delivering"}),
    "delivering": frozenset({"handed_over", "returning"}) | _INTERRUPTED,
    "handed_over": frozenset({"taken", "delivered", "disputed"}),
    "delivered": frozenset({"closed"}),
    "exception": frozenset({"taken", "at_pickup", "delivering", "offering", "returning", "disputed"}) | _CALLED_OFF,
    "returning": frozenset({"returned"}),
    "disputed": frozenset({"taken", "at_pickup", "delivering", "closed"}),
    **dict.fromkeys(("closed", "no_courier", "cancelled", "cancelled_with_fee", "returned"), frozenset()),
}
FINAL = frozenset(state for state, following in TRANSITIONS.items() if not following)
RETURNING = "returning"
HELD = frozenset(
    {"taken", "at_pickup", "picked_up", "delivering", "handed_over", "delivered", RETURNING} | _INTERRUPTED
)
"""The states in which an order is a courier's: both sides see places and each other's way to talk."""
BEFORE_PICKUP = frozenset({"taken", "at_pickup"})
GOODS_OUT = frozenset({"picked_up", "delivering"})

SELECT_ERRAND = select(errand).where(errand.c.id == bindparam("order_id"))


def fetch_row(connection: Connection, order_id: str) -> RowMapping:
    """The row of an errand. Raises LookupError if there is none."""
    row = connection.execute(SELECT_ERRAND, {"order_id": order_id}).mappings().one_or_none()
    if row is None:
        raise LookupError(f"Expected an errand, but found none under {order_id!r}")
    return row


def move(connection: Connection, order_id: str, state: str, now: datetime, **values: object) -> None:
    """Brings an errand into another state and writes `values` with it.

    Raises ValueError for a transition the machine lacks, and for a final state while money is left in its escrow or in
    the advance for goods (I4).
    """
    before = fetch_row(connection, order_id)["state"]
    if state not in TRANSITIONS[before]:
        raise ValueError(f"Expected one of {sorted(TRANSITIONS[before])} after {before}, but got {state!r}")
    if state in FINAL:
        if findings := check_escrow(connection, order_id):
            raise ValueError(f"Expected nothing frozen at the end of {order_id}, but: {findings[0].message}")
        values["closed_at"] = now
    changed = connection.execute(
        update(errand).where(errand.c.id == order_id, errand.c.state == before).values(state=state, **values)
    )
    if changed.rowcount != 1:
        raise ValueError(f"Expected errand {order_id} to be {before}, but it changed meanwhile")
