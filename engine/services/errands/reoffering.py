"""Topics of an errand nobody took: its requester offers more, another class, waits, or gives it up."""

from typing import cast

from engine.definitions.registry import TopicCall, topic
from engine.services.errands import states
from engine.services.errands.offering import offer_anew
from engine.services.errands.pricing import ORDINARY, PROFESSIONAL, last_quote, make_quote
from engine.services.ledger.topics.funds import release_funds
from engine.storage.plain import Plain, PlainDict

FORM = "no_courier"
RAISE, SWITCH = "raise", "switch"


@topic("plan_reoffer", reads=[FORM])
def plan_reoffer(call: TopicCall, *, order_id: str) -> PlainDict:
    """What the requester's decision costs more: what he adds, or the difference to the price of the other class.

    Reads the form of no_courier. Returns: added_fen.
    """
    form, row = call.values_of(FORM), states.fetch_row(call.connection, order_id)
    if form["offer_decision"] == RAISE:
        return {"added_fen": _number(form.get("added_fee_fen")) + _number(form.get("added_tip_fen"))}
    if form["offer_decision"] == SWITCH and row["order_class"] == ORDINARY:
        fee_fen = make_quote(call, row)["fee_fen"]
        return {"added_fen": max(0, fee_fen - row["fee_fen"])}
    return {"added_fen": 0}


@topic("apply_reoffer", reads=[FORM])
def apply_reoffer(call: TopicCall, *, order_id: str) -> PlainDict:
    """Offers the errand again on the terms its requester decided on, after what they cost more was frozen; what they
    cost less goes back.

    Reads the form of no_courier. Returns: offer_until, order_class.
    """
    form, row = call.values_of(FORM), states.fetch_row(call.connection, order_id)
    values: dict[str, object] = {}
    if form["offer_decision"] == RAISE:
        values["fee_fen"] = row["fee_fen"] + _number(form.get("added_fee_fen"))
        values["tip_fen"] = row["tip_fen"] + _number(form.get("added_tip_fen"))
    elif form["offer_decision"] == SWITCH:
        values |= _switch(call, order_id)
    call.note("errand_offered_again", order_id=order_id, decision=form["offer_decision"])
    offered = offer_anew(call, order_id, **values)
    return {**offered, "order_class": cast(Plain, values.get("order_class", row["order_class"]))}


def _switch(call: TopicCall, order_id: str) -> dict[str, object]:
    """An ordinary errand becomes a professional one at the quoted price; the other way round its fee stays."""
    row = states.fetch_row(call.connection, order_id)
    if row["order_class"] == PROFESSIONAL:
        return {"order_class": ORDINARY}
    quote = last_quote(call.connection, order_id)
    assert quote is not None
    saved_fen = row["fee_fen"] - quote["fee_fen"]
    if saved_fen > 0:
        payer = row["requester_id"]
        release_funds(call, escrow_ref=order_id, payer=payer, amount_fen=saved_fen, order_ref=order_id)
    return {"order_class": PROFESSIONAL, "fee_fen": quote["fee_fen"]}


def _number(value: Plain) -> int:
    return value if isinstance(value, int) else 0
