"""Topics of the work task up to its publication, and of what is decided when nobody signed up."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, insert, update

from engine.definitions.registry import TopicCall, topic
from engine.services.ledger import accounts
from engine.services.ledger.posting import balance_of
from engine.services.work_tasks import states
from engine.services.work_tasks.contacts import AFTER_AWARD
from engine.services.work_tasks.deadlines import find_deadlines
from engine.services.work_tasks.notes import (
    NEGOTIABLE,
    PIECEWORK,
    later,
    note_task,
    whole,
)
from engine.services.work_tasks.prices import highest_pay, needed_fen, raise_pay
from engine.services.work_tasks.tables import work_task
from engine.services.work_tasks.terms import describe_terms
from engine.storage.clock import format_instant, parse_instant
from engine.storage.plain import PlainDict

TEXTS = ("title", "category", "description", "deliverable_spec", "qualification_reqs", "place_mode", "district")
USUAL_TYPES = ["text", "file"]
"""What is to be delivered where the enterprise does not say."""


@topic("save_work_task", reads=["draft_task"])
def save_work_task(call: TopicCall, *, enterprise: str) -> PlainDict:
    """Keeps the work task as it was filled in; again when it is sent back before its review.

    Reads the form of draft_task. Returns: task_id, task_number, mode, headcount, amount_fen (what all of it may cost
    without the fee), signup_deadline.
    """
    draft, task_id = call.values_of("draft_task"), call.instance_id
    row = _describe(draft) | price_of(draft)
    known = call.connection.execute(states.SELECT_TASK, {"task_id": task_id}).one_or_none()
    if known is None:
        made = {
            "id": task_id,
            "number": call.business_key or task_id,
            "state": "draft",
            "enterprise_id": enterprise,
            "operator_id": call.actor.user_id,
            "created_at": call.now,
            **dict.fromkeys(("application_count", "seats_taken", "quantity_taken", "extension_count"), 0),
            "terms_version": 1,
        }
        call.connection.execute(insert(work_task).values(row | made))
        call.add_party(enterprise, "enterprise")
    else:
        call.connection.execute(update(work_task).where(work_task.c.id == task_id).values(row))
    saved = states.fetch_task_row(call.connection, task_id)
    amount_fen = _obligation(saved)
    call.describe(saved["title"], saved["title"], amount_fen)
    return {
        "task_id": task_id,
        "task_number": saved["number"],
        "mode": saved["mode"],
        "headcount": saved["headcount"],
        "amount_fen": amount_fen,
        "signup_deadline": format_instant(saved["signup_deadline"]),
    }


def _describe(draft: PlainDict) -> dict[str, object]:
    """The columns of what is published."""
    return {
        **{name: str(draft.get(name) or "") for name in TEXTS},
        **{name: draft.get(name) or None for name in ("address", "position", "contact")},
        **{name: parse_instant(str(draft[name])) for name in ("signup_deadline", "start_by", "due_at")},
        "deliverable_types": draft.get("deliverable_types") or USUAL_TYPES,
        "contact_visibility": str(draft.get("contact_visibility") or AFTER_AWARD),
        "attachments": draft.get("attachments") or [],
        "is_confidential": int(bool(draft.get("is_confidential"))),
        "is_insured": int(bool(draft.get("is_insured"))),
        "insurance_policy": str(draft.get("insurance_policy") or ""),
        "headcount": whole(draft, "headcount", 1),
        "rework_limit": whole(draft, "rework_limit", 3),
        "acceptance_days": whole(draft, "acceptance_days", 7),
        "award_preference": str(draft["award_preference"]),
        "award_strategy": str(draft.get("award_strategy") or "first_come"),
    }


def price_of(draft: PlainDict) -> dict[str, object]:
    """The columns of the money of a work task, of the form of draft_task: of each mode only what belongs to it."""
    mode = str(draft["mode"])
    is_piecework, is_open = mode == PIECEWORK, mode == NEGOTIABLE
    cap_total, unit_price_fen = whole(draft, "cap_total"), whole(draft, "unit_price_fen")
    prices = sorted(fen for name in ("price_min_fen", "price_max_fen") if (fen := whole(draft, name)))
    return {
        "mode": mode,
        "fee_bearer": str(draft.get("fee_bearer") or "deducted_from_pay"),
        "pay_fen": 0 if is_piecework or is_open else whole(draft, "pay_fen"),
        "guarantee_bps": whole(draft, "guarantee_bps"),
        "is_offer_required": int(bool(draft.get("is_offer_required"))),
        "negotiable_settlement": str(draft.get("negotiable_settlement") or "at_award"),
        "price_min_fen": prices[0] if is_open and len(prices) == 2 else None,
        "price_max_fen": prices[-1] if is_open and prices else None,
        "unit_name": str(draft.get("unit_name") or ""),
        "unit_price_fen": unit_price_fen if is_piecework else 0,
        "price_tiers": draft.get("price_tiers") or [],
        "is_frozen_by_batch": int(bool(draft.get("is_frozen_by_batch"))),
        "cap_total": cap_total if is_piecework else 0,
        "cap_per_worker": (whole(draft, "cap_per_worker") or cap_total) if is_piecework else 0,
        "min_batch": whole(draft, "min_batch", 1),
        "quality_rule": str(draft.get("quality_rule") or ""),
        "reject_policy": str(draft.get("reject_policy") or "rework"),
    }


def _obligation(task: RowMapping) -> int:
    if task["mode"] == PIECEWORK:
        return highest_pay(task)
    each = task["price_max_fen"] or 0 if task["mode"] == NEGOTIABLE else task["pay_fen"]
    return int(each * task["headcount"])


@topic("mark_work_task")
def mark_work_task(call: TopicCall, *, task_id: str, state: str) -> PlainDict:
    """Brings the work task into a state of its life. A final state is refused while money is frozen for it.

    Returns: state.
    """
    note_task(call, task_id, state)
    return {"state": state}


@topic("plan_funds")
def plan_funds(call: TopicCall, *, task_id: str, fee: PlainDict) -> PlainDict:
    """Fixes the fee that holds for the work task, and finds out what is still to be frozen before it is published:
    the pay of all seats or pieces where the mode secures it at once, less what is frozen already.

    Returns: to_freeze_fen.
    """
    call.connection.execute(update(work_task).where(work_task.c.id == task_id).values(fee=fee))
    note_task(call, task_id, "funding")
    task = states.fetch_task_row(call.connection, task_id)
    frozen_fen = balance_of(call.connection, accounts.escrow(task_id))
    return {"to_freeze_fen": max(0, needed_fen(task) - frozen_fen)}


@topic("publish_work_task")
def publish_work_task(call: TopicCall, *, task_id: str) -> PlainDict:
    """Publishes the work task: it takes sign-ups from now on. The nonce of a lottery is drawn and its hash published.

    Returns: signup_deadline, award_reminders, award_escalation, award_limit, extensions_left.
    """
    task = states.fetch_task_row(call.connection, task_id)
    nonce = task["award_nonce"] or secrets.token_hex(32)
    note_task(
        call,
        task_id,
        "recruiting",
        published_at=call.now,
        publication_sha256=describe_terms(task)["sha256"],
        award_nonce=nonce,
        award_commitment=hashlib.sha256(nonce.encode()).hexdigest(),
        list_closed_at=None,
    )
    return _deadlines(call, task["signup_deadline"], task["extension_count"])


def _deadlines(call: TopicCall, signup_deadline: datetime, extension_count: int) -> PlainDict:
    limit = call.policy["task_extension_limit"]
    assert isinstance(limit, int)
    return {**find_deadlines(call, signup_deadline), "extensions_left": max(0, limit - extension_count)}


@topic("revise_work_task", reads=["decide_no_match"])
def revise_work_task(call: TopicCall, *, task_id: str) -> PlainDict:
    """Changes the offer of a work task for which nobody signed up: longer sign-up, more pay, another text. Start and
    due date move with the sign-up.

    Reads the form of decide_no_match. Returns: signup_deadline, award_reminders, award_escalation, award_limit,
    extensions_left, is_reviewed (the text is as it was reviewed).
    """
    form, task = call.values_of("decide_no_match"), states.fetch_task_row(call.connection, task_id)
    until = max(parse_instant(str(form["extend_until"])), later(call, "task_extension_least"))
    moved = max(until - task["signup_deadline"], timedelta())
    added_fen = whole(form, "added_fen")
    values: dict[str, object] = {
        "signup_deadline": until,
        "start_by": task["start_by"] + moved,
        "due_at": task["due_at"] + moved,
        "extension_count": task["extension_count"] + 1,
        "terms_version": task["terms_version"] + 1,
        "list_closed_at": None,
        **{name: str(form[name]) for name in ("description", "deliverable_spec") if form.get(name)},
    }
    values |= raise_pay(task, added_fen)
    call.connection.execute(update(work_task).where(work_task.c.id == task_id).values(values))
    call.note("work_task_revised", task_id=task_id, added_fen=added_fen, signup_deadline=format_instant(until))
    is_reviewed = form["no_match_decision"] != "text"
    return {**_deadlines(call, until, task["extension_count"] + 1), "is_reviewed": is_reviewed}
