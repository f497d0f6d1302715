"""`secure_funds` beside its scenarios: limits, deadlines and races."""

import pytest

from engine.runtime.engine import Engine
from engine.services.payments.limits import set_spend_limit
from engine.services.payments.payments import list_payments
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.plain import PlainDict
from engine.storage.tables import party
from tests.processes.shared.money import MoneyCase, person
from tests.support.clock import ManualClock

ANN = person("ann")
OPERATOR = Actor("olga", "acme", "enterprise_operator", frozenset({"enterprise_operator"}))


@pytest.fixture
def case(engine: Engine, clock: ManualClock) -> MoneyCase:
    return MoneyCase(engine, clock)


def start(case: MoneyCase, actor: Actor = ANN, amount_fen: int = 10_000, approval: str = "") -> None:
    values: PlainDict = {
        "payer": actor.party_id,
        "amount_fen": amount_fen,
        "escrow_ref": "o1",
        "reason": "reward",
        "deadline": "PT30M",
        "order_ref": "o1",
        "spend_approval_id": approval,
    }
    case.start("secure_funds", actor, values)


def limit_spending(case: MoneyCase, limit_fen: int) -> None:
    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(
            party.insert().values(
                id="acme",
                kind="organisation",
                name_zh="甲",
                name_en="Acme",
                is_certified=1,
                has_agreement=1,
                is_suspended=0,
                created_at=unit.now,
            )
        )
        set_spend_limit(unit.connection, "acme", "olga", limit_fen)

    case.engine.database.transact(work)


def assert_funded(case: MoneyCase, amount_fen: int = 10_000) -> None:
    assert case.outcome() == ("completed", "funds_secured")
    assert case.balance("escrow:o1") == amount_fen
    assert case.findings() == []


def assert_not_funded(case: MoneyCase) -> None:
    assert case.outcome()[1] == "not_funded"
    assert case.balance("escrow:o1") == 0
    assert case.findings() == []


def test_a_top_up_that_is_too_small_asks_again(case: MoneyCase) -> None:
    start(case)
    case.complete(ANN, "top_up", top_up_method="online", top_up_fen="60.00")
    assert case.balance("wallet:ann") == 6_000
    case.complete(ANN, "top_up", top_up_method="online", top_up_fen="40.00")
    assert_funded(case)


def test_a_payment_reported_twice_leaves_nothing_behind(case: MoneyCase) -> None:
    case.simulate(duplicate_bps=10_000, delay_seconds=60)
    start(case)
    case.complete(ANN, "top_up", top_up_method="online", top_up_fen="100.00")
    case.wait(minutes=1)
    case.wait(minutes=1)
    assert_funded(case)
    assert case.jobs() == ["payment.settle"]


def test_two_workers_that_ask_at_once_credit_once(case: MoneyCase) -> None:
    case.simulate(delay_seconds=60)
    start(case)
    case.complete(ANN, "top_up", top_up_method="online", top_up_fen="100.00")
    with case.engine.database.read() as connection:
        [payment] = list_payments(connection, "ann")
    case.clock.advance(minutes=1)
    case.report_twice("payment", payment.id)
    assert_funded(case)
    assert case.jobs() == ["payment.settle"]


def test_the_deadline_does_not_move_with_a_second_try(case: MoneyCase) -> None:
    case.simulate(failure_bps=10_000)
    start(case)
    case.clock.advance(minutes=20)
    case.complete(ANN, "top_up", top_up_method="online", top_up_fen="100.00")
    [task] = case.tasks(ANN)
    case.wait(minutes=10)
    assert task.due_at == case.clock()
    assert_not_funded(case)


def test_money_that_comes_too_late_stays_in_the_wallet(case: MoneyCase) -> None:
    case.simulate(delay_seconds=3600)
    start(case)
    case.complete(ANN, "top_up", top_up_method="online", top_up_fen="100.00")
    case.wait(minutes=30)
    assert_not_funded(case)
    case.wait(hours=2)
    assert case.balance("wallet:ann") == 10_000
    assert case.findings() == []


def test_nobody_approves_before_the_deadline(case: MoneyCase) -> None:
    limit_spending(case, 9_999)
    case.give("acme", 10_000)
    start(case, OPERATOR)
    case.wait(minutes=30)
    assert_not_funded(case)


@pytest.mark.parametrize(("limit_fen", "approval"), [(10_000, ""), (0, "approval1")])
def test_no_approval_is_asked_within_the_limit_or_after_one_was_given(
    case: MoneyCase, limit_fen: int, approval: str
) -> None:
    limit_spending(case, limit_fen)
    case.give("acme", 10_000)
    start(case, OPERATOR, approval=approval)
    assert_funded(case)


def test_both_databases_top_up_and_freeze(any_engine: Engine, clock: ManualClock) -> None:
    case = MoneyCase(any_engine, clock)
    case.give("ann", 4_000)
    start(case)
    case.complete(ANN, "top_up", top_up_method="online", top_up_fen="60.00")
    assert_funded(case)
