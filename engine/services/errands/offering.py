"""Topics of an errand that looks for a courier: put among those of its class, offered, taken, given back, withdrawn."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update

from engine.definitions.registry import TopicCall, topic
from engine.language.specs.durations import parse_duration
from engine.services.dispatch.offers import open_offer
from engine.services.errands import states
from engine.services.errands.codes import DELIVERY, PICKUP, forget_tries
from engine.services.errands.contact import close_tracking_and_number, part_with_courier
from engine.services.errands.notes import ANSWER, later, note_state, tell_parties
from engine.services.errands.proofs import is_bought
from engine.services.errands.tables import errand, errand_leg
from engine.services.ledger import accounts, rules
from engine.services.ledger.posting import balance_of
from engine.services.ledger.topics.calls import open_book
from engine.services.ledger.topics.funds import release_funds
from engine.services.places.stored import open_place
from engine.services.tracking.topics import open_tracking
from engine.storage.clock import format_instant
from engine.storage.plain import PlainDict

NO_CLAIM: dict[str, None] = dict.fromkeys(("claim_kind", "claimant_id", "claim_reason", "claim_fen"))
NO_COURIER: dict[str, None] = dict.fromkeys(("courier_id", "taken_at", "pickup_due", "promised_at", "picked_up_at"))
GRACE, RELEASED, LATE, RELAY = "grace", "released", "late", "relay"


@topic("set_goods_aside")
def set_goods_aside(call: TopicCall, *, order_id: str, goods_fen: int) -> PlainDict:
    """Of what was frozen for an errand the advance for goods gets an account of its own (P-FREEZE-GOODS).

    Returns: nothing.
    """
    payer = states.fetch_row(call.connection, order_id)["requester_id"]
    release_funds(call, escrow_ref=order_id, payer=payer, amount_fen=goods_fen, order_ref=order_id)
    rules.freeze_goods(_open_goods(call, order_id), payer=payer, escrow_ref=order_id, amount_fen=goods_fen)
    return {}


def _open_goods(call: TopicCall, order_id: str) -> rules.Book:
    """The ledger for a second entry of the same service task."""
    book = open_book(call, order_id)
    return replace(book, origin=replace(book.origin, key=f"{call.key}:goods"))


@topic("classify_errand")
def classify_errand(call: TopicCall, *, order_id: str, fee: PlainDict) -> PlainDict:
    """Puts a paid errand among those of its class and category, with the platform's fee that will hold.

    Returns: offer_until (when its requester is asked what to do, if nobody takes it).
    """
    note_state(call, order_id, "offering", fee_terms=fee)
    return offer_anew(call, order_id)


def offer_anew(call: TopicCall, order_id: str, **values: object) -> PlainDict:
    """Until when couriers may take an errand from now on; writes `values` with it. Returns: offer_until."""
    row = states.fetch_row(call.connection, order_id)
    until: datetime = later(call, "errand_no_taker")
    if row["scheduled_at"] is not None:
        ahead = parse_duration(str(call.policy["errand_schedule_least"])).longest  # it is decided about in time
        until = max(until, row["scheduled_at"] - ahead)
    call.connection.execute(
        update(errand).where(errand.c.id == order_id).values(offered_at=call.now, **NO_CLAIM, **values)
    )
    return {"offer_until": format_instant(until)}


@topic("offer_errand")
def offer_errand(call: TopicCall, *, order_id: str) -> PlainDict:
    """Offers an errand to couriers: to professional ones in range at once, and of the ordinary class to ordinary ones
    who look for it. Nobody is told where exactly it begins.

    Returns: nothing.
    """
    row = states.fetch_row(call.connection, order_id)
    places: dict[str, Any] = {}
    for name in ("pickup", "dropoff"):
        found = open_place(call.connection, call.keys, row[name])
        places[name] = found.as_plain() if found is not None else None
    open_offer(
        call,
        order_class=row["order_class"],
        category=row["category"],
        requester=row["requester_id"],
        fee_fen=row["fee_fen"] - row["legs_fen"],
        tip_fen=row["tip_fen"],
        range_m=row["range_m"],
        distance_m=row["metres"],
        weight_kg=row["weight_kg"],
        scheduled_at=format_instant(row["scheduled_at"]) if row["scheduled_at"] else None,
        **places,
    )
    return {}


@topic("record_courier")
def record_courier(call: TopicCall, *, order_id: str, courier: str, lock_version: int) -> PlainDict:
    """The courier who took the errand; the taking itself was won in the same step. He is to be at the pickup in time.

    Returns: stage, is_bought, pickup_due, late_at, very_late_at (when he is late at the pickup).
    """
    row = states.fetch_row(call.connection, order_id)
    due: datetime = max(row["scheduled_at"] or call.now, later(call, "errand_pickup_within"))
    taken = {"courier_id": courier, "lock_version": lock_version, "taken_at": call.now, "pickup_due": due}
    note_state(call, order_id, "taken", **taken)
    leg = {"order_id": order_id, "number": lock_version, "courier_id": courier, "taken_at": call.now, "gross_fen": 0}
    call.connection.execute(insert(errand_leg).values(leg))
    call.add_party(courier, "courier")
    for purpose in (PICKUP, DELIVERY):
        forget_tries(call.connection, order_id, purpose)
    tell_parties(call, order_id, "errand_taken", [row["requester_id"]])
    late = late_at_pickup(call, due)
    return {"stage": "taken", "is_bought": is_bought(call.connection, row), "pickup_due": format_instant(due), **late}


@topic("open_errand_tracking")
def open_errand_tracking(call: TopicCall, *, order_id: str) -> PlainDict:
    """From now on the requester sees where the courier is, until the errand ends; an answer leads nowhere.

    Returns: nothing.
    """
    row = states.fetch_row(call.connection, order_id)
    if row["category"] != ANSWER:
        places = {name: row[name] for name in ("pickup", "dropoff")}
        open_tracking(call, courier=row["courier_id"], requester=row["requester_id"], **places)
    return {}


def late_at_pickup(call: TopicCall, due: datetime) -> PlainDict:
    """When a courier is late at the pickup, and when so late that the requester may take the errand from him."""
    return {
        "late_at": format_instant(later(call, "errand_pickup_late", due)),
        "very_late_at": format_instant(later(call, "errand_pickup_very_late", due)),
    }


@topic("score_release")
def score_release(call: TopicCall, *, order_id: str) -> PlainDict:
    """The courier gave the errand back or was too late: it is offered again, to others. It counts against him, unless
    he gave it back at once.

    Returns: offer_until.
    """
    row = states.fetch_row(call.connection, order_id)
    is_given_back = row["claim_kind"] == "release"
    is_in_grace = call.now <= later(call, "errand_release_grace", row["taken_at"])
    end = (GRACE if is_in_grace else RELEASED) if is_given_back else LATE
    end_leg(call, order_id, end)
    part_with_courier(call)
    note_state(call, order_id, "offering", **NO_COURIER)
    return offer_anew(call, order_id)


def end_leg(call: TopicCall, order_id: str, end: str, gross_fen: int = 0) -> None:
    """How the part of the present courier ended, and what he got of the fee."""
    number = states.fetch_row(call.connection, order_id)["lock_version"]
    this = (errand_leg.c.order_id == order_id, errand_leg.c.number == number)
    values = {"ended_at": call.now, "end": end, "gross_fen": gross_fen}
    call.connection.execute(update(errand_leg).where(*this).values(values))


@topic("refund_errand")
def refund_errand(call: TopicCall, *, order_id: str, state: str) -> PlainDict:
    """Gives all that is frozen for an errand nobody carries back to its requester, and closes it in that state.

    Returns: refunded_fen.
    """
    payer = states.fetch_row(call.connection, order_id)["requester_id"]
    refunded = release_funds(call, escrow_ref=order_id, payer=payer, order_ref=order_id)["released_fen"]
    goods = accounts.goods(order_id)
    if goods_fen := balance_of(call.connection, goods):
        rules.release(_open_goods(call, order_id), payer=payer, source=goods, amount_fen=goods_fen)
    close_tracking_and_number(call, outcome=state)
    note_state(call, order_id, state, outcome=state)
    return {"refunded_fen": int(str(refunded)) + goods_fen}
