"""A dispute from its opening on a paid order to the decision, by its people at their browsers."""

from playwright.sync_api import expect

from tests.browser.acts import picture
from tests.browser.conftest import Visit
from tests.browser.person import PHONE, Person

TITLE = "书房定制书架安装"
REASONS = "双方提交的照片与说明相互印证：大部分工作已按约定完成，其余部分没有完成，故按七三分配，自送达之日起生效。"


def open_in_inbox(person: Person, element: str) -> None:
    """Opens a task of the case, once it is there."""
    person.open("/inbox")
    link = person.page.get_by_role("link", name=element).filter(has_text=TITLE).first
    person.await_there(link)
    link.click()


def test_dispute_from_the_claim_to_a_decision_of_70_to_30(visit: Visit) -> None:
    with visit("zh") as chen, visit("en", PHONE) as wang, visit("en") as bai, visit("zh") as fang:
        chen.enter("chen", "individual")
        wang.enter("wang", "individual")
        bai.enter("bai", "customer_service")
        fang.enter("fang", "arbiter")

        chen.open("/orders")
        chen.follow(TITLE)
        chen.follow("提出问题或争议")
        chen.choose("kind", "dispute", reveals="claim_fen")
        chen.fill(claim_fen="60", text="书架第二层倾斜，放书后会滑落，要求退回一部分。")
        chen.attach("证据", "书架.png", "image/png", picture())
        chen.press("提交")
        chen.is_at(r"/service-cases/")
        page = chen.page.url
        chen.sees("已提交")

        open_in_inbox(bai, "Triage")
        bai.sees("书架.png")
        bai.choose("matter", "dispute")
        bai.submit()

        wang.open("/service-cases")
        wang.await_there(wang.page.get_by_text("It is your turn").first)
        wang.page.goto(page)
        wang.sees("Silence counts as accepting the claim.")
        wang.open_own_task("Respond to the claim")
        wang.choose("response", "refuse")
        wang.page.locator("#f-text").fill("The shelf was level when I left.")
        wang.submit()

        open_in_inbox(bai, "Mediate")
        bai.fill(**{"split-pay_fen": "30", "split-refund_fen": "30"})
        bai.page.locator("#f-text").fill("Half and half, so that both give way.")
        bai.submit()
        wang.page.goto(page)
        wang.open_own_task("Answer the proposal")
        wang.choose("proposal_answer", "refuse")
        wang.submit()

        open_in_inbox(fang, "裁决")
        fang.sees("The shelf was level when I left.")
        fang.choose("ruling", "split", reveals="split-pay_fen")
        fang.fill(**{"split-pay_fen": "42", "split-refund_fen": "18"})
        fang.choose("fault", "both")
        fang.fill(reasons=REASONS)
        fang.submit()

        for party, words in ((chen, "接受裁决"), (wang, "Accept the decision")):
            party.page.goto(page)
            party.open_own_task("申诉" if party is chen else "Appeal")
            party.sees(words)
            party.choose("appeal_choice", "accept")
            party.submit()
        chen.page.goto(page)
        expect(chen.page.locator(".badge", has_text="裁决").first).to_be_visible()
        for words in ("¥42.00", "¥18.00", REASONS, "拒绝调解方案"):
            chen.sees(words)
        assert chen.page.get_by_role("button", name="提交证据").count() == 0
