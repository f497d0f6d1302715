"""On the market: withdrawn, expired, extended, raised, closed."""

import pytest

from engine.services.orders.commands import request_cancellation
from engine.services.orders.errors import AlreadyTaken, OrderNotOpen
from engine.services.orders.queries import list_orders
from engine.services.orders.search import OrderFilter
from engine.storage.ids import new_id
from tests.processes.hire_order.hiring import FEE_FEN, NET_FEN, REWARD_FEN, Hiring


def is_on_market(hiring: Hiring, order_id: str) -> bool:
    cards = list_orders(hiring.stage.engine, hiring.taker, OrderFilter()).rows
    return order_id in {card.id for card in cards}


def expire(hiring: Hiring) -> str:
    order_id = hiring.publish()
    hiring.stage.wait(days=7, minutes=1)
    return order_id


def test_the_publisher_withdraws_an_open_order_and_has_everything_back(hiring: Hiring) -> None:
    order_id = hiring.publish()
    request_cancellation(hiring.stage.engine, hiring.publisher, order_id, new_id(), "不需要了")
    hiring.check(order_id, "end_withdrawn", "cancelled")
    assert hiring.wallet("publisher") == 100_000


def test_an_expired_order_leaves_the_market_and_silence_refunds_it(hiring: Hiring) -> None:
    order_id = expire(hiring)
    assert hiring.state(order_id) == "expired"
    assert not is_on_market(hiring, order_id)
    with pytest.raises(OrderNotOpen):
        hiring.take(order_id)
    hiring.stage.wait(days=2, hours=23)
    assert hiring.stage.open(order_id) == {"decide_expiry"}
    hiring.stage.wait(hours=2)
    hiring.check(order_id, "end_expired", "refunded")
    assert hiring.wallet("publisher") == 100_000


def test_the_publisher_closes_an_expired_order(hiring: Hiring) -> None:
    order_id = expire(hiring)
    hiring.stage.do(hiring.publisher, order_id, "decide_expiry", {"expiry_decision": "close"})
    hiring.check(order_id, "end_expired", "refunded")
    assert hiring.wallet("publisher") == 100_000


def test_the_publisher_extends_an_expired_order_until_the_time_he_names(hiring: Hiring) -> None:
    order_id = expire(hiring)
    fields = {"expiry_decision": "extend", "extend_until": "2026-12-10T12:00"}
    hiring.stage.do(hiring.publisher, order_id, "decide_expiry", fields)
    assert is_on_market(hiring, order_id)
    assert hiring.row(order_id)["expires_at"].isoformat() == "2026-12-10T04:00:00+00:00"
    hiring.stage.wait(days=9)
    assert is_on_market(hiring, order_id)
    hiring.stage.wait(days=2)
    assert (hiring.state(order_id), hiring.stage.open(order_id)) == ("expired", {"decide_expiry"})


def test_no_listing_lasts_longer_than_the_policy_allows(hiring: Hiring) -> None:
    order_id = expire(hiring)
    fields = {"expiry_decision": "extend", "extend_until": "2028-01-01T12:00"}
    hiring.stage.do(hiring.publisher, order_id, "decide_expiry", fields)
    assert (hiring.row(order_id)["expires_at"] - hiring.stage.clock()).days == 90


def test_a_raised_reward_is_frozen_and_the_fee_computed_anew(hiring: Hiring) -> None:
    order_id = expire(hiring)
    fields = {"expiry_decision": "raise", "extend_until": "2026-12-10T12:00", "added_fen": "66.70"}
    hiring.stage.do(hiring.publisher, order_id, "decide_expiry", fields)
    row = hiring.row(order_id)
    assert (row["reward_fen"], row["fee_fen"], row["net_fen"]) == (40_000, 4_000, 36_000)
    assert (hiring.escrow(order_id), hiring.wallet("publisher")) == (40_000, 60_000)
    assert is_on_market(hiring, order_id)


def test_the_raised_reward_is_what_is_paid_in_the_end(hiring: Hiring) -> None:
    order_id = expire(hiring)
    fields = {"expiry_decision": "raise", "extend_until": "2026-12-10T12:00", "added_fen": "66.70"}
    hiring.stage.do(hiring.publisher, order_id, "decide_expiry", fields)
    hiring.take(order_id)
    hiring.start(order_id)
    hiring.hand_over(order_id)
    hiring.review(order_id, "approve")
    hiring.answer(order_id, "confirm")
    assert (hiring.wallet("taker"), hiring.escrow(order_id)) == (36_000, 0)


def test_an_increase_that_is_not_paid_for_brings_the_decision_back(hiring: Hiring) -> None:
    order_id = expire(hiring)
    fields = {"expiry_decision": "raise", "extend_until": "2026-12-10T12:00", "added_fen": "9000"}
    hiring.stage.do(hiring.publisher, order_id, "decide_expiry", fields)
    assert (hiring.state(order_id), is_on_market(hiring, order_id)) == ("expired", False)
    hiring.stage.wait(minutes=31)
    assert hiring.stage.open(order_id) == {"decide_expiry"}
    hiring.stage.do(hiring.publisher, order_id, "decide_expiry", {"expiry_decision": "close"})
    hiring.check(order_id, "end_expired", "refunded")
    assert hiring.wallet("publisher") == 100_000


def test_expiry_does_not_touch_an_order_that_was_taken(hiring: Hiring) -> None:
    order_id = hiring.publish(list_until="2026-11-25T10:00")
    hiring.take(order_id)
    hiring.start(order_id)
    hiring.stage.wait(days=3)
    assert (hiring.state(order_id), hiring.stage.open(order_id)) == ("started", {"hand_over"})
    with pytest.raises(AlreadyTaken):
        hiring.take(order_id, hiring.other)


def test_the_fee_shown_is_the_fee_taken(hiring: Hiring) -> None:
    order_id = hiring.to_inspection()
    hiring.review(order_id, "approve")
    hiring.answer(order_id, "confirm")
    assert (hiring.wallet("taker"), REWARD_FEN - hiring.wallet("taker")) == (NET_FEN, FEE_FEN)
