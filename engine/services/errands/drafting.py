"""Topics of an errand up to its price: kept as described, its way found, its fee set or quoted and agreed."""

from typing import Any

from sqlalchemy import insert, select, update

from engine.definitions.registry import JobDone, JobRun, TopicCall, job_handler, topic
from engine.language.errors import BpmnError
from engine.services.errands import states
from engine.services.errands.details import FORM, has_way, read_form
from engine.services.errands.notes import note_state, title_of
from engine.services.errands.pricing import ORDINARY, QuoteExpired, check_quote, last_quote, make_quote
from engine.services.errands.tables import errand
from engine.services.job_engine import engine_of
from engine.services.places.asking import plan_route, read_timeout
from engine.services.places.stored import open_place
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict

ASK = "errand.route"
ROUTE_FOUND = "route.found"
NOT_ORDERED = "NOT_ORDERED"


@topic("save_errand", reads=[FORM])
def save_errand(call: TopicCall, *, requester: str) -> PlainDict:
    """Keeps the errand as described; described anew, its price is open again.

    Reads the form of describe_errand. Returns: order_id, order_number, kind (its category), order_class, has_way
    (whether it leads from one place to another).
    """
    order_id, number = call.instance_id, call.business_key or call.instance_id
    described = read_form(call) | {"metres": None, "seconds": None, "is_estimated": False, "fee_fen": 0}
    known = call.connection.execute(select(errand.c.id).where(errand.c.id == order_id)).first()
    if known is None:
        counters = dict.fromkeys(("spent_fen", "legs_fen", "lock_version", "case_count"), 0)
        first: dict[str, Any] = {"id": order_id, "number": number, "state": "draft", "requester_id": requester}
        values = {**first, "created_at": call.now, **counters, **described}
        call.connection.execute(insert(errand).values(values))
        call.add_party(requester, "requester")
        call.note("errand_state", order_id=order_id, state="draft")
    else:
        note_state(call, order_id, "draft", **described)
    call.describe(*title_of(described), number=number)
    kinds: PlainDict = {"kind": described["category"], "order_class": described["order_class"]}
    return {"order_id": order_id, "order_number": number, **kinds, "has_way": has_way(described)}


@topic("ask_errand_route")
def ask_errand_route(call: TopicCall, *, order_id: str) -> PlainDict:
    """Asks the route provider for the way of an errand, after the commit. Later a message route.found with the order
    arrives; where nobody answers in time the way is estimated.

    Returns: nothing.
    """
    payload: PlainDict = {"order_id": order_id, "route_timeout": call.policy["route_timeout"]}
    call.enqueue(ASK, payload, key=f"{ASK}:{order_id}:{call.task_id}")
    return {}


@job_handler(ASK)
def ask_route(run: JobRun) -> Plain:
    """Puts the question. It never fails: the way is estimated where the provider does."""
    engine = engine_of(run)
    with engine.database.read() as connection:
        row = states.fetch_row(connection, str(run.payload["order_id"]))
        start, end = (open_place(connection, engine.keys, row[name]) for name in ("pickup", "dropoff"))
    if start is None or end is None:
        return None
    found = plan_route(engine, start, end, timeout=read_timeout(run.payload))
    return {"metres": found.metres, "seconds": found.seconds, "is_estimated": found.is_estimated}


@ask_route.finish
def keep_route(done: JobDone, result: Plain) -> None:
    """Writes the way down and lets the errand go on."""
    order_id = str(done.payload["order_id"])
    if isinstance(result, dict):
        done.connection.execute(update(errand).where(errand.c.id == order_id).values(**result))
    done.publish(ROUTE_FOUND, order_id, {})


@topic("quote_errand")
def quote_errand(call: TopicCall, *, order_id: str) -> PlainDict:
    """Quotes the fee of a professional errand by its way and its category (table errand_fee). The quote is signed.

    Returns: price_until (how long the quote holds).
    """
    quote = make_quote(call, states.fetch_row(call.connection, order_id))
    note_state(call, order_id, "quoted", fee_fen=quote["fee_fen"])
    call.note("errand_quoted", order_id=order_id, number=quote["number"], fee_fen=quote["fee_fen"])
    return {"price_until": format_instant(quote["valid_until"])}


@topic("agree_price", reads=["set_fee", "confirm_quote"])
def agree_price(call: TopicCall, *, order_id: str) -> PlainDict:
    """Fixes the price: of an ordinary errand the fee its requester set, of a professional one the quote, if it is ours
    and still holds.

    Reads the form of set_fee or confirm_quote. Returns: amount_fen (fee, tip and advance for goods), goods_fen (the
    advance). Raises BpmnError NOT_ORDERED for a quote confirmed too late.
    """
    row = states.fetch_row(call.connection, order_id)
    form = call.values_of("set_fee" if row["order_class"] == ORDINARY else "confirm_quote")
    if row["order_class"] == ORDINARY:
        fee_fen = int(str(form["fee_fen"]))
    else:
        fee_fen = _accept_quote(call, order_id)
    tip_fen = int(str(form.get("tip_fen") or 0))
    note_state(call, order_id, "unpaid", fee_fen=fee_fen, tip_fen=tip_fen)
    amount_fen = fee_fen + tip_fen + row["goods_cap_fen"]
    call.describe(*title_of(row), amount_fen)
    return {"amount_fen": amount_fen, "goods_fen": row["goods_cap_fen"]}


def _accept_quote(call: TopicCall, order_id: str) -> int:
    try:
        return int(check_quote(call.keys, last_quote(call.connection, order_id), call.now)["fee_fen"])
    except QuoteExpired as expired:  # confirmed in the moment between its end and the timer
        raise BpmnError(NOT_ORDERED, str(expired)) from expired


@topic("lapse_errand")
def lapse_errand(call: TopicCall) -> PlainDict:
    """Closes an errand that was not ordered or not paid for; nothing is frozen. One never described has no row.

    Returns: nothing.
    """
    order_id = call.instance_id
    row = call.connection.execute(states.SELECT_ERRAND, {"order_id": order_id}).mappings().one_or_none()
    if row is None:
        return {}
    if row["state"] != "unpaid":
        note_state(call, order_id, "unpaid")
    closed = {"outcome": "unpaid", "closed_at": call.now}
    call.connection.execute(update(errand).where(errand.c.id == order_id).values(closed))
    return {}
