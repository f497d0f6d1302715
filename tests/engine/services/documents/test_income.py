"""The quarterly report: who was paid what, masked unless somebody says why, and never without a record."""

import pytest
from sqlalchemy import insert

from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.services.documents.income import COLUMNS, STREAM, Quarter, ReasonMissing, export_income
from engine.services.ledger import rules, settling
from engine.services.ledger.fees import FeeTerms, compute_settlement
from engine.services.ledger.rules import Book, Origin
from engine.services.onboarding.person_tables import person_certification
from engine.storage import vault
from engine.storage.actor import PLATFORM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.tables import party
from tests.support.clock import ManualClock

TANG = Actor("tang", PLATFORM, "platform_finance")
TERMS = FeeTerms(rate_bps=600, min_fen=0, max_fen=None, vat_bps=600)
Q4 = Quarter(2026, 4)


@pytest.fixture
def paid(any_engine: Engine, clock: ManualClock) -> Engine:
    """Bob, who was certified, and Cai, who was not, were paid by Ann in November; Bob once more in January."""

    def pay(unit: UnitOfWork, payee: str, order: str, amount_fen: int) -> None:
        book = Book(unit.connection, any_engine.keys, Origin(order, unit.now, "ann", order, "case", "step"))
        rules.top_up(book, provider="test", party_id="ann", amount_fen=amount_fen, provider_ref=order)
        rules.freeze(book, payer="ann", escrow_ref=order, amount_fen=amount_fen)
        split = compute_settlement(amount_fen, TERMS)
        settling.settle(book, escrow_ref=order, payee=payee, process_key="p", terms=TERMS.as_plain(), split=split)

    def november(unit: UnitOfWork) -> None:
        for name in ("ann", "bob", "cai"):
            standing = {"is_certified": 1, "has_agreement": 1, "is_suspended": 0, "created_at": unit.now}
            row = {"id": name, "kind": "person", "name_zh": name, "name_en": name, **standing}
            unit.connection.execute(insert(party), row)
        known, id_no = (
            vault.put(unit.connection, any_engine.keys, "bob", one) for one in ("鲍勃", "11010519491231002X")
        )
        dates = dict.fromkeys(("opened_at", "certified_at"), unit.now)
        told = {"id": "c1", "party_id": "bob", "state": "active", "id_type": "id_card", "name": known, "id_no": id_no}
        unit.connection.execute(insert(person_certification), told | dates)
        pay(unit, "bob", "o1", 50_000)
        pay(unit, "bob", "o2", 10_000)
        pay(unit, "cai", "o3", 20_000)

    any_engine.database.transact(november)
    clock.advance(days=50)
    any_engine.database.transact(lambda unit: pay(unit, "bob", "o4", 90_000))
    return any_engine


def test_a_report_adds_up_a_quarter_by_person(paid: Engine) -> None:
    found = export_income(paid, TANG, Q4, COLUMNS, is_unmasked=False, reason="")
    bob, cai = found.rows
    assert (bob["name"], bob["id_no"], bob["id_type"]) == ("鲍*", "1*************002X", "id_card")
    assert (bob["settlements"], bob["gross_fen"], bob["fee_fen"], bob["net_fen"]) == (2, 60_000, 3_600, 56_400)
    assert (cai["name"], cai["id_no"], cai["gross_fen"]) == (None, None, 20_000)
    (later,) = export_income(paid, TANG, Quarter(2027, 1), ["net_fen", "worker_id"], is_unmasked=False, reason="").rows
    assert later == {"worker_id": "bob", "net_fen": 84_600}
    assert Q4.before() == Quarter.read("2026-Q3")
    for wrong in ("2026-Q5", "2026", "26-Q1", "x-Q1"):
        with pytest.raises(ValueError, match="Expected a quarter"):
            Quarter.read(wrong)


def test_whoever_sees_identities_says_why_and_is_remembered(paid: Engine) -> None:
    with pytest.raises(ReasonMissing):
        export_income(paid, TANG, Q4, COLUMNS, is_unmasked=True, reason=" 报 ")
    found = export_income(paid, TANG, Q4, ["name", "id_no"], is_unmasked=True, reason="四季度依法报送")
    assert [*found.rows] == [{"name": "鲍勃", "id_no": "11010519491231002X"}, {"name": None, "id_no": None}]
    with paid.database.read() as connection:
        (row,) = read_stream(connection, STREAM)
    (event,) = row.events
    told = {name: event[name] for name in ("quarter", "columns", "is_unmasked", "reason", "persons")}
    assert row.actor_id == "tang"
    assert told == {
        "quarter": "2026-Q4",
        "columns": ["name", "id_no"],
        "is_unmasked": True,
        "reason": "四季度依法报送",
        "persons": 2,
    }
