"""What the forms of an errand show of its rows: the errand as each side may see it, its price, what was reported."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping

from engine.definitions.registry import ViewCall, view
from engine.services.dispatch.words import CATEGORIES
from engine.services.errands import states
from engine.services.errands.ending import charge_for
from engine.services.errands.exceptions import CHOICES, DECISIONS, KINDS, last_exception
from engine.services.errands.notes import ANSWER
from engine.services.errands.pricing import PARTS, PROFESSIONAL, Suggestion, facts_of, last_quote, least_fee, price
from engine.services.errands.pricing import suggest_fee as suggest
from engine.services.errands.proofs import last_proof
from engine.services.ledger import accounts
from engine.services.ledger.fees import share_of
from engine.services.ledger.posting import balance_of
from engine.services.places.geometry import write_distance
from engine.services.places.stored import open_address
from engine.services.work_tasks.facts import fact
from engine.storage import vault
from engine.storage.clock import format_instant
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain

GREATEST_FEE_FEN = 1_000_000
CLASSES = {"ordinary": ("普通订单", "Ordinary"), "professional": ("专业订单", "Professional")}
_DETAILS: Mapping[str, tuple[str, str]] = {
    "station": ("快递站点", "Parcel station"),
    "parcel_count": ("件数", "Parcels"),
    "goods_list": ("购物清单", "What to buy"),
    "shop": ("店铺", "Shop"),
    "size": ("大小", "Size"),
    "copies": ("份数", "Copies"),
    "question": ("问题", "Question"),
    "answer_by": ("希望答复时间", "To be answered by"),
}
_YES = {"zh": "是", "en": "Yes"}
_TICKS: Mapping[str, tuple[str, str]] = {"colour": ("彩色", "In colour"), "duplex": ("双面", "On both sides")}
_PARTS: Mapping[str, tuple[str, str]] = dict(
    zip(
        PARTS,
        (
            *(("起步价", "Base price"), ("距离费", "Distance"), ("重量费", "Weight")),
            *(("夜间费", "Night"), ("保价费", "Declared value"), ("进位", "Rounding")),
        ),
        strict=True,
    )
)


@view("errand_facts")
def errand_facts(call: ViewCall) -> Plain:
    """The errand for the one who carries it out or ordered it: what, where, to whom. Phones are never among it."""
    row = states.fetch_row(call.connection, call.instance_id)
    is_side = call.actor.party_id in {row["requester_id"], row["courier_id"]}
    rows = _facts(row)
    if is_side:
        rows += _private_facts(call.connection, call.keys, row)
    return [one for one in rows if isinstance(one, dict) and one["value"] not in (None, "", [])]


def _facts(row: RowMapping) -> list[Plain]:
    category, order_class = CATEGORIES[row["category"]], CLASSES[row["order_class"]]
    metres = row["metres"]
    return [
        fact("订单编号", "Order number", "number", row["number"]),
        fact("类别", "Category", "category", {"zh": category[0], "en": category[1]}),
        fact("订单类型", "Order class", "order_class", {"zh": order_class[0], "en": order_class[1]}),
        fact("任务描述", "Description", "description", row["description"]),
        fact("图片", "Pictures", "images", row["images"]),
        fact("路线距离", "Route distance", "distance", _distance(metres, row["is_estimated"])),
        fact("重量（公斤）", "Weight (kg)", "weight_kg", row["weight_kg"] or None),
        fact("预约时间", "Scheduled", "scheduled_at", _instant(row["scheduled_at"])),
    ]


def _distance(metres: int | None, is_estimated: bool) -> Plain:
    if metres is None:
        return None
    told = write_distance(metres)
    return {"zh": f"{told}（估算）", "en": f"{told} (estimated)"} if is_estimated else told


def _private_facts(connection: Connection, keys: KeyRing, row: RowMapping) -> list[Plain]:
    def address(name: str) -> str | None:
        found = open_address(connection, keys, row[name])
        return found.address if found is not None else None

    def text(name: str) -> str | None:
        return vault.open_reference(connection, keys, row[name]) if row[name] else None

    details = row["details"]
    return [
        fact("取件地址", "Pick up at", "pickup", address("pickup")),
        fact("取件码（给站点）", "Code for the station", "station_code", text("station_code")),
        fact("送达地址", "Deliver to", "dropoff", address("dropoff")),
        fact("收件人", "Recipient", "recipient_name", text("recipient_name")),
        *(fact(*words, name, details.get(name)) for name, words in _DETAILS.items()),
        *(fact(*words, name, dict(_YES)) for name, words in _TICKS.items() if details.get(name)),
        fact("文件", "Files", "files", row["files"]),
        fact("代购金额上限", "Goods budget", "goods_cap_fen", row["goods_cap_fen"] or None),
    ]


@view("errand_price")
def errand_price(call: ViewCall) -> Plain:
    """The parts of the quote made last, and until when it holds."""
    row, quote = states.fetch_row(call.connection, call.instance_id), last_quote(call.connection, call.instance_id)
    if quote is None:
        return []
    parts = [fact(*_PARTS[name], name, quote["parts"][name]) for name in PARTS if quote["parts"][name]]
    return [
        fact("路线距离", "Route distance", "distance", _distance(row["metres"], row["is_estimated"])),
        *parts,
        fact("配送费用", "Delivery fee", "fee_fen", quote["fee_fen"]),
        fact("代购金额上限（另冻结）", "Goods budget (frozen besides)", "goods_cap_fen", row["goods_cap_fen"] or None),
        fact("报价有效至", "Holds until", "valid_at", format_instant(quote["valid_until"])),
    ]


@view("errand_suggestion")
def errand_suggestion(call: ViewCall) -> Plain:
    """What to offer for an ordinary errand: what others paid for the like, or what the fee table says."""
    found = _suggest(call)
    said = {"zh": f"近期 {found.count} 个同类订单", "en": f"{found.count} like errands of late"}
    if found.low_fen == found.high_fen:
        said = {"zh": "按价目表", "en": "by the fee table"}
    row = states.fetch_row(call.connection, call.instance_id)
    return [
        fact("路线距离", "Route distance", "distance", _distance(row["metres"], row["is_estimated"])),
        fact("建议费用", "Suggested fee", "usual_fen", found.usual_fen),
        fact("多数在此以上", "Most paid at least", "low_fen", found.low_fen if found.count else None),
        fact("出价较高者", "Higher offers from", "high_fen", found.high_fen if found.count else None),
        fact("依据", "Basis", "basis", dict(said)),
    ]


def _suggest(call: ViewCall) -> Suggestion:
    row = states.fetch_row(call.connection, call.instance_id)
    table_fen = int(str(price(call.decide, facts_of(row))["fee_fen"]))
    return suggest(call.connection, row, table_fen)


@view("errand_limits")
def errand_limits(call: ViewCall) -> Plain:
    """What may be typed: the fee of an ordinary errand (least of its category), what is added to one nobody takes."""
    row = states.fetch_row(call.connection, call.instance_id)
    least_fen = least_fee(call.decide, row["category"])
    return {"fee_fen": {"minimum": least_fen, "maximum": GREATEST_FEE_FEN}}


@view("errand_money")
def errand_money(call: ViewCall) -> Plain:
    """What is offered and frozen for an errand, for who decides about more."""
    row = states.fetch_row(call.connection, call.instance_id)
    goods_fen = balance_of(call.connection, accounts.goods(call.instance_id))
    rows: list[Plain] = [
        fact("配送费用", "Delivery fee", "fee_fen", row["fee_fen"]),
        fact("小费", "Tip", "tip_fen", row["tip_fen"] or None),
        fact("代购款已冻结", "Frozen for goods", "goods_fen", goods_fen or None),
    ]
    return [one for one in rows if isinstance(one, dict) and one["value"] is not None]


@view("errand_switch")
def errand_switch(call: ViewCall) -> Plain:
    """What a change to a professional order would cost, by the fee table as things stand."""
    row = states.fetch_row(call.connection, call.instance_id)
    if row["order_class"] == PROFESSIONAL or row["category"] == ANSWER:
        return []
    fee_fen = price(call.decide, facts_of(row))["fee_fen"]
    return [fact("改为专业订单的费用", "Fee as a professional order", "fee_fen", fee_fen)]


@view("errand_exception")
def errand_exception_facts(call: ViewCall) -> Plain:
    """What the courier reported, when, and in which words."""
    reported = last_exception(call.connection, call.instance_id)
    if reported is None:
        return []
    zh, en = KINDS[reported["kind"]]
    note = vault.open_reference(call.connection, call.keys, reported["note"]) if reported["note"] else None
    return [
        fact("异常", "Problem", "kind", {"zh": zh, "en": en}),
        fact("报告时间", "Reported", "reported_at", format_instant(reported["reported_at"])),
        *([fact("说明", "Note", "note", note)] if note else []),
    ]


@view("errand_choices")
def errand_choices(call: ViewCall) -> Plain:
    """What the requester may decide about what was reported."""
    reported = last_exception(call.connection, call.instance_id)
    choices = CHOICES.get(reported["kind"], ()) if reported is not None else ()
    return [{"id": one, "name": DECISIONS[one][0 if call.language == "zh" else 1]} for one in choices]


@view("errand_purchase")
def errand_purchase(call: ViewCall) -> Plain:
    """What the goods cost by the receipt, and what is frozen for them."""
    bought = last_proof(call.connection, call.instance_id, "purchase")
    if bought is None:
        return []
    held_fen = balance_of(call.connection, accounts.goods(call.instance_id))
    return [
        fact("购物小票金额", "By the receipt", "spent_fen", bought["amount_fen"]),
        fact("已冻结", "Frozen", "goods_fen", held_fen),
        fact("需追加", "More to be frozen", "extra_fen", max(0, bought["amount_fen"] - held_fen)),
        fact("小票照片", "Receipt", "files", bought["files"]),
    ]


@view("errand_answer")
def errand_answer(call: ViewCall) -> Plain:
    """The answer given last, with its files."""
    given = last_proof(call.connection, call.instance_id, "answer")
    if given is None:
        return []
    note = vault.open_reference(call.connection, call.keys, given["note"]) if given["note"] else None
    return [fact("答复", "Answer", "note", note), fact("附件", "Files", "files", given["files"])]


@view("errand_return")
def errand_return(call: ViewCall) -> Plain:
    """What the courier gets for bringing the goods back, as far as it is frozen."""
    terms = call.data.get("terms")
    if not isinstance(terms, dict):
        return []
    row = states.fetch_row(call.connection, call.instance_id)
    held_fen = balance_of(call.connection, accounts.escrow(call.instance_id))
    courier_fen = share_of(min(charge_for(row, terms).whole_fen, held_fen), int(str(terms["courier_bps"])))
    return [fact("退件后所得", "For it you get", "courier_fen", courier_fen)]


def _instant(value: datetime | None) -> Plain:
    return format_instant(value) if value is not None else None
