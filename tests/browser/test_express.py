"""From the link or the notice to the money: one person in English who is known, one in Chinese who is new."""

import re

from playwright.sync_api import expect

from tests.browser.checks import find_barriers, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import DESKTOP, PHONE, Person
from web.demo import PASSWORD
from web.demo.express import TITLE

STRANGER = "赵一鸣"


def test_a_person_is_paid_in_three_screens_and_a_new_one_comes_by_his_link(visit: Visit) -> None:
    with visit("en", PHONE) as emily, visit("zh", PHONE) as zhao, visit("zh", DESKTOP) as chen:
        emily.enter("emily", "individual")
        emily.open("/work")
        emily.follow("Express")
        emily.follow(TITLE)
        looks_right(emily)
        emily.page.locator('[href$="/next"]').locator("visible=true").first.click()
        emily.page.locator('input[name="agreements-accept"]').check()
        emily.fill(signer_name="何美玲")
        emily.press("Send a code")
        shown = emily.page.locator("#task-form").get_by_text("Your code:")
        expect(shown).to_be_visible()
        emily.fill(code=shown.inner_text()[-6:])
        emily.submit()
        emily.choose("took_part", "yes", reveals="confirm_info")
        emily.choose("confirm_info", "yes")
        looks_right(emily)
        emily.submit()
        emily.sees("¥271.60")
        emily.choose("final_answer", "yes")
        emily.submit()
        emily.is_at(r"/express/confirmations/[0-9a-f]+$")
        emily.await_there(emily.page.locator(".badge", has_text="Paid").first)
        emily.sees("Your pay has arrived.")
        looks_right(emily)

        chen.enter("chen", "enterprise_operator")
        chen.open("/express/tasks")
        chen.follow(TITLE)
        expect(chen.page.locator("#h-lines + span")).to_have_text("已支付 2 / 5")
        chen.follow("查看名单")
        row = chen.page.get_by_role("row", name=STRANGER)
        link = row.locator("input").get_attribute("value")
        assert link is not None

        zhao.open(link)
        zhao.sees("¥291.00")
        looks_right(zhao)
        zhao.follow("注册并确认")
        zhao.fill(name=STRANGER, login="zhaoyiming", password=PASSWORD)
        with zhao.arriving():
            zhao.press("注册")
        zhao.press("是我")
        zhao.is_at(r"/(tasks|express/confirmations)/")
        zhao.open("/express/confirmations")
        zhao.await_there(zhao.page.get_by_role("link", name=re.compile("继续")))
        zhao.follow(TITLE)
        zhao.sees("去补齐")
        looks_right(zhao)


def looks_right(person: Person) -> None:
    """Nothing is wider than the phone, nothing keeps people out."""
    assert find_overflow(person.page) + find_barriers(person.page) == []
