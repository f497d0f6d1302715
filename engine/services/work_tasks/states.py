"""The state machines of work tasks and engagements (F.3). `move_task` and `move_engagement` are their only writers."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, Table, bindparam, select, update

from engine.services.ledger.checks import check_escrow
from engine.services.work_tasks.tables import engagement, work_task

Machine = Mapping[str, frozenset[str]]
TASK: Machine = {
    "draft": frozenset({"in_review"}),
    "in_review": frozenset({"funding", "content_rejected", "cancelled"}),
    "funding": frozenset({"recruiting", "not_funded", "cancelled"}),
    "recruiting": frozenset({"awarding", "running", "no_match", "cancelled"}),
    "awarding": frozenset({"running", "recruiting"}),
    "running": frozenset({"awarding", "closing"}),
    "no_match": frozenset({"in_review", "funding", "recruiting", "no_match_closed"}),
    "closing": frozenset({"completed"}),
    "content_rejected": frozenset(),
    "not_funded": frozenset(),
    "no_match_closed": frozenset(),
    "cancelled": frozenset(),
    "completed": frozenset(),
}
_LEAVING = frozenset({"cancelled_by_worker", "cancelled_by_enterprise", "disputed"})
ENGAGEMENT: Machine = {
    "offered": frozenset({"confirmed", "undertaker_rejected", "declined", "lapsed"}),
    "confirmed": frozenset({"working", "no_show"}) | _LEAVING,
    "working": frozenset({"delivered"}) | _LEAVING,
    "delivered": frozenset({"in_review", "disputed"}),
    "in_review": frozenset({"awaiting_acceptance", "rework", "disputed"}),
    "awaiting_acceptance": frozenset({"settling", "rework", "disputed"}),
    "rework": frozenset({"working"}),
    "settling": frozenset({"settled", "settled_partially", "working", "disputed"}),
    "disputed": frozenset({"confirmed", "working", "awaiting_acceptance", "disputed_paid", "disputed_refunded"}),
    **{
        state: frozenset()
        for state in (
            *("undertaker_rejected", "declined", "lapsed", "no_show", "cancelled_by_worker"),
            *("cancelled_by_enterprise", "settled", "settled_partially", "disputed_paid", "disputed_refunded"),
        )
    },
}
FINAL_TASK = frozenset(state for state, following in TASK.items() if not following)
FINAL_ENGAGEMENT = frozenset(state for state, following in ENGAGEMENT.items() if not following)
OPEN_ENGAGEMENT = tuple(sorted(ENGAGEMENT.keys() - FINAL_ENGAGEMENT))
SELECT_TASK = select(work_task).where(work_task.c.id == bindparam("task_id"))
SELECT_ENGAGEMENT = select(engagement).where(engagement.c.id == bindparam("engagement_id"))


def fetch_task_row(connection: Connection, task_id: str) -> RowMapping:
    """The row of a work task. Raises LookupError if there is none."""
    row = connection.execute(SELECT_TASK, {"task_id": task_id}).mappings().one_or_none()
    if row is None:
        raise LookupError(f"Expected a work task, but found none under {task_id!r}")
    return row


def fetch_engagement_row(connection: Connection, engagement_id: str) -> RowMapping:
    """The row of an engagement. Raises LookupError if there is none."""
    row = connection.execute(SELECT_ENGAGEMENT, {"engagement_id": engagement_id}).mappings().one_or_none()
    if row is None:
        raise LookupError(f"Expected an engagement, but found none under {engagement_id!r}")
    return row


def move_task(connection: Connection, task_id: str, state: str, now: datetime, **values: object) -> None:
    """Brings a work task into another state and writes `values` with it.

    Raises ValueError for a transition the machine lacks, and for a final state while money is left in the escrow (I4).
    """
    before = fetch_task_row(connection, task_id)["state"]
    if state in FINAL_TASK:
        _expect_empty(connection, task_id)
        values["closed_at"] = now
    _move(connection, work_task, TASK, (task_id, before, state), values)


def move_engagement(connection: Connection, engagement_id: str, state: str, now: datetime, **values: object) -> None:
    """Brings an engagement into another state, as `move_task`."""
    before = fetch_engagement_row(connection, engagement_id)["state"]
    if state in FINAL_ENGAGEMENT:
        _expect_empty(connection, engagement_id)
        values["closed_at"] = now
    _move(connection, engagement, ENGAGEMENT, (engagement_id, before, state), values)


def _move(
    connection: Connection, table: Table, machine: Machine, step: tuple[str, str, str], values: dict[str, object]
) -> None:
    row_id, before, state = step
    if state not in machine[before]:
        raise ValueError(f"Expected one of {sorted(machine[before])} after {before}, but got {state!r}")
    changed = connection.execute(
        update(table).where(table.c.id == row_id, table.c.state == before).values(state=state, **values)
    )
    if changed.rowcount != 1:
        raise ValueError(f"Expected {table.name} {row_id} to be {before}, but it changed meanwhile")


def _expect_empty(connection: Connection, escrow_ref: str) -> None:
    findings = check_escrow(connection, escrow_ref)
    if findings:
        raise ValueError(f"Expected nothing frozen at the end of {escrow_ref}, but: {findings[0].message}")
