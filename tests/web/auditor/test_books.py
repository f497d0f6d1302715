"""Money: the entries of a case, the proof of its escrow, the whole ledger."""

import re

import pytest
from flask import Flask
from sqlalchemy import update

from engine.runtime.engine import Engine
from engine.services.ledger import rules
from engine.services.ledger.rules import Book, Origin
from engine.services.ledger.tables import account
from engine.storage.database import UnitOfWork
from engine.storage.tables import instance
from tests.support.clock import ManualClock
from tests.web.analyst.desk import deploy_trial, run_case, sit_down
from tests.web.visitor import Visitor, register


@pytest.fixture
def auditor(app: Flask, engine: Engine) -> Visitor:
    return sit_down(app, engine, "auditor")


@pytest.fixture
def case(engine: Engine, clock: ManualClock) -> str:
    """A case for which 500.00 of Ben's money were frozen."""
    deploy_trial(engine)
    case = run_case(engine, clock)
    ben = register(engine, "ben", "本", "Ben")
    book(engine, "top", lambda one: rules.top_up(one, provider="sim", party_id=ben, amount_fen=80000, provider_ref="r"))
    freeze = {"payer": ben, "escrow_ref": "T-1", "amount_fen": 50000}
    book(engine, "freeze", lambda one: rules.freeze(one, **freeze), case)  # type: ignore[arg-type]  # see `freeze`
    return case


def book(engine: Engine, key: str, work: object, case: str | None = None) -> None:
    def write(unit: UnitOfWork) -> None:
        origin = Origin(key, unit.now, "ben", "T-1" if case else "", case, "fill" if case else None)
        assert callable(work)
        work(Book(unit.connection, engine.keys, origin))

    engine.database.transact(write)


def end(engine: Engine, case: str) -> None:
    """The case as if it had ended; its seal does not matter here."""
    engine.database.transact(
        lambda unit: unit.connection.execute(
            update(instance).where(instance.c.id == case).values(status="completed", ended_at=unit.now)
        )
    )


def test_case_shows_its_entries_and_what_is_in_escrow(auditor: Visitor, case: str) -> None:
    page = auditor.get(f"/cases/{case}/money").text
    assert "冻结" in page
    assert "钱包 · 本" in page
    assert "托管 · T-1" in page
    assert page.partition("<tbody>")[2].partition("</tbody>")[0].count("¥500.00") == 2  # debit, credit
    assert re.search(r"转入托管</th><td>¥500\.00.*托管余额</th><td>¥500\.00", page)
    assert "托管中" not in page
    assert "已托管" in page


def test_escrow_of_an_ended_case_must_be_empty(auditor: Visitor, engine: Engine, case: str) -> None:
    end(engine, case)
    page = auditor.get(f"/cases/{case}/money").text
    assert "托管未清空" in page
    assert "Expected an empty escrow" in page


def test_released_escrow_is_proved_empty(auditor: Visitor, engine: Engine, case: str) -> None:
    with engine.database.read() as connection:
        ben = connection.execute(account.select().where(account.c.code == "escrow:T-1")).one().owner_id
    book(engine, "back", lambda one: rules.release(one, payer=ben, source="escrow:T-1", amount_fen=50000), case)
    end(engine, case)
    page = auditor.get(f"/cases/{case}/money").text
    assert "托管已清空" in page
    assert "托管未清空" not in page


def test_ledger_balances_and_names_its_accounts(auditor: Visitor, case: str) -> None:
    page = auditor.get("/ledger").text
    assert "账目平衡，不变量全部成立" in page
    assert re.search(r"<th scope=\"row\">资产</th><td>¥800\.00</td>", page)
    assert re.search(
        r"钱包</a></td><td class=\"mono xs not-s\">wallet</td><td class=\"r\">1</td><td class=\"r\">¥300\.00", page
    )


def test_ledger_leads_from_an_account_to_its_entries_and_to_the_case(auditor: Visitor, case: str) -> None:
    accounts_page = auditor.get("/ledger/accounts?kind=wallet&owner=ben").text
    [code] = set(re.findall(r'href="(/ledger/accounts/wallet:[^"]+)"', accounts_page))
    account_page = auditor.get(code).text
    assert "¥300.00" in account_page
    [entry] = re.findall(r'href="(/ledger/entries/[^"]+)">冻结', account_page)
    entry_page = auditor.get(entry).text
    assert f"/cases/{case}/money" in entry_page
    assert "托管 · T-1" in entry_page
    assert auditor.get("/ledger/accounts/bank:nowhere").status_code == 404
    assert auditor.get("/ledger/entries/none").status_code == 404
    assert "还没有账户" in auditor.get("/ledger/accounts?kind=wallet&owner=nobody").text


def test_ledger_finds_entries_by_order_rule_and_day(auditor: Visitor, case: str) -> None:
    assert "P-FREEZE" in auditor.get("/ledger/entries?q=T-1").text
    for nothing in ("q=T-2", "q=T-1&rule=P-TOPUP", "rule=P-FREEZE&from=2099-01-01", "to=2020-01-01"):
        assert "没有符合条件的分录" in auditor.get(f"/ledger/entries?{nothing}").text
    assert "P-TOPUP" in auditor.get("/ledger/entries?rule=P-TOPUP&from=2026-01-01").text
    assert "P-TOPUP" in auditor.get("/ledger/entries?rule=P-TOPUP&from=0001-01-01&to=9999-12-31").text  # no days


def test_broken_invariant_is_named(auditor: Visitor, engine: Engine, case: str) -> None:
    engine.database.transact(
        lambda unit: unit.connection.execute(
            update(account).where(account.c.code == "escrow:T-1").values(balance_fen=40000)
        )
    )
    page = auditor.get("/ledger").text
    assert "处不变量被破坏" in page
    assert "escrow:T-1" in page
    assert "Expected 50000 fen" in page


@pytest.mark.parametrize("role", ["analyst", "platform_operator", "customer_service"])
def test_ledger_is_for_auditors(app: Flask, engine: Engine, role: str) -> None:
    desk = sit_down(app, engine, role)
    for page in ("/ledger", "/ledger/accounts", "/ledger/accounts/suspense", "/ledger/entries", "/ledger/entries/x"):
        assert desk.get(page).status_code == 403
