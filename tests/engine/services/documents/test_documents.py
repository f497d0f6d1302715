"""Documents: what they say, for whom, once and for all."""

import hashlib

import pytest
from sqlalchemy import text

from engine.commands.work import settle as run_jobs
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.documents.invoices import request_invoice
from engine.services.documents.issuing import (
    INVOICE,
    SETTLEMENT,
    STATEMENT,
    WITHHOLDING,
    as_bytes,
    find_genuine,
    issue,
)
from engine.services.ledger import rules, settling
from engine.services.ledger.fees import FeeTerms, compute_settlement
from engine.services.ledger.rules import Book, Origin
from engine.services.verification import verify
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from tests.support.clock import ManualClock

ANN, BOB, CAI = (Actor(name, name, "individual") for name in ("ann", "bob", "cai"))
TERMS = FeeTerms(rate_bps=600, min_fen=0, max_fen=None, vat_bps=600)


@pytest.fixture
def settled(any_engine: Engine, clock: ManualClock) -> str:
    """In November Ann topped up 1,000.00, of which Bob earned 500.00 less the fee; in December she topped up 1.00."""

    def november(unit: UnitOfWork) -> str:
        book = Book(unit.connection, any_engine.keys, Origin("frozen", unit.now, "ann", "o1", "case", "step"))
        rules.top_up(book, provider="test", party_id="ann", amount_fen=100_000, provider_ref="1")
        rules.freeze(book, payer="ann", escrow_ref="o1", amount_fen=50_000)
        split = compute_settlement(50_000, TERMS)
        return settling.settle(book, escrow_ref="o1", payee="bob", process_key="p", terms=TERMS.as_plain(), split=split)

    def december(unit: UnitOfWork) -> None:
        book = Book(unit.connection, any_engine.keys, Origin("", unit.now, "ann"))
        rules.top_up(book, provider="test", party_id="ann", amount_fen=100, provider_ref="2")

    entry_id = any_engine.database.transact(november)
    clock.advance(days=10)
    any_engine.database.transact(december)
    return entry_id


def test_a_statement_tells_a_month_and_stays_as_it_was_issued(
    any_engine: Engine, clock: ManualClock, settled: str
) -> None:
    issued = issue(any_engine, ANN, STATEMENT, "2026-11")
    told = issued.content
    assert (told["opening_fen"], told["in_fen"], told["out_fen"], told["closing_fen"]) == (0, 100_000, 50_000, 50_000)
    assert (told["since"], told["until"]) == ("2026-10-31T16:00:00Z", "2026-11-30T16:00:00Z")
    movements = told["movements"]
    assert isinstance(movements, list)
    assert [one["rule"] for one in movements if isinstance(one, dict)] == ["P-TOPUP", "P-FREEZE"]
    assert issued.sha256 == hashlib.sha256(as_bytes(told)).hexdigest()
    clock.advance(days=1)
    assert issue(any_engine, ANN, STATEMENT, "2026-11") == issued


def test_a_month_that_is_not_over_or_came_before_has_none(any_engine: Engine, clock: ManualClock, settled: str) -> None:
    for actor, month in ((ANN, "2026-12"), (ANN, "2026-10"), (CAI, "2026-11")):
        with pytest.raises(NotFound):
            issue(any_engine, actor, STATEMENT, month)
    clock.advance(days=40)
    assert issue(any_engine, ANN, STATEMENT, "2026-12").content["opening_fen"] == 50_000
    with pytest.raises(NotFound):  # a month without movements that is still running
        issue(any_engine, BOB, STATEMENT, "2027-01")


def test_a_settlement_is_for_its_two_sides(any_engine: Engine, settled: str) -> None:
    for_payee, for_payer = (issue(any_engine, actor, SETTLEMENT, settled) for actor in (BOB, ANN))
    assert for_payee == for_payer
    told = for_payee.content
    assert (told["payer_id"], told["payee_id"], told["rate_bps"]) == ("ann", "bob", 600)
    amounts = ("gross_fen", "fee_fen", "vat_fen", "tax_fen", "net_fen")
    assert [told[name] for name in amounts] == [50_000, 3_000, 170, 0, 47_000]
    with pytest.raises(NotFound):
        issue(any_engine, CAI, SETTLEMENT, settled)
    with pytest.raises(NotFound):
        issue(any_engine, ANN, SETTLEMENT, "no-entry")


def test_only_number_and_hash_together_find_it(any_engine: Engine, settled: str) -> None:
    issued = issue(any_engine, BOB, SETTLEMENT, settled)
    with any_engine.database.read() as connection:
        assert find_genuine(connection, issued.number, issued.sha256.upper()) == issued
        assert find_genuine(connection, issued.number, "0" * 64) is None
        assert find_genuine(connection, "SL-202611-AAAAAAAA", issued.sha256) is None


def test_a_changed_document_is_named(engine: Engine, clock: ManualClock) -> None:
    def work(unit: UnitOfWork) -> None:
        book = Book(unit.connection, engine.keys, Origin("", unit.now, "ann"))
        rules.top_up(book, provider="test", party_id="ann", amount_fen=100, provider_ref="2")

    engine.database.transact(work)
    clock.advance(days=30)
    issued = issue(engine, ANN, STATEMENT, "2026-11")
    assert list(verify(engine)) == []
    for name in ("document_no_update", "document_no_delete"):
        engine.database.transact(lambda unit, name=name: unit.connection.execute(text(f"DROP TRIGGER {name}")))  # type: ignore[misc]
    engine.database.transact(
        lambda unit: unit.connection.execute(text("UPDATE document SET content = replace(content, '100', '900')"))
    )
    assert ("document", issued.number) in {(one.table, one.row) for one in verify(engine)}


def test_who_was_paid_gets_the_list_of_tax_withheld(any_engine: Engine, settled: str) -> None:
    told = issue(any_engine, BOB, WITHHOLDING, "2026-11").content
    assert (told["gross_fen"], told["tax_fen"]) == (50_000, 0)
    lines = told["lines"]
    assert isinstance(lines, list)
    assert [one["payer_id"] for one in lines if isinstance(one, dict)] == ["ann"]
    for actor, month in ((ANN, "2026-11"), (CAI, "2026-11"), (BOB, "2026-12"), (BOB, "2026-13")):
        with pytest.raises(NotFound):
            issue(any_engine, actor, WITHHOLDING, month)


def test_an_invoice_is_asked_for_once_by_who_bore_the_fee(any_engine: Engine, settled: str) -> None:
    for nobody in (ANN, CAI):  # Ann paid, but the fee was taken from Bob's pay
        with pytest.raises(NotFound):
            request_invoice(any_engine, nobody, "2026-11")
    invoice_id = request_invoice(any_engine, BOB, "2026-11")
    assert request_invoice(any_engine, BOB, "2026-11", "91330100MA00000000") == invoice_id
    with pytest.raises(NotFound):
        issue(any_engine, BOB, INVOICE, invoice_id)  # not issued yet
    run_jobs(any_engine)
    told = issue(any_engine, BOB, INVOICE, invoice_id).content
    assert (told["fee_fen"], told["vat_fen"], told["month"], told["tax_number"]) == (3_000, 170, "2026-11", "")
    for stranger in (ANN, CAI):
        with pytest.raises(NotFound):
            issue(any_engine, stranger, INVOICE, invoice_id)
