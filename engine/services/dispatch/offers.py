"""Topics of an errand that looks for a courier. The offer is the row of its order, as long as it is not over."""

from typing import Any

from sqlalchemy import insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.services.dispatch.cells import find_cell
from engine.services.dispatch.courier_classes import ORDINARY, PROFESSIONAL
from engine.services.dispatch.rows import (
    CLOSED,
    NAMED,
    NO_PLACE,
    OPEN,
    PUSH,
    RELEASED,
    TAKEN,
    fetch_offer_row,
    find_offer,
)
from engine.services.dispatch.tables import errand_exclusion, offer
from engine.services.places.geometry import Place, coarsen
from engine.storage.clock import parse_instant
from engine.storage.plain import PlainDict

OFFER_RESOLUTION = 7
FULL_BPS = 10_000
GRAMS = 1000


@topic("offers.open")
def open_offer(
    call: TopicCall,
    *,
    order_class: str,
    category: str,
    requester: str,
    fee_fen: int,
    range_m: int,
    pickup: dict[str, object] | None = None,
    dropoff: dict[str, object] | None = None,
    distance_m: int | None = None,
    tip_fen: int = 0,
    weight_kg: float | int | None = None,
    is_dedicated: bool = False,
    scheduled_at: str | None = None,
    excluded: list[str] | None = None,
) -> PlainDict:
    """Offers the order to couriers: ordinary ones pull it where it is ordinary, professional ones get it pushed.

    `pickup` and `dropoff` are places ({"lat", "lng"} in 1e-6 degree); without a pickup it is for everybody on duty.
    Called again it offers the order anew, with these terms: whoever had it does not get it again, nor do those in
    `excluded` (parties). Returns: order_id (what the message `order.taken` is correlated by).
    """
    if order_class not in (ORDINARY, PROFESSIONAL):
        raise ValueError(f"Expected a class of order, but got {order_class!r}")
    terms: dict[str, Any] = {
        "number": call.business_key or call.instance_id,
        "state": OPEN,
        "requester_id": requester,
        "taker_id": None,
        "taken_at": None,
        "order_class": order_class,
        "category": category,
        "fee_fen": fee_fen,
        "tip_fen": tip_fen,
        "distance_m": distance_m,
        "weight_g": round((weight_kg or 0) * GRAMS),
        "is_dedicated": int(is_dedicated),
        "open_limit": call.policy["courier_dedicated_orders" if is_dedicated else "courier_open_orders"],
        "scheduled_at": parse_instant(scheduled_at) if scheduled_at else None,
        "range_m": range_m,
        "widen_count": 0,
        "opened_at": call.now,
        **_places(pickup, dropoff),
    }
    barred = {str(one): NAMED for one in excluded or ()} | _write(call, terms)
    _exclude(call, barred)
    call.enqueue(PUSH, {"order_id": call.instance_id})
    call.note("offer_opened", order_class=order_class, range_m=range_m, fee_fen=fee_fen, tip_fen=tip_fen)
    return {"order_id": call.instance_id}


@topic("offers.widen")
def widen_offer(call: TopicCall) -> PlainDict:
    """Looks for couriers farther away, by the step of the policy and at most as often as it says.

    Returns: range_m, is_widest (there is no further step).
    """
    row = fetch_offer_row(call.connection, call.instance_id)
    steps, factor_bps = call.policy["errand_widen_steps"], call.policy["errand_widen_bps"]
    assert isinstance(steps, int)
    assert isinstance(factor_bps, int)
    if row["state"] == OPEN and row["widen_count"] < steps:
        range_m, count = row["range_m"] * factor_bps // FULL_BPS, row["widen_count"] + 1
        _change(call, {"range_m": range_m, "widen_count": count})
        call.enqueue(PUSH, {"order_id": call.instance_id})
        call.note("offer_widened", range_m=range_m, step=count)
        return {"range_m": range_m, "is_widest": count >= steps}
    return {"range_m": row["range_m"], "is_widest": True}


@topic("offers.close")
def close_offer(call: TopicCall) -> PlainDict:
    """The order looks for no courier any more, or its courier is done: it no longer counts among those he holds. To be
    called at every end of an order that was offered.

    Returns: nothing.
    """
    row = find_offer(call.connection, call.instance_id)
    if row is not None and row["state"] != CLOSED:
        _change(call, {"state": CLOSED, **NO_PLACE})
        call.enqueue(PUSH, {"order_id": call.instance_id})
        call.note("offer_closed", state=row["state"])
    return {}


def _write(call: TopicCall, terms: dict[str, Any]) -> dict[str, str]:
    """The row of the offer, new or with new terms; gives who had it, and why he does not get it again."""
    known = find_offer(call.connection, call.instance_id)
    if known is None:
        call.connection.execute(insert(offer), terms | {"order_id": call.instance_id, "lock_version": 0, "round": 1})
        return {}
    _change(call, terms | {"round": known["round"] + 1})
    return {known["taker_id"]: RELEASED} if known["state"] == TAKEN else {}


def _places(pickup: Any, dropoff: Any) -> dict[str, Any]:
    """The columns of both places. Raises ValueError for what is no place."""
    begin, end = (None if one is None else Place.of_plain(one) for one in (pickup, dropoff))
    exact = NO_PLACE if begin is None else begin.as_plain() | {"cell_7": find_cell(begin, OFFER_RESOLUTION)}
    areas = {"pickup_area": begin, "dropoff_area": end}
    return {**exact, **{name: None if one is None else coarsen(one).as_plain() for name, one in areas.items()}}


def _change(call: TopicCall, values: dict[str, Any]) -> None:
    call.connection.execute(update(offer).where(offer.c.order_id == call.instance_id).values(values))


def _exclude(call: TopicCall, barred: dict[str, str]) -> None:
    same = errand_exclusion.c.order_id == call.instance_id
    known = set(call.connection.execute(select(errand_exclusion.c.courier_id).where(same)).scalars())
    rows = [
        {"order_id": call.instance_id, "courier_id": courier_id, "reason": reason, "at": call.now}
        for courier_id, reason in barred.items()
        if courier_id not in known
    ]
    if rows:
        call.connection.execute(insert(errand_exclusion), rows)
