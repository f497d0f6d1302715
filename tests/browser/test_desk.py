"""The desk: work that arrives by itself, claimed by keyboard and in bulk; forms that keep what is typed; comments."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.acts import begin_order
from tests.browser.checks import find_barriers, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import DESKTOP, HEIGHT, PHONE, Person

POOL = "/inbox?view=group&sort=created"


def begin(chen: Person) -> str:
    """A demand to be described by anybody of the company; gives the address of the task."""
    begin_order(chen, "发布需求")
    return re.sub(r"^.*(/tasks/[0-9a-f]{32}).*$", r"\1", chen.page.url)


def row(person: Person, task: str) -> Locator:
    return person.page.locator(f'.row[data-task="{task.removeprefix("/tasks/")}"]')


def look(person: Person) -> list[str]:
    """What is wrong with the page on a desk and on a phone."""
    page = person.page
    found = find_barriers(page) + find_overflow(page)
    page.set_viewport_size({"width": PHONE, "height": HEIGHT})
    found += find_barriers(page) + find_overflow(page)
    page.set_viewport_size({"width": DESKTOP, "height": HEIGHT})
    return found


def test_work_arrives_and_is_claimed(visit: Visit) -> None:
    with visit("zh") as chen, visit("en") as zhou:
        chen.sign_in("chen", "enterprise_operator")
        zhou.sign_in("zhou", "enterprise_admin")
        zhou.open(POOL)
        expect(zhou.page.locator(".live.is-on")).to_have_text("Live")
        tasks = [begin(chen) for _ in range(3)]
        for task in tasks:  # nobody has loaded the page again
            expect(row(zhou, task)).to_have_class(re.compile(r"\bnew\b"))

        first, second, third = reversed(tasks)  # the newest comes first
        zhou.page.keyboard.press("j")
        expect(row(zhou, first)).to_have_class(re.compile(r"\bcur\b"))
        for key in ("x", "j", "k"):
            zhou.page.keyboard.press(key)
        expect(zhou.page.locator(".bulk")).to_contain_text("1 selected")
        assert look(zhou) == []
        zhou.page.keyboard.press("?")
        expect(zhou.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
        zhou.page.keyboard.press("Escape")
        zhou.page.keyboard.press("c")
        zhou.sees("1 task claimed")
        expect(row(zhou, first)).to_have_count(0)

        row(zhou, second).get_by_role("checkbox").check()
        row(zhou, third).get_by_role("checkbox").check()
        zhou.context.set_offline(True)  # what Chen does now does not reach the list
        chen.open(second)
        chen.press("认领")
        zhou.context.set_offline(False)
        zhou.page.locator(".bulk").get_by_role("button", name="Claim").click()
        zhou.sees("1 task claimed")
        zhou.sees("1 was not claimed")
        zhou.open("/inbox?view=mine")
        assert [row(zhou, task).count() for task in (first, second, third)] == [1, 0, 1]
        zhou.complaints = [one for one in zhou.complaints if "ERR_INTERNET_DISCONNECTED" not in one]


def hold_back(person: Person, path: str, script: str) -> Callable[[], None]:
    """Opens a page, the first in this browser, one of whose scripts does not come; gives what lets it."""
    held: list[Route] = []
    person.context.route(f"**/{script}.js*", lambda route: held.append(route))
    with person.page.expect_request(f"**/{script}.js*"):
        person.page.goto(path, wait_until="commit")
    return lambda: held[0].continue_()


@pytest.mark.parametrize("script", ["build/htmx", "baton"])
def test_an_answer_before_a_script_comes_asks_for_what_follows(visit: Visit, script: str) -> None:
    with visit("zh") as chen, visit("zh") as late:
        chen.enter("chen", "individual")
        chen.open("/errands")
        with chen.arriving():
            chen.press("帮买东西")
        late.enter("chen", "individual")
        let_come = hold_back(late, chen.page.url, script)
        late.choose("shop_choice", "fixed")
        let_come()
        expect(late.page.locator('[name="pickup_shop-known"]')).to_be_visible()


@pytest.mark.parametrize("script", ["build/htmx", "baton", "task"])
def test_what_is_entered_before_a_script_comes_is_heard(visit: Visit, script: str) -> None:
    with visit("zh") as chen, visit("zh") as late:
        chen.sign_in("chen", "enterprise_operator")
        task = begin(chen)
        late.enter("chen", "enterprise_operator")
        page, let_come = late.page, hold_back(late, task, script)
        late.fill(title="展厅灯光调试")
        page.locator('[name="category"]').select_option("study")
        page.locator('[name="place_mode"][value="on_site"]').check()
        let_come()
        expect(page.locator('[name="address"]')).to_be_visible()  # only this answer asks for it
        expect(page.locator(".draft-state")).to_contain_text("草稿已自动保存")
        chen.open(task)
        expect(chen.page.locator('[name="title"]')).to_have_value("展厅灯光调试")
        expect(chen.page.locator('[name="category"]')).to_have_value("study")
        expect(chen.page.locator('[name="address"]')).to_be_visible()


def test_forms_keep_what_is_typed_and_people_talk(visit: Visit) -> None:
    with visit("zh") as chen, visit("en") as zhou:
        chen.sign_in("chen", "enterprise_operator")
        task = begin(chen)
        state = chen.page.locator(".draft-state")
        chen.fill(title="展厅灯光调试", reward_fen="不知道")
        expect(state).to_contain_text("草稿已自动保存")
        with chen.page.expect_response(lambda answer: answer.url.endswith("/draft")):  # the state says saved already
            chen.attach("附件", "ports.txt", "text/plain", b"ports")
        expect(chen.page.get_by_role("link", name="ports.txt")).to_be_visible()
        expect(state).to_contain_text("草稿已自动保存")
        chen.open(task)
        expect(chen.page.locator('[name="title"]')).to_have_value("展厅灯光调试")
        expect(chen.page.locator('[name="reward_fen"]')).to_have_value("不知道")
        expect(chen.page.get_by_role("link", name="ports.txt")).to_be_visible()

        zhou.sign_in("zhou", "enterprise_admin")
        zhou.open(task)  # a colleague finds the form without what Chen has typed
        expect(zhou.page.locator('[name="title"]')).to_have_value("")
        zhou.page.get_by_role("button", name="Comments 0").click()
        chen.page.get_by_role("button", name="评论 0").click()
        chen.page.get_by_label("写评论").fill("灯具型号由谁确认？")
        chen.press("发表评论")
        expect(zhou.page.locator("#comments .said")).to_have_text("灯具型号由谁确认？")
        expect(chen.page.locator("#comments .said")).to_have_text("灯具型号由谁确认？")
        expect(chen.page.get_by_label("写评论")).to_have_value("")
        assert look(chen) == []

        with_other = chen.context.new_page()
        with_other.goto(task)
        with_other.locator('[name="title"]').fill("另一个窗口")
        expect(with_other.locator(".draft-state")).to_contain_text("草稿已自动保存")
        chen.expected_status = 409
        chen.fill(title="这个窗口")
        chen.sees("草稿在另一个窗口中改过")
        chen.press("保留这里的内容")
        expect(state).to_contain_text("草稿已自动保存")
        with_other.reload()
        expect(with_other.locator('[name="title"]')).to_have_value("这个窗口")
