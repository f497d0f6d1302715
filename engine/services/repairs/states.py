"""States of a repair order, and the rows most others begin with."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from engine.runtime.errors import NotFound
from engine.services.repairs.tables import repair_line, repair_member, repair_order, repair_turn

CREATED, SENT, ACCEPTED, WORKING, MERGING = "created", "sent", "accepted", "working", "merging"
SUBMITTED, MERGED, VERIFYING, SIGNING = "submitted", "merged", "verifying", "signing"
COMPLETED, CANCELLED = "completed", "cancelled"
CLOSED = frozenset({COMPLETED, CANCELLED})
LEADER, ASSISTANT = "leader", "assistant"
WAITING, DONE, RETURNED, LEFT_OUT = "waiting", "sent", "returned", "closed"


def fetch_order(connection: Connection, order_id: str) -> RowMapping:
    """The row of an order. Raises NotFound."""
    found = connection.execute(select(repair_order).where(repair_order.c.id == order_id)).mappings().one_or_none()
    if found is None:
        raise NotFound("repair order", order_id)
    return found


def move(connection: Connection, order_id: str, state: str, **values: Any) -> None:
    """Gives an order another state."""
    connection.execute(update(repair_order).where(repair_order.c.id == order_id).values(state=state, **values))


def list_lines(connection: Connection, order_id: str) -> Sequence[RowMapping]:
    """What is to be repaired, in order."""
    query = select(repair_line).where(repair_line.c.order_id == order_id).order_by(repair_line.c.key)
    return connection.execute(query).mappings().all()


def list_members(connection: Connection, order_id: str, *, is_present: bool = True) -> Sequence[RowMapping]:
    """The team, the leader first; with those who have left unless `is_present`."""
    query = select(repair_member).where(repair_member.c.order_id == order_id)
    if is_present:
        query = query.where(repair_member.c.left_at.is_(None))
    rows = connection.execute(query.order_by(repair_member.c.id)).mappings().all()
    return sorted(rows, key=lambda row: (row["role"] != LEADER, row["id"]))


def fetch_turn(connection: Connection, turn_id: str) -> RowMapping:
    """The part of one member in one round. Raises NotFound."""
    found = connection.execute(select(repair_turn).where(repair_turn.c.id == turn_id)).mappings().one_or_none()
    if found is None:
        raise NotFound("turn", turn_id)
    return found


def list_turns(connection: Connection, order_id: str, round_: int) -> Sequence[RowMapping]:
    """What each place in the team has to send in a round."""
    query = select(repair_turn).where(repair_turn.c.order_id == order_id, repair_turn.c.round == round_)
    return connection.execute(query.order_by(repair_turn.c.id)).mappings().all()


def change_turn(connection: Connection, turn_id: str, **values: Any) -> None:
    """Writes down how far a member is."""
    connection.execute(update(repair_turn).where(repair_turn.c.id == turn_id).values(**values))


def mark_members(members: Sequence[RowMapping]) -> dict[str, str]:
    """How reports call each place in the team, by its id: leader, A1, A2 …, the same whoever leaves later."""
    leaders = [one["id"] for one in members if one["role"] == LEADER]
    assistants = sorted(one["id"] for one in members if one["role"] != LEADER)
    marks = {one: f"A{number}" for number, one in enumerate(assistants, 1)}
    return marks | {one: LEADER if place == 0 else f"L{place + 1}" for place, one in enumerate(sorted(leaders))}
