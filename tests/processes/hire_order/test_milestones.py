"""Orders with milestones (HO-21): each is handed over, checked and paid by itself, and what is left stays secured."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.commands.tasks import FormRejected
from engine.services.ledger.tables import journal
from engine.services.orders.commands import release_order, request_cancellation
from engine.services.orders.queries import MilestoneView, fetch_order
from engine.services.orders.tables import order_handover
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict
from tests.processes.hire_order.hiring import DEMAND, MILESTONES, NET_FEN, NETS_FEN, REWARD_FEN, Hiring

FIRST, SECOND, THIRD = NETS_FEN
GROSS_FEN = (11_109, 11_109, 11_112)
REASONS = (
    "依据交付要求与双方提交的照片，余下部分只完成一半，故按完成部分支付报酬，其余退回发布方。本裁决自送达之日起生效。"
)


def started(hiring: Hiring) -> str:
    order_id = hiring.publish(**MILESTONES)
    hiring.take(order_id)
    hiring.start(order_id)
    return order_id


def deliver(hiring: Hiring, order_id: str) -> None:
    hiring.hand_over(order_id)
    hiring.accept(order_id)
    assert hiring.stage.incidents(order_id) == []


def parts(hiring: Hiring, order_id: str) -> list[MilestoneView]:
    return fetch_order(hiring.stage.engine, hiring.publisher, order_id).milestones


def test_each_milestone_is_paid_by_itself_and_all_make_up_the_reward(any_hiring: Hiring) -> None:
    hiring = any_hiring
    order_id = started(hiring)
    assert [(one.reward_fen, one.fee_fen, one.net_fen) for one in parts(hiring, order_id)] == [
        (gross_fen, 1_111, net_fen) for gross_fen, net_fen in zip(GROSS_FEN, NETS_FEN, strict=True)
    ]
    for number in (1, 2, 3):
        deliver(hiring, order_id)
        assert hiring.wallet("taker") == sum(NETS_FEN[:number])
        assert hiring.escrow(order_id) == sum(GROSS_FEN[number:])
        assert [one.paid_at is not None for one in parts(hiring, order_id)] == [n <= number for n in (1, 2, 3)]
        assert hiring.state(order_id) == ("paid" if number == 3 else "started")
    assert hiring.wallet("taker") == NET_FEN
    hiring.stage.wait(days=15)
    hiring.check(order_id, "end_paid", "paid")
    with hiring.stage.engine.database.read() as connection:
        rules = connection.execute(select(journal.c.rule).where(journal.c.instance_id == order_id)).scalars().all()
        rounds = connection.execute(select(order_handover.c.milestone).order_by(order_handover.c.round)).scalars().all()
    assert list(rules).count("P-MILESTONE") == 3
    assert list(rounds) == [1, 2, 3]


def test_nobody_rates_and_the_order_is_not_over_before_the_last_milestone(hiring: Hiring) -> None:
    order_id = started(hiring)
    deliver(hiring, order_id)
    assert hiring.stage.open(order_id) == {"hand_over"}
    assert "start_work" not in hiring.tasks_of(hiring.taker, order_id)
    assert hiring.row(order_id)["handover_due"] >= hiring.stage.clock() + timedelta(days=3)
    shown = hiring.stage.form_data(hiring.taker, order_id, "hand_over")["order_milestone"]
    assert isinstance(shown, list)
    values = [fact["value"] for fact in shown if isinstance(fact, dict)]
    assert values == ["2 / 3 · 大会议室", GROSS_FEN[1], 1_111, SECOND]


def test_every_milestone_has_its_own_reworks(hiring: Hiring) -> None:
    order_id = started(hiring)
    for _ in (1, 2):
        hiring.hand_over(order_id)
        hiring.review(order_id, "return")
        hiring.answer(order_id, "confirm")
    deliver(hiring, order_id)
    assert (hiring.state(order_id), hiring.row(order_id)["rework_count"]) == ("started", 0)
    hiring.hand_over(order_id)
    facts = hiring.stage.form_data(hiring.publisher, order_id, "confirm_or_object")["order_handover"]
    assert isinstance(facts, list)
    assert facts[0] == {"zh": "第几次交接", "en": "Round", "name": "round", "value": 1}
    hiring.review(order_id, "return")
    hiring.answer(order_id, "confirm")
    assert (hiring.state(order_id), hiring.row(order_id)["rework_count"]) == ("started", 1)
    assert hiring.wallet("taker") == FIRST


def test_a_cancellation_in_the_middle_divides_what_is_left(hiring: Hiring) -> None:
    order_id = started(hiring)
    deliver(hiring, order_id)
    request_cancellation(hiring.stage.engine, hiring.taker, order_id, new_id(), "计划有变", 0)
    shown = hiring.stage.form_data(hiring.publisher, order_id, "answer_cancellation")
    assert shown["refund_fen"] == sum(GROSS_FEN[1:])
    hiring.stage.do(hiring.publisher, order_id, "answer_cancellation", {"cancel_answer": "agree"})
    hiring.check(order_id, "end_cancelled", "cancelled")
    assert (hiring.wallet("taker"), hiring.wallet("publisher")) == (FIRST, 100_000 - GROSS_FEN[0])


@pytest.mark.parametrize(
    ("split", "state", "more_fen"),
    [
        (("222.21", "0"), "paid", 19_999),
        (("100.00", "122.21"), "paid_partially", 9_000),
        (("0", "222.21"), "paid_partially", 0),  # the first milestone stays paid
    ],
)
def test_a_dispute_in_the_middle_is_about_what_is_left(
    hiring: Hiring, split: tuple[str, str], state: str, more_fen: int
) -> None:
    order_id = started(hiring)
    deliver(hiring, order_id)
    hiring.hand_over(order_id)
    hiring.answer(order_id, "object")
    hiring.review(order_id, "approve")
    ruling: PlainDict = {"ruling": "split", "fault": "both", "reasons": REASONS}
    ruling |= {"split-pay_fen": split[0], "split-refund_fen": split[1]}
    hiring.arbitrate(order_id, ruling)
    hiring.stage.wait(days=8)
    hiring.check(order_id, "end_decided", state)
    assert hiring.wallet("taker") == FIRST + more_fen


def test_a_dispute_that_lets_the_work_go_on_pays_the_milestones_that_are_left(hiring: Hiring) -> None:
    order_id = started(hiring)
    deliver(hiring, order_id)
    hiring.hand_over(order_id)
    hiring.reject(order_id)
    ruling: PlainDict = {"ruling": "resume", "fault": "both", "reasons": REASONS}
    hiring.arbitrate(order_id, ruling)
    assert hiring.stage.open(order_id) == {"hand_over"}
    deliver(hiring, order_id)
    deliver(hiring, order_id)
    assert (hiring.state(order_id), hiring.wallet("taker"), hiring.escrow(order_id)) == ("paid", NET_FEN, 0)


def test_an_order_given_back_offers_the_milestones_that_are_left_to_others(hiring: Hiring) -> None:
    order_id = started(hiring)
    deliver(hiring, order_id)
    release_order(hiring.stage.engine, hiring.taker, order_id, new_id())
    hiring.stage.settle()
    card = fetch_order(hiring.stage.engine, hiring.other, order_id).card
    assert (card.state, card.reward_fen, card.net_fen) == ("open", REWARD_FEN - GROSS_FEN[0], SECOND + THIRD)
    assert (card.milestone_count, card.milestones_paid) == (3, 1)
    first, hiring.taker = hiring.taker, hiring.other
    hiring.take(order_id)
    hiring.start(order_id)
    deliver(hiring, order_id)
    deliver(hiring, order_id)
    assert hiring.state(order_id) == "paid"
    assert (hiring.wallet(first.party_id), hiring.wallet("other")) == (FIRST, SECOND + THIRD)
    hiring.stage.wait(days=15)
    hiring.check(order_id, "end_paid", "paid")


def test_a_raised_reward_is_divided_anew(hiring: Hiring) -> None:
    order_id = hiring.publish(**MILESTONES)
    hiring.stage.wait(days=8)
    raised = {"expiry_decision": "raise", "added_fen": "66.70", "extend_until": "2026-12-20T12:00"}
    hiring.stage.do(hiring.publisher, order_id, "decide_expiry", raised)
    assert hiring.stage.incidents(order_id) == []
    assert [one.reward_fen for one in parts(hiring, order_id)] == [13_332, 13_332, 13_336]  # of the raised 400.00
    fees = [one.fee_fen or 0 for one in parts(hiring, order_id)]
    assert sum(fees) == 4_000


def test_shares_that_are_no_whole_are_refused_with_the_difference(hiring: Hiring) -> None:
    order_id = hiring.draft()
    fields = {**DEMAND, **MILESTONES, "milestones-3-share_bps": "23.34"}
    with pytest.raises(FormRejected) as refused:
        hiring.stage.do(hiring.publisher, order_id, "describe_demand", fields)
    assert refused.value.bound.errors == {"milestones": ["合计 90%，应为 100%，还差 10%"]}
    assert hiring.stage.open(order_id) == {"describe_demand"}
