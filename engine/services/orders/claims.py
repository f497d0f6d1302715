"""Topics of what interrupts a hire order: an order given back, a cancellation, a dispute.

A request is written into the order's row by its command; the topics read it from there, because what the interrupted
phase had in its data is gone (M13).
"""

from sqlalchemy import Connection, func, insert, select

from engine.definitions.registry import TopicCall, topic
from engine.services.ledger import accounts
from engine.services.ledger.posting import balance_of
from engine.services.orders import states
from engine.services.orders.milestones import list_milestones, what_is_left
from engine.services.orders.notes import later, note_state, set_deadlines
from engine.services.orders.tables import order_exclusion
from engine.storage.clock import format_instant
from engine.storage.plain import PlainDict

NO_CLAIM = dict.fromkeys(("claim_kind", "claimant_id", "claim_reason", "claim_progress_bps", "claim_fen"))


@topic("release_lock")
def release_lock(call: TopicCall, *, order_id: str) -> PlainDict:
    """Puts the order back on the market, with the milestones that are left; the taker does not get this order again,
    and it counts against him unless he gave it back within the time of grace.

    Returns: expires_at (as before, but at least the time of a relisting from now).
    """
    row = states.fetch_row(call.connection, order_id)
    is_given_back = row["claim_kind"] == "release"
    is_in_grace = row["state"] == "locked" and call.now <= later(call, "hire_cancel_grace", row["locked_at"])
    reason = ("grace" if is_in_grace else "released") if is_given_back else "withdrawn"
    call.connection.execute(
        insert(order_exclusion).values(order_id=order_id, party_id=row["taker_id"], reason=reason, at=call.now)
    )
    expires_at = max(row["expires_at"], later(call, "hire_listing_rest"))
    note_state(
        call,
        order_id,
        "open",
        expires_at=expires_at,
        taker_id=None,
        locked_at=None,
        started_at=None,
        rework_count=0,
        release_count=row["release_count"] + 1,
        **what_is_left(call.connection, order_id),
        **NO_CLAIM,
    )
    return {"expires_at": format_instant(expires_at)}


@topic("read_cancellation")
def read_cancellation(call: TopicCall, *, order_id: str) -> PlainDict:
    """The facts the terms of a cancellation follow from.

    Returns: requested_by (publisher or taker), answering_party, stage (locked or started), is_in_grace, progress_bps.
    """
    row = states.fetch_row(call.connection, order_id)
    is_publisher = row["claimant_id"] == row["publisher_id"]
    stage = row["state"]
    return {
        "requested_by": "publisher" if is_publisher else "taker",
        "answering_party": row["taker_id"] if is_publisher else row["publisher_id"],
        "stage": stage,
        "is_in_grace": stage == "locked" and call.now <= later(call, "hire_cancel_grace", row["locked_at"]),
        "progress_bps": row["claim_progress_bps"] or 0,
    }


@topic("record_dispute")
def record_dispute(call: TopicCall, *, order_id: str) -> PlainDict:
    """Marks the order as disputed and names the case: who claims against whom, and what money it is about.

    Without a request of one party it is the publisher who claims.
    Returns: case_ref, claimant, respondent, disputed_fen.
    """
    row = states.fetch_row(call.connection, order_id)
    claimant = row["claimant_id"] or row["publisher_id"]
    respondent = row["taker_id"] if claimant == row["publisher_id"] else row["publisher_id"]
    number = row["case_count"] + 1
    resume_state = "locked" if row["state"] == "locked" else "started"
    note_state(call, order_id, "disputed", case_count=number, resume_state=resume_state)
    return {
        "case_ref": f"{order_id}-{number}",
        "claimant": claimant,
        "respondent": respondent,
        "disputed_fen": balance_of(call.connection, accounts.escrow(order_id)),
    }


@topic("apply_decision")
def apply_decision(call: TopicCall, *, order_id: str, decision: PlainDict) -> PlainDict:
    """What a decided case means for the order: the work goes on where it was, with new deadlines, or the order is
    closed as paid, paid in part or refunded.

    Returns: stage (locked or started when the work goes on, else the final state), start_by, handover_due, overdue_at.
    """
    row = states.fetch_row(call.connection, order_id)
    if decision["resume"]:
        stage = row["resume_state"]
        start_by = later(call, "hire_start_deadline")
        deadlines = set_deadlines(
            call, order_id, start_by, max(row["handover_due"], later(call, "hire_rework_deadline"))
        )
    else:
        is_part_paid = any(part["paid_at"] for part in list_milestones(call.connection, order_id))
        stage = _final_state(decision, is_part_paid)
        deadlines = {"start_by": None, "handover_due": None, "overdue_at": None}
    note_state(call, order_id, stage, **NO_CLAIM)
    return {"stage": stage, **deadlines}


def _final_state(decision: PlainDict, is_part_paid: bool) -> str:
    """`is_part_paid`: milestones were released before the dispute, which was about the rest."""
    if not decision["refund_fen"]:
        return "paid"
    return "paid_partially" if decision["pay_fen"] or is_part_paid else "refunded"


def count_releases(connection: Connection, party_id: str) -> int:
    """How many orders a party gave back late or lost: its release counter."""
    counted = order_exclusion.c.reason != "grace"
    query = select(func.count()).where(order_exclusion.c.party_id == party_id, counted)
    return int(connection.execute(query).scalar_one())
