"""Milestones on the pages of publisher, taker, visitor and reviewer, and in the form of the demand."""

from typing import Any

from tests.processes.hire_order.hiring import DEMAND, MILESTONES
from tests.web.bazaar import Bazaar
from tests.web.forms import fill_in, post

PARTS: dict[str, Any] = dict(MILESTONES)
FORM = {name: str(value) for name, value in (DEMAND | MILESTONES).items() if name != "milestones"}


def test_everybody_sees_what_each_milestone_brings_and_where_it_stands(bazaar: Bazaar) -> None:
    order_id = bazaar.publish(**PARTS)
    zhou, li = bazaar.visit("zhou"), bazaar.visit("li")
    before = zhou.get(f"/orders/{order_id}").text
    for words in (
        "已付 0 / 3",
        "小会议室",
        "33.33%",
        "¥111.09",
        "实收 ¥99.98",
        "¥111.12",
        "您符合条件",
        "持有订单 0 / 5",
    ):
        assert words in before, words
    assert "3 个里程碑" in zhou.get("/market").text
    bazaar.take(order_id)
    bazaar.start(order_id)
    bazaar.deliver(order_id)
    for visitor, amount in ((zhou, "里程碑 2 / 3，¥99.98"), (li, "里程碑 2 / 3，¥111.09")):
        page = visitor.get(f"/orders/{order_id}").text
        for words in ("已付 1 / 3", "已托管 ¥222.21", "进行中", "尚未开始", amount, "第 3 步，共 5 步"):
            assert words in page, words
    assert "已付 1 / 3" in zhou.get("/orders?side=taken").text
    assert "轮到您" in zhou.get("/orders?side=taken").text
    assert "等待对方" in li.get("/orders").text
    assert bazaar.visit("wang").get(f"/orders/{order_id}").status_code == 404
    wallet = zhou.get("/wallet").text
    for words in ("里程碑结算", "为您托管", "¥199.99", "1 个订单"):
        assert words in wallet, words


def test_the_handover_says_which_milestone_it_is_for(bazaar: Bazaar) -> None:
    order_id = bazaar.publish(**PARTS)
    bazaar.take(order_id)
    bazaar.start(order_id)
    bazaar.deliver(order_id)
    task_id = bazaar.stage.task_id(bazaar.actor("zhou"), order_id, "hand_over")
    page = bazaar.visit("zhou").get(f"/tasks/{task_id}").text
    for words in ("本次里程碑", "2 / 3 · 大会议室", "¥111.09", "¥99.98"):
        assert words in page
    whole = bazaar.publish()
    bazaar.take(whole, "wang")
    bazaar.start(whole, "wang")
    task_id = bazaar.stage.task_id(bazaar.actor("wang"), whole, "hand_over")
    assert "本次里程碑" not in bazaar.visit("wang").get(f"/tasks/{task_id}").text


def test_entries_are_added_and_removed_without_scripts_and_nothing_is_lost(bazaar: Bazaar) -> None:
    task_id = bazaar.stage.task_id(bazaar.actor("li"), bazaar.draft(), "describe_demand")
    address, li = f"/tasks/{task_id}", bazaar.visit("li")
    typed = fill_in(li, address, address, **FORM)
    first = post(li, address, typed | {"_add": "milestones"}).text
    assert 'name="milestones-1-title"' in first
    assert f'value="{DEMAND["title"]}"' in first
    second = post(li, address, typed | {"milestones": "1", "_add": "milestones"}).text
    assert 'value="小会议室"' in second
    assert 'name="milestones-2-title"' in second
    removed = post(li, address, typed | {"milestones": "1", "_remove": "milestones:1"}).text
    assert 'name="milestones-1-title"' not in removed
    refused = post(li, address, typed | {"milestones": "1"})
    assert refused.status_code == 422
    assert "合计 33.33%，应为 100%，还差 66.67%" in refused.text


def test_what_a_company_did_is_named_by_the_company(bazaar: Bazaar) -> None:
    bazaar.fund("chen", 500_000)
    order_id = bazaar.publish("chen")
    bazaar.take(order_id)
    page = bazaar.visit("zhou").get(f"/orders/{order_id}").text
    assert "杭州晨星科技有限公司 · " in page
    assert "企业经办人 · " not in page
    assert "陈思远" not in page
