"""What the payout topics refuse: nothing is sent without an account, nothing comes back that may still arrive."""

import pytest

from engine.commands.work import settle
from engine.runtime.engine import Engine
from engine.services.ledger import rules
from engine.services.ledger.rules import Book, Origin
from engine.services.payments.methods import set_payout_method
from engine.services.payments.simulator import SimulatorRules, change_rules
from engine.storage.database import UnitOfWork
from tests.engine.services.probe import ANN, Incident, Probe


@pytest.fixture
def probe(engine: Engine) -> Probe:
    """Ann has 100.00 yuan."""

    def work(unit: UnitOfWork) -> None:
        book = Book(unit.connection, engine.keys, Origin("", unit.now, "ann"))
        rules.top_up(book, provider="test", party_id="ann", amount_fen=10_000, provider_ref="1")

    engine.database.transact(work)
    return Probe(engine)


def hold(probe: Probe) -> str:
    [payout_id] = probe.call("hold_payout", "payout_id", payee="ann", amount_fen=10_000, payout_ref="o1")
    return str(payout_id)


def name_account(probe: Probe) -> None:
    set_payout_method(probe.engine, ANN, kind="bank", account="62220000", holder="Ann", is_verified=True)


def send(probe: Probe) -> str:
    name_account(probe)
    payout_id = hold(probe)
    probe.call("check_payout_method", "method_state", payout_id=payout_id, first_delay="PT24H")
    probe.call("send_payout", "", payout_id=payout_id)
    return payout_id


def test_a_payout_without_account_is_not_sent(probe: Probe) -> None:
    payout_id = hold(probe)
    assert probe.call("check_payout_method", "method_state", payout_id=payout_id, first_delay="PT24H") == ["missing"]
    with pytest.raises(Incident, match="Expected an account"):
        probe.call("send_payout", "", payout_id=payout_id)


def test_a_payout_under_way_is_not_reversed(probe: Probe) -> None:
    payout_id = send(probe)
    with pytest.raises(Incident, match="to be held or failed"):
        probe.call("reverse_payout", "", payout_id=payout_id)
    assert probe.balance("payout:ann") == 10_000


def test_a_payout_is_not_sent_twice(probe: Probe) -> None:
    payout_id = send(probe)
    with pytest.raises(Incident, match="to be held"):
        probe.call("send_payout", "", payout_id=payout_id)


def test_a_payout_is_booked_only_after_it_succeeded(probe: Probe) -> None:
    payout_id = send(probe)
    with pytest.raises(Incident, match="to be succeeded"):
        probe.call("book_payout", "", payout_id=payout_id)
    settle(probe.engine)
    probe.call("book_payout", "", payout_id=payout_id)
    assert probe.balance("bank:custody") == -10_000


def test_a_finding_does_not_overrule_a_result(probe: Probe) -> None:
    change_rules(probe.engine.database, SimulatorRules(failure_bps=10_000))
    payout_id = send(probe)
    settle(probe.engine)
    assert probe.call("read_payout_result", "payout_status", payout_id=payout_id, finding="paid") == ["failed"]


def test_a_kind_of_account_we_do_not_know_is_refused(probe: Probe) -> None:
    with pytest.raises(ValueError, match="Expected one of"):
        set_payout_method(probe.engine, ANN, kind="mattress", account="1", holder="Ann")
