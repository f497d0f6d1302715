"""Refunds by the way the money came: once, whatever the provider does, and back in the wallet if it refuses."""

import pytest
from sqlalchemy import select

from engine.commands.work import settle
from engine.runtime.engine import Engine
from engine.services.ledger.checks import check_books, check_seals
from engine.services.payments.payments import start_top_up
from engine.services.payments.simulator import SimulatorRules, change_rules
from engine.services.payments.tables import refund, simulated_order
from engine.storage.actor import Actor
from tests.engine.services.probe import Incident, Probe
from tests.support.clock import ManualClock

ANN = Actor("ann", "ann", "individual")


@pytest.fixture
def probe(any_engine: Engine) -> Probe:
    """Ann topped up 100.00 and 300.00."""
    for token, amount_fen in (("t1", 10_000), ("t2", 30_000)):
        start_top_up(any_engine, ANN, amount_fen, token)
        settle(any_engine)
    return Probe(any_engine)


def refund_to_origin(probe: Probe, amount_fen: int) -> str:
    [refund_id] = probe.call("refund_to_origin", "refund_id", payer="ann", amount_fen=amount_fen, order_ref="o1")
    return str(refund_id)


def status(probe: Probe, refund_id: str) -> str:
    with probe.engine.database.read() as connection:
        return str(connection.execute(select(refund.c.status).where(refund.c.id == refund_id)).scalar_one())


def assert_right(probe: Probe) -> None:
    with probe.engine.database.read() as connection:
        assert check_books(connection) + check_seals(connection, probe.engine.keys) == []


def test_money_goes_back_by_the_newest_payment_that_covers_it(probe: Probe) -> None:
    refund_id = refund_to_origin(probe, 20_000)
    assert (probe.balance("wallet:ann"), probe.balance("payout:ann")) == (20_000, 20_000)
    settle(probe.engine)
    assert status(probe, refund_id) == "succeeded"
    assert (probe.balance("payout:ann"), probe.balance("psp:simulator")) == (0, 20_000)
    with pytest.raises(Incident, match="Expected a payment of 20000 fen"):  # 10,000 of the second are left
        refund_to_origin(probe, 20_000)
    refund_to_origin(probe, 10_000)
    refund_to_origin(probe, 10_000)
    settle(probe.engine)
    assert (probe.balance("wallet:ann"), probe.balance("psp:simulator")) == (0, 0)
    assert_right(probe)


def test_a_refused_refund_returns_to_the_wallet(probe: Probe) -> None:
    change_rules(probe.engine.database, SimulatorRules(failure_bps=10_000))
    refund_id = refund_to_origin(probe, 5_000)
    settle(probe.engine)
    assert status(probe, refund_id) == "failed"
    assert (probe.balance("wallet:ann"), probe.balance("payout:ann")) == (40_000, 0)
    refund_to_origin(probe, 30_000)  # a refund that failed leaves the payment whole
    assert_right(probe)


def test_a_lost_answer_and_a_double_report_refund_once(probe: Probe, clock: ManualClock) -> None:
    change_rules(probe.engine.database, SimulatorRules(lost_answer_bps=10_000, duplicate_bps=10_000, delay_seconds=30))
    refund_id = refund_to_origin(probe, 5_000)
    for _ in range(20):
        settle(probe.engine)
        clock.advance(minutes=5)
    assert status(probe, refund_id) == "succeeded"
    with probe.engine.database.read() as connection:
        orders = select(simulated_order.c.requests).where(simulated_order.c.kind == "refund")
        assert list(connection.execute(orders).scalars()) == [1]
    assert (probe.balance("wallet:ann"), probe.balance("payout:ann")) == (35_000, 0)
    assert_right(probe)


def test_more_than_the_wallet_holds_is_not_refunded(probe: Probe) -> None:
    refund_to_origin(probe, 30_000)
    start_top_up(probe.engine, ANN, 50_000, "t3")
    settle(probe.engine)
    probe.call("freeze_funds", "frozen_fen", payer="ann", amount_fen=60_000, escrow_ref="o2", order_ref="o2")
    with pytest.raises(Incident, match="fen more on wallet:ann"):
        refund_to_origin(probe, 50_000)
    assert_right(probe)
