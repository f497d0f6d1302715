"""What may go wrong with an errand, and what may be decided about it."""

from collections.abc import Mapping

from sqlalchemy import Connection, RowMapping, func, select

from engine.services.errands.states import GOODS_OUT
from engine.services.errands.tables import errand_exception

ABSENT, BREAKDOWN = "recipient_absent", "breakdown"
KINDS: Mapping[str, tuple[str, str]] = {
    ABSENT: ("收件人不在", "Recipient absent"),
    "refused": ("收件人拒收", "Recipient refuses"),
    "wrong_address": ("地址有误", "Wrong address"),
    "goods_unavailable": ("商品缺货", "Goods unavailable"),
    "prohibited": ("物品禁运", "Prohibited goods"),
    "damaged": ("物品损坏", "Goods damaged"),
    "accident": ("途中事故", "Accident"),
    BREAKDOWN: ("车辆故障", "Breakdown"),
}
DELIVERING, BEFORE = frozenset({"delivering"}), frozenset({"taken", "at_pickup"})
POSSIBLE: Mapping[str, frozenset[str]] = {
    ABSENT: DELIVERING,
    "refused": DELIVERING,
    "wrong_address": DELIVERING,
    "goods_unavailable": BEFORE,
    "prohibited": BEFORE | DELIVERING,
    "damaged": DELIVERING,
    "accident": BEFORE | DELIVERING,
    BREAKDOWN: BEFORE | DELIVERING,
}
"""In which states of an errand its courier may report which kind."""

CONTINUE, LEAVE, MOVE, END, DISPUTE = "continue", "leave", "move", "end", "dispute"
DECISIONS: Mapping[str, tuple[str, str]] = {
    CONTINUE: ("继续", "Go on"),
    LEAVE: ("放在门口、邻居或快递柜", "Leave it at the door, with a neighbour or in a locker"),
    MOVE: ("改送新地址", "Take it to another address"),
    END: ("取消或退回", "Cancel it, or bring it back"),
    DISPUTE: ("提出争议，由平台裁决", "Dispute it: the platform decides"),
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    ABSENT: (CONTINUE, LEAVE, MOVE, END),
    "refused": (CONTINUE, MOVE, END),
    "wrong_address": (MOVE, END),
    "goods_unavailable": (CONTINUE, END),
    "prohibited": (CONTINUE, END, DISPUTE),
    "damaged": (CONTINUE, END, DISPUTE),
}
"""What the requester may decide about a kind."""
RELAYED = KINDS.keys() - CHOICES.keys()
"""Kinds about which nobody is asked: another courier takes over."""


def last_exception(connection: Connection, order_id: str) -> RowMapping | None:
    """What was reported last of an errand; None if nothing was."""
    query = select(errand_exception).where(errand_exception.c.order_id == order_id)
    return connection.execute(query.order_by(errand_exception.c.number.desc()).limit(1)).mappings().one_or_none()


def count_exceptions(connection: Connection, order_id: str, kind: str) -> int:
    """How often a kind was reported of an errand."""
    this = (errand_exception.c.order_id == order_id, errand_exception.c.kind == kind)
    return int(connection.execute(select(func.count()).where(*this)).scalar_one())


def where_goods_are(row: RowMapping) -> str:
    """Still to be picked up (before_pickup), or with the courier (goods_out)."""
    before = row["resume_state"] if row["state"] == "exception" else row["state"]
    return "goods_out" if before in GOODS_OUT or row["spent_fen"] else "before_pickup"
