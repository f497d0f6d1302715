"""Topics of what interrupts an engagement: a cancellation, a dispute.

A request is written into the engagement's row by its command; the topics read it from there, because what the
interrupted phase had in its data is gone (M13).
"""

from sqlalchemy import RowMapping, update

from engine.definitions.registry import TopicCall, topic
from engine.services.ledger import accounts, rules
from engine.services.ledger.posting import balance_of
from engine.services.work_tasks import states
from engine.services.work_tasks.engagements import count_rework_left, return_rest
from engine.services.work_tasks.notes import (
    REMINDER,
    book_for,
    charge_of,
    is_paid_at_acceptance,
    later,
    note_engagement,
)
from engine.services.work_tasks.tables import engagement
from engine.storage.clock import format_instant
from engine.storage.plain import PlainDict

NO_CLAIM = dict.fromkeys(("claim_kind", "claimant_id", "claim_reason", "claim_progress_bps", "claim_fen"))


@topic("read_engagement_cancellation")
def read_engagement_cancellation(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """The facts the terms of a cancellation follow from. Without a request of its own it is the whole work task that
    the enterprise cancels.

    Returns: requested_by (enterprise, worker), answering_party, stage (confirmed, working), is_in_grace, progress_bps.
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    is_worker = row["claimant_id"] == row["worker_id"]
    stage = row["state"]
    grace_until = later(call, "task_cancel_grace", row["confirmed_at"])
    return {
        "requested_by": "worker" if is_worker else "enterprise",
        "answering_party": row["enterprise_id"] if is_worker else row["worker_id"],
        "stage": stage,
        "is_in_grace": stage == "confirmed" and call.now <= grace_until,
        "progress_bps": row["claim_progress_bps"] or 0,
    }


@topic("cancel_engagement")
def cancel_engagement(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """Ends an engagement that the enterprise cancelled, after its money was divided; a guarantee goes back.

    Returns: returned_fen.
    """
    returned_fen = return_rest(call, engagement_id)
    note_engagement(call, engagement_id, "cancelled_by_enterprise")
    return {"returned_fen": returned_fen}


@topic("record_engagement_dispute")
def record_engagement_dispute(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """Marks the engagement as disputed and names the case: who claims against whom, and what money it is about. Pay
    that was to be charged on completion is secured now, as far as the enterprise has it.

    Returns: case_ref, claimant, respondent, disputed_fen.
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    claimant = row["claimant_id"] or row["enterprise_id"]
    respondent = row["worker_id"] if claimant == row["enterprise_id"] else row["enterprise_id"]
    number = row["case_count"] + 1
    before = row["state"]
    resume_state = before if before in ("confirmed", "awaiting_acceptance") else "working"
    _secure(call, row)
    note_engagement(call, engagement_id, "disputed", case_count=number, resume_state=resume_state)
    return {
        "case_ref": f"{engagement_id}-{number}",
        "claimant": claimant,
        "respondent": respondent,
        "disputed_fen": balance_of(call.connection, accounts.escrow(engagement_id)),
    }


def _secure(call: TopicCall, row: RowMapping) -> None:
    """Of work settled on completion: the guarantee and what the wallet has, up to the pay, into the escrow."""
    task = states.fetch_task_row(call.connection, row["task_id"])
    if not is_paid_at_acceptance(task):
        return
    engagement_id, payer = row["id"], row["enterprise_id"]
    guarantee = accounts.guarantee(engagement_id)
    if guarantee_fen := balance_of(call.connection, guarantee):
        book = book_for(call, engagement_id, "guarantee")
        rules.release(book, payer=payer, source=guarantee, amount_fen=guarantee_fen)
    missing_fen = charge_of(task, row["pay_fen"]) - balance_of(call.connection, accounts.escrow(engagement_id))
    amount_fen = min(missing_fen, balance_of(call.connection, accounts.wallet(payer)))
    if amount_fen > 0:
        book = book_for(call, engagement_id, "escrow")
        rules.freeze(book, payer=payer, escrow_ref=engagement_id, amount_fen=amount_fen)


@topic("apply_engagement_decision")
def apply_engagement_decision(call: TopicCall, *, engagement_id: str, decision: PlainDict) -> PlainDict:
    """What a decided case means for the engagement: the work goes on where it was, with new deadlines, or it ends as
    paid or refunded.

    Returns: stage (confirmed, working or awaiting_acceptance when it goes on, else the final state), due_at,
    due_soon, overdue_at, start_limit, acceptance_due, rework_left.
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    due_at = max(row["due_at"], later(call, "task_rework_deadline"))
    overdue_at = later(call, "task_overdue_grace", due_at)
    acceptance_due = later(call, "task_acceptance_again")
    task = states.fetch_task_row(call.connection, row["task_id"])
    if not decision["resume"] or is_paid_at_acceptance(task):
        return_rest(call, engagement_id)
    final = "disputed_paid" if decision["pay_fen"] else "disputed_refunded"
    stage = row["resume_state"] if decision["resume"] else final
    values = {"due_at": due_at, "overdue_at": overdue_at, "acceptance_due": acceptance_due, **NO_CLAIM}
    note_engagement(call, engagement_id, stage, **values)
    if not decision["resume"]:
        paid = {"paid_fen": row["paid_fen"] + int(str(decision["pay_fen"]))}
        call.connection.execute(update(engagement).where(engagement.c.id == engagement_id).values(paid))
    return {
        "stage": stage,
        "due_at": format_instant(due_at),
        "due_soon": format_instant(due_at - REMINDER),
        "overdue_at": format_instant(overdue_at),
        "start_limit": format_instant(later(call, "task_start_grace")),
        "acceptance_due": format_instant(acceptance_due),
        "rework_left": count_rework_left(call.connection, row),
    }
