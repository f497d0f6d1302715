"""What forms show of work tasks beside process data: the offer, the applicants, what was delivered, what is paid."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from engine.definitions.registry import ViewCall, view
from engine.services.ledger.fees import compute_settlement, read_terms
from engine.services.reviews.subjects import Source
from engine.services.work_tasks import states
from engine.services.work_tasks.notes import NEGOTIABLE, PIECEWORK
from engine.services.work_tasks.quantities import count_open
from engine.services.work_tasks.tables import application, deliverable
from engine.storage import vault
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party

_OFFER: Mapping[str, tuple[str, str]] = {
    "number": ("任务编号", "Task number"),
    "title": ("标题", "Title"),
    "description": ("任务描述", "Description"),
    "deliverable_spec": ("交付要求", "Deliverable requirements"),
    "qualification_reqs": ("资质要求", "Qualifications"),
    "quality_rule": ("质量标准", "Quality rule"),
    "district": ("地点", "Place"),
    "headcount": ("人数", "Headcount"),
    "pay_fen": ("报酬（个人佣金）", "Pay"),
    "unit_price_fen": ("计件单价", "Unit price"),
    "cap_total": ("数量上限", "Quantity cap"),
    "price_min_fen": ("价格下限", "Lowest price"),
    "price_max_fen": ("价格上限", "Highest price"),
    "signup_deadline": ("报名截止", "Sign-up deadline"),
    "start_by": ("最晚开始", "Start by"),
    "due_at": ("截止时间", "Deadline"),
    "attachments": ("附件", "Attachments"),
}


def fact(zh: str, en: str, name: str, value: Plain) -> Plain:
    """A row as forms show it."""
    return {"zh": zh, "en": en, "name": name, "value": value}


def _plain(name: str, value: object) -> tuple[str, Plain]:
    if isinstance(value, datetime):
        return name if name.endswith("_at") else f"{name}_at", format_instant(value)
    assert value is None or isinstance(value, (str, int, list, dict))
    return name, value


def offer_facts(row: RowMapping) -> list[Plain]:
    """What was published of a work task, in rows for people."""
    shown = [(words, *_plain(name, row[name])) for name, words in _OFFER.items() if row[name]]
    return [fact(zh, en, name, value) for (zh, en), name, value in shown]


@view("work_task_facts")
def work_task_facts(call: ViewCall) -> Plain:
    """The work task as it was published."""
    return offer_facts(states.fetch_task_row(call.connection, str(call.data["task_id"])))


@view("work_task_applicants")
def work_task_applicants(call: ViewCall) -> Plain:
    """Who may be awarded, by their numbers of arrival; names come with the award (B.6.7)."""
    task = states.fetch_task_row(call.connection, str(call.data["task_id"]))
    query = select(application).where(
        application.c.task_id == task["id"], application.c.state.in_(("applied", "waiting"))
    )
    rows = call.connection.execute(query.order_by(application.c.sequence)).mappings()
    return [_applicant(call, task, row) for row in rows]


def _applicant(call: ViewCall, task: RowMapping, row: RowMapping) -> Plain:
    name = _name_of(call.connection, row["worker_id"], call.language)
    masked = f"{name[:1]}**" if name else row["worker_id"][:4]
    price = row["agreed_fen"] or row["offer_fen"]
    is_ready = task["mode"] != NEGOTIABLE or row["agreed_fen"] is not None
    return {
        "id": str(row["sequence"]),
        "name": f"{row['sequence']}. {masked}",
        "amount_fen": price,
        "quantity": row["quantity_wish"] or None,
        "message": open_text(call, row["message"]),
        "is_open": is_ready,
    }


def _name_of(connection: Connection, party_id: str, language: str) -> str:
    column = party.c.name_zh if language == "zh" else party.c.name_en
    return str(connection.execute(select(column).where(party.c.id == party_id)).scalar_one_or_none() or "")


@view("engagement_facts")
def engagement_facts(call: ViewCall) -> Plain:
    """The engagement: whose it is, what it pays, by when; of piecework how many pieces are open."""
    row = states.fetch_engagement_row(call.connection, str(call.data["engagement_id"]))
    task = states.fetch_task_row(call.connection, row["task_id"])
    found = [
        fact("承接人", "Undertaker", "worker", _name_of(call.connection, row["worker_id"], call.language)),
        fact("报酬（个人佣金）", "Pay", "pay_fen", row["pay_fen"]),
        fact("截止时间", "Deadline", "due_at", format_instant(row["due_at"])),
    ]
    if task["mode"] == PIECEWORK:
        open_quantity = count_open(call.connection, row["id"])
        found.append(fact("可交付数量", "Pieces open", "open_quantity", open_quantity))
    return [*offer_facts(task), *found]


@view("engagement_deliverable")
def engagement_deliverable(call: ViewCall) -> Plain:
    """The latest delivery of the engagement."""
    return deliverable_facts(call, str(call.data["engagement_id"]))


def fetch_deliverable(connection: Connection, engagement_id: str) -> RowMapping:
    """The latest delivery of an engagement. Raises LookupError before the first."""
    query = select(deliverable).where(deliverable.c.engagement_id == engagement_id)
    row = connection.execute(query.order_by(deliverable.c.version.desc()).limit(1)).mappings().one_or_none()
    if row is None:
        raise LookupError(f"Expected a delivery of {engagement_id}, but there is none")
    return row


def deliverable_facts(source: Source, engagement_id: str) -> list[Plain]:
    """The latest delivery in rows for people, its text decrypted."""
    row = fetch_deliverable(source.connection, engagement_id)
    quantity = [fact("数量", "Quantity", "quantity", row["quantity"])] if row["quantity"] else []
    return [
        fact("版本", "Version", "version", row["version"]),
        *quantity,
        fact("说明", "Statement", "statement", open_text(source, row["statement"])),
        fact("链接", "Links", "links", row["links"]),
        fact("文件", "Files", "files", row["files"]),
        fact("提交时间", "Submitted at", "submitted_at", format_instant(row["submitted_at"])),
    ]


@view("work_task_settlement")
def work_task_settlement(call: ViewCall) -> Plain:
    """What one seat costs and brings: the pay, or that of a full share of pieces. Nothing for a negotiable price."""
    task = states.fetch_task_row(call.connection, str(call.data["task_id"]))
    gross_fen = task["pay_fen"] or task["unit_price_fen"] * task["cap_per_worker"]
    return _amounts(task, gross_fen, 0) if gross_fen and task["fee"] else {}


@view("engagement_settlement")
def engagement_settlement(call: ViewCall) -> Plain:
    """What would be paid now if all that was delivered is accepted, or what was proposed instead."""
    row = states.fetch_engagement_row(call.connection, str(call.data["engagement_id"]))
    task = states.fetch_task_row(call.connection, row["task_id"])
    proposed = call.data.get("proposed_fen")
    gross_fen = proposed if isinstance(proposed, int) and proposed else row["pay_fen"]
    if task["mode"] == PIECEWORK and row["version"]:
        gross_fen = fetch_deliverable(call.connection, row["id"])["quantity"] * task["unit_price_fen"]
    return _amounts(task, gross_fen, row["paid_fen"] if task["mode"] == PIECEWORK else 0)


def _amounts(task: RowMapping, gross_fen: int, before_fen: int) -> PlainDict:
    """A settlement as the form component of that name shows it."""
    terms = read_terms(task["fee"])
    split = compute_settlement(gross_fen, terms, fee_bearer=task["fee_bearer"], before_fen=before_fen)
    return {
        "gross_fen": split.gross_fen,
        "platform_fee_bps": terms.rate_bps,
        "platform_fee_fen": split.fee_fen,
        "vat_fen": split.vat_fen,
        "tax_fen": split.tax_fen,
        "net_fen": split.net_fen,
    }


@view("engagement_claim")
def engagement_claim(call: ViewCall) -> Plain:
    """Who asks for what, and why: the request that interrupted the engagement."""
    row = states.fetch_engagement_row(call.connection, str(call.data["engagement_id"]))
    claimant = row["claimant_id"] or row["enterprise_id"]
    facts = [fact("提出方", "Asked by", "claimant", _name_of(call.connection, claimant, call.language))]
    if row["claim_reason"]:
        facts.append(fact("理由", "Reason", "claim_reason", open_text(call, row["claim_reason"])))
    if row["claim_progress_bps"]:
        share = f"{row['claim_progress_bps'] / 100:g} %"
        facts.append(fact("已完成（提出方估计）", "Done so far (as the asking side sees it)", "progress", share))
    return facts


def open_text(source: Source, reference: PlainDict | None) -> str | None:
    """The text behind a vault reference; None where there is none, or the person was erased."""
    return vault.open_reference(source.connection, source.keys, reference) if reference else None
