"""Topics of the money of an express task: a share for each line, and back where the line is not paid.

What a line pays is settled by `settle_reward` of the ledger with the line as its escrow, once whoever asks how often.
Lines are done a few at a time, so that no transaction grows with the list.
"""

from collections.abc import Sequence

from sqlalchemy import RowMapping, select, update

from engine.definitions.registry import ChunkCall, TopicCall, batch_topic, topic
from engine.language.specs.schedules import find_due
from engine.services.express import states
from engine.services.express.tables import express_line, express_task
from engine.services.ledger import accounts, rules
from engine.services.ledger.fees import compute_settlement, read_terms
from engine.services.ledger.posting import balance_of
from engine.services.ledger.rules import Book, Origin
from engine.storage.actor import SYSTEM
from engine.storage.plain import Plain, PlainDict

CONFIRM, WITHDRAWN = "express.confirm", "line.withdrawn"
_AT_ONCE = 20
"""Lines in one transaction: each of them is an entry of the ledger, or begins a case."""
_UNSENT = ("listed", "awarded")


@batch_topic("award_express_lines", chunk_items=_AT_ONCE)
def award_express_lines(call: TopicCall, *, task_id: str) -> list[Plain]:
    """Each line without faults gets its share of what was frozen for the list, fee on top included."""
    states.move_task(call.connection, task_id, "in_review", call.now)
    call.note("express_task_state", task_id=task_id, state="in_review")
    return _list_ids(call, task_id, ("listed",), is_faultless=True)


@award_express_lines.chunk
def award_some_lines(call: ChunkCall, items: list[Plain]) -> Plain:
    """The same for some of the lines."""
    rows = _fetch(call, items, ("listed",))
    if not rows:
        return None
    task = states.fetch_task(call.connection, rows[0]["task_id"])
    terms = read_terms(task["fee"])
    for row in rows:
        split = compute_settlement(row["pay_fen"], terms, fee_bearer=task["fee_bearer"])
        where = {"task_ref": task["id"], "escrow_ref": row["id"], "owner_id": task["enterprise_id"]}
        rules.allocate(_book(call, row["id"], "award"), amount_fen=split.charge_fen, **where)
    states.move_lines(call.connection, [row["id"] for row in rows], "listed", "awarded")
    return None


@batch_topic("refund_excluded_lines", chunk_items=_AT_ONCE)
def refund_excluded_lines(call: TopicCall, *, task_id: str) -> list[Plain]:
    """The money of the lines that a reviewer left out goes back to the enterprise; the others go on."""
    excluded = select(express_line.c.id).where(
        express_line.c.task_id == task_id, express_line.c.exclusion.is_not(None), express_line.c.state == "awarded"
    )
    return list(call.connection.execute(excluded.order_by(express_line.c.number)).scalars())


@refund_excluded_lines.chunk
def refund_some_excluded(call: ChunkCall, items: list[Plain]) -> Plain:
    """The same for some of the lines."""
    for row in _fetch(call, items, ("awarded",)):
        _end(call, row, "refunded")
    return None


@batch_topic("send_express_confirmations", chunk_items=_AT_ONCE)
def send_express_confirmations(call: TopicCall, *, task_id: str) -> list[Plain]:
    """Each awarded line begins its confirmation: a case of its own. The time to confirm begins now."""
    days = states.fetch_task(call.connection, task_id)["confirm_days"]
    confirm_by = find_due(f"P{days}D", call.now, call.calendar)
    states.move_task(call.connection, task_id, "running", call.now, confirm_by=confirm_by)
    call.note("express_task_state", task_id=task_id, state="running")
    return _list_ids(call, task_id, ("awarded",))


@send_express_confirmations.chunk
def send_some_confirmations(call: ChunkCall, items: list[Plain]) -> Plain:
    """The same for some of the lines."""
    ids = [row["id"] for row in _fetch(call, items, ("awarded",))]
    if ids:
        states.move_lines(call.connection, ids, "awarded", "awaiting_confirmation")
    for line_id in ids:
        call.publish(CONFIRM, line_id, {"line_id": line_id})
    return None


@batch_topic("expire_express_lines", chunk_items=_AT_ONCE)
def expire_express_lines(call: TopicCall, *, task_id: str) -> list[Plain]:
    """The money of every line nobody has confirmed to the end goes back to the enterprise."""
    return _list_ids(call, task_id, states.REFUNDABLE)


@expire_express_lines.chunk
def expire_some_lines(call: ChunkCall, items: list[Plain]) -> Plain:
    """The same for some of the lines; one that was paid meanwhile stays so."""
    for row in _fetch(call, items, states.REFUNDABLE):
        _end(call, row, "refunded" if row["state"] in _UNSENT else "expired")
    return None


@batch_topic("withdraw_express_lines", chunk_items=_AT_ONCE)
def withdraw_express_lines(call: TopicCall, *, task_id: str) -> list[Plain]:
    """The enterprise pays nobody any more: every open line ends, and its money goes back."""
    call.connection.execute(update(express_task).where(express_task.c.id == task_id).values(is_drafted=0))
    return _list_ids(call, task_id, states.REFUNDABLE)


@withdraw_express_lines.chunk
def withdraw_some_lines(call: ChunkCall, items: list[Plain]) -> Plain:
    """The same for some of the lines; who was asked to confirm one is not asked any more."""
    for row in _fetch(call, items, states.REFUNDABLE):
        _end(call, row, "refunded")
        if row["state"] not in _UNSENT:
            call.publish(WITHDRAWN, row["id"], {})
    return None


@topic("refund_express_line")
def refund_express_line(call: TopicCall, *, line_id: str, state: str) -> PlainDict:
    """The money of a line goes back to the enterprise, and the line ends: denied, expired or refunded. Of a line that
    has ended already nothing changes.

    Returns: refunded_fen, line_state.
    """
    row = states.fetch_line(call.connection, line_id)
    if row["state"] in states.FINAL:
        return {"refunded_fen": 0, "line_state": row["state"]}
    refunded_fen = _end(call, row, state)
    call.note("express_line_state", line_id=line_id, state=state)
    return {"refunded_fen": refunded_fen, "line_state": state}


@topic("mark_express_line")
def mark_express_line(call: TopicCall, *, line_id: str, state: str, net_fen: int = 0) -> PlainDict:
    """Brings a line into a state of its life. `net_fen`: what its person was paid, where it is.

    Returns: line_state.
    """
    states.move_line(call.connection, line_id, state, call.now, **({"net_fen": net_fen} if net_fen else {}))
    call.note("express_line_state", line_id=line_id, state=state)
    return {"line_state": state}


def _list_ids(call: TopicCall, task_id: str, among: Sequence[str], is_faultless: bool = False) -> list[Plain]:
    list_id = states.fetch_task(call.connection, task_id)["list_id"]
    query = select(express_line.c.id).where(express_line.c.list_id == list_id, express_line.c.state.in_(among))
    if is_faultless:
        query = query.where(express_line.c.faults == [])
    return list(call.connection.execute(query.order_by(express_line.c.number)).scalars())


def _fetch(call: ChunkCall, line_ids: list[Plain], among: Sequence[str]) -> list[RowMapping]:
    """The lines of a chunk that are still in one of these states, in the order of the list."""
    ids = [str(line_id) for line_id in line_ids]
    query = select(express_line).where(express_line.c.id.in_(ids), express_line.c.state.in_(among))
    return list(call.connection.execute(query.order_by(express_line.c.number)).mappings())


def _end(call: TopicCall | ChunkCall, row: RowMapping, state: str) -> int:
    """Gives back whatever is left of a line and ends it; how much that was, in fen."""
    escrow = accounts.escrow(row["id"])
    left_fen = balance_of(call.connection, escrow)
    if left_fen:
        payer = states.fetch_task(call.connection, row["task_id"])["enterprise_id"]
        rules.release(_book(call, row["id"], "refund"), payer=payer, source=escrow, amount_fen=left_fen)
    states.move_line(call.connection, row["id"], state, call.now)
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
