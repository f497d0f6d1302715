"""From an account to an activated person, on a phone in Chinese."""

import re

from playwright.sync_api import APIResponse, Route, expect

from tests.browser.acts import picture
from tests.browser.checks import find_barriers, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import PHONE, Person
from web.demo import PASSWORD

TASK = re.compile(r"//[^/]+/tasks/[0-9a-f]{32}")
NAME, NUMBER = "钱雅琴", "33010619950612001X"


def test_person_is_certified_signs_and_is_active(visit: Visit) -> None:
    with visit("zh", PHONE) as qian:
        qian.sign_in("qian", "individual")
        qian.open("/certification")
        assert find_overflow(qian.page) + find_barriers(qian.page) == []
        qian.press("开始认证")
        identify(qian)
        qian.open_own_task("签定协议")
        assert find_overflow(qian.page) + find_barriers(qian.page) == []
        qian.page.locator('[name="agreements-accept"]').check()
        qian.fill(signer_name=NAME)
        type_code(qian)
        qian.submit()
        qian.open_own_task("设置收款方式")
        qian.sees(NAME)
        qian.choose("payout_choice", "later")
        qian.submit()
        qian.await_there(qian.page.get_by_text("已开通，可以报名、接单和收款"))
        assert find_overflow(qian.page) + find_barriers(qian.page) == []


def test_a_photo_on_its_way_is_not_lost_to_what_is_answered_meanwhile(visit: Visit) -> None:
    with visit("zh", PHONE) as newcomer:
        newcomer.open("/register")
        newcomer.follow("个人用户")
        newcomer.fill(name="郑小雨", login="zheng@example.com", password=PASSWORD)
        newcomer.press("注册")
        page = newcomer.page
        newcomer.open_own_task("实名认证")
        expect(page.get_by_role("group", name="证件正面照片")).to_be_visible()
        late: list[tuple[Route, APIResponse]] = []
        released = False
        page.route(TASK, lambda route: route.continue_() if released else late.append((route, route.fetch())))
        newcomer.attach("证件正面照片", "front.png", "image/png", picture())
        newcomer.attach("证件背面照片", "back.png", "image/png", picture())
        page.locator('[name="capacities"][value="courier"]').check()
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        released = True
        for route, answer in reversed(late):  # the last first
            route.fulfill(response=answer)
        expect(page.locator('[name="courier_wish"]').first).to_be_visible()
        for name in ("front.png", "back.png"):
            expect(page.get_by_role("link", name=name)).to_be_visible()


def identify(person: Person) -> None:
    """Name, number, images and phone; the number is wrong at first."""
    page = person.page
    person.fill(name=NAME, id_no=f"{NUMBER[:-1]}1", phone="13800000001", city="杭州")
    for number, side in enumerate(("证件正面照片", "证件背面照片")):
        person.attach(side, f"side{number}.png", "image/png", picture())
    page.locator('[name="capacities"][value="courier"]').check()
    expect(page.locator('[name="courier_wish"]').first).to_be_visible()
    person.expected_status = 422
    person.submit()
    person.sees("校验位相符")
    assert find_overflow(page) + find_barriers(page) == []
    person.fill(id_no=NUMBER)
    person.submit()
    person.open_own_task("验证手机号码")
    person.sees("138****0001")
    type_code(person)
    person.submit()


def type_code(person: Person) -> None:
    """Asks for a code and types what the page shows instead of a message."""
    person.press("验证码")
    shown = person.page.locator("#task-form").get_by_text("验证码显示在这里")
    expect(shown).to_be_visible()
    person.fill(code=shown.inner_text()[-6:])
