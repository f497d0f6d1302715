"""A hire order from the demand to the money, by its people at their browsers."""

from playwright.sync_api import expect

from tests.browser.acts import approve, begin_order, describe, local_time, picture, publish
from tests.browser.conftest import Visit
from tests.browser.person import PHONE

REWARD, NET = "9999.00", "8,999.10"  # more than anybody has in his wallet at first; the fee is 10 %


def test_order_from_demand_to_money(visit: Visit) -> None:
    title = "会议室投影调试（浏览器）"
    with (
        visit("zh") as emily,
        visit("en", PHONE) as wang,
        visit("en") as gao,
    ):
        emily.sign_in("emily")
        wang.sign_in("wang")
        gao.sign_in("gao", "platform_reviewer")

        order_id = begin_order(emily, "发布需求")
        emily.expected_status = 422
        emily.submit()  # empty
        describe(emily, title, REWARD)
        emily.attach("附件", "会议室.png", "image/png", picture())
        emily.submit()
        emily.is_at(rf"/orders/{order_id}$")
        emily.open_own_task("充值")  # her wallet has less
        emily.fill(top_up_fen=REWARD)
        emily.submit()
        emily.await_there(emily.page.locator(".badge", has_text="待接单").first)

        wang.open("/market")
        wang.page.get_by_role("searchbox").fill("投影调试（浏览器）")
        wang.page.get_by_role("searchbox").press("Enter")
        wang.sees("1 order matches")
        wang.follow(title)
        wang.sees("会议室.png")
        assert "文三路" not in wang.page.content()
        wang.press("Take and lock this order")
        wang.sees("The order is locked for you")
        wang.sees("文三路 90 号 7 楼 701")
        wang.sees("138****1234")

        wang.open_own_task("Start work")
        wang.page.locator('[name="has_started"]').check()
        wang.submit()
        wang.open_own_task("Hand over result")
        wang.fill(summary="Both rooms are done.", receiver="Emily Ho", handed_over_at=local_time())
        wang.attach("Photos and files", "room.png", "image/png", picture())
        wang.submit()
        wang.is_at(rf"/orders/{order_id}$")

        approve(gao, title, "Yes")
        emily.page.reload()
        emily.open_own_task("确认或异议")
        emily.sees("Both rooms are done.")
        emily.choose("publisher_answer", "confirm")
        emily.submit()
        emily.await_there(emily.page.locator(".badge", has_text="已结算").first)

        emily.open_own_task("评价对方")
        emily.choose("stars", "5")
        emily.fill(comment="又快又稳。")
        emily.submit()
        wang.page.reload()
        wang.open_own_task("Rate the other side")
        wang.choose("stars", "4")
        wang.submit()
        wang.await_there(wang.page.get_by_text("又快又稳。"))

        wang.open("/wallet")
        row = wang.page.locator("tr", has_text="Order settled").first
        expect(row).to_contain_text(NET)


def test_publish_and_take_without_scripts(visit: Visit) -> None:
    title = "高二物理辅导（无脚本）"
    with visit("zh", has_scripts=False) as chen, visit("en", PHONE, has_scripts=False) as emily:
        chen.sign_in("chen", "individual")
        order_id = publish(chen, title, "发布需求", "待接单")
        emily.sign_in("emily")
        emily.open(f"/market?q={title}")
        emily.follow(title)
        emily.press("Take and lock this order")
        emily.sees("The order is locked for you")
        emily.is_at(rf"/orders/{order_id}")


def test_organisation_takes_an_order(visit: Visit) -> None:
    with visit("en") as chen, visit("zh") as shen:
        chen.sign_in("chen", "individual")
        order_id = publish(chen, "Levelling for a company", "Publish a demand", "Open")
        shen.sign_in("shen", "enterprise_admin")
        shen.open(f"/orders/{order_id}")
        shen.press("接单并锁定")
        shen.sees("订单已为您锁定")
        shen.sees("苏州匠心工程服务有限公司")
        shen.follow("企业订单")
        shen.follow("接下的")
        shen.sees("Levelling for a company")


def test_who_comes_late_is_told_and_shown_what_is_alike(visit: Visit) -> None:
    with visit("zh") as chen, visit("en") as wang, visit("en") as emily:
        chen.sign_in("chen", "individual")
        order_id = publish(chen, "两个人都想接的单", "发布需求", "待接单")
        wang.sign_in("wang")
        emily.sign_in("emily")
        for taker in (wang, emily):
            taker.open(f"/orders/{order_id}")
        emily.press("Take and lock this order")
        emily.sees("The order is locked for you")
        wang.expected_status = 409
        wang.press("Take and lock this order")
        expect(wang.page.get_by_role("heading", level=1)).to_have_text("Somebody else has taken this order")
        expect(wang.page.get_by_role("heading", name="Similar orders")).to_be_visible()


def test_pressing_twice_does_it_once(visit: Visit) -> None:
    with visit("zh") as chen, visit("en") as wang:
        chen.sign_in("chen", "individual")
        chen.open("/orders/new")
        drafts = chen.page.get_by_role("link", name="继续填写")
        before = drafts.count()
        chen.button("发布需求").dblclick()
        chen.is_at("/tasks/")
        task = chen.page.url
        chen.open("/orders/new")
        expect(drafts).to_have_count(before + 1)

        chen.open(task)
        describe(chen, "连按两次提交")
        with chen.arriving():
            chen.button("提交").dblclick()
        chen.is_at(r"/orders/[0-9a-f]{32}$")
        chen.await_there(chen.page.locator(".badge", has_text="待接单").first)

        wang.sign_in("wang")
        wang.open(chen.page.url)
        wang.button("Take and lock this order").dblclick()
        wang.sees("The order is locked for you")
        wang.open("/orders?side=taken")
        expect(wang.page.get_by_role("link", name="连按两次提交")).to_have_count(1)
