"""Topics of an exception: what was reported, what is decided about it, and where the errand goes on."""

from typing import Any

from sqlalchemy import update

from engine.definitions.registry import TopicCall, topic
from engine.services.errands import states
from engine.services.errands.contact import part_with_courier
from engine.services.errands.drafting import ASK
from engine.services.errands.exceptions import (
    DISPUTE,
    END,
    LEAVE,
    MOVE,
    count_exceptions,
    last_exception,
    where_goods_are,
)
from engine.services.errands.notes import note_state, tell_parties
from engine.services.errands.offering import NO_CLAIM, NO_COURIER, RELAY, end_leg, late_at_pickup, offer_anew
from engine.services.errands.pricing import facts_of, price
from engine.services.errands.proofs import is_bought
from engine.services.errands.tables import errand, errand_exception
from engine.services.ledger import settling
from engine.services.ledger.fees import compute_settlement, read_terms, share_of
from engine.services.ledger.topics.calls import open_book
from engine.services.places.stored import Address, open_address
from engine.storage import vault
from engine.storage.plain import PlainDict

FORM = "decide_exception"


@topic("read_exception")
def read_exception(call: TopicCall, *, order_id: str) -> PlainDict:
    """What the courier reported, and how often this has happened. The errand waits.

    Returns: exception (its kind), tries, goods (before_pickup or goods_out), exception_decision
    (empty: nobody has decided).
    """
    reported = last_exception(call.connection, order_id)
    assert reported is not None
    row = states.fetch_row(call.connection, order_id)
    note_state(call, order_id, "exception", resume_state=row["state"])
    call.note("errand_exception", order_id=order_id, exception=reported["kind"])
    tell_parties(call, order_id, "errand_exception", [row["requester_id"]])
    tries = count_exceptions(call.connection, order_id, reported["kind"])
    goods = where_goods_are(row)
    return {"exception": reported["kind"], "tries": tries, "goods": goods, "exception_decision": ""}


@topic("record_exception_decision")
def record_exception_decision(
    call: TopicCall, *, order_id: str, decision: str, is_by_rule: bool, cause: str
) -> PlainDict:
    """Keeps what was decided about an exception, by the requester or by the rule, and who caused it.

    Returns: exception_outcome (resume, end, relay or dispute), is_moved (to another address).
    """
    reported = last_exception(call.connection, order_id)
    assert reported is not None
    this = (errand_exception.c.order_id == order_id, errand_exception.c.number == reported["number"])
    values = {"decision": decision, "is_by_rule": is_by_rule, "cause": cause, "decided_at": call.now}
    call.connection.execute(update(errand_exception).where(*this).values(values))
    call.note("errand_exception_decided", order_id=order_id, decision=decision, is_by_rule=is_by_rule)
    if decision == LEAVE:
        call.connection.execute(update(errand).where(errand.c.id == order_id).values(may_leave=True))
    outcome = decision if decision in (END, RELAY, DISPUTE) else "resume"
    return {"exception_outcome": outcome, "is_moved": decision == MOVE}


@topic("move_dropoff", reads=[FORM])
def move_dropoff(call: TopicCall, *, order_id: str) -> PlainDict:
    """The errand leads to another address from now on; its way is asked for anew, as by ask_errand_route.

    Reads the form of decide_exception. Returns: old_metres.
    """
    row = states.fetch_row(call.connection, order_id)
    values = {"dropoff": call.values_of(FORM)["new_dropoff"]}
    call.connection.execute(update(errand).where(errand.c.id == order_id).values(values))
    payload: PlainDict = {"order_id": order_id, "route_timeout": call.policy["route_timeout"]}
    call.enqueue(ASK, payload, key=f"{ASK}:{order_id}:{call.task_id}")
    return {"old_metres": row["metres"] or 0}


@topic("price_move")
def price_move(call: TopicCall, *, order_id: str, old_metres: int) -> PlainDict:
    """What the longer way costs more by the fee table; a shorter one costs nothing less.

    Returns: added_fen.
    """
    row = states.fetch_row(call.connection, order_id)
    facts = facts_of(row)
    new_fen, old_fen = (
        int(str(price(call.decide, one)["fee_fen"])) for one in (facts, {**facts, "metres": old_metres})
    )
    return {"added_fen": max(0, new_fen - old_fen)}


@topic("resume_errand")
def resume_errand(call: TopicCall, *, order_id: str, added_fen: int) -> PlainDict:
    """The errand goes on where it was, for a higher fee where the way became longer.

    Returns: stage, is_bought, late_at, very_late_at.
    """
    row = states.fetch_row(call.connection, order_id)
    note_state(call, order_id, row["resume_state"], fee_fen=row["fee_fen"] + added_fen, **NO_CLAIM)
    late = late_at_pickup(call, max(row["pickup_due"], call.now))
    return {"stage": row["resume_state"], "is_bought": is_bought(call.connection, row), **late}


@topic("pay_relay")
def pay_relay(call: TopicCall, *, order_id: str, share_bps: int) -> PlainDict:
    """The courier cannot go on: he gets his share of the fee and what he spent on goods (P-SETTLE-ERRAND, a leg of its
    own), and another one takes over where he is.

    Returns: offer_until, order_class.
    """
    row, reported = states.fetch_row(call.connection, order_id), last_exception(call.connection, order_id)
    gross_fen = share_of(row["fee_fen"], share_bps)
    split = compute_settlement(gross_fen, read_terms(row["fee_terms"]), before_fen=row["legs_fen"])
    if gross_fen or row["spent_fen"]:
        settling.settle_errand(
            open_book(call, order_id),
            escrow_ref=order_id,
            payer=row["requester_id"],
            payee=row["courier_id"],
            tip_fen=0,
            spent_fen=row["spent_fen"],
            process_key=states.PROCESS,
            terms=row["fee_terms"],
            split=split,
            leg=row["lock_version"],
            is_last=False,
        )
    end_leg(call, order_id, RELAY, gross_fen)
    part_with_courier(call)
    values: dict[str, Any] = {"legs_fen": row["legs_fen"] + gross_fen, "spent_fen": 0, "resume_state": None}
    values |= NO_COURIER
    if reported is not None and reported["place"] is not None:
        values["pickup"] = _meet_at(call, order_id, reported["place"])
    note_state(call, order_id, "offering", **values)
    return {**offer_anew(call, order_id), "order_class": row["order_class"]}


def _meet_at(call: TopicCall, order_id: str, place: PlainDict) -> PlainDict:
    """Where the next courier finds the goods: with the one before him."""
    row = states.fetch_row(call.connection, order_id)
    before = open_address(call.connection, call.keys, row["pickup"])
    address = before.address if before is not None else ""
    here = Address.of_plain({**place, "address": address})
    return vault.put(call.connection, call.keys, row["requester_id"], here.as_text())
