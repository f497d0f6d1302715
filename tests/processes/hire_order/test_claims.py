"""Cancellation and disputes, beside the scenarios: what is refused, how a decision divides, who reads and decides."""

import pytest

from engine.services.cases.context import digest_context
from engine.services.cases.queries import list_cases
from engine.services.cases.tables import service_case
from engine.services.orders.commands import open_dispute, request_cancellation
from engine.services.orders.errors import RequestNotPossible
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict
from tests.processes.hire_order.hiring import NET_FEN, REWARD_FEN, Hiring
from tests.support.cases import to_arbiter

REASONS = (
    "依据交付要求与双方提交的照片，一间会议室已完成，另一间未完成梯形校正与布线，"
    "故按完成部分支付报酬，其余退回发布方。本裁决自送达之日起生效。"
)


def taken(hiring: Hiring, is_started: bool = False) -> str:
    order_id = hiring.publish()
    hiring.take(order_id)
    if is_started:
        hiring.start(order_id)
    return order_id


def cancel(hiring: Hiring, actor: Actor, order_id: str, progress_bps: int = 0) -> None:
    request_cancellation(hiring.stage.engine, actor, order_id, new_id(), "计划有变", progress_bps)


def arbitrate(hiring: Hiring, order_id: str, **fields: str) -> None:
    hiring.arbitrate(order_id, {"ruling": "split", "fault": "both", "reasons": REASONS, **fields})


def cases(hiring: Hiring, order_id: str) -> list[PlainDict]:
    with hiring.stage.engine.database.read() as connection:
        query = service_case.select().where(service_case.c.subject_id == order_id).order_by(service_case.c.ref)
        return [dict(row) for row in connection.execute(query).mappings()]


def test_before_the_start_the_publisher_pays_a_tenth_if_the_taker_agrees(hiring: Hiring) -> None:
    order_id = taken(hiring)
    hiring.stage.wait(hours=2)
    cancel(hiring, hiring.publisher, order_id)
    assert hiring.tasks_of(hiring.taker, order_id) == {"answer_cancellation"}
    shown = hiring.stage.form_data(hiring.taker, order_id, "answer_cancellation")
    assert (shown["compensation_fen"], shown["platform_fen"], shown["refund_fen"]) == (2_666, 667, 29_997)
    reason = {"zh": "理由", "en": "Reason", "name": "claim_reason", "value": "计划有变"}
    assert isinstance(shown["order_claim"], list)
    assert reason in shown["order_claim"]
    hiring.stage.do(hiring.taker, order_id, "answer_cancellation", {"cancel_answer": "agree"})
    hiring.check(order_id, "end_cancelled", "cancelled")
    assert (hiring.wallet("publisher"), hiring.wallet("taker")) == (100_000 - 3_333, 2_666)


def test_handed_over_work_is_disputed_not_cancelled(hiring: Hiring) -> None:
    order_id = hiring.to_inspection()
    for actor in (hiring.publisher, hiring.taker):
        with pytest.raises(RequestNotPossible):
            cancel(hiring, actor, order_id)
    assert hiring.state(order_id) == "auditing"


def test_a_second_request_waits_for_the_answer_to_the_first(hiring: Hiring) -> None:
    order_id = taken(hiring, is_started=True)
    cancel(hiring, hiring.publisher, order_id)
    with pytest.raises(RequestNotPossible, match="under a request to cancel"):
        open_dispute(hiring.stage.engine, hiring.taker, order_id, new_id(), "不同意")
    with pytest.raises(RequestNotPossible):
        cancel(hiring, hiring.taker, order_id)
    assert hiring.row(order_id)["claimant_id"] == "publisher"


def test_an_objection_on_the_third_day_with_a_clean_audit_is_disputed(any_hiring: Hiring) -> None:
    """Scenario 25."""
    order_id = any_hiring.to_inspection()
    any_hiring.review(order_id, "approve")
    any_hiring.stage.wait(days=2, hours=12)
    any_hiring.answer(order_id, "object")
    assert (any_hiring.state(order_id), any_hiring.stage.open(order_id)) == ("disputed", {"triage"})
    assert any_hiring.escrow(order_id) == REWARD_FEN


@pytest.mark.parametrize(
    ("pay", "refund", "paid_fen", "refunded_fen", "state"),
    [
        ("233.31", "99.99", 20_998, 9_999, "paid_partially"),  # 70/30, fee on the awarded part only
        ("333.30", "0", NET_FEN, 0, "paid"),
        ("0", "333.30", 0, REWARD_FEN, "refunded"),
    ],
)
def test_a_decision_divides_the_escrow_and_closes_the_order(
    hiring: Hiring, pay: str, refund: str, paid_fen: int, refunded_fen: int, state: str
) -> None:
    order_id = hiring.to_inspection()
    hiring.reject(order_id)
    arbitrate(hiring, order_id, **{"split-pay_fen": pay, "split-refund_fen": refund})
    hiring.check(order_id, "end_decided", state)
    assert hiring.wallet("taker") == paid_fen
    assert hiring.wallet("publisher") == 100_000 - REWARD_FEN + refunded_fen


def test_the_fee_is_waived_and_goodwill_comes_from_the_platform(hiring: Hiring) -> None:
    order_id = hiring.to_inspection()
    hiring.reject(order_id)
    arbitrate(
        hiring,
        order_id,
        **{"split-pay_fen": "333.30", "fee_waived": "true", "goodwill_fen": "20", "goodwill_side": "party_a"},
    )
    hiring.check(order_id, "end_decided", "paid")
    assert hiring.wallet("taker") == REWARD_FEN
    assert hiring.wallet("publisher") == 100_000 - REWARD_FEN + 2_000


def test_resumed_work_is_finished_and_paid_and_may_be_disputed_again(hiring: Hiring) -> None:
    order_id = taken(hiring, is_started=True)
    open_dispute(hiring.stage.engine, hiring.publisher, order_id, new_id(), "进度太慢")
    arbitrate(hiring, order_id, ruling="resume", fault="none")
    open_dispute(hiring.stage.engine, hiring.taker, order_id, new_id(), "无法进场")
    first = hiring.arbiter
    hiring.arbiter = hiring.stage.staff("arbiter2", "arbiter")
    to_arbiter(hiring.stage, order_id, f"{order_id}-2", hiring.publisher)
    assert hiring.tasks_of(first, order_id) == set()  # who decided the first case does not decide the second
    hiring.stage.do(hiring.arbiter, order_id, "arbitrate", {"ruling": "resume", "fault": "none", "reasons": REASONS})
    hiring.hand_over(order_id)
    hiring.review(order_id, "approve")
    hiring.answer(order_id, "confirm")
    assert hiring.wallet("taker") == NET_FEN
    assert [(case["party_a"], case["state"]) for case in cases(hiring, order_id)] == [
        ("publisher", "closed"),
        ("taker", "closed"),
    ]


def test_nobody_who_acted_before_decides(hiring: Hiring) -> None:
    both = Actor("reviewer", "platform", "arbiter", frozenset({"arbiter"}))
    order_id = hiring.to_inspection()
    hiring.reject(order_id)
    to_arbiter(hiring.stage, order_id, f"{order_id}-1", hiring.taker)
    assert hiring.tasks_of(both, order_id) == set()
    assert hiring.tasks_of(hiring.arbiter, order_id) == {"arbitrate"}
    for party in (hiring.publisher, hiring.taker):
        assert "arbitrate" not in hiring.tasks_of(party, order_id)


def test_the_bundle_a_decision_rests_on_has_a_hash_and_no_personal_text(hiring: Hiring) -> None:
    order_id = hiring.to_inspection()
    hiring.reject(order_id)
    (case,) = cases(hiring, order_id)
    assert case["context_sha256"] == digest_context(case["context"])
    context = case["context"]
    assert isinstance(context, dict)
    assert {"subject", "ledger", "history_rows", "collected_at"} <= context.keys()
    assert "13800001234" not in str(context)
    assert "文三路 90 号" not in str(context)
    subject = context["subject"]
    assert isinstance(subject, dict)
    assert isinstance(subject["handovers"], list)
    assert len(subject["handovers"]) == 1


def test_both_sides_read_the_decision_and_nobody_else(hiring: Hiring) -> None:
    order_id = hiring.to_inspection()
    hiring.reject(order_id)
    arbitrate(hiring, order_id, **{"split-pay_fen": "233.31", "split-refund_fen": "99.99"})
    for party in (hiring.publisher, hiring.taker):
        (case,) = list_cases(hiring.stage.engine, party, order_id)
        assert (case.pay_fen, case.refund_fen, case.fault, case.reasons) == (23_331, 9_999, "both", REASONS)
    assert list_cases(hiring.stage.engine, hiring.other, order_id) == []
    (stored,) = cases(hiring, order_id)
    assert isinstance(stored["reasons"], dict)
    assert "$vault" in stored["reasons"]
