"""Topics by which an errand ends: delivered and paid, or called off on the terms of the table, brought back or not."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import RowMapping

from engine.definitions.registry import TopicCall, topic
from engine.services.chat.lines import say
from engine.services.errands import states
from engine.services.errands.contact import close_tracking_and_number
from engine.services.errands.exceptions import last_exception, where_goods_are
from engine.services.errands.notes import ANSWER, note_state, tell_parties
from engine.services.errands.offering import end_leg
from engine.services.errands.proofs import RETURN, add_proof
from engine.services.ledger import accounts, settling
from engine.services.ledger.fees import compute_settlement, read_terms, share_of
from engine.services.ledger.posting import balance_of
from engine.services.ledger.topics.calls import open_book
from engine.services.ledger.topics.funds import release_funds
from engine.storage.plain import PlainDict

MINUTE = timedelta(minutes=1)
FINISHED, CANCELLED = "finished", "cancelled"


@topic("mark_delivered")
def mark_delivered(call: TopicCall, *, order_id: str) -> PlainDict:
    """The errand was delivered, or its answer accepted.

    Returns: minutes_late (beyond the promised time, rounded up).
    """
    row = states.fetch_row(call.connection, order_id)
    note_state(call, order_id, "delivered")
    late = row["handed_over_at"] - row["promised_at"] if row["promised_at"] else timedelta()
    return {"minutes_late": max(0, count_minutes(late))}


@topic("settle_delivery")
def settle_delivery(call: TopicCall, *, order_id: str, refund_bps: int) -> PlainDict:
    """Pays a delivered errand (P-SETTLE-ERRAND): the courier gets the fee less the platform's, the tip and what the
    goods cost; the requester what is left of the advance, and a part of the fee where it was late.

    Returns: net_fen, refunded_fen.
    """
    row = states.fetch_row(call.connection, order_id)
    gross_fen = row["fee_fen"] - row["legs_fen"]
    refunded_fen = share_of(gross_fen, refund_bps)
    if refunded_fen:
        payer = row["requester_id"]
        release_funds(call, escrow_ref=order_id, payer=payer, amount_fen=refunded_fen, order_ref=order_id)
    gross_fen -= refunded_fen
    split = compute_settlement(gross_fen, read_terms(row["fee_terms"]), before_fen=row["legs_fen"])
    settling.settle_errand(
        open_book(call, order_id),
        escrow_ref=order_id,
        payer=row["requester_id"],
        payee=row["courier_id"],
        tip_fen=row["tip_fen"],
        spent_fen=row["spent_fen"],
        process_key=states.PROCESS,
        terms=row["fee_terms"],
        split=split,
        leg=row["lock_version"] if row["legs_fen"] else settling.WHOLE,
    )
    end_leg(call, order_id, FINISHED, gross_fen)
    return {"net_fen": split.net_fen, "refunded_fen": refunded_fen}


@topic("close_errand")
def close_errand(call: TopicCall, *, order_id: str) -> PlainDict:
    """Closes a delivered errand; a final state is refused while money is left. Customer service serves both sides for
    some days more.

    Returns: nothing.
    """
    row = states.fetch_row(call.connection, order_id)
    outcome = "answered" if row["category"] == ANSWER else "delivered"
    note_state(call, order_id, "closed", outcome=outcome)
    tell_parties(call, order_id, "errand_done", [row["requester_id"], row["courier_id"]])
    return {}


@topic("read_ending")
def read_ending(call: TopicCall, *, order_id: str) -> PlainDict:
    """The facts the terms of an early end follow from: who caused it, where the goods are, how long it was taken.

    Returns: cause (requester, courier, circumstances), goods (before_pickup, goods_out), minutes (rounded up).
    """
    row = states.fetch_row(call.connection, order_id)
    reported = last_exception(call.connection, order_id) if row["claim_kind"] == "exception" else None
    return {
        "cause": reported["cause"] if reported is not None else "requester",
        "goods": where_goods_are(row),
        "minutes": count_minutes(call.now - row["taken_at"]),
    }


@topic("plan_return")
def plan_return(call: TopicCall, *, order_id: str, terms: PlainDict) -> PlainDict:
    """The courier is to bring the goods back. What that costs above what is frozen is to be paid first.

    Returns: added_fen.
    """
    row = states.fetch_row(call.connection, order_id)
    note_state(call, order_id, "returning")
    say(call, order_id, "returning")
    held_fen = balance_of(call.connection, accounts.escrow(order_id))
    return {"added_fen": max(0, charge_for(row, terms).whole_fen - held_fen)}


@topic("record_return", reads=["return_goods"])
def record_return(call: TopicCall, *, order_id: str) -> PlainDict:
    """The goods are back with the sender.

    Reads the form of return_goods. Returns: nothing.
    """
    form = call.values_of("return_goods")
    add_proof(call, order_id, RETURN, str(form["return_proof"]), form, "return_photos")
    say(call, order_id, "returned")
    return {}


@topic("post_ending")
def post_ending(call: TopicCall, *, order_id: str, terms: PlainDict) -> PlainDict:
    """Divides what is frozen for an errand that ended early by the terms of the table (P-CANCEL-ERRAND), and closes it.
    More than is frozen is not charged.

    Returns: courier_fen, platform_fen.
    """
    row = states.fetch_row(call.connection, order_id)
    held_fen = balance_of(call.connection, accounts.escrow(order_id))
    whole_fen = min(charge_for(row, terms).whole_fen, held_fen)
    courier_fen = share_of(whole_fen, int(str(terms["courier_bps"])))
    settling.cancel_errand(
        open_book(call, order_id),
        escrow_ref=order_id,
        payer=row["requester_id"],
        payee=row["courier_id"],
        compensation_fen=courier_fen,
        platform_fen=whole_fen - courier_fen,
        vat_bps=int(str(row["fee_terms"]["vat_bps"])),
        spent_fen=row["spent_fen"],
    )
    end_leg(call, order_id, CANCELLED, whole_fen)
    state = "returned" if row["state"] == "returning" else "cancelled_with_fee" if whole_fen else "cancelled"
    close_tracking_and_number(call, outcome=state)
    note_state(call, order_id, state, outcome=state)
    tell_parties(call, order_id, "errand_called_off", [row["requester_id"], row["courier_id"]])
    return {"courier_fen": courier_fen, "platform_fen": whole_fen - courier_fen}


@dataclass(frozen=True)
class Charge:
    """What an early end costs, in fen: of the fee, and for the way back."""

    fee_fen: int
    return_fen: int

    @property
    def whole_fen(self) -> int:
        return self.fee_fen + self.return_fen


def charge_for(row: RowMapping, terms: PlainDict) -> Charge:
    """What an early end costs: a share of the fee, at least so much but never more than it; and for the way back."""
    fee_fen = row["fee_fen"] - row["legs_fen"]
    charge_bps, least_fen, return_bps = (int(str(terms[name])) for name in ("charge_bps", "least_fen", "return_bps"))
    return Charge(min(fee_fen, max(share_of(fee_fen, charge_bps), least_fen)), share_of(fee_fen, return_bps))


def count_minutes(time: timedelta) -> int:
    """Minutes, a part of one counting whole."""
    return -(-time // MINUTE)
