"""Small-amount verification: a few fen are sent to the account of an enterprise, which tells how many arrived."""

import secrets
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from engine.definitions.registry import JobDone, JobRun, TopicCall, job_handler, topic
from engine.runtime.engine import Engine
from engine.services.job_engine import ask_again_later, engine_of
from engine.services.onboarding.company_checks import MIN_PAUSE
from engine.services.onboarding.company_ports import TransferAnswer, TransferBank, TransferStatus
from engine.services.onboarding.company_simulator import CompanySimulator
from engine.services.onboarding.enterprise_tables import enterprise_certification, test_transfer
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.vault import open_reference

SENT, ARRIVED, FAILED, CONFIRMED, REFUSED = "sent", "arrived", "failed", "confirmed", "refused"
FORM_ELEMENT = "enter_test_amount"
KIND = "bank"
SEND, POLL = f"{KIND}.send", f"{KIND}.poll"
MIN_FEN, MAX_FEN = 1, 99


def transfer_bank_of(engine: Engine) -> TransferBank:
    """The bank that sends test amounts, from the platform's own account."""
    return CompanySimulator(engine.database, engine.settings.simulator_seed)


@topic("send_test_amount")
def send_test_amount(call: TopicCall, *, certification_id: str) -> PlainDict:
    """Sends an amount nobody can guess, of 1 to 99 fen, to the account an enterprise has named.

    Returns: transfer_id. Later a message bank.tested with it arrives, its status arrived or failed.
    """
    transfer_id = new_id()
    row = {
        "id": transfer_id,
        "key": call.key,
        "certification_id": certification_id,
        "amount_fen": MIN_FEN + secrets.randbelow(MAX_FEN),
        "status": SENT,
        "tries": 0,
        "sent_at": call.now,
    }
    call.connection.execute(insert(test_transfer), row)
    call.enqueue(SEND, {"id": transfer_id}, key=f"{SEND}:{transfer_id}")
    return {"transfer_id": transfer_id}


@topic("check_test_amount", reads=[FORM_ELEMENT])
def check_test_amount(call: TopicCall, *, transfer_id: str, tries: int) -> PlainDict:
    """Compares the amount typed in the form of enter_test_amount with the one that was sent; `tries`: how many in all.

    Returns: test_result (right, wrong, used_up).
    """
    typed_fen = call.values_of(FORM_ELEMENT)["arrived_fen"]
    row = fetch_transfer(call.connection, transfer_id)
    is_right, made = typed_fen == row.amount_fen, row.tries + 1
    is_over = is_right or made >= tries
    status = (CONFIRMED if is_right else REFUSED) if is_over else ARRIVED
    counted = {"tries": made, "status": status}
    call.connection.execute(update(test_transfer).where(test_transfer.c.id == transfer_id).values(counted))
    return {"test_result": "right" if is_right else "used_up" if is_over else "wrong"}


@job_handler(SEND)
def order_transfer(run: JobRun) -> Plain:
    """Orders the transfer. After a lost answer it is queried by its key first: never a second order."""
    return _ask(run, is_first=run.attempt == 1)


@order_transfer.finish
def finish_order(done: JobDone, result: Plain) -> None:
    """Writes down what the bank said."""
    _record(done, result)


@job_handler(POLL)
def poll_transfer(run: JobRun) -> Plain:
    """Asks how a pending transfer stands."""
    return _ask(run, is_first=False)


@poll_transfer.finish
def finish_poll(done: JobDone, result: Plain) -> None:
    """Writes down what the bank said."""
    _record(done, result)


def _ask(run: JobRun, is_first: bool) -> Plain:
    engine, transfer_id = engine_of(run), str(run.payload["id"])
    with engine.database.read() as connection:
        row = fetch_transfer(connection, transfer_id)
        stated = connection.execute(
            select(enterprise_certification).where(enterprise_certification.c.id == row.certification_id)
        ).one()
        account = open_reference(connection, engine.keys, stated.bank_account)
    if row.status != SENT or account is None:
        return None
    bank = transfer_bank_of(engine)
    answer = None if is_first else bank.query_transfer(transfer_id)
    number = "".join(account.split())
    return (answer or bank.start_transfer(transfer_id, number, stated.legal_name, row.amount_fen)).as_plain()


def _record(done: JobDone, result: Plain) -> None:
    if not isinstance(result, dict):
        return
    answer, transfer_id = TransferAnswer.of(result), str(done.payload["id"])
    if answer.status is TransferStatus.PENDING:
        since = fetch_transfer(done.connection, transfer_id).sent_at
        ask_again_later(done, KIND, transfer_id, since, soonest=MIN_PAUSE)
        return
    status = ARRIVED if answer.status is TransferStatus.ARRIVED else FAILED
    ended = (
        update(test_transfer)
        .where(test_transfer.c.id == transfer_id, test_transfer.c.status == SENT)
        .values(
            status=status,
            failure=answer.failure or None,
            bank=answer.bank,
            bank_ref=answer.bank_ref,
            ended_at=done.now,
        )
    )
    if done.connection.execute(ended).rowcount:
        done.publish("bank.tested", transfer_id, {"status": status})


def fetch_transfer(connection: Connection, transfer_id: str) -> Row[Any]:
    """The row of a transfer. Raises NoResultFound."""
    return connection.execute(select(test_transfer).where(test_transfer.c.id == transfer_id)).one()
