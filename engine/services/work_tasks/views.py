"""What forms show of work tasks beside process data: the offer, the applicants, what was delivered, what is paid."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, RowMapping, select

from engine.definitions.registry import ViewCall, view
from engine.services.work_tasks import states
from engine.services.work_tasks.candidates import Record, find_features, read_records
from engine.services.work_tasks.contacts import find_contact
from engine.services.work_tasks.facts import deliverable_facts, fact, fetch_deliverable, offer_facts
from engine.services.work_tasks.notes import NEGOTIABLE, PIECEWORK
from engine.services.work_tasks.prices import count_secured
from engine.services.work_tasks.quantities import count_open
from engine.services.work_tasks.tables import acceptance_record, application
from engine.services.work_tasks.texts import open_text
from engine.services.work_tasks.words import say
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party

_NO_PRICE = ("价格还没有谈成，不能中标。", "No price is agreed yet, so this applicant cannot be awarded.")


@view("work_task_facts", needs=["task_id"])
def work_task_facts(call: ViewCall) -> Plain:
    """The work task as it was published."""
    return offer_facts(states.fetch_task_row(call.connection, str(call.data["task_id"])))


@view("work_task_applicants", needs=["task_id"])
def work_task_applicants(call: ViewCall) -> Plain:
    """Who may be awarded, by their numbers of arrival; names come with the award (B.6.7)."""
    task = states.fetch_task_row(call.connection, str(call.data["task_id"]))
    query = select(application).where(
        application.c.task_id == task["id"], application.c.state.in_(("applied", "waiting"))
    )
    rows = call.connection.execute(query.order_by(application.c.sequence)).mappings().all()
    workers = [row["worker_id"] for row in rows]
    names, records = _read_names(call.connection, workers, call.language), read_records(call.connection, workers)
    return [_applicant(call, task, row, (names.get(row["worker_id"], ""), records[row["worker_id"]])) for row in rows]


def _applicant(call: ViewCall, task: RowMapping, row: RowMapping, known: tuple[str, Record]) -> Plain:
    name, record = known
    masked = f"{name[:1]}**" if name else row["worker_id"][:4]
    is_ready = task["mode"] != NEGOTIABLE or row["agreed_fen"] is not None
    features = find_features(task, row, record)
    return {
        "id": str(row["sequence"]),
        "name": f"{row['sequence']}. {masked}",
        "amount_fen": row["agreed_fen"] or row["offer_fen"],
        "quantity": row["quantity_wish"] or None,
        "message": open_text(call, row["message"]),
        "stars": f"{record.stars / record.ratings:.1f}" if record.ratings else None,
        "completion_bps": features["completion"] if record.ended else None,
        "match_bps": features["qualification"] if task["qualification_reqs"] else None,
        "distance_m": row["distance_m"],
        "available_at": format_instant(row["available_from"]) if row["available_from"] else None,
        "is_open": is_ready,
        "hint": _NO_PRICE[0 if call.language == "zh" else 1],
    }


def _read_names(connection: Connection, party_ids: Iterable[str], language: str) -> Mapping[str, str]:
    column = party.c.name_zh if language == "zh" else party.c.name_en
    rows = connection.execute(select(party.c.id, column.label("name")).where(party.c.id.in_(list(party_ids))))
    return {row.id: row.name for row in rows}


def _name_of(connection: Connection, party_id: str, language: str) -> str:
    return _read_names(connection, [party_id], language).get(party_id, "")


@view("engagement_facts", needs=["engagement_id"])
def engagement_facts(call: ViewCall) -> Plain:
    """The engagement: whose it is, what it pays, by when; where it is, and whom to call, as far as that may be read."""
    row = states.fetch_engagement_row(call.connection, str(call.data["engagement_id"]))
    task = states.fetch_task_row(call.connection, row["task_id"])
    found = [
        fact("承接人", "Undertaker", "worker", _name_of(call.connection, row["worker_id"], call.language)),
        fact("报酬（个人佣金）", "Pay", "pay_fen", row["pay_fen"]),
        fact("截止时间", "Deadline", "due_at", format_instant(row["due_at"])),
        fact("详细地址", "Exact address", "address", open_text(call, task["address"])),
        fact("联系人", "Contact", "contact", open_text(call, find_contact(task, row))),
        fact("保单号", "Insurance policy", "insurance_policy", task["insurance_policy"]),
        fact("签到距离（米）", "Checked in at a distance of (m)", "check_in_m", row["check_in_m"]),
    ]
    if task["mode"] == PIECEWORK:
        open_quantity = count_open(call.connection, row["id"])
        found.append(fact("可交付数量", "Pieces open", "open_quantity", open_quantity))
    return [line for line in found if isinstance(line, dict) and line["value"] not in (None, "")]


@view("engagement_offer", needs=["engagement_id"])
def engagement_offer(call: ViewCall) -> Plain:
    """The work task of an engagement as it was published: everything, for its two sides."""
    row = states.fetch_engagement_row(call.connection, str(call.data["engagement_id"]))
    return offer_facts(states.fetch_task_row(call.connection, row["task_id"]))


@view("engagement_terms", needs=["engagement_id"])
def engagement_terms(call: ViewCall) -> Plain:
    """Which terms the worker accepts when he confirms: their version, and the SHA-256 of all of them."""
    row = states.fetch_engagement_row(call.connection, str(call.data["engagement_id"]))
    return [
        fact("条款版本", "Version", "terms_version", row["terms_version"]),
        fact("条款摘要（SHA-256）", "Digest (SHA-256)", "terms_sha256", (row["terms"] or {}).get("sha256")),
    ]


@view("engagement_limits", needs=["engagement_id"])
def engagement_limits(call: ViewCall) -> Plain:
    """What numbers the forms of an engagement may hold: the pieces of a batch, those that are judged, a part of the
    pay.
    """
    row = states.fetch_engagement_row(call.connection, str(call.data["engagement_id"]))
    task = states.fetch_task_row(call.connection, row["task_id"])
    limits: PlainDict = {"proposed_fen": {"minimum": 1, "maximum": row["pay_fen"] - 1}}
    if task["mode"] == PIECEWORK:
        most = count_secured(task, count_open(call.connection, row["id"]))
        limits["quantity"] = {"minimum": min(most, task["min_batch"]), "maximum": most}
        if row["version"]:
            limits["delivered"] = fetch_deliverable(call.connection, row["id"])["quantity"]
    return limits


@view("engagement_deliverable", needs=["engagement_id"])
def engagement_deliverable(call: ViewCall) -> Plain:
    """The latest delivery of the engagement, and those before it."""
    return deliverable_facts(call, str(call.data["engagement_id"]))


@view("engagement_answer", needs=["engagement_id"])
def engagement_answer(call: ViewCall) -> Plain:
    """What the enterprise answered to the latest delivery that it answered: reasons, note and evidence."""
    query = select(acceptance_record).where(acceptance_record.c.engagement_id == str(call.data["engagement_id"]))
    latest = query.order_by(acceptance_record.c.version.desc()).limit(1)
    row = call.connection.execute(latest).mappings().one_or_none()
    if row is None:
        return []
    lines = [
        fact("验收版本", "Accepted version", "version", row["version"]),
        fact("原因", "Reasons", "reasons", say(row["reasons"]) if row["reasons"] else None),
        fact("说明", "Note", "note", open_text(call, row["note"])),
        fact("依据", "Evidence", "evidence", row["evidence"]),
    ]
    return [line for line in lines if isinstance(line, dict) and line["value"]]


@view("engagement_claim", needs=["engagement_id"])
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
