"""What members do beside the plain order: milestones on a phone in Chinese, filters and photos at a desk in English."""

from playwright.sync_api import FilePayload, expect

from tests.browser.acts import approve, begin_order, describe, local_time, picture
from tests.browser.checks import find_barriers, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import PHONE, Person

PARTS = (("小会议室", "40"), ("大会议室", "35"), ("端口对照表", "15"))  # 10 % are missing at first
NET = "119.99"  # of the first: 40 % of 333.30 less 10 %


def test_milestones_from_the_phone_to_the_first_pay(visit: Visit) -> None:
    title = "分里程碑的投影调试"
    with visit("zh", PHONE) as chen, visit("en") as wang, visit("en") as gao:
        chen.sign_in("chen", "individual")
        wang.sign_in("wang")
        gao.sign_in("gao", "platform_reviewer")

        order_id = begin_order(chen, "发布需求")
        describe(chen, title)
        add_milestones(chen)
        chen.expected_status = 422
        chen.submit()
        chen.sees("合计 90%，应为 100%，还差 10%")
        assert find_overflow(chen.page) + find_barriers(chen.page) == []
        chen.page.locator('[name="milestones-4-share_bps"]').fill("25")
        chen.submit()
        chen.await_there(chen.page.locator(".badge", has_text="待接单").first)
        chen.sees("已付 0 / 3")

        find_by_filters(wang, title)
        wang.sees("Milestones")
        wang.press("Take and lock this order")
        wang.open_own_task("Start work")
        wang.page.locator('[name="has_started"]').check()
        wang.submit()
        wang.open_own_task("Hand over result")
        wang.sees("1 / 3 · 小会议室")
        attach_photos(wang)
        wang.fill(summary="The small room is done.", receiver="Chen", handed_over_at=local_time())
        wang.submit()
        wang.is_at(rf"/orders/{order_id}$")

        approve(gao, title, "Yes")
        chen.page.reload()
        chen.open_own_task("确认或异议")
        chen.choose("publisher_answer", "confirm")
        chen.submit()
        chen.await_there(chen.page.get_by_text("已付 1 / 3"))
        chen.sees("已托管 ¥199.98")
        wang.open("/wallet?kind=earned")
        expect(wang.page.locator("tr", has_text="Milestone settled").first).to_contain_text(NET)


def add_milestones(publisher: Person) -> None:
    """Adds four entries, removes one, and fills in the others: what was typed stays."""
    page = publisher.page
    for number in (1, 2, 3, 4):
        publisher.press("添加一项")
        expect(page.locator(f'[name="milestones-{number}-title"]')).to_be_visible()
    publisher.press("移除第 2 项")
    expect(page.locator('[name="milestones-2-title"]')).to_have_count(0)
    for number, (words, share) in zip((1, 3, 4), PARTS, strict=True):
        page.locator(f'[name="milestones-{number}-title"]').fill(words)
        page.locator(f'[name="milestones-{number}-share_bps"]').fill(share)


def find_by_filters(taker: Person, title: str) -> None:
    """Narrows the market until the order is left over, then takes a filter away by its chip."""
    page = taker.page
    taker.open("/market")
    page.get_by_label("Problems and tutoring").check()
    page.get_by_label("On site").check()
    page.get_by_label("Net pay at most").fill("250")
    taker.press("Apply filters")
    taker.sees("0 orders match")
    page.get_by_role("link", name="Net ≤ ¥250.00").click()
    expect(page.locator(".chip.on", has_text="Net")).to_have_count(0)
    taker.sees("3 milestones")
    assert find_barriers(page) == []
    taker.follow(title)


def attach_photos(taker: Person) -> None:
    """Two photos at once and one of the camera: each is stored as it is chosen; one is removed again."""
    page, photos = taker.page, taker.page.get_by_role("group", name="Photos and files")
    files: list[FilePayload] = [
        {"name": f"room{number}.png", "mimeType": "image/png", "buffer": picture()} for number in (1, 2)
    ]
    photos.locator("input[type=file]").last.set_input_files(files)
    expect(photos.get_by_role("listitem")).to_have_count(2)
    photos.locator("input[capture]").set_input_files(
        {"name": "camera.png", "mimeType": "image/png", "buffer": picture()}
    )
    expect(photos.get_by_role("listitem")).to_have_count(3)
    page.get_by_role("button", name="Remove room1.png").click()
    expect(photos.get_by_role("listitem")).to_have_count(2)
    expect(photos.locator("img.thumb").first).to_be_visible()
