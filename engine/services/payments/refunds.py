"""Refunds to the method a payment came by (S06): out of the wallet, back the way the money came."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from engine.definitions.registry import JobDone, JobRun, TopicCall, job_handler, topic
from engine.language.errors import BpmnError
from engine.services.job_engine import ask_again_later, engine_of
from engine.services.ledger import rules, treasury
from engine.services.ledger.posting import InsufficientFunds
from engine.services.ledger.rules import Book, Origin
from engine.services.ledger.topics.calls import insufficient, open_book
from engine.services.payments.orders import provider_of, read_answer
from engine.services.payments.payments import FAILED, STARTED, SUCCEEDED
from engine.services.payments.provider import OrderStatus
from engine.services.payments.tables import payment, refund
from engine.storage.actor import SYSTEM
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

START, POLL = "refund.start", "refund.poll"
NO_ORIGIN = "NO_ORIGIN"


@topic("refund_to_origin")
def refund_to_origin(call: TopicCall, *, payer: str, amount_fen: int, order_ref: str) -> PlainDict:
    """Sends money of the wallet back by the newest payment of the payer that covers it (P-REFUND-ORIG). Money that
    cannot be sent back returns to the wallet.

    Returns: refund_id. Later a message refund.succeeded or refund.failed with this key arrives. Raises BpmnError
    INSUFFICIENT with shortfall_fen and available_fen, and NO_ORIGIN if no payment covers the amount.
    """
    known = call.connection.execute(select(refund.c.id).where(refund.c.key == call.key)).scalar_one_or_none()
    if known is not None:
        return {"refund_id": known}
    payment_id = _find_origin(call.connection, payer, amount_fen)
    if payment_id is None:
        raise BpmnError(NO_ORIGIN, f"Expected a payment of {amount_fen} fen or more, but {payer} made none")
    refund_id = new_id()
    try:
        treasury.refund_original(open_book(call, order_ref), payer=payer, amount_fen=amount_fen, refund_id=refund_id)
    except InsufficientFunds as short:
        raise insufficient(amount_fen, short) from short
    row = {
        "id": refund_id,
        "key": call.key,
        "party_id": payer,
        "amount_fen": amount_fen,
        "payment_id": payment_id,
        "order_ref": order_ref,
        "status": STARTED,
        "instance_id": call.instance_id,
        "element": call.element,
        "started_at": call.now,
    }
    call.connection.execute(insert(refund).values(**row))
    call.enqueue(START, {"id": refund_id}, key=f"{START}:{refund_id}")
    return {"refund_id": refund_id}


def _find_origin(connection: Connection, party_id: str, amount_fen: int) -> str | None:
    returned = (
        select(func.coalesce(func.sum(refund.c.amount_fen), 0))
        .where(refund.c.payment_id == payment.c.id, refund.c.status != FAILED)
        .scalar_subquery()
    )
    newest = (
        select(payment.c.id)
        .where(payment.c.party_id == party_id, payment.c.status == SUCCEEDED)
        .where(payment.c.amount_fen - returned >= amount_fen)
        .order_by(payment.c.id.desc())
        .limit(1)
    )
    payment_id: str | None = connection.execute(newest).scalar_one_or_none()
    return payment_id


@job_handler(START)
def order_refund(run: JobRun) -> Plain:
    """Places the order. After a lost answer it is queried by its key first: never a second order."""
    return _ask_provider(run, is_first=run.attempt == 1)


@order_refund.finish
def finish_order(done: JobDone, result: Plain) -> None:
    """Writes down what the provider said."""
    _record(done, result)


@job_handler(POLL)
def poll_refund(run: JobRun) -> Plain:
    """Asks how a pending order stands."""
    return _ask_provider(run, is_first=False)


@poll_refund.finish
def finish_poll(done: JobDone, result: Plain) -> None:
    """Writes down what the provider said."""
    _record(done, result)


def _ask_provider(run: JobRun, is_first: bool) -> Plain:
    engine, refund_id = engine_of(run), str(run.payload["id"])
    with engine.database.read() as connection:
        row = _fetch(connection, refund_id)
    if row.status != STARTED:
        return None
    provider = provider_of(engine)
    answer = None if is_first else provider.query_refund(refund_id, row.payment_ref)
    return (answer or provider.start_refund(refund_id, row.amount_fen, row.payment_ref)).as_plain()


def _record(done: JobDone, result: Plain) -> None:
    answer, refund_id = read_answer(result), str(done.payload["id"])
    if answer is None:
        return
    row = _fetch(done.connection, refund_id)
    if answer.status is OrderStatus.PENDING:
        ask_again_later(done, "refund", refund_id, row.started_at)
        return
    status = SUCCEEDED if answer.status is OrderStatus.SUCCEEDED else FAILED
    ended = update(refund).where(refund.c.id == refund_id, refund.c.status == STARTED)
    values = {"status": status, "provider": answer.provider, "provider_ref": answer.provider_ref}
    ended = ended.values(**values, failure=answer.failure or None, ended_at=done.now)
    if done.connection.execute(ended).rowcount != 1:
        return  # reported before
    book = _open_book(done, row, done.now)
    sides = {"party_id": row.party_id, "amount_fen": row.amount_fen}
    if status == SUCCEEDED:
        treasury.refund_ok(
            book, payer=row.party_id, provider=answer.provider, amount_fen=row.amount_fen, refund_id=refund_id
        )
    else:
        rules.payout_fail(book, payout_id=refund_id, **sides)
    done.publish(f"refund.{status}", refund_id, {"refund_id": refund_id, "failure": answer.failure})


def _open_book(done: JobDone, row: Row[Any], now: datetime) -> Book:
    return Book(
        done.connection,
        done.keys,
        Origin("", now, SYSTEM.user_id, row.order_ref, row.instance_id, row.element),
    )


def _fetch(connection: Connection, refund_id: str) -> Row[Any]:
    query = select(refund, payment.c.provider_ref.label("payment_ref"))
    return connection.execute(query.join(payment).where(refund.c.id == refund_id)).one()
