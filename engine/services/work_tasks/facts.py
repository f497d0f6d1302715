"""A work task and what is delivered for it, in rows for people: `{"zh", "en", "name", "value"}`."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from engine.services.reviews.subjects import Source
from engine.services.work_tasks.notes import NEGOTIABLE
from engine.services.work_tasks.tables import deliverable
from engine.services.work_tasks.texts import open_text
from engine.services.work_tasks.words import say
from engine.storage.clock import format_instant
from engine.storage.plain import Plain

_OFFER: Mapping[str, tuple[str, str]] = {
    "number": ("任务编号", "Task number"),
    "title": ("标题", "Title"),
    "category": ("分类", "Category"),
    "description": ("任务描述", "Description"),
    "deliverable_spec": ("交付要求", "Deliverable requirements"),
    "deliverable_types": ("交付形式", "Kinds of deliverable"),
    "qualification_reqs": ("资质要求", "Qualifications"),
    "quality_rule": ("质量标准", "Quality rule"),
    "place_mode": ("地点方式", "Where"),
    "district": ("地点", "Place"),
    "headcount": ("人数", "Headcount"),
    "pay_fen": ("报酬（个人佣金）", "Pay"),
    "unit_price_fen": ("计件单价", "Unit price"),
    "cap_total": ("数量上限", "Quantity cap"),
    "min_batch": ("每批最少数量", "Smallest batch"),
    "reject_policy": ("不合格品", "Rejected pieces"),
    "price_min_fen": ("价格下限", "Lowest price"),
    "price_max_fen": ("价格上限", "Highest price"),
    "negotiable_settlement": ("成交价", "Agreed price"),
    "guarantee_bps": ("保证金", "Guarantee deposit"),
    "signup_deadline": ("报名截止", "Sign-up deadline"),
    "start_by": ("最晚开始", "Start by"),
    "due_at": ("截止时间", "Deadline"),
    "rework_limit": ("返工次数", "Reworks"),
    "acceptance_days": ("验收期限（工作日）", "Days to accept (working days)"),
    "is_insured": ("意外险", "Accident insurance"),
    "is_confidential": ("内容保密", "Confidential"),
    "attachments": ("附件", "Attachments"),
}
_PIECEWORK_ONLY = frozenset({"min_batch", "reject_policy"})
_CONFIDENTIAL = frozenset({"deliverable_spec", "attachments"})
"""What of a confidential work task only those read who were awarded a seat."""


def fact(zh: str, en: str, name: str, value: Plain) -> Plain:
    """A row as forms show it."""
    return {"zh": zh, "en": en, "name": name, "value": value}


def offer_facts(row: RowMapping) -> list[Plain]:
    """What was published of a work task: everything, for those who work on it or review it."""
    return _list_facts(row, frozenset())


def public_facts(row: RowMapping) -> list[Plain]:
    """What was published of a work task, for everybody: less than everything if it is confidential."""
    return _list_facts(row, _CONFIDENTIAL if row["is_confidential"] else frozenset())


def _list_facts(row: RowMapping, hidden: frozenset[str]) -> list[Plain]:
    is_piecework, is_negotiable = bool(row["unit_price_fen"]), row["mode"] == NEGOTIABLE
    left_out = hidden | (frozenset() if is_piecework else _PIECEWORK_ONLY)
    left_out |= frozenset() if is_negotiable else {"negotiable_settlement"}
    found: list[Plain] = []
    for name, words in _OFFER.items():
        if row[name] and name not in left_out:
            found.append(fact(*words, *_plain(name, row[name])))
        if name == "unit_price_fen":
            found += [_tier(tier) for tier in row["price_tiers"]]
    return found


def _tier(tier: Mapping[str, int]) -> Plain:
    count = tier["from_quantity"]
    return fact(f"第 {count} 件起", f"From piece {count} on", "unit_price_fen", tier["unit_price_fen"])


def _plain(name: str, value: object) -> tuple[str, Plain]:
    if isinstance(value, datetime):
        return name if name.endswith("_at") else f"{name}_at", format_instant(value)
    if name.startswith("is_"):
        return name, bool(value)
    if name == "deliverable_types":
        assert isinstance(value, list)
        return name, say(value)
    if name in ("category", "place_mode", "reject_policy", "negotiable_settlement"):
        return name, say([str(value)])
    assert value is None or isinstance(value, (str, int, list, dict))
    return name, value


def fetch_deliverable(connection: Connection, engagement_id: str) -> RowMapping:
    """The latest delivery of an engagement. Raises LookupError before the first."""
    query = select(deliverable).where(deliverable.c.engagement_id == engagement_id)
    row = connection.execute(query.order_by(deliverable.c.version.desc()).limit(1)).mappings().one_or_none()
    if row is None:
        raise LookupError(f"Expected a delivery of {engagement_id}, but there is none")
    return row


def deliverable_facts(source: Source, engagement_id: str) -> list[Plain]:
    """The latest delivery, its texts decrypted, then the versions before it."""
    query = select(deliverable).where(deliverable.c.engagement_id == engagement_id)
    rows = source.connection.execute(query.order_by(deliverable.c.version.desc())).mappings().all()
    return [line for row in rows for line in _list_delivery(source, row)]


def _list_delivery(source: Source, row: RowMapping) -> list[Plain]:
    lines = [
        fact("版本", "Version", "version", row["version"]),
        fact("数量", "Quantity", "quantity", row["quantity"] or None),
        fact("说明", "Statement", "statement", open_text(source, row["statement"])),
        fact("链接", "Links", "links", row["links"]),
        fact("位置", "Position", "location", open_text(source, row["location"])),
        fact("文件", "Files", "files", row["files"]),
        fact("备注", "Note", "note", open_text(source, row["note"])),
        fact("提交时间", "Submitted at", "submitted_at", format_instant(row["submitted_at"])),
    ]
    return [line for line in lines if isinstance(line, dict) and line["value"]]
