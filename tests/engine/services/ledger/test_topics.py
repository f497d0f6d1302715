"""The money topics as a diagram calls them: a case with one service task, then a task to look at the result."""

import pytest

from engine.runtime.engine import Engine
from engine.services.ledger import rules
from engine.services.ledger.fees import compute_settlement, divide, read_terms
from engine.services.ledger.rules import Book, Origin
from engine.services.ledger.views import ledger_of
from engine.storage.database import UnitOfWork
from engine.storage.plain import PlainDict
from tests.engine.services.probe import Incident, Probe

FEE: PlainDict = {"rate_bps": 1000, "min_fen": 0, "max_fen": None, "vat_bps": 600}


@pytest.fixture
def probe(engine: Engine) -> Probe:
    """Ann has 1,000.00 yuan, of which 600.00 are frozen for the order o1."""

    def work(unit: UnitOfWork) -> None:
        book = Book(unit.connection, engine.keys, Origin("frozen", unit.now, "ann", "o1", "case", "freeze"))
        rules.top_up(book, provider="test", party_id="ann", amount_fen=100_000, provider_ref="1")
        rules.freeze(book, payer="ann", escrow_ref="o1", amount_fen=60_000)

    engine.database.transact(work)
    return Probe(engine)


def test_freeze_names_instance_element_and_order(probe: Probe) -> None:
    assert probe.call(
        "freeze_funds", "frozen_fen", payer="ann", amount_fen=500, escrow_ref="o2", order_ref="o2", reason="reward"
    ) == [500]
    with probe.engine.database.read() as connection:
        [entry] = ledger_of(connection, probe.instance_id)
    assert (entry.rule, entry.element, entry.order_ref, entry.actor_id) == ("P-FREEZE", "probed", "o2", "ann")


def test_increase_is_a_rule_of_its_own(probe: Probe) -> None:
    probe.call(
        "freeze_funds", "frozen_fen", payer="ann", amount_fen=500, escrow_ref="o1", order_ref="o1", reason="increase"
    )
    with probe.engine.database.read() as connection:
        [entry] = ledger_of(connection, probe.instance_id)
    assert entry.rule == "P-INCREASE"
    assert probe.balance("escrow:o1") == 60_500


def test_release_gives_back_all_that_is_left(probe: Probe) -> None:
    assert probe.call("release_funds", "released_fen", escrow_ref="o1", payer="ann") == [60_000]
    assert probe.call("release_funds", "released_fen", escrow_ref="o1", payer="ann") == [0]
    assert probe.balance("wallet:ann") == 100_000


def test_release_of_a_part(probe: Probe) -> None:
    assert probe.call("release_funds", "released_fen", escrow_ref="o1", payer="ann", amount_fen=1) == [1]
    assert probe.balance("escrow:o1") == 59_999


def test_an_escrow_goes_back_to_nobody_but_its_payer(probe: Probe) -> None:
    with pytest.raises(Incident, match="go back to ann"):
        probe.call("release_funds", "released_fen", escrow_ref="o1", payer="bob")
    assert probe.balance("escrow:o1") == 60_000


def test_milestones_bear_their_part_of_the_fee_on_the_whole(probe: Probe) -> None:
    inputs: PlainDict = {"escrow_ref": "o1", "payee": "bob", "fee": FEE}
    for number, part in enumerate(divide(compute_settlement(60_000, read_terms(FEE)), [3_333, 3_333, 3_334]), start=1):
        settled = probe.call(
            "settle_reward",
            "fee_fen vat_fen net_fen",
            gross_fen=part.gross_fen,
            milestone=number,
            fixed={"fee_fen": part.fee_fen, "vat_fen": part.vat_fen},
            **inputs,
        )
        assert settled == [part.fee_fen, part.vat_fen, part.net_fen]
    assert probe.balance("wallet:bob") == 54_000
    assert probe.call("check_escrow_empty", "", escrow_ref="o1") == []


@pytest.mark.parametrize("fixed", [{"fee_fen": 11, "vat_fen": 0}, {"fee_fen": 5, "vat_fen": 6}, {"fee_fen": 5}])
def test_a_fixed_fee_that_cannot_be_is_an_incident(probe: Probe, fixed: PlainDict) -> None:
    with pytest.raises(Incident, match="Expected"):
        probe.call("settle_reward", "net_fen", escrow_ref="o1", payee="bob", gross_fen=10, fee=FEE, fixed=fixed)
    assert probe.balance("escrow:o1") == 60_000


def test_a_second_settlement_of_other_content_is_an_incident(probe: Probe) -> None:
    inputs: PlainDict = {"escrow_ref": "o1", "payee": "bob", "fee": FEE}
    assert probe.call("settle_reward", "fee_fen net_fen", gross_fen=30_000, **inputs) == [3_000, 27_000]
    with pytest.raises(Incident, match="another entry has it"):
        probe.call("settle_reward", "fee_fen net_fen", gross_fen=20_000, **inputs)
    assert probe.balance("wallet:bob") == 27_000


def test_money_left_in_a_closed_order_is_an_incident(probe: Probe) -> None:
    with pytest.raises(Incident, match="Expected an empty escrow, but it holds 60000 fen"):
        probe.call("check_escrow_empty", "", escrow_ref="o1")


def test_cancellation_as_previewed(probe: Probe) -> None:
    names = "compensation_fen platform_fen refund_fen"
    preview = probe.call("preview_cancellation", names, escrow_ref="o1", charge_bps=1_000, worker_share_bps=8_000)
    assert preview == [4_800, 1_200, 54_000]
    assert probe.call("read_escrow", "escrow_fen", escrow_ref="o1") == [60_000]
    posted = probe.call(
        "split_cancellation",
        names,
        escrow_ref="o1",
        payer="ann",
        payee="bob",
        compensation_fen=preview[0],
        platform_fen=preview[1],
    )
    assert posted == preview
    assert (probe.balance("wallet:bob"), probe.balance("escrow:o1")) == (4_800, 0)


def test_dispute_over_money_in_escrow(probe: Probe) -> None:
    held = probe.call(
        "hold_disputed_funds", "source held_fen", case_ref="d1", escrow_ref="o1", payee="bob", amount_fen=90_000
    )
    assert held == ["escrow", 60_000]
    paid = probe.call(
        "split_dispute",
        "paid_fen refunded_fen fee_fen",
        case_ref="d1",
        escrow_ref="o1",
        payer="ann",
        payee="bob",
        pay_fen=42_000,
        refund_fen=18_000,
        fee=FEE,
        goodwill_fen=100,
        goodwill_to="bob",
    )
    assert paid == [37_800, 18_000, 4_200]
    assert probe.balance("wallet:bob") == 37_900
    assert probe.balance("exp:goodwill") == 100


def test_a_waived_fee_leaves_the_payee_everything(probe: Probe) -> None:
    paid = probe.call(
        "split_dispute",
        "paid_fen fee_fen",
        case_ref="d1",
        escrow_ref="o1",
        payer="ann",
        payee="bob",
        pay_fen=60_000,
        refund_fen=0,
        fee=FEE,
        fee_waived=True,
    )
    assert paid == [60_000, 0]


def test_dispute_over_settled_money(probe: Probe) -> None:
    probe.call("settle_reward", "net_fen", escrow_ref="o1", payee="bob", gross_fen=60_000, fee=FEE)
    case: PlainDict = {"case_ref": "d1", "payee": "bob"}
    held = probe.call("hold_disputed_funds", "source held_fen", escrow_ref="o1", amount_fen=60_000, **case)
    assert held == ["hold", 54_000]  # what is left of it
    paid = probe.call(
        "split_dispute",
        "paid_fen refunded_fen fee_fen",
        escrow_ref="o1",
        payer="ann",
        pay_fen=30_000,
        refund_fen=20_000,
        fee=FEE,
        source="hold",
        **case,
    )
    assert paid == [30_000, 20_000, 0]
    assert probe.call("release_hold", "released_fen", **case) == [4_000]
    assert (probe.balance("wallet:bob"), probe.balance("wallet:ann")) == (34_000, 60_000)


def test_a_reversed_entry(probe: Probe) -> None:
    [journal_id] = probe.call(
        "freeze_funds", "journal_id", payer="ann", amount_fen=500, escrow_ref="o2", order_ref="o2", reason="reward"
    )
    probe.call("reverse_entry", "journal_id", journal_id=journal_id, reason="Typed twice")
    assert probe.balance("escrow:o2") == 0
