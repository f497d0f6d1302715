"""The state machines of an express task and of its lines (F.3). `move_task` and the movers of lines are their only
writers.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update

from engine.services.express.tables import express_line, express_task
from engine.services.ledger.checks import check_escrow

Machine = Mapping[str, frozenset[str]]
PROCESS, LINE_PROCESS = "express_task", "express_confirmation"
TASK: Machine = {
    "draft": frozenset({"funding", "abandoned", "cancelled"}),
    "funding": frozenset({"draft", "in_review", "not_funded", "abandoned", "cancelled"}),
    "in_review": frozenset({"running", "content_rejected", "cancelled"}),
    "running": frozenset({"completed", "completed_partially", "cancelled"}),
    **{
        state: frozenset()
        for state in ("abandoned", "not_funded", "content_rejected", "cancelled", "completed", "completed_partially")
    },
}
_LEAVING = frozenset({"denied", "problem", "expired", "refunded"})
LINE: Machine = {
    "listed": frozenset({"awarded", "refunded"}),
    "awarded": frozenset({"awaiting_confirmation", "refunded"}),
    "awaiting_confirmation": frozenset({"confirmed"}) | _LEAVING,
    "confirmed": frozenset({"committed"}) | _LEAVING,
    "committed": frozenset({"rechecked"}) | _LEAVING,
    "rechecked": frozenset({"requested"}) | _LEAVING,
    "requested": frozenset({"paid"}),
    "problem": frozenset({"awaiting_confirmation", "refunded", "expired"}),
    "paid": frozenset(),
    "denied": frozenset(),
    "expired": frozenset(),
    "refunded": frozenset(),
}
FINAL_TASK = frozenset(state for state, following in TASK.items() if not following)
FINAL = frozenset(state for state, following in LINE.items() if not following)
OPEN = tuple(sorted(LINE.keys() - FINAL))
REFUNDABLE = tuple(sorted(state for state in LINE if LINE[state] & FINAL - {"paid"}))
"""States in which the money of a line may still go back to the enterprise."""
SENT = tuple(state for state in OPEN if state not in ("listed", "awarded"))
"""States in which the case of a line is under way."""
SETTLED = ("requested", "paid")


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


def move_task(connection: Connection, task_id: str, state: str, now: datetime, **values: object) -> None:
    """Brings an express task into another state and writes `values` with it.

    Raises ValueError for a transition the machine lacks, and for a final state while money is left in the escrow (I4).
    """
    before = fetch_task(connection, task_id)["state"]
    if state in FINAL_TASK:
        _expect_empty(connection, task_id)
        values["closed_at"] = now
    _check(TASK, before, state)
    change = update(express_task).where(express_task.c.id == task_id, express_task.c.state == before)
    if connection.execute(change.values(state=state, **values)).rowcount != 1:
        raise ValueError(f"Expected express task {task_id} to be {before}, but it changed meanwhile")


def move_line(connection: Connection, line_id: str, state: str, now: datetime, **values: object) -> None:
    """Brings a line into another state and writes `values` with it, as `move_task`."""
    before = fetch_line(connection, line_id)["state"]
    if state in FINAL:
        _expect_empty(connection, line_id)
        values["closed_at"] = now
    move_lines(connection, [line_id], before, state, **values)


def move_lines(connection: Connection, line_ids: Collection[str], before: str, state: str, **values: object) -> None:
    """Brings lines that are all in one state into another, none of them a final one. Raises ValueError."""
    _check(LINE, before, state)
    change = update(express_line).where(express_line.c.id.in_(line_ids), express_line.c.state == before)
    if connection.execute(change.values(state=state, **values)).rowcount != len(line_ids):
        raise ValueError(f"Expected {len(line_ids)} lines to be {before}, but some changed meanwhile")


def _check(machine: Machine, before: str, state: str) -> None:
    if state not in machine[before]:
        raise ValueError(f"Expected one of {sorted(machine[before])} after {before}, but got {state!r}")


def _expect_empty(connection: Connection, escrow_ref: str) -> None:
    if findings := check_escrow(connection, escrow_ref):
        raise ValueError(f"Expected nothing frozen at the end of {escrow_ref}, but: {findings[0].message}")
