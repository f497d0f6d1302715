"""Publishing, and the orders of one's own."""

import re

import pytest
from sqlalchemy import func, select

from engine.storage.tables import instance
from tests.processes.hire_order.hiring import DEMAND
from tests.web.bazaar import Bazaar
from tests.web.forms import fill_in, post, press
from web.market import orders


def count_instances(bazaar: Bazaar) -> int:
    with bazaar.engine.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(instance)).scalar_one())


def test_publishing_leads_to_the_demand_and_then_to_the_order(bazaar: Bazaar) -> None:
    li = bazaar.visit("li")
    begun = press(li, "/orders/new", "/orders/new")
    assert begun.status_code == 303
    task_page, _, target = begun.location.partition("?next=")
    described = post(
        li, task_page, fill_in(li, begun.location, task_page) | {name: str(v) for name, v in DEMAND.items()}
    )
    assert (described.status_code, described.location) == (303, target)
    bazaar.stage.settle()
    shown = li.get(target).text
    assert "待接单" in shown
    assert "已托管 ¥333.30" in shown


def test_pressing_twice_begins_one_order(bazaar: Bazaar) -> None:
    li = bazaar.visit("li")
    fields = fill_in(li, "/orders/new", "/orders/new")
    first, second = (post(li, "/orders/new", fields) for _ in range(2))
    assert (first.status_code, first.location) == (second.status_code, second.location)
    assert count_instances(bazaar) == 1


def test_demand_that_is_not_finished_can_be_gone_on_with(bazaar: Bazaar) -> None:
    order_id, li = bazaar.draft(), bazaar.visit("li")
    task_id = bazaar.stage.task_id(bazaar.actor("li"), order_id, "describe_demand")
    for page in ("/orders", "/orders/new"):
        assert f'href="/tasks/{task_id}?next=/orders/{order_id}"' in li.get(page).text
    assert task_id not in bazaar.visit("zhou").get("/orders").text
    assert li.get(f"/orders/{order_id}").status_code == 404


def test_only_who_trades_publishes(bazaar: Bazaar) -> None:
    for login, status in (("li", 200), ("chen", 200), ("lin", 403), ("gao", 403)):
        assert bazaar.visit(login).get("/orders/new").status_code == status
    page = bazaar.visit("lin").get("/orders").text
    assert 'href="/orders/new"' not in page


def test_both_sides_find_the_order_with_what_is_theirs_to_do(bazaar: Bazaar) -> None:
    order_id = bazaar.publish()
    bazaar.take(order_id)
    zhou, li = bazaar.visit("zhou"), bazaar.visit("li")
    taken, published = zhou.get("/orders?side=taken").text, li.get("/orders").text
    for words in (f"/orders/{order_id}", "已锁定", "¥299.97", "开始执行", "李文博"):
        assert words in taken
    for words in (f"/orders/{order_id}", "已锁定", "¥333.30"):
        assert words in published
    assert "开始执行" not in published
    assert "还没有发布过需求" in zhou.get("/orders").text
    assert "手上没有订单" in li.get("/orders?side=taken").text


def test_a_company_has_its_orders_together(bazaar: Bazaar) -> None:
    bazaar.fund("chen")
    order_id = bazaar.publish("chen")
    for login in ("chen", "sun", "lin"):
        assert f"/orders/{order_id}" in bazaar.visit(login).get("/orders").text
    assert f"/orders/{order_id}" not in bazaar.visit("li").get("/orders").text
    personal = bazaar.visit("zhou")
    assert "企业订单" not in personal.get("/orders").text


def test_long_lists_come_in_pages(bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "PAGE_ROWS", 2)
    for number in range(3):
        bazaar.publish(title=f"需求之{number}", reward_fen="100.00")
    li = bazaar.visit("li")
    first = li.get("/orders").text
    assert first.index("需求之2") < first.index("需求之1")
    assert "需求之0" not in first
    following = re.search(r'href="(/orders\?side=published&amp;after=[^"]+)"', first)
    assert following is not None
    second = li.get(following[1].replace("&amp;", "&")).text
    assert "需求之0" in second
    assert "需求之1" not in second
