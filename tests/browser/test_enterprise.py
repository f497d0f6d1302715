"""From nothing to an active enterprise, at a desk in Chinese: registration, review, test amount, agreement, top-up."""

import re

from playwright.sync_api import expect

from tests.browser.acts import CHECKLIST, picture
from tests.browser.checks import find_barriers, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import Person
from tests.browser.test_joining import type_code
from tests.processes.enterprise_onboarding.founding import REP, STATED
from web.demo import PASSWORD

NAME = "杭州远航会展有限公司"
CHOSEN = ("register_country", "industry", "tax_rate_type", "applicant_is_rep", "confirm_true")


def test_enterprise_registers_and_becomes_active(visit: Visit) -> None:
    with visit("zh") as lin, visit("zh") as gao:
        lin.open("/register")
        lin.follow("企业用户")
        lin.fill(company=NAME, name="林清", login="lin@example.com", password=PASSWORD)
        assert find_overflow(lin.page) + find_barriers(lin.page) == []
        lin.press("注册")
        lin.is_at("/company$")
        state(lin)
        gao.enter("gao", "platform_reviewer")
        approve(gao)
        lin.open_own_task("填写到账金额")
        lin.fill(arrived_fen=read_amount(lin))
        lin.submit()
        lin.open_own_task("协议签订")
        lin.page.locator('[name="agreements-accept"]').check()
        lin.fill(signer_name=REP)
        type_code(lin)
        lin.submit()
        lin.open_own_task("企业充值")
        lin.fill(top_up_fen="20000")
        lin.submit()
        lin.await_there(lin.page.get_by_text("¥20,000.00"))
        lin.sees("已认证，可以发布任务")
        assert find_overflow(lin.page) + find_barriers(lin.page) == []


def state(person: Person) -> None:
    """The form and the phone."""
    page = person.page
    begin = page.locator("#company a.btn-main", has_text="企业认证")  # the side bar has a link of the same name
    person.await_there(begin)
    begin.click()
    person.fill(**{name: str(value) for name, value in STATED.items() if name not in CHOSEN} | {"legal_name": NAME})
    for name in ("industry", "tax_rate_type"):
        page.locator(f'[name="{name}"]').select_option(str(STATED[name]))
    person.choose("applicant_is_rep", "yes")
    person.attach("营业执照", "licence.png", "image/png", picture())
    page.locator('[name="confirm_true"]').check()
    assert find_overflow(page) + find_barriers(page) == []
    person.submit()
    person.open_own_task("验证法定代表人手机")
    type_code(person)
    person.submit()


def approve(reviewer: Person) -> None:
    """The reviewer finds the enterprise among his tasks."""
    reviewer.open("/inbox")
    found = reviewer.page.get_by_role("link", name=re.compile(NAME)).first
    reviewer.await_there(found)
    found.click()
    reviewer.choose("decision", "approve", reveals="checklist-complete")
    for item in CHECKLIST:
        reviewer.choose(f"checklist-{item}", "yes")
    reviewer.submit()
    reviewer.open("/inbox")
    expect(found).to_have_count(0)


def read_amount(person: Person) -> str:
    """What the statement of the simulated bank says."""
    statement = person.page.get_by_text("没有真实转账").first
    expect(statement).to_be_visible()
    found = re.search(r"\d\.\d\d", statement.inner_text())
    assert found is not None
    return found[0]
