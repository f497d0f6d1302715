"""The milestones of an order (HO-21): parts of the reward, worked on, checked and released one after the other.

The one being worked on is the first that is not paid. An order without milestones is paid as a whole.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.services.ledger import accounts
from engine.services.ledger.fees import Settlement, allocate, divide
from engine.services.ledger.posting import balance_of
from engine.services.orders import states
from engine.services.orders.notes import later, note_state, set_deadlines
from engine.services.orders.tables import order_milestone
from engine.storage.plain import Plain, PlainDict


def list_milestones(connection: Connection, order_id: str) -> Sequence[RowMapping]:
    """The rows of an order's milestones in the order of the work; none where it is paid as a whole."""
    query = select(order_milestone).where(order_milestone.c.order_id == order_id)
    return connection.execute(query.order_by(order_milestone.c.number)).mappings().all()


def find_unpaid(connection: Connection, order_id: str) -> list[RowMapping]:
    """The milestones that are not paid; the first is the one being worked on."""
    return [row for row in list_milestones(connection, order_id) if row["paid_at"] is None]


def save_milestones(connection: Connection, order_id: str, reward_fen: int, wanted: Plain) -> None:
    """Keeps the milestones of a demand (title, share_bps), each with its part of the reward."""
    entries = [entry for entry in wanted if isinstance(entry, dict)] if isinstance(wanted, list) else []
    if not entries:
        return
    parts = allocate(reward_fen, [_share_of(entry) for entry in entries])
    rows = [
        {
            "order_id": order_id,
            "number": number,
            "title": str(entry["title"]),
            "share_bps": _share_of(entry),
            "reward_fen": part_fen,
        }
        for number, (entry, part_fen) in enumerate(zip(entries, parts, strict=True), 1)
    ]
    connection.execute(insert(order_milestone), rows)


def _share_of(entry: PlainDict) -> int:
    share_bps = entry["share_bps"]
    assert isinstance(share_bps, int)
    return share_bps


def price_milestones(connection: Connection, order_id: str, split: Settlement) -> None:
    """Fixes what each milestone still to come will bring, as parts of what the order offers."""
    rows = find_unpaid(connection, order_id)
    parts = divide(split, [row["share_bps"] for row in rows]) if rows else []
    for row, part in zip(rows, parts, strict=True):
        amounts = {"reward_fen": part.gross_fen, "fee_fen": part.fee_fen, "vat_fen": part.vat_fen}
        _write(connection, row, **amounts, net_fen=part.net_fen)


def _write(connection: Connection, row: RowMapping, **values: object) -> None:
    key = (order_milestone.c.order_id == row["order_id"], order_milestone.c.number == row["number"])
    connection.execute(update(order_milestone).where(*key).values(values))


def what_is_due(connection: Connection, order: RowMapping) -> PlainDict:
    """What the next accepted result is paid with: the milestone (0: the whole order), gross_fen, fee_fen, vat_fen."""
    unpaid = find_unpaid(connection, order["id"])
    source, milestone = (unpaid[0], unpaid[0]["number"]) if unpaid else (order, 0)
    fixed: PlainDict = {"fee_fen": source["fee_fen"], "vat_fen": source["vat_fen"]}
    return {"milestone": milestone, "gross_fen": source["reward_fen"], **fixed}


def what_is_left(connection: Connection, order_id: str) -> dict[str, int]:
    """What an order offers that is given back between two milestones; nothing to change before the first is paid."""
    rows = list_milestones(connection, order_id)
    unpaid = [row for row in rows if row["paid_at"] is None]
    if len(unpaid) == len(rows):
        return {}
    return {name: sum(row[name] for row in unpaid) for name in ("reward_fen", "fee_fen", "vat_fen", "net_fen")}


@topic("record_payment")
def record_payment(call: TopicCall, *, order_id: str, milestone: int, payee: str) -> PlainDict:
    """Notes the milestone that was just paid (0: the whole order).

    Returns: milestones_left; payout_fen (what the payee has received for the order and still has).
    """
    for row in find_unpaid(call.connection, order_id):
        if row["number"] == milestone:
            _write(call.connection, row, paid_at=call.now, paid_to=payee)
            call.note("milestone_paid", order_id=order_id, milestone=milestone)
    paid = [row for row in list_milestones(call.connection, order_id) if row["paid_to"] == payee]
    order = states.fetch_row(call.connection, order_id)
    earned_fen = sum(row["net_fen"] for row in paid) if milestone else order["net_fen"]
    return {
        "milestones_left": len(find_unpaid(call.connection, order_id)),
        "payout_fen": min(earned_fen, balance_of(call.connection, accounts.wallet(payee))),
    }


@topic("begin_milestone")
def begin_milestone(call: TopicCall, *, order_id: str) -> PlainDict:
    """Gives the taker the next milestone to work on: due by the end of the service time, but with at least the time
    of a rework, and with reworks of its own.

    Returns: stage, start_by, handover_due, overdue_at.
    """
    row = states.fetch_row(call.connection, order_id)
    note_state(call, order_id, "started", rework_count=0)
    due = max(row["service_to"], later(call, "hire_rework_deadline"))
    return {"stage": "started", **set_deadlines(call, order_id, row["start_by"], due)}
