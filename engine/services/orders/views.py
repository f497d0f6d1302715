"""What forms show of an order beside process data: the demand, where to go, what was handed over, who asks for what."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, select

from engine.definitions.registry import ViewCall, view
from engine.services.orders import states
from engine.services.orders.milestones import find_unpaid, list_milestones
from engine.services.orders.queries import read_contact
from engine.services.orders.tables import order_handover
from engine.services.reviews.subjects import Source
from engine.storage import vault
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party

_DEMAND: Mapping[str, tuple[str, str]] = {
    "number": ("订单编号", "Order number"),
    "title": ("标题", "Title"),
    "content": ("需求内容", "Demand"),
    "result_spec": ("交付要求", "What is to be handed over"),
    "environment": ("服务环境", "Service environment"),
    "safety_notes": ("安全说明", "Safety notes"),
    "qualification_reqs": ("资质要求", "Qualifications"),
    "district": ("地点", "Place"),
    "service_from": ("服务开始时间", "Service from"),
    "service_to": ("服务结束时间", "Service to"),
    "reward_fen": ("酬金", "Reward"),
    "fee_fen": ("平台服务费", "Platform fee"),
    "net_fen": ("实收金额", "Net pay"),
    "attachments": ("附件", "Attachments"),
}
_CLAIMS = {
    "release": ("放弃接单", "Release of the order"),
    "cancel": ("取消订单", "Cancellation"),
    "dispute": ("争议", "Dispute"),
}


def _fact(zh: str, en: str, name: str, value: Plain) -> Plain:
    return {"zh": zh, "en": en, "name": name, "value": value}


def _plain(name: str, value: object) -> tuple[str, Plain]:
    """A column as facts name and show it: an instant's name ends in `_at`."""
    if isinstance(value, datetime):
        return f"{name}_at", format_instant(value)
    assert value is None or isinstance(value, (str, int, list, dict))
    return name, value


def _order_of(call: ViewCall) -> RowMapping:
    """The order of the case; its id is in the data of every task after the demand was saved."""
    return states.fetch_row(call.connection, str(call.data["order_id"]))


@view("order_facts", needs=["order_id"])
def order_facts(call: ViewCall) -> Plain:
    """The demand as it was published, with reward, fee and net pay."""
    return demand_facts(call.connection, _order_of(call))


def demand_facts(connection: Connection, row: RowMapping) -> list[Plain]:
    """What was published of an order, in rows for people."""
    shown = [(words, *_plain(name, row[name])) for name, words in _DEMAND.items() if row[name]]
    parts: list[Plain] = [
        f"{part['number']}. {part['title']} {part['share_bps'] / 100:g}%"
        for part in list_milestones(connection, row["id"])
    ]
    milestones = [_fact("里程碑", "Milestones", "milestones", parts)] if parts else []
    return [*(_fact(zh, en, name, value) for (zh, en), name, value in shown), *milestones]


@view("order_milestone", needs=["order_id"])
def order_milestone_facts(call: ViewCall) -> Plain:
    """The milestone being worked on, with what it brings; nothing for an order that is paid as a whole."""
    return milestone_facts(call.connection, str(call.data["order_id"]))


def milestone_facts(connection: Connection, order_id: str) -> list[Plain]:
    """The milestone being worked on, in rows for people."""
    unpaid, count = find_unpaid(connection, order_id), len(list_milestones(connection, order_id))
    if not unpaid:
        return []
    row = unpaid[0]
    return [
        _fact("里程碑", "Milestone", "milestone", f"{row['number']} / {count} · {row['title']}"),
        _fact("酬金", "Reward", "reward_fen", row["reward_fen"]),
        _fact("平台服务费", "Platform fee", "fee_fen", row["fee_fen"]),
        _fact("实收金额", "Net pay", "net_fen", row["net_fen"]),
    ]


@view("order_contact", needs=["order_id"])
def order_contact(call: ViewCall) -> Plain:
    """Address and contact, for the two sides of a locked order only; the phone number is masked."""
    row = _order_of(call)
    if row["taker_id"] is None or call.actor.party_id not in {row["publisher_id"], row["taker_id"]}:
        return []
    contact = read_contact(call.connection, call.keys, row)
    facts = [
        _fact("地址", "Address", "address", contact.address),
        _fact("联系人", "Contact", "contact_name", contact.name),
        _fact("联系电话", "Phone", "contact_phone", mask_phone(contact.phone)),
    ]
    return [fact for fact in facts if isinstance(fact, dict) and fact["value"]]


def mask_phone(phone: str | None) -> str | None:
    """A phone number with its middle hidden; short ones entirely."""
    if phone is None or len(phone) < 8:
        return phone and "*" * len(phone)
    return f"{phone[:3]}{'*' * (len(phone) - 7)}{phone[-4:]}"


@view("order_handover", needs=["order_id"])
def order_handover_facts(call: ViewCall) -> Plain:
    """The last handover of the order: what, to whom, when, with its files."""
    row = fetch_handover(call.connection, str(call.data["order_id"]))
    return handover_facts(call, row) if row else []


def fetch_handover(connection: Connection, order_id: str) -> RowMapping | None:
    """The last handover of an order; None before the first."""
    query = select(order_handover).where(order_handover.c.order_id == order_id)
    return connection.execute(query.order_by(order_handover.c.round.desc()).limit(1)).mappings().one_or_none()


def handover_facts(source: Source, row: RowMapping) -> list[Plain]:
    """A handover in rows for people, its personal texts decrypted."""
    return [
        _fact("第几次交接", "Round", "round", _round_of_milestone(source.connection, row)),
        _fact("交接说明", "Summary", "summary", open_text(source, row["summary"])),
        _fact("接收人", "Handed over to", "receiver", open_text(source, row["receiver"])),
        _fact("交接时间", "Handed over at", "handed_over_at", format_instant(row["handed_over_at"])),
        _fact("照片与文件", "Photos and files", "files", row["files"]),
    ]


def _round_of_milestone(connection: Connection, row: RowMapping) -> int:
    query = select(func.count()).where(
        order_handover.c.order_id == row["order_id"],
        order_handover.c.milestone.is_not_distinct_from(row["milestone"]),
        order_handover.c.round <= row["round"],
    )
    return int(connection.execute(query).scalar_one())


@view("order_claim", needs=["order_id"])
def order_claim(call: ViewCall) -> Plain:
    """Who asks for what, and why: the request that interrupted the order."""
    row = _order_of(call)
    if row["claim_kind"] is None:
        return []
    claimant = call.connection.execute(select(party).where(party.c.id == row["claimant_id"])).one()
    kind_zh, kind_en = _CLAIMS[row["claim_kind"]]
    is_chinese = call.language == "zh"
    facts = [
        _fact("请求", "Request", "claim_kind", kind_zh if is_chinese else kind_en),
        _fact("提出方", "Asked by", "claimant", claimant.name_zh if is_chinese else claimant.name_en),
        _fact("理由", "Reason", "claim_reason", open_text(call, row["claim_reason"])),
    ]
    if row["claim_progress_bps"]:
        share = f"{row['claim_progress_bps'] / 100:g} %"
        facts.append(_fact("已完成（提出方估计）", "Done so far (as the asking side sees it)", "progress", share))
    return facts


def open_text(source: Source, reference: PlainDict | None) -> str | None:
    """The text behind a vault reference; None where there is none, or the person was erased."""
    return vault.open_reference(source.connection, source.keys, reference) if reference else None
