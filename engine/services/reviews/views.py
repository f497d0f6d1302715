"""What the forms of a review show: the subject, what the automatic check found, and what was said so far."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, func, select

from engine.definitions.registry import ViewCall, view
from engine.services.reviews.reasons import CLOSINGS, OUTCOMES, REASONS, say
from engine.services.reviews.subjects import find_subject
from engine.services.reviews.tables import review, review_record
from engine.storage import vault
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict

_FLAGS = {
    "blocked_words": ("禁用词", "Forbidden words"),
    "watched_words": ("需留意的词", "Words to look at"),
    "missing_fields": ("缺少的内容", "Missing fields"),
    "own_duplicates": ("本人在其他业务用过的文件", "Files the submitter used before"),
    "foreign_duplicates": ("他人在其他业务用过的文件", "Files others used before"),
    "is_suspended": ("提交人被列入黑名单", "Submitter is on the black list"),
    "is_related": ("与对方有关联", "Related to another side"),
    "was_returned": ("退回后重新提交", "Submitted again after a return"),
}
_SEVERAL = {"zh": "；", "en": "; "}


def _fact(zh: str, en: str, name: str, value: Plain) -> Plain:
    return {"zh": zh, "en": en, "name": name, "value": value}


@view("review_subject", needs=["subject_id", "subject_type"])
def review_subject(call: ViewCall) -> Plain:
    """What is under review, as the service that owns it shows it."""
    subject = find_subject(call, str(call.data["subject_type"]), str(call.data["subject_id"]))
    if subject is None:
        return [_fact("审核对象编号", "Subject", "subject_id", call.data["subject_id"])]
    missing = [_fact("缺少的内容", "Missing", "missing", ", ".join(subject.missing))] if subject.missing else []
    return [*subject.facts, *missing]


@view("review_checks")
def review_checks(call: ViewCall) -> Plain:
    """What the automatic check found; what it did not find is left out."""
    is_chinese = call.language == "zh"
    found: list[Plain] = []
    for name, (zh, en) in _FLAGS.items():
        value = call.data.get(name)
        if value:
            found.append(_fact(zh, en, name, ("是" if is_chinese else "Yes") if value is True else value))
    nothing = _fact("自动检查", "Automatic check", "nothing", "没有发现问题" if is_chinese else "Nothing found")
    return found or [nothing]


@view("review_history", needs=["review_id", "submitter"])
def review_history(call: ViewCall) -> Plain:
    """For reviewers: what was decided in this review so far, and how earlier reviews of the submitter ended."""
    earlier = (
        select(review_record.c.outcome, func.count().label("total"))
        .join(review, review.c.id == review_record.c.review_id)
        .where(review.c.submitter_id == call.data["submitter"], review.c.id != call.data["review_id"])
        .group_by(review_record.c.outcome)
    )
    counts = {row.outcome: row.total for row in call.connection.execute(earlier)}
    facts = [_describe(call, row, is_internal=True) for row in _find_records(call)]
    for outcome in ("approved", "returned", "rejected"):
        zh, en = OUTCOMES[outcome]
        facts.append(_fact(f"提交人过往：{zh}", f"Submitter before: {en.lower()}", outcome, counts.get(outcome, 0)))
    return facts


@view("review_remarks", needs=["review_id"])
def review_remarks(call: ViewCall) -> Plain:
    """For the submitter: what was decided and why. Never who decided it, never an internal note."""
    return [_describe(call, row, is_internal=False) for row in _find_records(call)]


def _find_records(call: ViewCall) -> Sequence[RowMapping]:
    query = select(review_record).where(review_record.c.review_id == call.data["review_id"])
    return call.connection.execute(query.order_by(review_record.c.at, review_record.c.id)).mappings().all()


def _describe(call: ViewCall, row: RowMapping, *, is_internal: bool) -> Plain:
    """One record as a line: the outcome, its reasons and its notes."""
    reasons = [say({**REASONS, **CLOSINGS}, code, call.language) for code in row["reason_codes"]]
    notes = [row["note"], row["note_internal"] if is_internal else None]
    parts = [*reasons, *(text for text in (_open(call, note) for note in notes) if text)]
    zh, en = OUTCOMES[row["outcome"]]
    at = format_instant(row["at"])
    return _fact(f"{zh}（{at[:10]}）", f"{en} ({at[:10]})", row["element"], _SEVERAL[call.language].join(parts) or "—")


def _open(call: ViewCall, reference: PlainDict | None) -> str | None:
    return vault.open_reference(call.connection, call.keys, reference) if reference else None
