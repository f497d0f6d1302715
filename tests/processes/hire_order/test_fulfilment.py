"""From the lock to the pay, beside the scenarios: who sees and does what, and what is kept."""

from engine.services.orders.queries import fetch_order
from engine.services.orders.tables import order_handover
from tests.processes.hire_order.hiring import NET_FEN, Hiring


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
