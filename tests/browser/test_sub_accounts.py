"""An administrator invites somebody, who joins by the link and finds the tasks of his roles and no others."""

from playwright.sync_api import expect

from tests.browser.checks import find_barriers, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import PHONE
from web.demo import PASSWORD


def test_somebody_invited_joins_and_sees_what_is_his(visit: Visit) -> None:
    with visit("zh") as zhou:
        zhou.sign_in("zhou", "enterprise_admin")
        zhou.follow("成员")
        zhou.follow("邀请成员")
        zhou.fill(name="何静", login="he.jing", limit_fen="200")
        zhou.choose("roles", "enterprise_acceptor")
        zhou.press("生成邀请链接")
        zhou.sees("邀请链接已生成")
        link = zhou.page.locator("code.secret", has_text="/join/").first.inner_text()

        with visit("en", PHONE) as he:
            he.open(link)
            assert find_overflow(he.page) + find_barriers(he.page) == []
            he.fill(password=PASSWORD)
            he.press("Open the account and join")
            he.is_at("/inbox$")
            he.open("/menu")
            he.sees("Acceptor")
            for words in ("My tasks", "Our orders"):
                expect(he.page.locator("main").get_by_role("link", name=words)).to_have_count(1)
            for words in ("Publish a demand", "Members", "Funds"):
                expect(he.page.get_by_role("link", name=words)).to_have_count(0)

            zhou.open("/members")
            zhou.page.get_by_role("link", name="修改何静的角色和限额").click()
            zhou.press("停用")
            zhou.sees("成员已停用")
            he.open("/inbox")
            he.is_at("/sign-in")
