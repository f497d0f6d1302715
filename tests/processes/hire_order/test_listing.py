"""On the market, beside the scenarios: what is listed, how long, and what is refused."""

import pytest

from engine.services.orders.errors import AlreadyTaken, OrderNotOpen
from engine.services.orders.queries import list_orders
from engine.services.orders.search import OrderFilter
from tests.processes.hire_order.hiring import Hiring


def is_on_market(hiring: Hiring, order_id: str) -> bool:
    cards = list_orders(hiring.stage.engine, hiring.taker, OrderFilter()).rows
    return order_id in {card.id for card in cards}


def expire(hiring: Hiring) -> str:
    order_id = hiring.publish()
    hiring.stage.wait(days=7, minutes=1)
    return order_id


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


def test_no_listing_lasts_longer_than_the_policy_allows(hiring: Hiring) -> None:
    order_id = expire(hiring)
    fields = {"expiry_decision": "extend", "extend_until": "2028-01-01T12:00"}
    hiring.stage.do(hiring.publisher, order_id, "decide_expiry", fields)
    assert (hiring.row(order_id)["expires_at"] - hiring.stage.clock()).days == 90


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


def test_expiry_does_not_touch_an_order_that_was_taken(hiring: Hiring) -> None:
    order_id = hiring.publish(list_until="2026-11-25T10:00")
    hiring.take(order_id)
    hiring.start(order_id)
    hiring.stage.wait(days=3)
    assert (hiring.state(order_id), hiring.stage.open(order_id)) == ("started", {"hand_over"})
    with pytest.raises(AlreadyTaken):
        hiring.take(order_id, hiring.other)
