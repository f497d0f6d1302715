"""From the demand to the market, beside the scenarios: what is listed and found, and what stays out of sight."""

from engine.services.ledger import accounts
from engine.services.orders.queries import PUBLISHED, fetch_order, list_orders, my_orders
from engine.services.orders.search import OrderFilter
from tests.processes.hire_order.hiring import DEMAND, FEE_FEN, NET_FEN, REWARD_FEN, VAT_FEN, Hiring


def on_market(hiring: Hiring) -> list[str]:
    return [card.id for card in list_orders(hiring.stage.engine, hiring.taker, OrderFilter()).rows]


def test_a_described_and_paid_demand_is_listed_with_what_the_taker_will_receive(hiring: Hiring) -> None:
    order_id = hiring.publish()
    assert on_market(hiring) == [order_id]
    card = fetch_order(hiring.stage.engine, hiring.taker, order_id).card
    assert (card.reward_fen, card.fee_fen, card.net_fen) == (REWARD_FEN, FEE_FEN, NET_FEN)
    assert hiring.row(order_id)["vat_fen"] == VAT_FEN
    assert (hiring.escrow(order_id), hiring.wallet("publisher")) == (REWARD_FEN, 100_000 - REWARD_FEN)


def test_what_was_written_to_be_published_stays_out_of_process_data(hiring: Hiring) -> None:
    order_id = hiring.publish()
    data = hiring.stage.data(order_id, "list_order")
    assert not {"title", "content", "address", "contact_phone", "safety_notes"} & data.keys()
    assert str(DEMAND["address"]) not in str(data)
    assert hiring.row(order_id)["title"] == DEMAND["title"]


def test_an_order_without_funds_is_never_visible_and_ends_not_funded(any_hiring: Hiring) -> None:
    """Scenario 23."""
    order_id = any_hiring.publish(reward_fen="5000")
    assert (any_hiring.state(order_id), on_market(any_hiring)) == ("funding", [])
    any_hiring.stage.wait(minutes=31)
    assert on_market(any_hiring) == []
    any_hiring.check(order_id, "end_not_funded", "not_funded")
    assert any_hiring.wallet("publisher") == 100_000


def test_the_draft_belongs_to_its_publisher_alone(hiring: Hiring) -> None:
    order_id = hiring.draft()
    assert hiring.tasks_of(hiring.publisher, order_id) == {"describe_demand"}
    assert hiring.tasks_of(hiring.other, order_id) == set()


def test_the_reward_is_frozen_for_the_publisher_and_the_case_names_what_it_is_about(hiring: Hiring) -> None:
    order_id = hiring.publish()
    page = my_orders(hiring.stage.engine, hiring.publisher, PUBLISHED)
    assert [(card.title, card.is_own, card.state) for card in page.rows] == [(DEMAND["title"], True, "open")]
    assert hiring.row(order_id)["number"].startswith("HO-")
    assert accounts.escrow(order_id) == f"escrow:{order_id}"


def test_a_doubtful_demand_is_corrected_and_then_listed_as_corrected(hiring: Hiring) -> None:
    order_id = hiring.publish(content="请加微信联系，会议室投影调试两间，线缆全部进线槽。")
    assert (hiring.state(order_id), hiring.stage.open(order_id)) == ("in_review", {"review"})
    assert on_market(hiring) == []
    hiring.review(order_id, "return")
    corrected = "会议室投影调试两间，线缆全部进线槽，两端贴标签。"
    fields = {"statement": "已删除联系方式", "content": corrected, "title": "投影调试（已修改）"}
    hiring.stage.do(hiring.publisher, order_id, "correct", fields)
    if "review" in hiring.stage.open(order_id):
        hiring.review(order_id, "approve")
    view = fetch_order(hiring.stage.engine, hiring.taker, order_id)
    assert (view.content, view.card.title) == (corrected, "投影调试（已修改）")
    found = list_orders(hiring.stage.engine, hiring.taker, OrderFilter(search="两端贴标签")).rows
    assert [card.id for card in found] == [order_id]
