"""From the lock to the pay: every way the work goes, and where it is late."""

import json
from datetime import timedelta

import pytest

from engine.commands.deployments import deploy
from engine.services.orders.queries import fetch_order
from engine.services.orders.tables import order_handover
from engine.storage.clock import parse_instant
from tests.processes.hire_order.hiring import NET_FEN, REWARD_FEN, Hiring
from tests.support.stage import BOSS, ROOT


def locked(hiring: Hiring) -> str:
    order_id = hiring.publish()
    hiring.take(order_id)
    return order_id


def started(hiring: Hiring) -> str:
    order_id = locked(hiring)
    hiring.start(order_id)
    return order_id


def decide(hiring: Hiring, order_id: str, element: str, decision: str, until: str = "2026-12-05T12:00") -> None:
    fields = {"overdue_decision": decision}
    if decision == "wait":
        fields["wait_until"] = until
    if decision == "dispute":
        fields["overdue_reason"] = "一直联系不上接单方。"
    hiring.stage.do(hiring.publisher, order_id, element, fields)


def test_accepted_work_is_paid_less_the_fee_and_both_are_asked_to_rate(any_hiring: Hiring) -> None:
    hiring = any_hiring
    order_id = hiring.to_inspection()
    hiring.review(order_id, "approve")
    assert hiring.state(order_id) == "auditing"
    hiring.answer(order_id, "confirm")
    assert (hiring.state(order_id), hiring.wallet("taker"), hiring.escrow(order_id)) == ("paid", NET_FEN, 0)
    assert hiring.stage.incidents(order_id) == []
    path = hiring.stage.path(order_id)
    assert path.index("settle_reward") < path.index("check_escrow") < path.index("mark_paid")


def test_the_order_ends_paid_when_the_rating_window_is_over(hiring: Hiring) -> None:
    order_id = hiring.to_inspection()
    hiring.review(order_id, "approve")
    hiring.answer(order_id, "confirm")
    hiring.stage.wait(days=15)
    hiring.check(order_id, "end_paid", "paid")


def test_silence_during_the_objection_window_counts_as_confirmed(hiring: Hiring) -> None:
    order_id = hiring.to_inspection()
    hiring.review(order_id, "approve")
    hiring.stage.wait(days=2, hours=23)
    assert hiring.stage.open(order_id) == {"confirm_or_object"}
    hiring.stage.wait(hours=2)
    assert (hiring.state(order_id), hiring.wallet("taker")) == ("paid", NET_FEN)


def test_nothing_is_paid_before_the_audit_however_long_it_takes(hiring: Hiring) -> None:
    order_id = hiring.to_inspection()
    hiring.stage.wait(days=30)
    assert (hiring.state(order_id), hiring.stage.open(order_id)) == ("auditing", {"review"})
    hiring.review(order_id, "approve")
    assert hiring.state(order_id) == "paid"


def test_the_sides_do_not_audit_and_others_do_not_answer(hiring: Hiring) -> None:
    order_id = hiring.to_inspection()
    assert hiring.tasks_of(hiring.publisher, order_id) == {"confirm_or_object"}
    assert hiring.tasks_of(hiring.taker, order_id) == set()
    assert hiring.tasks_of(hiring.reviewer, order_id) == {"review"}
    assert hiring.tasks_of(hiring.other, order_id) == set()


def test_returned_work_is_handed_over_again_twice_at_most(hiring: Hiring) -> None:
    order_id = hiring.to_inspection()
    for turn in (1, 2):
        hiring.review(order_id, "return")
        hiring.answer(order_id, "confirm")
        assert (hiring.state(order_id), hiring.row(order_id)["rework_count"]) == ("started", turn)
        assert hiring.row(order_id)["handover_due"] == hiring.stage.clock() + timedelta(days=3)
        hiring.hand_over(order_id)
    hiring.review(order_id, "return")
    hiring.answer(order_id, "confirm")
    assert (hiring.state(order_id), hiring.stage.open(order_id)) == ("disputed", {"arbitrate"})


def test_reworked_work_is_paid_and_every_round_is_kept(hiring: Hiring) -> None:
    order_id = hiring.to_inspection()
    hiring.review(order_id, "return")
    hiring.answer(order_id, "confirm")
    hiring.hand_over(order_id)
    hiring.review(order_id, "approve")
    hiring.stage.wait(days=3, minutes=1)
    assert hiring.wallet("taker") == NET_FEN
    with hiring.stage.engine.database.read() as connection:
        rows = connection.execute(order_handover.select().order_by(order_handover.c.round)).mappings().all()
    assert [(row["round"], row["taker_id"], len(row["files"])) for row in rows] == [(1, "taker", 1), (2, "taker", 1)]
    assert all("$vault" in row["summary"] for row in rows)


def test_an_objection_of_the_round_before_does_not_count_again(hiring: Hiring) -> None:
    order_id = hiring.to_inspection()
    hiring.answer(order_id, "object")
    hiring.review(order_id, "return")
    assert hiring.state(order_id) == "started"
    hiring.hand_over(order_id)
    hiring.review(order_id, "approve")
    hiring.stage.wait(days=3, minutes=1)
    assert (hiring.state(order_id), hiring.wallet("taker")) == ("paid", NET_FEN)


@pytest.mark.parametrize("decision", ["release", None])
def test_who_does_not_start_in_time_loses_the_lock(hiring: Hiring, decision: str | None) -> None:
    order_id = locked(hiring)
    hiring.stage.wait(hours=24, minutes=1)
    assert hiring.stage.open(order_id) == {"decide_no_start"}
    if decision:
        decide(hiring, order_id, "decide_no_start", decision)
    else:
        hiring.stage.wait(hours=24, minutes=1)
    assert (hiring.state(order_id), hiring.row(order_id)["taker_id"]) == ("open", None)
    assert fetch_order(hiring.stage.engine, hiring.taker, order_id).obstacle == "excluded"


def test_the_publisher_waits_on_for_the_start_and_is_asked_again(hiring: Hiring) -> None:
    order_id = locked(hiring)
    hiring.stage.wait(hours=25)
    decide(hiring, order_id, "decide_no_start", "wait", "2026-11-26T12:00")
    assert hiring.stage.open(order_id) == {"start_work"}
    assert hiring.row(order_id)["start_by"] == parse_instant("2026-11-26T04:00:00Z")
    hiring.stage.wait(days=3)
    assert hiring.stage.open(order_id) == {"decide_no_start"}
    decide(hiring, order_id, "decide_no_start", "wait", "2026-11-30T12:00")
    hiring.start(order_id)
    assert hiring.state(order_id) == "started"


def test_the_publisher_disputes_that_nobody_starts(hiring: Hiring) -> None:
    order_id = locked(hiring)
    hiring.stage.wait(hours=25)
    decide(hiring, order_id, "decide_no_start", "dispute")
    assert (hiring.state(order_id), hiring.stage.open(order_id)) == ("disputed", {"arbitrate"})


def test_a_late_handover_is_possible_until_the_publisher_decides_otherwise(hiring: Hiring) -> None:
    order_id = started(hiring)
    hiring.stage.wait(days=6, hours=9)  # a day after the service time
    assert hiring.stage.open(order_id) == {"hand_over", "decide_overdue"}
    hiring.hand_over(order_id)
    assert hiring.stage.open(order_id) == {"review", "confirm_or_object"}


@pytest.mark.parametrize("decision", ["release", None])
def test_who_does_not_hand_over_loses_the_order(hiring: Hiring, decision: str | None) -> None:
    order_id = started(hiring)
    hiring.stage.wait(days=6, hours=9)
    if decision:
        decide(hiring, order_id, "decide_overdue", decision)
    else:
        hiring.stage.wait(days=1, minutes=1)
    assert (hiring.state(order_id), hiring.row(order_id)["taker_id"]) == ("open", None)
    assert hiring.stage.open(order_id) == set()
    assert hiring.escrow(order_id) == REWARD_FEN


def test_the_publisher_waits_on_for_the_handover_and_is_asked_again(hiring: Hiring) -> None:
    order_id = started(hiring)
    hiring.stage.wait(days=6, hours=9)
    decide(hiring, order_id, "decide_overdue", "wait")
    assert hiring.stage.open(order_id) == {"hand_over"}
    hiring.stage.wait(days=7)
    assert hiring.stage.open(order_id) == {"hand_over", "decide_overdue"}
    decide(hiring, order_id, "decide_overdue", "wait", "2026-12-20T12:00")
    hiring.hand_over(order_id)
    assert hiring.stage.open(order_id) == {"review", "confirm_or_object"}


def test_the_publisher_disputes_a_late_handover(hiring: Hiring) -> None:
    order_id = started(hiring)
    hiring.stage.wait(days=6, hours=9)
    decide(hiring, order_id, "decide_overdue", "dispute")
    assert (hiring.state(order_id), hiring.stage.open(order_id)) == ("disputed", {"arbitrate"})


def test_address_and_contact_appear_with_the_lock_and_to_the_two_sides_only(hiring: Hiring) -> None:
    order_id = hiring.publish()
    engine = hiring.stage.engine
    assert fetch_order(engine, hiring.taker, order_id).contact is None
    hiring.take(order_id)
    contact = fetch_order(engine, hiring.taker, order_id).contact
    assert contact is not None
    assert (contact.address, contact.phone) == ("文三路 90 号 7 楼 701", "13800001234")
    shown = hiring.stage.form_data(hiring.taker, order_id, "start_work")["order_contact"]
    assert isinstance(shown, list)
    assert [fact["value"] for fact in shown if isinstance(fact, dict)] == [
        "文三路 90 号 7 楼 701",
        "李文博",
        "138****1234",
    ]


def test_a_second_taker_hands_over_after_the_first_lost_the_order(hiring: Hiring) -> None:
    order_id = started(hiring)
    hiring.stage.wait(days=6, hours=9)
    decide(hiring, order_id, "decide_overdue", "release")
    hiring.taker = hiring.other
    hiring.take(order_id)
    hiring.start(order_id)
    hiring.hand_over(order_id)
    hiring.review(order_id, "approve")
    hiring.answer(order_id, "confirm")
    assert (hiring.wallet("other"), hiring.wallet("taker")) == (NET_FEN, 0)


def test_the_publisher_is_reminded_of_the_objection_window(hiring: Hiring) -> None:
    order_id = hiring.to_inspection()
    hiring.stage.wait(days=1, minutes=1)
    hiring.stage.wait(days=1)
    assert hiring.stage.path(order_id).count("remind_publisher") == 2
    assert "confirm_or_object" in hiring.stage.open(order_id)


def test_the_pay_goes_on_to_the_account_where_the_policy_says_so(hiring: Hiring) -> None:
    policy = json.loads((ROOT / "bpmn/shared/policy.json").read_text())
    policy["hire_auto_payout"] = True
    deploy(hiring.stage.engine, BOSS, {"bpmn/shared/policy.json": json.dumps(policy).encode()})
    order_id = hiring.to_inspection()
    hiring.review(order_id, "approve")
    hiring.answer(order_id, "confirm")
    # No account was named yet: the pay is in the wallet, and the taker is asked where it shall go.
    assert (hiring.state(order_id), hiring.wallet("taker")) == ("paid", NET_FEN)
    assert hiring.tasks_of(hiring.taker, order_id) == {"fix_payout_method"}
    hiring.stage.wait(days=31)
    assert "pay_out" in hiring.stage.path(order_id)
    hiring.stage.wait(days=15)
    hiring.check(order_id, "end_paid", "paid")
