"""Payouts: from a wallet to the account a party named."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, exists, insert, select, update

from engine.definitions.registry import JobDone, JobRun, TopicCall, job_handler, topic
from engine.services.job_engine import ask_again_later, engine_of
from engine.services.ledger import rules
from engine.services.ledger.posting import InsufficientFunds
from engine.services.ledger.topics.calls import insufficient, open_book
from engine.services.payments.methods import current_method
from engine.services.payments.orders import provider_of, read_answer
from engine.services.payments.provider import Destination, OrderStatus
from engine.services.payments.tables import payout, payout_method
from engine.services.policy import end_of
from engine.storage.clock import format_instant
from engine.storage.ids import new_id
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict
from engine.storage.vault import open_reference

HELD, SENT, SUCCEEDED, FAILED, BOOKED, REVERSED = "held", "sent", "succeeded", "failed", "booked", "reversed"
PAID, NOT_PAID = "paid", "not_paid"
SEND, POLL = "payout.send", "payout.poll"


class PayoutNotReady(Exception):
    """A payout is not in the state an operation needs: going on could pay twice, or lose money."""


@dataclass(frozen=True)
class PayoutView:
    """A payout as its party sees it. `status`: held, sent, succeeded, failed, booked or reversed."""

    id: str
    amount_fen: int
    status: str
    failure: str | None
    payout_ref: str
    instance_id: str
    held_at: datetime
    ended_at: datetime | None


@topic("hold_payout")
def hold_payout(call: TopicCall, *, payee: str, amount_fen: int, payout_ref: str) -> PlainDict:
    """Sets money of the wallet aside for a payout (P-WITHDRAW).

    Returns: payout_id. Raises BpmnError INSUFFICIENT with shortfall_fen and available_fen.
    """
    try:
        rules.withdraw(open_book(call, payout_ref), party_id=payee, amount_fen=amount_fen)
    except InsufficientFunds as short:
        raise insufficient(amount_fen, short) from short
    payout_id = new_id()
    row = {
        "id": payout_id,
        "key": call.key,
        "party_id": payee,
        "amount_fen": amount_fen,
        "payout_ref": payout_ref,
        "status": HELD,
        "instance_id": call.instance_id,
        "held_at": call.now,
    }
    call.connection.execute(insert(payout).values(**row))
    return {"payout_id": payout_id}


@topic("check_payout_method")
def check_payout_method(call: TopicCall, *, payout_id: str, first_delay: str) -> PlainDict:
    """Finds the account a payout goes to. The first payout to an account that was not verified waits.

    Returns: method_state ("ready", "new", "missing"), wait_until (an instant; empty unless new).
    """
    row = _fetch(call.connection, payout_id)
    method = current_method(call.connection, row.party_id)
    if method is None:
        return {"method_state": "missing", "wait_until": ""}
    change = update(payout).where(payout.c.id == payout_id, payout.c.status == HELD).values(method_id=method.id)
    call.connection.execute(change)
    wait_until = end_of(first_delay, max(row.held_at, method.created_at), call.calendar.zone)
    if method.is_verified or _was_used(call.connection, method.id) or wait_until <= call.now:
        return {"method_state": "ready", "wait_until": ""}
    return {"method_state": "new", "wait_until": format_instant(wait_until)}


@topic("send_payout")
def send_payout(call: TopicCall, *, payout_id: str) -> PlainDict:
    """Hands a payout to the payment provider. Later a message payout.succeeded or payout.failed with its id arrives.

    Returns: nothing.
    """
    if _fetch(call.connection, payout_id).method_id is None:
        raise PayoutNotReady(f"Expected an account for payout {payout_id}, but none was chosen")
    _change_status(call.connection, payout_id, (HELD,), SENT)
    call.enqueue(SEND, {"id": payout_id}, key=f"{SEND}:{payout_id}")
    return {}


@topic("read_payout_result")
def read_payout_result(call: TopicCall, *, payout_id: str, finding: str = "") -> PlainDict:
    """Reads how a payout ended; an investigator's finding ("paid", "not_paid") ends one that is still open.

    Returns: payout_status ("sent", "succeeded", "failed").
    """
    if finding in (PAID, NOT_PAID):
        status = SUCCEEDED if finding == PAID else FAILED
        open_payout = update(payout).where(payout.c.id == payout_id, payout.c.status == SENT)
        call.connection.execute(open_payout.values(status=status, failure=f"found {finding}", ended_at=call.now))
    return {"payout_status": _fetch(call.connection, payout_id).status}


@topic("book_payout")
def book_payout(call: TopicCall, *, payout_id: str) -> PlainDict:
    """Books a payout that succeeded (P-PAYOUT-OK).

    Returns: journal_id.
    """
    _change_status(call.connection, payout_id, (SUCCEEDED,), BOOKED)
    row = _fetch(call.connection, payout_id)
    book = open_book(call, row.payout_ref)
    journal_id = rules.payout_ok(book, party_id=row.party_id, amount_fen=row.amount_fen, payout_id=payout_id)
    return {"journal_id": journal_id}


@topic("reverse_payout")
def reverse_payout(call: TopicCall, *, payout_id: str) -> PlainDict:
    """Returns the money of a payout that failed, or was never sent, to the wallet (P-PAYOUT-FAIL).

    Returns: journal_id. A payout under way is an incident: it might still succeed.
    """
    _change_status(call.connection, payout_id, (HELD, FAILED), REVERSED)
    row = _fetch(call.connection, payout_id)
    book = open_book(call, row.payout_ref)
    journal_id = rules.payout_fail(book, party_id=row.party_id, amount_fen=row.amount_fen, payout_id=payout_id)
    return {"journal_id": journal_id}


def list_payouts(connection: Connection, party_id: str, limit: int = 20) -> list[PayoutView]:
    """The party's payouts, newest first."""
    newest = select(payout).where(payout.c.party_id == party_id).order_by(payout.c.id.desc()).limit(limit)
    return [
        PayoutView(
            row.id,
            row.amount_fen,
            row.status,
            row.failure,
            row.payout_ref,
            row.instance_id,
            row.held_at,
            row.ended_at,
        )
        for row in connection.execute(newest)
    ]


@job_handler(SEND)
def order_payout(run: JobRun) -> Plain:
    """Places the order. After a lost answer it is queried by its key first: never a second order."""
    return _ask_provider(run, is_first=run.attempt == 1)


@order_payout.finish
def finish_order(done: JobDone, result: Plain) -> None:
    """Writes down what the provider said."""
    _record(done, result)


@job_handler(POLL)
def poll_payout(run: JobRun) -> Plain:
    """Asks how a pending order stands."""
    return _ask_provider(run, is_first=False)


@poll_payout.finish
def finish_poll(done: JobDone, result: Plain) -> None:
    """Writes down what the provider said."""
    _record(done, result)


def _ask_provider(run: JobRun, is_first: bool) -> Plain:
    engine, payout_id = engine_of(run), str(run.payload["id"])
    with engine.database.read() as connection:
        row = _fetch(connection, payout_id)
        if row.status != SENT:
            return None
        destination = _read_destination(connection, engine.keys, row.method_id)
    provider = provider_of(engine)
    answer = None if is_first else provider.query_payout(payout_id)
    return (answer or provider.start_payout(payout_id, row.amount_fen, destination)).as_plain()


def _read_destination(connection: Connection, keys: KeyRing, method_id: str) -> Destination:
    method = connection.execute(select(payout_method).where(payout_method.c.id == method_id)).one()
    account, holder = (open_reference(connection, keys, part) for part in (method.account, method.holder))
    if account is None or holder is None:
        raise PayoutNotReady("Expected the account of a payout, but its holder was erased")
    return Destination(method.kind, account, holder)


def _record(done: JobDone, result: Plain) -> None:
    answer, payout_id = read_answer(result), str(done.payload["id"])
    if answer is None:
        return
    if answer.status is OrderStatus.PENDING:
        ask_again_later(done, "payout", payout_id, _fetch(done.connection, payout_id).held_at)
        return
    status = SUCCEEDED if answer.status is OrderStatus.SUCCEEDED else FAILED
    ended = (
        update(payout)
        .where(payout.c.id == payout_id, payout.c.status == SENT)
        .values(
            status=status,
            provider=answer.provider,
            provider_ref=answer.provider_ref,
            failure=answer.failure or None,
            ended_at=done.now,
        )
    )
    if done.connection.execute(ended).rowcount:
        done.publish(f"payout.{status}", payout_id, {"payout_id": payout_id, "failure": answer.failure})


def _change_status(connection: Connection, payout_id: str, expected: tuple[str, ...], status: str) -> None:
    change = update(payout).where(payout.c.id == payout_id, payout.c.status.in_(expected)).values(status=status)
    if connection.execute(change).rowcount != 1:
        raise PayoutNotReady(f"Expected payout {payout_id} to be {' or '.join(expected)}, but it is not")


def _was_used(connection: Connection, method_id: str) -> bool:
    used = exists().where(payout.c.method_id == method_id, payout.c.status == BOOKED)
    return bool(connection.execute(select(used)).scalar_one())


def _fetch(connection: Connection, payout_id: str) -> Row[tuple[object, ...]]:
    return connection.execute(select(payout).where(payout.c.id == payout_id)).one()
