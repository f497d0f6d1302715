"""Topics of an errand on its way: at the pickup, bought, picked up, delivered; and answered, where it is a question."""

from datetime import datetime, timedelta

from sqlalchemy import update

from engine.definitions.registry import TopicCall, topic
from engine.services.chat.lines import say
from engine.services.errands import states
from engine.services.errands.notes import later, note_state, tell_parties
from engine.services.errands.proofs import ANSWER, ARRIVAL, DELIVERY, PICKUP, PURCHASE, add_proof
from engine.services.errands.tables import errand
from engine.services.ledger import accounts
from engine.services.ledger.posting import balance_of
from engine.services.tracking.topics import go_to_dropoff
from engine.storage.clock import format_instant, parse_instant
from engine.storage.plain import PlainDict


@topic("record_arrival", reads=["go_to_pickup"])
def record_arrival(call: TopicCall, *, order_id: str) -> PlainDict:
    """The courier is at the pickup.

    Reads the form of go_to_pickup. Returns: nothing.
    """
    form = call.values_of("go_to_pickup")
    add_proof(call, order_id, ARRIVAL, "photo" if form.get("arrival_photo") else "place", form, "arrival_photo")
    note_state(call, order_id, "at_pickup")
    return {}


@topic("record_purchase", reads=["buy_goods"])
def record_purchase(call: TopicCall, *, order_id: str) -> PlainDict:
    """What the goods cost, with the receipt. Within the advance it will be reimbursed; what exceeds it needs the
    requester's consent.

    Reads the form of buy_goods. Returns: spent_fen, extra_fen (above the advance).
    """
    form = call.values_of("buy_goods")
    spent_fen = int(str(form["spent_fen"]))
    extra_fen = max(0, spent_fen - balance_of(call.connection, accounts.goods(order_id)))
    add_proof(call, order_id, PURCHASE, "receipt", form, "receipt", amount_fen=spent_fen)
    if not extra_fen:
        _spend(call, order_id, spent_fen)
    return {"spent_fen": spent_fen, "extra_fen": extra_fen}


@topic("record_extra")
def record_extra(call: TopicCall, *, order_id: str, spent_fen: int, extra_fen: int) -> PlainDict:
    """The requester consented to what the goods cost above the advance, and it is frozen.

    Returns: nothing.
    """
    cap_fen = states.fetch_row(call.connection, order_id)["goods_cap_fen"] + extra_fen
    call.connection.execute(update(errand).where(errand.c.id == order_id).values(goods_cap_fen=cap_fen))
    _spend(call, order_id, spent_fen)
    return {}


def _spend(call: TopicCall, order_id: str, spent_fen: int) -> None:
    call.connection.execute(update(errand).where(errand.c.id == order_id).values(spent_fen=spent_fen))
    call.note("errand_bought", order_id=order_id, spent_fen=spent_fen)
    say(call, order_id, "bought", {"amount_fen": spent_fen})


@topic("record_pickup", reads=["pick_up"])
def record_pickup(call: TopicCall, *, order_id: str) -> PlainDict:
    """The goods are with the courier, who proved it by the pickup code or a photo.

    Reads the form of pick_up. Returns: nothing.
    """
    form = call.values_of("pick_up")
    add_proof(call, order_id, PICKUP, str(form["pickup_proof"]), form, "pickup_photos")
    note_state(call, order_id, "picked_up", picked_up_at=call.now)
    say(call, order_id, "picked_up")
    return {}


@topic("start_delivery")
def start_delivery(call: TopicCall, *, order_id: str) -> PlainDict:
    """From now on the courier is on his way to the recipient. When he shall be there is promised once: by the way and
    some time beside it.

    Returns: promised_at, overdue_at (when the requester is told that it is late).
    """
    row = states.fetch_row(call.connection, order_id)
    promised_at: datetime | None = row["promised_at"]
    if row["state"] == "picked_up":
        on_the_way = call.now + timedelta(seconds=row["seconds"] or 0)
        promised_at = promised_at or later(call, "errand_delivery_slack", on_the_way)
        note_state(call, order_id, "delivering", promised_at=promised_at)
        go_to_dropoff(call)
    assert promised_at is not None
    overdue_at = later(call, "errand_delivery_late", promised_at)
    return {"promised_at": format_instant(promised_at), "overdue_at": format_instant(overdue_at)}


@topic("record_delivery", reads=["hand_over"])
def record_delivery(call: TopicCall, *, order_id: str) -> PlainDict:
    """The goods were handed over, by the delivery code; or left where that was allowed, with a photo.

    Reads the form of hand_over. Returns: nothing.
    """
    form = call.values_of("hand_over")
    add_proof(call, order_id, DELIVERY, str(form["delivery_proof"]), form, "delivery_photos")
    note_state(call, order_id, "handed_over", handed_over_at=call.now)
    say(call, order_id, "handed_over")
    return {}


@topic("record_errand_answer", reads=["give_answer"])
def record_errand_answer(call: TopicCall, *, order_id: str) -> PlainDict:
    """The question was answered; its requester may accept or ask again.

    Reads the form of give_answer. Returns: accept_until (silence until then counts as accepted).
    """
    add_proof(call, order_id, ANSWER, "text", call.values_of("give_answer"), "answer_files")
    note_state(call, order_id, "handed_over", handed_over_at=call.now)
    requester = states.fetch_row(call.connection, order_id)["requester_id"]
    tell_parties(call, order_id, "errand_answered", [requester])
    return {"accept_until": format_instant(later(call, "errand_answer_acceptance"))}


@topic("reopen_answer")
def reopen_answer(call: TopicCall, *, order_id: str) -> PlainDict:
    """The requester asks again: the answer is not accepted yet.

    Returns: nothing.
    """
    note_state(call, order_id, "taken", handed_over_at=None)
    return {}


@topic("tell_lateness")
def tell_lateness(call: TopicCall, *, order_id: str, due_at: str) -> PlainDict:
    """Tells the requester that the courier is late, and since when.

    Returns: nothing.
    """
    row = states.fetch_row(call.connection, order_id)
    tell_parties(call, order_id, "errand_late", [row["requester_id"]], due_at=format_instant(parse_instant(due_at)))
    return {}
