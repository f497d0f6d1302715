"""Topics of the money of an express task: a share for each line, and back where the line is not paid.

What a line pays is settled by `settle_reward` of the ledger with the line as its escrow, once whoever asks how often.
"""

from sqlalchemy import select

from engine.definitions.registry import ChunkCall, TopicCall, batch_topic, topic
from engine.services.express import states
from engine.services.express.links import prove_line
from engine.services.express.tables import express_line
from engine.services.ledger import accounts, rules
from engine.services.ledger.fees import compute_settlement, read_terms
from engine.services.ledger.posting import balance_of
from engine.services.ledger.rules import Book, Origin
from engine.services.payments.methods import current_method
from engine.storage.actor import SYSTEM
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party

CONFIRM = "express.confirm"


@batch_topic("award_express_lines")
def award_express_lines(call: TopicCall, *, task_id: str) -> list[Plain]:
    """Each line without faults gets its share of what was frozen for the list, fee on top included."""
    return _list_ids(call, task_id, ("listed",), is_faultless=True)


@award_express_lines.chunk
def award_some_lines(call: ChunkCall, items: list[Plain]) -> Plain:
    """The same for some of the lines."""
    for line_id in map(str, items):
        row = states.fetch_line(call.connection, line_id)
        if row["state"] != "listed":
            continue
        task = states.fetch_task(call.connection, row["task_id"])
        split = compute_settlement(row["pay_fen"], read_terms(task["fee"]), fee_bearer=task["fee_bearer"])
        rules.allocate(
            _book(call, line_id, "award"),
            task_ref=task["id"],
            escrow_ref=line_id,
            amount_fen=split.charge_fen,
            owner_id=task["enterprise_id"],
        )
        states.move_line(call.connection, line_id, "awarded", call.now)
    return None


@batch_topic("send_express_confirmations")
def send_express_confirmations(call: TopicCall, *, task_id: str) -> list[Plain]:
    """Each awarded line begins its confirmation: a case of its own."""
    return _list_ids(call, task_id, ("awarded",))


@send_express_confirmations.chunk
def send_some_confirmations(call: ChunkCall, items: list[Plain]) -> Plain:
    """The same for some of the lines."""
    for line_id in map(str, items):
        if states.fetch_line(call.connection, line_id)["state"] == "awarded":
            states.move_line(call.connection, line_id, "awaiting_confirmation", call.now)
            call.publish(CONFIRM, line_id, {"line_id": line_id})
    return None


@batch_topic("expire_express_lines")
def expire_express_lines(call: TopicCall, *, task_id: str) -> list[Plain]:
    """The money of every line nobody has confirmed to the end goes back to the enterprise."""
    return _list_ids(call, task_id, states.REFUNDABLE)


@expire_express_lines.chunk
def expire_some_lines(call: ChunkCall, items: list[Plain]) -> Plain:
    """The same for some of the lines; one that was paid meanwhile stays so."""
    for line_id in map(str, items):
        row = states.fetch_line(call.connection, line_id)
        if row["state"] in states.REFUNDABLE:
            _refund(call, line_id)
            is_unsent = row["state"] in ("listed", "awarded")
            states.move_line(call.connection, line_id, "refunded" if is_unsent else "expired", call.now)
    return None


@topic("refund_express_line")
def refund_express_line(call: TopicCall, *, line_id: str, state: str) -> PlainDict:
    """The money of a line goes back to the enterprise, and the line ends: denied, expired or refunded. Asked again, it
    changes nothing.

    Returns: refunded_fen.
    """
    if states.fetch_line(call.connection, line_id)["state"] == state:
        return {"refunded_fen": 0}
    refunded_fen = _refund(call, line_id)
    states.move_line(call.connection, line_id, state, call.now)
    call.note("express_line_state", line_id=line_id, state=state)
    return {"refunded_fen": refunded_fen}


@topic("mark_express_line")
def mark_express_line(call: TopicCall, *, line_id: str, state: str) -> PlainDict:
    """Brings a line into a state of its life.

    Returns: state.
    """
    states.move_line(call.connection, line_id, state, call.now)
    call.note("express_line_state", line_id=line_id, state=state)
    return {"state": state}


@topic("link_express_line")
def link_express_line(call: TopicCall, *, line_id: str) -> PlainDict:
    """The proof that belongs into the link of an invitation.

    Returns: proof.
    """
    return {"proof": prove_line(call.keys, line_id, states.fetch_line(call.connection, line_id)["version"])}


@topic("recheck_express_line")
def recheck_express_line(call: TopicCall, *, worker: str) -> PlainDict:
    """Whether the person may be paid: who he is, his agreement, where his money goes.

    Returns: is_certified, has_agreement, has_payout_method, is_ready.
    """
    standing = select(party.c.is_certified, party.c.has_agreement).where(party.c.id == worker)
    row = call.connection.execute(standing).one()
    has_method = current_method(call.connection, worker) is not None
    return {
        "is_certified": bool(row.is_certified),
        "has_agreement": bool(row.has_agreement),
        "has_payout_method": has_method,
        "is_ready": bool(row.is_certified and row.has_agreement and has_method),
    }


def _list_ids(call: TopicCall, task_id: str, among: tuple[str, ...], is_faultless: bool = False) -> list[Plain]:
    list_id = states.fetch_task(call.connection, task_id)["list_id"]
    query = select(express_line.c.id).where(express_line.c.list_id == list_id, express_line.c.state.in_(among))
    if is_faultless:
        query = query.where(express_line.c.faults == [])
    return list(call.connection.execute(query.order_by(express_line.c.number)).scalars())


def _refund(call: TopicCall | ChunkCall, line_id: str) -> int:
    row = states.fetch_line(call.connection, line_id)
    left_fen, source = balance_of(call.connection, accounts.escrow(line_id)), accounts.escrow(line_id)
    if left_fen:
        payer = states.fetch_task(call.connection, row["task_id"])["enterprise_id"]
        rules.release(_book(call, line_id, "refund"), payer=payer, source=source, amount_fen=left_fen)
    return left_fen


def _book(call: TopicCall | ChunkCall, line_id: str, part: str) -> Book:
    """The ledger for one line: its entries have keys of their own, however the lines are cut into chunks."""
    origin = Origin(
        key=f"express:{line_id}:{part}",
        at=call.now,
        actor_id=SYSTEM.user_id,
        order_ref=line_id,
        instance_id=call.instance_id,
        element=call.element,
    )
    return Book(call.connection, call.keys, origin)
