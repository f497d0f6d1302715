"""What the ways of paying refuse, and what repeating them does: nothing moves that should not."""

from collections.abc import Iterator

import pytest

from engine.language.errors import BpmnError
from engine.services.ledger.fees import FeeTerms
from engine.services.ledger.posting import PostingConflict
from engine.services.ledger.topics.calls import ForeignEscrow
from engine.storage.database import Database
from engine.storage.keys import KeyRing
from engine.storage.plain import PlainDict
from tests.engine.services.ledger.counter import Counter

FEE: PlainDict = {**FeeTerms(rate_bps=600, min_fen=0, max_fen=None, vat_bps=600).as_plain()}
JOB: PlainDict = {"payee": "bob", "process": "p", "fee": FEE}


@pytest.fixture
def counter(sqlite_database: Database, keys: KeyRing) -> Iterator[Counter]:
    """Ann froze 1,000.00 for the task T and has 1,000.00 left."""
    with sqlite_database.writer.begin() as connection:
        counter = Counter(connection, keys)
        counter.top_up("ann", 200_000)
        freeze(counter, 100_000, "T")
        yield counter


def freeze(counter: Counter, amount_fen: int, escrow_ref: str, reason: str = "reward") -> None:
    counter.do("freeze_funds", payer="ann", amount_fen=amount_fen, escrow_ref=escrow_ref, order_ref="T", reason=reason)


def test_seats_get_no_more_than_their_task_has(counter: Counter) -> None:
    counter.do("allocate_funds", task_ref="T", escrow_ref="E1", amount_fen=60_000)
    with pytest.raises(BpmnError, match="20000 fen more on escrow:T"):
        counter.do("allocate_funds", task_ref="T", escrow_ref="E2", amount_fen=60_000)
    with pytest.raises(ValueError, match="nothing was ever frozen"):
        counter.do("allocate_funds", task_ref="X", escrow_ref="E2", amount_fen=1)
    assert counter.do("return_share", task_ref="T", escrow_ref="E1") == {"returned_fen": 60_000}
    assert counter.do("return_share", task_ref="T", escrow_ref="E1") == {"returned_fen": 0}
    assert counter.balances("escrow:T", "escrow:E1") == [100_000, 0]
    assert counter.findings("E1") == []


def test_a_share_returns_to_its_own_task_only(counter: Counter) -> None:
    counter.do("allocate_funds", task_ref="T", escrow_ref="E1", amount_fen=60_000)
    counter.top_up("eve", 500)
    counter.do("freeze_funds", payer="eve", amount_fen=500, escrow_ref="X", order_ref="X")
    with pytest.raises(ForeignEscrow):
        counter.do("return_share", task_ref="X", escrow_ref="E1")


@pytest.mark.parametrize("reason", ["goods", "guarantee"])
def test_advances_and_guarantees_go_back_to_who_gave_them(counter: Counter, reason: str) -> None:
    freeze(counter, 5_000, "E1", reason)
    with pytest.raises(ForeignEscrow):
        counter.do("release_funds", escrow_ref="E1", payer="bob", source=reason)
    assert counter.do("release_funds", escrow_ref="E1", payer="ann", source=reason) == {"released_fen": 5_000}
    assert counter.findings("E1") == []


def test_what_nobody_knows_is_refused_by_name(counter: Counter) -> None:
    with pytest.raises(ValueError, match="as the reason"):
        freeze(counter, 1, "T", "fun")
    with pytest.raises(ValueError, match="as the source"):
        counter.do("release_funds", escrow_ref="T", payer="ann", source="wallet")
    with pytest.raises(ValueError, match="bearer of the fee"):
        counter.do("settle_reward", escrow_ref="T", gross_fen=1, fee_bearer="nobody", **JOB)


def test_small_batches_cost_what_one_would(counter: Counter) -> None:
    pieces: PlainDict = {"escrow_ref": "T", "unit_price_fen": 3, "quantity": 1}
    fees = [counter.do("settle_batch", batch=batch, **pieces, **JOB)["fee_fen"] for batch in range(1, 101)]
    assert sum(int(str(fee)) for fee in fees) == 18  # 6 % of 3.00; batch by batch it would be 0
    assert counter.balances("escrow:T", "wallet:bob") == [100_000 - 300, 282]


def test_a_batch_is_paid_once(counter: Counter) -> None:
    pieces: PlainDict = {"escrow_ref": "T", "unit_price_fen": 300, "batch": 1}
    key = counter.new_key()
    first = counter.call(key, "settle_batch", {**pieces, "quantity": 5, **JOB})
    assert counter.call(key, "settle_batch", {**pieces, "quantity": 5, **JOB}) == first
    assert counter.do("settle_batch", quantity=5, **pieces, **JOB) == first  # another step, the same batch
    with pytest.raises(PostingConflict):
        counter.do("settle_batch", quantity=6, **pieces, **JOB)
    assert counter.balances("escrow:T") == [98_500]


def test_a_guarantee_above_the_pay_stays_until_it_is_released(counter: Counter) -> None:
    freeze(counter, 20_000, "E1", "guarantee")
    work: PlainDict = {"escrow_ref": "E1", "payer": "ann", "gross_fen": 5_000, **JOB}
    key = counter.new_key()
    first = counter.call(key, "settle_completion", work)
    assert counter.call(key, "settle_completion", work) == first
    with pytest.raises(PostingConflict):
        counter.do("settle_completion", **{**work, "gross_fen": 5_001})
    assert counter.balances("guarantee:E1", "wallet:ann") == [15_000, 80_000]
    assert [finding.invariant for finding in counter.findings("E1")] == ["I5", "I4"]
    counter.do("release_funds", escrow_ref="E1", payer="ann", source="guarantee")
    assert counter.findings("E1") == []


def test_a_guarantee_of_somebody_else_pays_nothing(counter: Counter) -> None:
    freeze(counter, 20_000, "E1", "guarantee")
    with pytest.raises(ForeignEscrow):
        counter.do("settle_completion", escrow_ref="E1", payer="eve", gross_fen=5_000, **JOB)


def test_a_courier_gets_no_more_for_goods_than_was_advanced(counter: Counter) -> None:
    freeze(counter, 5_000, "T", "goods")
    errand: PlainDict = {"escrow_ref": "T", "payer": "ann", "gross_fen": 1_000, **JOB}
    with pytest.raises(ValueError, match="at most 5000 fen"):
        counter.do("settle_errand", spent_fen=5_001, **errand)
    key = counter.new_key()
    first = counter.call(key, "settle_errand", {**errand, "spent_fen": 4_000})
    assert counter.call(key, "settle_errand", {**errand, "spent_fen": 4_000}) == first
    with pytest.raises(PostingConflict):
        counter.do("settle_errand", spent_fen=3_999, **errand)
    assert counter.balances("wallet:bob", "wallet:ann", "goods:T") == [4_940, 96_000, 0]


def test_a_preview_is_what_the_settlement_pays(counter: Counter) -> None:
    counter.do("settle_batch", escrow_ref="T", batch=1, quantity=5, unit_price_fen=309, **JOB)
    shown = counter.do("preview_settlement", escrow_ref="T", gross_fen=2_163, fee=FEE, batch=2)["preview"]
    paid = counter.do("settle_batch", escrow_ref="T", batch=2, quantity=7, unit_price_fen=309, **JOB)
    assert isinstance(shown, dict)
    assert [shown[name] for name in ("gross_fen", "platform_fee_fen", "vat_fen", "net_fen", "secured_fen")] == [
        *(paid[name] for name in ("gross_fen", "fee_fen", "vat_fen", "net_fen")),
        *counter.balances("escrow:T"),
    ]
