"""What a service case about a hire order rests on."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from engine.definitions.registry import TopicCall
from engine.services.cases.context import collects
from engine.services.cases.subjects import Subject, finds_subject
from engine.services.orders.milestones import list_milestones
from engine.services.orders.states import FINAL, SELECT_ORDER, fetch_row
from engine.services.orders.tables import order_exclusion, order_handover
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict


@finds_subject("hire_order")
def find_order(connection: Connection, order_id: str) -> Subject | None:
    """An order somebody took, as a case is about it."""
    row = connection.execute(SELECT_ORDER, {"order_id": order_id}).mappings().one_or_none()
    if row is None or row["taker_id"] is None:
        return None
    return Subject(
        id=order_id,
        number=row["number"],
        title=row["title"],
        payer=row["publisher_id"],
        payee=row["taker_id"],
        amount_fen=row["reward_fen"],
        instance_id=order_id,
        ended_at=row["closed_at"] if row["state"] in FINAL else None,
        claim=row["claim_reason"],
        claim_fen=row["claim_fen"],
    )


@collects("hire_order")
def collect_order(call: TopicCall, order_id: str) -> PlainDict:
    """The order as published and as it stands, its milestones, every handover with the hashes of its files,
    and who had it before.
    """
    handovers = select(order_handover).where(order_handover.c.order_id == order_id).order_by(order_handover.c.round)
    exclusions = select(order_exclusion).where(order_exclusion.c.order_id == order_id).order_by(order_exclusion.c.at)
    hidden = {"search_text", "address", "contact_name", "contact_phone"}
    order = _plain_row(fetch_row(call.connection, order_id))
    return {
        "order": {name: value for name, value in order.items() if name not in hidden},
        "milestones": [_plain_row(row) for row in list_milestones(call.connection, order_id)],
        "handovers": [_plain_row(row) for row in call.connection.execute(handovers).mappings()],
        "former_takers": [_plain_row(row) for row in call.connection.execute(exclusions).mappings()],
    }


def _plain_row(row: RowMapping) -> PlainDict:
    return {str(name): _plain_value(value) for name, value in row.items()}


def _plain_value(value: object) -> Plain:
    if isinstance(value, datetime):
        return format_instant(value)
    assert value is None or isinstance(value, (str, int, list, dict))
    return value
