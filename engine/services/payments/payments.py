"""Top-ups: from the payer's decision to money in the wallet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.definitions.registry import JobDone, JobRun, Outbox, TopicCall, job_handler, topic
from engine.records.jobs import enqueue
from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden, SubmissionConflict
from engine.services.job_engine import ask_again_later, engine_of
from engine.services.ledger import rules
from engine.services.ledger.rules import Book, Origin
from engine.services.payments.orders import provider_of, read_answer
from engine.services.payments.provider import OrderStatus, ProviderAnswer
from engine.services.payments.tables import payment
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

STARTED, SUCCEEDED, FAILED = "started", "succeeded", "failed"
METHODS = ("online", "bank_transfer")
MIN_FEN, MAX_FEN = 1, 1_000_000_000
SETTLEMENT_DELAY = timedelta(days=1)
LIFE = timedelta(days=1)
START, POLL, SETTLE = "payment.start", "payment.poll", "payment.settle"


@dataclass(frozen=True)
class PaymentView:
    """A top-up as its party sees it. `status`: started, succeeded or failed (then `failure` says why)."""

    id: str
    amount_fen: int
    method: str
    status: str
    failure: str | None
    started_at: datetime
    ended_at: datetime | None
    pay_code: str | None  # what the payer scans or opens while the payment is under way


@topic("start_payment")
def start_payment(call: TopicCall, *, payer: str, amount_fen: int, method: str = "online") -> PlainDict:
    """Asks the payment provider for money of the payer; the wallet is credited once the provider confirms.

    Returns: payment_id. Later a message payment.confirmed or payment.failed with this key arrives.
    """
    payment_id = _add_payment(
        call.connection, call.now, call.key, payer, amount_fen, method, call.actor, call.instance_id
    )
    call.enqueue(START, {"id": payment_id}, key=f"{START}:{payment_id}")
    return {"payment_id": payment_id}


def start_top_up(engine: Engine, actor: Actor, amount_fen: int, token: str, method: str = "online") -> str:
    """A party tops up its own wallet, outside any process; gives the payment's id. Repeatable with the same token.

    Raises Forbidden for the platform, ValueError for an amount out of range, SubmissionConflict for a token used for
    another amount.
    """
    if actor.party_id == PLATFORM:
        raise Forbidden("Expected a person or an organisation, but the platform has no wallet")
    key = f"topup:{actor.party_id}:{token}"

    def work(unit: UnitOfWork) -> str:
        try:
            with unit.connection.begin_nested():
                payment_id = _add_payment(unit.connection, unit.now, key, actor.party_id, amount_fen, method, actor)
        except IntegrityError:  # the token was used before, perhaps a moment ago
            known = unit.connection.execute(select(payment).where(payment.c.key == key)).one()
            if (known.amount_fen, known.method) != (amount_fen, method):
                raise SubmissionConflict("top_up") from None
            return str(known.id)
        enqueue(unit.connection, unit.now, START, {"id": payment_id}, key=f"{START}:{payment_id}")
        return payment_id

    return engine.database.transact(work)


def list_payments(connection: Connection, party_id: str, limit: int = 20) -> list[PaymentView]:
    """The party's top-ups, newest first."""
    newest = select(payment).where(payment.c.party_id == party_id).order_by(payment.c.id.desc()).limit(limit)
    return [
        PaymentView(
            *(row.id, row.amount_fen, row.method, row.status, row.failure, row.started_at, row.ended_at, row.pay_code)
        )
        for row in connection.execute(newest)
    ]


@job_handler(START)
def order_payment(run: JobRun) -> Plain:
    """Places the order. After a lost answer it is queried by its key first: never a second order."""
    return _ask_provider(run, is_first=run.attempt == 1)


@order_payment.finish
def finish_order(done: JobDone, result: Plain) -> None:
    """Writes down what the provider said."""
    _record(done, result)


@job_handler(POLL)
def poll_payment(run: JobRun) -> Plain:
    """Asks how a pending order stands."""
    return _ask_provider(run, is_first=False)


@poll_payment.finish
def finish_poll(done: JobDone, result: Plain) -> None:
    """Writes down what the provider said."""
    _record(done, result)


def take_notice(engine: Engine, fields: Mapping[str, str]) -> bool:
    """A provider says that something came of a payment: it is asked at once. Whether the notice was its own.

    A notice about a payment that has ended, or that is not ours, changes nothing.
    """
    payment_id = provider_of(engine).read_notice(fields)

    def work(unit: UnitOfWork) -> None:
        is_open = select(payment.c.id).where(payment.c.id == payment_id, payment.c.status == STARTED)
        if unit.connection.execute(is_open).scalar() is not None:
            enqueue(unit.connection, unit.now, POLL, {"id": payment_id}, key=f"{POLL}:{payment_id}:notice")

    if payment_id is not None:
        engine.database.transact(work)
    return payment_id is not None


@job_handler(SETTLE)
def settle_payment(run: JobRun) -> Plain:
    """The day after: the provider has paid the money on to the custody bank."""
    return None


@settle_payment.finish
def finish_settlement(done: JobDone, result: Plain) -> None:
    """Books the arrival (P-PSPSETTLE)."""
    row = _fetch(done.connection, str(done.payload["id"]))
    cost_fen = done.payload["cost_fen"]
    assert isinstance(cost_fen, int)
    book = _open_book(done, f"pspsettle:{row.provider}:{row.provider_ref}")
    rules.provider_settlement(book, provider=row.provider, amount_fen=row.amount_fen, cost_fen=cost_fen)


def _ask_provider(run: JobRun, is_first: bool) -> Plain:
    engine, payment_id = engine_of(run), str(run.payload["id"])
    with engine.database.read() as connection:
        row = _fetch(connection, payment_id)
    if row.status != STARTED:
        return None
    provider = provider_of(engine)
    answer = None if is_first else provider.query_payment(payment_id)
    if answer is None and run.now >= row.started_at + LIFE:  # never paid, and not to be paid any more
        return ProviderAnswer(OrderStatus.FAILED, provider.name, payment_id, failure="expired").as_plain()
    return (answer or provider.start_payment(payment_id, row.amount_fen)).as_plain()


def _record(done: JobDone, result: Plain) -> None:
    answer, payment_id = read_answer(result), str(done.payload["id"])
    if answer is None:
        return
    if answer.status is OrderStatus.PENDING:
        if answer.pay_code:
            shown = update(payment).where(payment.c.id == payment_id)
            done.connection.execute(shown.values(pay_code=answer.pay_code))
        ask_again_later(done, "payment", payment_id, _fetch(done.connection, payment_id).started_at)
    elif _end(done, payment_id, answer):
        row = _fetch(done.connection, payment_id)
        if row.status == SUCCEEDED:
            _credit(done, row, answer)
        if row.instance_id is not None:
            name = "payment.confirmed" if row.status == SUCCEEDED else "payment.failed"
            done.publish(name, payment_id, {"payment_id": payment_id, "failure": answer.failure})


def _end(done: JobDone, payment_id: str, answer: ProviderAnswer) -> bool:
    """Whether this report is the first of the end; a repeated one changes nothing."""
    ended = (
        update(payment)
        .where(payment.c.id == payment_id, payment.c.status == STARTED)
        .values(
            status=SUCCEEDED if answer.status is OrderStatus.SUCCEEDED else FAILED,
            provider=answer.provider,
            provider_ref=answer.provider_ref,
            failure=answer.failure or None,
            ended_at=done.now,
        )
    )
    return done.connection.execute(ended).rowcount == 1


def _credit(done: JobDone, row: Row[tuple[object, ...]], answer: ProviderAnswer) -> None:
    rules.top_up(
        _open_book(done, ""),
        provider=row.provider,
        party_id=row.party_id,
        amount_fen=row.amount_fen,
        provider_ref=answer.provider_ref,
    )
    settlement: PlainDict = {"id": row.id, "cost_fen": answer.cost_fen}
    done.enqueue(SETTLE, settlement, due_at=done.now + SETTLEMENT_DELAY, key=f"{SETTLE}:{row.id}")


def _open_book(outbox: Outbox, key: str) -> Book:
    return Book(outbox.connection, outbox.keys, Origin(key, outbox.now, SYSTEM.user_id))


def _fetch(connection: Connection, payment_id: str) -> Row[tuple[object, ...]]:
    return connection.execute(select(payment).where(payment.c.id == payment_id)).one()


def _add_payment(
    connection: Connection,
    now: datetime,
    key: str,
    party_id: str,
    amount_fen: int,
    method: str,
    actor: Actor,
    instance_id: str | None = None,
) -> str:
    if not MIN_FEN <= amount_fen <= MAX_FEN or method not in METHODS:
        raise ValueError(f"Expected {MIN_FEN} to {MAX_FEN} fen by one of {METHODS}, but got {amount_fen} by {method}")
    payment_id = new_id()
    row = {
        "id": payment_id,
        "key": key,
        "party_id": party_id,
        "amount_fen": amount_fen,
        "method": method,
        "status": STARTED,
        "actor_id": actor.user_id,
        "instance_id": instance_id,
        "started_at": now,
    }
    connection.execute(insert(payment).values(**row))
    return payment_id
