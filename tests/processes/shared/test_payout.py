"""`payout` beside its scenarios: waiting times, races, and nothing paid twice."""

import pytest
from sqlalchemy import func, insert, select

from engine.queries.inbox import list_tasks
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.services.payments.methods import STREAM, describe_method, set_payout_method
from engine.services.payments.payouts import list_payouts
from engine.services.payments.tables import simulated_order
from engine.services.payments.withdrawals import WithdrawalTooLarge, request_payout
from engine.storage.actor import Actor
from engine.storage.tables import party
from tests.processes.shared.money import FINANCE, MoneyCase, person
from tests.support.clock import ManualClock

BOB = person("bob")


@pytest.fixture
def case(engine: Engine, clock: ManualClock) -> MoneyCase:
    case = MoneyCase(engine, clock)
    case.give("bob", 50_000)
    return case


def start(case: MoneyCase, amount_fen: int = 50_000) -> None:
    case.start("payout", BOB, {"payee": "bob", "amount_fen": amount_fen, "payout_ref": "o1"})


def name_account(case: MoneyCase, account: str = "62220000", is_verified: bool = True) -> None:
    set_payout_method(case.engine, BOB, kind="bank", account=account, holder="Bob Bai", is_verified=is_verified)


def statuses(case: MoneyCase) -> list[str]:
    with case.engine.database.read() as connection:
        return [row.status for row in list_payouts(connection, "bob")]


def orders(case: MoneyCase) -> tuple[int, int]:
    """How many orders the provider got, and how many requests for them."""
    with case.engine.database.read() as connection:
        query = select(func.count(), func.coalesce(func.sum(simulated_order.c.requests), 0))
        row = connection.execute(query.select_from(simulated_order)).one()
        return row[0], row[1]


def assert_paid(case: MoneyCase, amount_fen: int = 50_000) -> None:
    assert case.outcome() == ("completed", "payout_made")
    assert (case.balance("bank:custody"), case.balance("payout:bob")) == (-amount_fen, 0)
    assert case.findings() == []


def test_the_first_payout_to_a_new_account_waits(case: MoneyCase) -> None:
    name_account(case, is_verified=False)
    start(case, 20_000)
    case.wait(hours=23, minutes=59)
    assert statuses(case) == ["held"]
    case.wait(minutes=1)
    assert_paid(case, 20_000)
    start(case, 30_000)  # the account is known by now
    assert_paid(case)


def test_an_account_changed_while_waiting_waits_anew(case: MoneyCase) -> None:
    name_account(case, is_verified=False)
    start(case)
    case.clock.advance(hours=20)
    name_account(case, "99990000", is_verified=False)
    case.wait(hours=4)
    assert statuses(case) == ["held"]
    case.wait(hours=20)
    assert_paid(case)


def test_an_account_asked_for_is_the_payees_own(case: MoneyCase) -> None:
    standing = {"is_certified": 1, "has_agreement": 1, "is_suspended": 0, "created_at": case.clock()}
    bob = insert(party).values(id="bob", kind="person", name_zh="白博", name_en="Bob Bai", **standing)
    case.engine.database.transact(lambda unit: unit.connection.execute(bob))
    start(case)
    case.complete(BOB, "fix_payout_method", method_kind="bank", account_no="6222 0000 1111 2222", holder_name="Eve")
    with case.engine.database.read() as connection:
        named = describe_method(connection, case.engine.keys, "bob")
    assert named is not None
    assert (named.account, named.holder) == ("6222 0000 1111 2222", "白博")


def test_the_payee_never_approves_his_own_payout(case: MoneyCase) -> None:
    name_account(case)
    case.give("bob", 4_950_000)
    start(case, 5_000_000)
    bob_at_work = Actor("bob", "platform", "platform_finance", frozenset({"platform_finance"}))
    assert list_tasks(case.engine, bob_at_work).rows == []


def test_a_result_reported_twice_is_booked_once(case: MoneyCase) -> None:
    name_account(case)
    case.simulate(duplicate_bps=10_000, delay_seconds=60)
    start(case)
    case.wait(minutes=1)
    case.wait(minutes=1)
    assert_paid(case)
    assert statuses(case) == ["booked"]
    assert case.jobs() == []
    assert orders(case) == (1, 1)


def test_two_workers_that_ask_at_once_report_once(case: MoneyCase) -> None:
    name_account(case)
    case.simulate(delay_seconds=60)
    start(case)
    with case.engine.database.read() as connection:
        [payout] = list_payouts(connection, "bob")
    case.clock.advance(minutes=1)
    case.report_twice("payout", payout.id)
    assert_paid(case)
    assert statuses(case) == ["booked"]
    assert case.jobs() == []


def test_a_result_that_comes_during_the_investigation_counts(case: MoneyCase) -> None:
    name_account(case)
    case.simulate(delay_seconds=25 * 3600)
    start(case)
    case.wait(hours=24)
    case.wait(hours=2)
    assert statuses(case) == ["succeeded"]
    case.complete(FINANCE, "investigate", payout_finding="not_paid", finding_reason="Not seen at the bank")
    assert_paid(case)


def test_both_databases_pay_once(any_engine: Engine, clock: ManualClock) -> None:
    """Scenario 50."""
    case = MoneyCase(any_engine, clock)
    case.give("bob", 50_000)
    name_account(case)
    case.simulate(lost_answer_bps=10_000, duplicate_bps=10_000)
    start(case)
    case.wait(minutes=1)
    assert_paid(case)
    assert orders(case) == (1, 1)


def test_a_party_asks_for_its_money_once_and_never_for_more_than_it_has(any_engine: Engine, clock: ManualClock) -> None:
    case = MoneyCase(any_engine, clock)
    case.give("bob", 50_000)
    name_account(case)
    with pytest.raises(WithdrawalTooLarge):
        request_payout(any_engine, BOB, 50_001, "t1")
    with pytest.raises(ValueError, match="Expected 100 fen"):
        request_payout(any_engine, BOB, 99, "t1")
    assert statuses(case) == []
    first = request_payout(any_engine, BOB, 20_000, "t1")
    assert request_payout(any_engine, BOB, 20_000, "t1") == first
    case.wait(minutes=1)
    assert statuses(case) == ["booked"]
    assert (case.balance("wallet:bob"), case.findings()) == (30_000, [])


def test_an_account_named_again_is_the_same_one_and_each_new_one_is_recorded(case: MoneyCase) -> None:
    for account in ("6222", "6222", "7333"):
        name_account(case, account, is_verified=False)
    with case.engine.database.read() as connection:
        view = describe_method(connection, case.engine.keys, "bob")
        recorded = read_stream(connection, STREAM)
    assert view is not None
    assert (view.account, view.account_end, view.holder) == ("7333", "7333", "Bob Bai")
    assert len(recorded) == 2
    assert "7333" not in str(recorded)
