"""Topics of the platform review. What a diagram hands in and gets back is listed in bpmn/shared/README.md."""

from datetime import datetime, timedelta

from sqlalchemy import func, insert, select

from engine.definitions.registry import BusinessCalendar, TopicCall, topic
from engine.language.specs.durations import WORKING, add_duration, parse_duration, parse_working_time
from engine.services.reviews.authors import find_author
from engine.services.reviews.scanning import count_duplicates, count_words, is_related, is_suspended
from engine.services.reviews.subjects import Subject, correct_subject, find_subject
from engine.services.reviews.tables import review, review_record
from engine.storage.actor import SYSTEM
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

DECISIONS = {"approve": "approved", "return": "returned", "reject": "rejected", "refuse": "refused"}
CLOSE_REASONS = {"returned": "too_many_returns", "rejected": "rejected", "refused": "appeal_refused"}


@topic("open_review")
def open_review(
    call: TopicCall,
    *,
    subject_type: str,
    subject_id: str,
    submitter: str,
    amount_fen: int,
    excluded: list[str],
    sla: str,
) -> PlainDict:
    """Opens a review: who may not do it, and when its reviewers are reminded.

    Returns: review_id, barred (the parties excluded, with whoever belongs to them), due_in (the SLA; working days
    as their hours), remind_first and remind_second (after 50 % and 80 % of it), returns, reviewer, second_reviewer,
    appeal_decision, reasons (as they are at its beginning).
    """
    review_id = new_id()
    row = {
        "id": review_id,
        "instance_id": call.instance_id,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "submitter_id": submitter,
        "amount_fen": amount_fen,
        "opened_at": call.now,
    }
    call.connection.execute(insert(review).values(row))
    call.note("review_opened", review=review_id, subject_type=subject_type, subject_id=subject_id)
    first, second, whole = (take_share(sla, percent, call.now, call.calendar) for percent in (50, 80, 100))
    return {
        "review_id": review_id,
        "barred": [*sorted({submitter, *excluded})],
        "due_in": whole,
        "remind_first": first,
        "remind_second": second,
        "returns": 0,
        "reviewer": "",
        "second_reviewer": "",
        "appeal_decision": "",
        "reasons": [],
    }


def take_share(duration: str, percent: int, start: datetime, calendar: BusinessCalendar) -> str:
    """A part of a duration that begins at `start`. A working day counts as its hours: no part of it ends after it."""
    is_working = duration.startswith(WORKING)
    if is_working:
        days, rest = parse_working_time(duration)
        whole = days * calendar.working_day + rest
    else:
        whole = add_duration(start, parse_duration(duration), calendar.zone) - start
    hours, minutes = divmod(max(whole * percent // 100 // timedelta(minutes=1), 1), 60)
    return f"{WORKING if is_working else ''}PT{hours}H{minutes}M"


@topic("scan_subject")
def scan_subject(
    call: TopicCall, *, subject_type: str, subject_id: str, submitter: str, excluded: list[str], returns: int = 0
) -> PlainDict:
    """Looks over a subject and tells what a decision table may know of it; the table never sees a text.

    Returns: is_known, blocked_words, watched_words, missing_fields, own_duplicates, foreign_duplicates, is_suspended,
    is_related, was_returned.
    """
    found = find_subject(call, subject_type, subject_id)
    subject = found or Subject(())
    return {
        "is_known": found is not None,
        "blocked_words": count_words("block", subject.texts),
        "watched_words": count_words("watch", subject.texts),
        "missing_fields": len(subject.missing),
        **count_duplicates(call.connection, call.instance_id, submitter, subject),
        "is_suspended": is_suspended(call.connection, submitter),
        "is_related": is_related(call.connection, submitter, excluded),
        "was_returned": returns > 0,
    }


@topic("record_review", reads=["${element}"])
def record_review(call: TopicCall, *, review_id: str, element: str, returns: int = 0) -> PlainDict:
    """Writes down what a reviewer decided at a user task: who, with which skill, what, why and when.

    Reads the form of `element`. Returns: outcome (approved, returned, rejected, refused), reasons, reviewer, returns
    (one more if returned), close_reason (why the subject is refused, should it come to that).
    """
    form = call.values_of(element)
    outcome, reasons = DECISIONS[str(form["decision"])], form.get("reason_codes") or []
    assert isinstance(reasons, list)
    notes = {"note": form.get("note_to_submitter"), "note_internal": form.get("note_internal")}
    reviewer = _write(call, review_id, element, outcome, reasons, {**notes, "checklist": form.get("checklist")})
    return {
        "outcome": outcome,
        "reasons": reasons,
        "reviewer": reviewer,
        "returns": returns + (outcome == "returned"),
        "close_reason": CLOSE_REASONS.get(outcome, ""),
    }


@topic("record_submission", reads=["${element}"])
def record_submission(call: TopicCall, *, review_id: str, element: str, outcome: str) -> PlainDict:
    """Writes down what the submitter did about a review: `corrected` (and carries it out) or `appealed`.

    Reads the form of `element`. Returns: nothing.
    """
    form = call.values_of(element)
    _write(call, review_id, element, outcome, [], {"note": form.get("statement")})
    if outcome == "corrected":
        subject = call.connection.execute(select(review).where(review.c.id == review_id)).one()
        values: PlainDict = {name: value for name, value in form.items() if name != "statement" and value}
        if not correct_subject(call, subject.subject_type, subject.subject_id, values):
            call.note("correction_not_applied", review=review_id, fields=[*sorted(values)])
    return {}


@topic("record_verdict")
def record_verdict(call: TopicCall, *, review_id: str, outcome: str, reason: str = "") -> PlainDict:
    """Writes down what the platform decided by itself: `approved` by the automatic check, or `rejected` for a reason.

    Returns: outcome, reasons, reviewer ("system").
    """
    reasons: list[Plain] = [reason] if reason else []
    call.connection.execute(insert(review_record).values(_row(call, review_id, call.element, outcome, reasons)))
    call.note("review", review=review_id, outcome=outcome, reasons=reasons, reviewer=SYSTEM.user_id)
    return {"outcome": outcome, "reasons": reasons, "reviewer": SYSTEM.user_id}


def _write(call: TopicCall, review_id: str, element: str, outcome: str, reasons: list[Plain], said: PlainDict) -> str:
    """The record of what a person decided; gives who it was."""
    actor_id, role = _find_author(call, element)
    row = _row(call, review_id, element, outcome, reasons) | {
        "actor_id": actor_id,
        "role": role,
        **{name: value or None for name, value in said.items()},
    }
    call.connection.execute(insert(review_record).values(row))
    call.note("review", review=review_id, outcome=outcome, reasons=reasons, reviewer=actor_id, element=element)
    return actor_id


def _row(call: TopicCall, review_id: str, element: str, outcome: str, reasons: list[Plain]) -> dict[str, object]:
    skill = call.connection.execute(select(review.c.subject_type).where(review.c.id == review_id)).scalar_one()
    return {
        "id": new_id(),
        "review_id": review_id,
        "element": element,
        "actor_id": SYSTEM.user_id,
        "role": SYSTEM.role,
        "skill": skill,
        "outcome": outcome,
        "reason_codes": reasons,
        "at": call.now,
    }


def _find_author(call: TopicCall, element: str) -> tuple[str, str]:
    recorded_at = call.connection.execute(
        select(func.max(review_record.c.at))
        .join(review, review.c.id == review_record.c.review_id)
        .where(review.c.instance_id == call.instance_id, review_record.c.element == element)
    ).scalar_one()
    return find_author(call, element, recorded_at)
