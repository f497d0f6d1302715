"""The state machine of a line (F.3). `move_line` is its only writer."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update

from engine.services.express.tables import express_line, express_task
from engine.services.ledger.checks import check_escrow

_LEAVING = frozenset({"denied", "problem", "expired", "refunded"})
LINE: Mapping[str, frozenset[str]] = {
    "listed": frozenset({"awarded", "refunded"}),
    "awarded": frozenset({"awaiting_confirmation", "refunded"}),
    "awaiting_confirmation": frozenset({"confirmed"}) | _LEAVING,
    "confirmed": frozenset({"committed"}) | _LEAVING,
    "committed": frozenset({"rechecked"}) | _LEAVING,
    "rechecked": frozenset({"requested", "committed"}) | _LEAVING,
    "requested": frozenset({"paid"}),
    "problem": frozenset({"awaiting_confirmation", "refunded", "expired"}),
    "paid": frozenset(),
    "denied": frozenset(),
    "expired": frozenset(),
    "refunded": frozenset(),
}
FINAL = frozenset(state for state, following in LINE.items() if not following)
REFUNDABLE = tuple(sorted(state for state in LINE if LINE[state] & FINAL - {"paid"}))
"""States in which the money of a line may still go back to the enterprise."""


def fetch_task(connection: Connection, task_id: str) -> RowMapping:
    """The row of an express task. Raises LookupError if there is none."""
    row = connection.execute(select(express_task).where(express_task.c.id == task_id)).mappings().one_or_none()
    if row is None:
        raise LookupError(f"Expected an express task, but found none under {task_id!r}")
    return row


def fetch_line(connection: Connection, line_id: str) -> RowMapping:
    """The row of a line. Raises LookupError if there is none."""
    row = connection.execute(select(express_line).where(express_line.c.id == line_id)).mappings().one_or_none()
    if row is None:
        raise LookupError(f"Expected a line of an express task, but found none under {line_id!r}")
    return row


def move_line(connection: Connection, line_id: str, state: str, now: datetime) -> None:
    """Brings a line into another state.

    Raises ValueError for a transition the machine lacks, and for a final state while money is left in the escrow (I4).
    """
    before = fetch_line(connection, line_id)["state"]
    if state not in LINE[before]:
        raise ValueError(f"Expected one of {sorted(LINE[before])} after {before}, but got {state!r}")
    values: dict[str, object] = {"state": state}
    if state in FINAL:
        if findings := check_escrow(connection, line_id):
            raise ValueError(f"Expected nothing frozen at the end of {line_id}, but: {findings[0].message}")
        values["closed_at"] = now
    change = update(express_line).where(express_line.c.id == line_id, express_line.c.state == before)
    if connection.execute(change.values(values)).rowcount != 1:
        raise ValueError(f"Expected line {line_id} to be {before}, but it changed meanwhile")
