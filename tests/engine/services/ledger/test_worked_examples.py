"""The worked examples 1 to 9 of C.4, number by number, through the topics that diagrams call."""

from collections.abc import Iterator

import pytest

from engine.language.errors import BpmnError
from engine.services.ledger.fees import FeeTerms
from engine.storage.database import Database
from engine.storage.keys import KeyRing
from engine.storage.plain import PlainDict
from tests.engine.services.ledger.counter import Counter


def percent(rate: int) -> PlainDict:
    return FeeTerms(rate_bps=rate * 100, min_fen=0, max_fen=None, vat_bps=600).as_plain()


@pytest.fixture
def counter(database: Database, keys: KeyRing) -> Iterator[Counter]:
    """Ann pays; Bob and Cai work."""
    with database.writer.begin() as connection:
        yield Counter(connection, keys)


def freeze(counter: Counter, amount_fen: int, reason: str = "reward", escrow_ref: str = "T") -> None:
    counter.do("freeze_funds", payer="ann", amount_fen=amount_fen, escrow_ref=escrow_ref, order_ref="T", reason=reason)


def test_1_prepayment_of_two_seats_one_never_filled(counter: Counter) -> None:
    counter.top_up("ann", 200_000)
    freeze(counter, 200_000)
    counter.do("allocate_funds", task_ref="T", escrow_ref="E1", amount_fen=100_000)
    job: PlainDict = {"escrow_ref": "E1", "payee": "bob", "process": "normal_task", "fee": percent(6)}
    counter.do("settle_reward", gross_fen=100_000, **job)
    assert counter.balances("wallet:bob", "rev:fee:normal_task", "vat:payable") == [94_000, 5_660, 340]
    assert counter.do("release_funds", escrow_ref="T", payer="ann") == {"released_fen": 100_000}
    assert counter.balances("escrow:T", "escrow:E1", "wallet:ann") == [0, 0, 100_000]
    assert counter.findings("T", "E1") == []


def test_2_piecework_in_two_batches(counter: Counter) -> None:
    counter.top_up("ann", 150_000)
    freeze(counter, 150_000)
    piece: PlainDict = {"escrow_ref": "T", "unit_price_fen": 300, "payee": "bob"}
    piece |= {"process": "normal_task", "fee": percent(6)}
    assert counter.do("settle_batch", batch=1, quantity=180, **piece)["gross_fen"] == 54_000
    assert counter.do("settle_batch", batch=2, quantity=162, **piece)["gross_fen"] == 48_600
    assert counter.do("release_funds", escrow_ref="T", payer="ann") == {"released_fen": 47_400}
    assert counter.balances("wallet:bob", "wallet:ann") == [102_600 - 6_156, 47_400]
    assert counter.findings("T") == []


def test_3_a_negotiated_price_is_frozen_at_award(counter: Counter) -> None:
    counter.top_up("ann", 105_000)
    freeze(counter, 105_000, escrow_ref="E1")
    counter.do("settle_reward", escrow_ref="E1", payee="bob", gross_fen=105_000, process="normal_task", fee=percent(6))
    assert counter.balances("escrow:E1", "wallet:ann", "wallet:bob") == [0, 0, 98_700]
    assert counter.findings("E1") == []


def test_4_on_completion_the_shortfall_is_told_then_guarantee_and_wallet_pay(counter: Counter) -> None:
    counter.top_up("ann", 50_000)
    freeze(counter, 20_000, "guarantee", "E1")
    assert counter.balances("guarantee:E1", "wallet:ann") == [20_000, 30_000]
    work: PlainDict = {"escrow_ref": "E1", "payer": "ann", "payee": "bob", "gross_fen": 100_000}
    work |= {"process": "normal_task", "fee": percent(6)}
    with pytest.raises(BpmnError) as refused:
        counter.do("settle_completion", **work)
    assert (refused.value.code, refused.value.values) == (
        "INSUFFICIENT",
        {"shortfall_fen": 50_000, "available_fen": 30_000},
    )
    assert counter.balances("guarantee:E1", "wallet:ann", "wallet:bob") == [20_000, 30_000, 0]
    counter.top_up("ann", 50_001)
    counter.do("settle_completion", **work)
    assert counter.balances("guarantee:E1", "wallet:ann", "wallet:bob") == [0, 1, 94_000]
    assert counter.findings("E1") == []


def test_5_hire_order(counter: Counter) -> None:
    counter.top_up("ann", 33_330)
    freeze(counter, 33_330)
    paid = counter.do("settle_reward", escrow_ref="T", payee="bob", gross_fen=33_330, fee=percent(10))
    assert (paid["fee_fen"], paid["net_fen"], paid["vat_fen"]) == (3_333, 29_997, 189)
    assert counter.findings("T") == []


def test_6_express_lines_with_the_fee_on_top(counter: Counter) -> None:
    counter.top_up("ann", 61_800)
    freeze(counter, 60_000 + 1_800)
    lines = {"L1": 10_000, "L2": 20_000, "L3": 30_000}
    for ref, pay_fen in lines.items():
        counter.do("allocate_funds", task_ref="T", escrow_ref=ref, amount_fen=pay_fen + pay_fen * 3 // 100)
    assert counter.do("release_funds", escrow_ref="L2", payer="ann") == {"released_fen": 20_600}
    terms: PlainDict = {"process": "express", "fee": percent(3), "fee_bearer": "on_top"}
    for ref, payee in (("L1", "bob"), ("L3", "cai")):
        counter.do("settle_reward", escrow_ref=ref, payee=payee, gross_fen=lines[ref], **terms)
    assert counter.balances("wallet:ann", "wallet:bob", "wallet:cai") == [20_600, 10_000, 30_000]
    assert sum(counter.balances("rev:fee:express", "vat:payable")) == 1_200
    assert counter.findings("T", *lines) == []


def test_7_errand_that_buys_goods(counter: Counter) -> None:
    counter.top_up("ann", 6_500)
    freeze(counter, 1_200)
    freeze(counter, 300, "increase")
    freeze(counter, 5_000, "goods")
    counter.do(
        "settle_errand",
        escrow_ref="T",
        payer="ann",
        payee="bob",
        gross_fen=1_200,
        tip_fen=300,
        spent_fen=4_210,
        process="errand",
        fee=percent(20),
    )
    assert counter.balances("wallet:bob", "wallet:ann", "goods:T", "escrow:T") == [5_470, 790, 0, 0]
    assert sum(counter.balances("rev:fee:errand", "vat:payable")) == 240
    assert counter.findings("T") == []


def test_8_dispute_70_30(counter: Counter) -> None:
    counter.top_up("ann", 100_000)
    freeze(counter, 100_000)
    case: PlainDict = {"case_ref": "D", "escrow_ref": "T", "payer": "ann", "payee": "bob", "fee": percent(6)}
    paid = counter.do("split_dispute", pay_fen=70_000, refund_fen=30_000, **case)
    assert (paid["paid_fen"], paid["refunded_fen"], paid["fee_fen"]) == (70_000 - 4_200, 30_000, 4_200)
    assert counter.balances("wallet:ann") == [30_000]
    assert counter.findings("T") == []


def test_9_errand_cancelled_after_taking(counter: Counter) -> None:
    counter.top_up("ann", 1_200)
    freeze(counter, 1_200)
    split: PlainDict = {"escrow_ref": "T", "payer": "ann", "payee": "bob"}
    counter.do("split_cancellation", compensation_fen=160, platform_fen=40, **split)
    assert counter.balances("wallet:bob", "wallet:ann") == [160, 1_000]
    assert sum(counter.balances("rev:cancellation", "vat:payable")) == 40
    assert counter.findings("T") == []
