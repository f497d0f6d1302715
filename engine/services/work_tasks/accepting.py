"""Topics of the acceptance: the enterprise's answer to a delivery, silence, and what is paid for it."""

from datetime import datetime

from sqlalchemy import RowMapping, func, insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.language.specs.schedules import find_due
from engine.services.ledger import accounts
from engine.services.ledger.posting import balance_of
from engine.services.ratings.keeping import Given, keep_rating
from engine.services.reviews.authors import find_author
from engine.services.work_tasks import states
from engine.services.work_tasks.engagements import return_rest
from engine.services.work_tasks.facts import fetch_deliverable
from engine.services.work_tasks.notes import PIECEWORK, is_paid_at_acceptance, later, note_engagement, whole
from engine.services.work_tasks.prices import charge_of_pieces, count_secured, pay_of_pieces
from engine.services.work_tasks.quantities import count_open, sum_quantities
from engine.services.work_tasks.tables import acceptance_record, engagement, work_quantity
from engine.storage.actor import SYSTEM
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict


@topic("open_acceptance")
def open_acceptance(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """The platform has approved the delivery; the enterprise accepts it, or is silent for so many working days.

    Returns: acceptance_due.
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    task = states.fetch_task_row(call.connection, row["task_id"])
    due = find_due(f"WT:P{task['acceptance_days']}D", call.now, call.calendar)
    note_engagement(call, engagement_id, "awaiting_acceptance", acceptance_due=due)
    return {"acceptance_due": format_instant(due)}


@topic("record_acceptance", reads=["acceptance"])
def record_acceptance(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """Keeps the enterprise's answer to the latest delivery. Pieces that are neither accepted nor scrap are to be done
    again.

    Reads the form of acceptance. Returns: result (accept, partial, rework, reject), proposed_fen.
    """
    form, row = call.values_of("acceptance"), states.fetch_engagement_row(call.connection, engagement_id)
    result, proposed_fen = str(form["acceptance_result"]), whole(form, "proposed_fen")
    if row["quantity_cap"]:
        result = _record_pieces(call, row, result, form.get("pieces") or form.get("pieces_kept_or_scrap"))
    elif result == "partial":
        result, proposed_fen = _limit(row, proposed_fen)
    accepted_by, _ = find_author(call, "acceptance", _last_answer(call, row))
    said = {
        "reasons": form.get("reason_codes") or [],
        "note": form.get("acceptance_note") or None,
        "evidence": form.get("evidence") or [],
    }
    _record(call, row, (result, proposed_fen, accepted_by), said)
    if form.get("early_stars"):
        enterprise_id, worker_id = row["enterprise_id"], row["worker_id"]
        keep_rating(call, row["id"], Given(enterprise_id, worker_id, accepted_by, int(str(form["early_stars"]))))
    return {"result": result, "proposed_fen": proposed_fen}


def _limit(row: RowMapping, proposed_fen: int) -> tuple[str, int]:
    """A part of the pay that is all of it, or nothing, is no part."""
    if proposed_fen >= row["pay_fen"]:
        return "accept", 0
    return ("partial", proposed_fen) if proposed_fen else ("reject", 0)


def _last_answer(call: TopicCall, row: RowMapping) -> datetime | None:
    query = select(func.max(acceptance_record.c.at)).where(acceptance_record.c.engagement_id == row["id"])
    found: datetime | None = call.connection.execute(query).scalar_one()
    return found


def _record_pieces(call: TopicCall, row: RowMapping, result: str, parts: Plain = None) -> str:
    """Judges the pieces of the latest delivery; gives the result for the whole of it. `parts` says how many of them
    were accepted and are scrap where that is not all or none.
    """
    delivered = fetch_deliverable(call.connection, row["id"])["quantity"]
    judged = parts if isinstance(parts, dict) and result == "partial" else {}
    accepted = delivered if result == "accept" else whole(judged, "accepted")
    scrap = whole(judged, "scrap")
    rework = 0 if result == "reject" else delivered - accepted - scrap
    values = {"accepted": accepted, "rework": rework, "scrap": scrap}
    keys = {"engagement_id": row["id"], "version": row["version"], "batch": row["batch"], "delivered": delivered}
    call.connection.execute(insert(work_quantity).values(keys | values))
    call.note("pieces_judged", engagement_id=row["id"], delivered=delivered, **values)
    if result == "partial" and not accepted:
        return "rework"
    return result


def _record(call: TopicCall, row: RowMapping, answer: tuple[str, int, str], said: PlainDict) -> None:
    result, proposed_fen, actor_id = answer
    values = {
        "engagement_id": row["id"],
        "version": row["version"],
        "result": result,
        "proposed_fen": proposed_fen or None,
        **said,
        "is_automatic": int(actor_id == SYSTEM.user_id),
        "actor_id": actor_id,
        "at": call.now,
    }
    call.connection.execute(insert(acceptance_record).values(values))
    call.note("accepted", engagement_id=row["id"], version=row["version"], result=result)


@topic("accept_by_silence")
def accept_by_silence(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """The enterprise was silent until the end: the delivery is accepted in full, and marked as accepted automatically.

    Returns: result, proposed_fen.
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    if row["quantity_cap"]:
        _record_pieces(call, row, "accept")
    _record(call, row, ("accept", 0, SYSTEM.user_id), {"reasons": [], "note": None, "evidence": []})
    return {"result": "accept", "proposed_fen": 0}


@topic("compute_gross")
def compute_gross(call: TopicCall, *, engagement_id: str, result: str, proposed_fen: int = 0) -> PlainDict:
    """What is due for the accepted work, before the fee.

    Returns: gross_fen, batch, quantity, unit_price_fen (0 where it depends on the quantity), pay_source (escrow,
    pieces, wallet), block_at and claim_at (when an enterprise that does not pay may publish nothing more, and when it
    becomes a dispute).
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    task = states.fetch_task_row(call.connection, row["task_id"])
    quantity, gross_fen = 0, row["pay_fen"] if result == "accept" else proposed_fen
    if task["mode"] == PIECEWORK:
        quantity = _accepted_now(call, row)
        accepted = sum_quantities(call.connection, engagement_id).accepted
        gross_fen = pay_of_pieces(task, accepted) - pay_of_pieces(task, accepted - quantity)
    note_engagement(call, engagement_id, "settling", gross_fen=gross_fen)
    source = "pieces" if task["mode"] == PIECEWORK else "wallet" if is_paid_at_acceptance(task) else "escrow"
    return {
        "gross_fen": gross_fen,
        "batch": row["batch"],
        "quantity": quantity,
        "unit_price_fen": 0 if task["price_tiers"] else task["unit_price_fen"],
        "pay_source": source,
        "block_at": format_instant(later(call, "task_block_after")),
        "claim_at": format_instant(later(call, "task_claim_after")),
    }


def _accepted_now(call: TopicCall, row: RowMapping) -> int:
    same = (work_quantity.c.engagement_id == row["id"], work_quantity.c.version == row["version"])
    return int(call.connection.execute(select(work_quantity.c.accepted).where(*same)).scalar_one())


@topic("record_settlement")
def record_settlement(call: TopicCall, *, engagement_id: str, gross_fen: int, net_fen: int) -> PlainDict:
    """Notes what was just paid.

    Returns: is_more_to_do (of piecework: pieces and time are left, and it was not the last batch), payout_fen (what the
    worker has received for it and still has).
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    values = {
        "paid_fen": row["paid_fen"] + gross_fen,
        "net_fen": row["net_fen"] + net_fen,
        "gross_fen": 0,
        "payment_blocked_at": None,
    }
    call.connection.execute(update(engagement).where(engagement.c.id == engagement_id).values(values))
    is_open = count_open(call.connection, engagement_id) > 0 and call.now < row["overdue_at"]
    wallet_fen = balance_of(call.connection, accounts.wallet(row["worker_id"]))
    return {
        "is_more_to_do": is_open and not row["is_last_batch"],
        "payout_fen": min(row["net_fen"] + net_fen, wallet_fen),
    }


@topic("plan_batch")
def plan_batch(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """What is still to be frozen before the worker goes on with the next batch: nothing, unless the work task is frozen
    batch by batch.

    Returns: secure_fen.
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    task = states.fetch_task_row(call.connection, row["task_id"])
    done = sum_quantities(call.connection, engagement_id).accepted
    wanted_fen = charge_of_pieces(task, done, count_secured(task, count_open(call.connection, engagement_id)))
    return {"secure_fen": max(0, wanted_fen - balance_of(call.connection, accounts.escrow(engagement_id)))}


@topic("begin_batch")
def begin_batch(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """Piecework goes on with the next batch.

    Returns: stage, batch.
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    note_engagement(call, engagement_id, "working", batch=row["batch"] + 1)
    return {"stage": "working", "batch": row["batch"] + 1}


@topic("close_engagement")
def close_engagement(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """Ends an engagement that was paid: what is still frozen for it goes back, and it counts as settled, or settled in
    part when less was paid than agreed.

    Returns: outcome (settled, settled_partially).
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    return_rest(call, engagement_id)
    is_whole = row["paid_fen"] >= row["pay_fen"] or row["quantity_cap"] > 0
    outcome = "settled" if is_whole else "settled_partially"
    note_engagement(call, engagement_id, outcome)
    return {"outcome": outcome}


@topic("block_enterprise")
def block_enterprise(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """Accepted work was not paid in time: until it is, the enterprise publishes nothing.

    Returns: blocked_at.
    """
    values = {"payment_blocked_at": call.now}
    call.connection.execute(update(engagement).where(engagement.c.id == engagement_id).values(values))
    call.note("enterprise_blocked", engagement_id=engagement_id)
    return {"blocked_at": format_instant(call.now)}


@topic("claim_payment")
def claim_payment(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """Accepted work stays unpaid: the worker's claim against the enterprise, as the case will see it.

    Returns: claim_kind.
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    values = {"claim_kind": "non_payment", "claimant_id": row["worker_id"], "claim_progress_bps": None}
    call.connection.execute(update(engagement).where(engagement.c.id == engagement_id).values(values))
    return {"claim_kind": "non_payment"}
