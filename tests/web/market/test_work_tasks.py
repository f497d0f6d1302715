"""The pages of work tasks: who sees what of them, signing up, awarding, and what each side may ask for."""

from functools import partial

import pytest
from werkzeug.datastructures import MultiDict

from engine.queries.inbox import list_tasks
from engine.services.payments.payments import start_top_up
from engine.services.work_tasks.applications import apply_for_task
from engine.services.work_tasks.commands import create_work_task
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from engine.storage.plain import Plain
from tests.processes.hire_order.hiring import CHECKLIST
from tests.processes.normal_task.hiring_out import TASK
from tests.web.bazaar import Bazaar
from tests.web.forms import fill_in, post, press
from tests.web.visitor import Visitor

ON_SITE: dict[str, Plain] = {
    "place_mode": "on_site",
    "district": "杭州 西湖区",
    "address": "文三路 90 号 7 楼 701",
    "contact_visibility": "after_award",
}
NEGOTIABLE: dict[str, Plain] = {"mode": "negotiable", "price_min_fen": "800.00", "price_max_fen": "1200.00"}


class Shop:
    """A company with money that has work done: Chen publishes and awards, Lin accepts; the others are individuals."""

    def __init__(self, bazaar: Bazaar) -> None:
        self.bazaar, self.stage, self.engine = bazaar, bazaar.stage, bazaar.engine
        role = "enterprise_finance"
        finance = Actor(bazaar.ids["lin"], bazaar.company, role, frozenset({role}))
        start_top_up(self.engine, finance, 1_000_000, new_id())
        self.stage.settle()

    def publish(self, **changes: Plain) -> str:
        """A published work task; gives its id."""
        chen = self.bazaar.actor("chen")
        task_id = create_work_task(self.engine, chen, new_id())
        self.stage.do(chen, task_id, "draft_task", {**TASK, **changes})
        return task_id

    def sign_up(self, task_id: str, *logins: str, offer_fen: int | None = None) -> None:
        for login in logins:
            apply_for_task(self.engine, self.bazaar.actor(login), task_id, "我可以做。", offer_fen=offer_fen)
            self.stage.settle()

    def engage(self, task_id: str, login: str) -> str:
        """The only applicant is awarded and reviewed; gives the address of his engagement."""
        self.sign_up(task_id, login)
        self.stage.do(self.bazaar.actor("chen"), task_id, "award_manually", {"chosen": "1"})
        self.review(login)
        return f"/market/tasks/{task_id}/engagements/{self.bazaar.ids[login]}"

    def review(self, login: str) -> None:
        """Gao approves what is open, whatever it is."""
        gao = self.bazaar.actor("gao")
        checked: dict[str, Plain] = dict.fromkeys((f"checklist-{item}" for item in CHECKLIST), "yes")
        row = next(row for row in list_tasks(self.engine, gao).rows if row.element.id == "review")
        self.stage.do(gao, row.instance_id, "review", {"decision": "approve", **checked})

    def own_task(self, login: str, element: str) -> str:
        """The address of somebody's open user task."""
        rows = list_tasks(self.engine, self.bazaar.actor(login)).rows
        return f"/tasks/{next(row.id for row in rows if row.element.id == element)}"


@pytest.fixture
def shop(bazaar: Bazaar) -> Shop:
    return Shop(bazaar)


def send(visitor: Visitor, path: str, **fields: str | list[str]) -> tuple[int, str]:
    """Sends the form of a user task, with what its page fills in; gives status and page."""
    hidden = fill_in(visitor, path, path)
    answer = post(visitor, path, {**hidden, **fields})
    return answer.status_code, answer.text


def test_from_the_market_to_the_sign_up(shop: Shop) -> None:
    task_id = shop.publish(headcount="2", qualification_reqs="英语八级\n技术文档")
    page, wang = f"/market/tasks/{task_id}", shop.bazaar.visit("wang")
    found = wang.get("/market/tasks?mode=prepayment&category=content&q=校对").text
    assert page in found
    assert "已托管" in found
    assert "¥94.00" in found
    assert page not in wang.get("/market/tasks?mode=piecework").text
    told = wang.get(page).text
    assert "杭州晨星科技有限公司" in told
    assert "英语八级" in told
    assert press(wang, page, f"{page}/apply#sign-up").status_code == 422  # the terms are not accepted
    fields = fill_in(
        wang, page, f"{page}/apply#sign-up", accept_terms="true", qualifications="英语八级", message="五年"
    )
    first, second = (post(wang, f"{page}/apply", fields) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert "第 1 位" in wang.get(page).text
    assert page in wang.get("/work?side=signed_up").text

    assert press(wang, page, f"{page}/withdraw").status_code == 303
    assert page not in wang.get("/work?side=signed_up").text


def test_tasks_are_found_by_what_they_pay(shop: Shop) -> None:
    shop.publish(title="校对手册", pay_fen="100.00")
    shop.publish(title="翻译手册", **NEGOTIABLE)
    wang = shop.bazaar.visit("wang")
    for asked, found in (
        ("100", (True, True)),
        ("100.01", (False, True)),
        ("1200.01", (False, False)),
        ("x", (True, True)),
    ):
        page = wang.get(f"/market/tasks?min_pay={asked}").text
        assert ("校对手册" in page, "翻译手册" in page) == found
        assert ("这不是金额" in page) == (asked == "x")


def test_applicants_are_masked_until_the_award_and_money_is_told_to_the_enterprise(shop: Shop) -> None:
    task_id = shop.publish(headcount="2")
    shop.sign_up(task_id, "wang", "li", "zhou")
    page, chen = f"/market/tasks/{task_id}", shop.bazaar.visit("chen")
    before = chen.get(page).text
    assert "1. 王**" in before
    assert "3. 周**" in before
    assert "王倩" not in before
    assert "我可以做。" in before
    award = shop.own_task("chen", "award_manually")
    status, refused = send(chen, award, chosen=["1", "2", "3"])
    assert status == 422
    assert "最多选 2 个，现在选了 3 个" in refused
    assert send(chen, award, chosen=["1", "2"])[0] == 303
    shop.stage.settle()
    after = chen.get(page).text
    assert "王倩" in after
    assert "李文博" in after
    assert "1. 王**" not in after
    assert "3. 周**" in after
    assert "冻结中" in after
    assert "¥200.00" in after
    assert "候补第 1 位" in after
    zhou = shop.bazaar.visit("zhou").get(page).text
    assert "王倩" not in zhou
    assert "冻结中" not in zhou
    assert "候补" in zhou


def test_engagement_is_for_its_two_sides_with_place_and_turn(shop: Shop) -> None:
    task_id = shop.publish(**ON_SITE)
    page = f"/market/tasks/{task_id}"
    address, district = str(ON_SITE["address"]), str(ON_SITE["district"])
    guest = shop.bazaar.visit("zhou")
    assert district in guest.get(page).text
    assert address not in guest.get(page).text
    engagement = shop.engage(task_id, "wang")
    wang, chen, lin = (shop.bazaar.visit(login) for login in ("wang", "chen", "lin"))
    told = wang.get(engagement).text
    assert address in told
    assert "确认承接" in told
    assert "/cancel" not in told
    assert shop.own_task("wang", "confirm_award") in wang.get("/work").text
    assert address in chen.get(engagement).text
    assert lin.get(engagement).status_code == 200
    for stranger in (guest, shop.bazaar.visit("li")):
        for path in (engagement, f"{engagement}/cancel", f"{engagement}/dispute"):
            assert stranger.get(path).status_code == 404
    assert guest.get(page).status_code == 404  # nobody else's any more
    assert send(wang, shop.own_task("wang", "confirm_award"), award_answer="accept")[0] == 303
    shop.stage.settle()
    asked = wang.get(f"{engagement}/cancel")
    assert asked.status_code == 200
    fields = fill_in(wang, f"{engagement}/cancel", f"{engagement}/cancel", reason="临时有事。", progress_percent="0")
    answers = [post(wang, f"{engagement}/cancel", fields).status_code for _ in range(2)]
    assert answers == [303, 303]


def test_only_who_publishes_cancels_the_task_and_is_told_before_what_follows(shop: Shop) -> None:
    task_id = shop.publish()
    page = f"/market/tasks/{task_id}/cancel"
    assert shop.bazaar.visit("lin").get(page).status_code == 403
    assert shop.bazaar.visit("wang").get(page).status_code == 403
    chen = shop.bazaar.visit("chen")
    assert "取消任务" in chen.get(f"/market/tasks/{task_id}").text
    assert "取消任务" not in shop.bazaar.visit("lin").get(f"/market/tasks/{task_id}").text
    fields = fill_in(chen, page, page, reason="计划改变。")
    assert [post(chen, page, fields).status_code for _ in range(2)] == [303, 303]
    shop.stage.settle()
    assert "已取消" in chen.get("/work").text
    assert "¥100.00" in chen.get(f"/market/tasks/{task_id}").text  # back in the wallet


def test_terms_are_bettered_only_by_who_publishes_and_only_for_the_workers(shop: Shop) -> None:
    task_id = shop.publish()
    page, improve = f"/market/tasks/{task_id}", f"/market/tasks/{task_id}/improve"
    shop.sign_up(task_id, "wang")
    assert [shop.bazaar.visit(login).get(improve).status_code for login in ("lin", "wang")] == [403, 403]
    chen = shop.bazaar.visit("chen")
    assert "改善条件" in chen.get(page).text
    for fields, words in (
        ({}, "请至少填写一项"),
        ({"due_at": "2026-01-01T10:00"}, "交付截止须晚于现在的截止时间"),
        ({"signup_deadline": "2039-01-01T10:00"}, "并早于最晚开始时间"),
    ):
        answer = post(chen, improve, fill_in(chen, improve, improve, **fields))
        assert answer.status_code == 422
        assert words in answer.text
    better = fill_in(chen, improve, improve, added_fen="10.00")
    assert [post(chen, improve, better).status_code for _ in range(2)] == [303, 303]
    shop.stage.settle()
    assert "¥110.00" in shop.bazaar.visit("wang").get(page).text
    shop.stage.do(shop.bazaar.actor("chen"), task_id, "award_manually", {"chosen": "1"})
    assert chen.get(improve).status_code == 409


def test_publishing_begins_with_its_form_whose_preview_follows_what_is_typed(shop: Shop) -> None:
    chen = shop.bazaar.visit("chen")
    assert shop.bazaar.visit("lin").get("/work/new").status_code == 403
    fields = fill_in(chen, "/work/new", "/work/new")
    first, second = (post(chen, "/work/new", fields) for _ in range(2))
    assert first.status_code == 303
    assert first.location == second.location
    path = first.location.partition("?")[0]
    assert "即时显示金额" in chen.get(path).text
    typed = MultiDict(fill_in(chen, path, path))
    typed.update({"mode": "prepayment", "pay_fen": "6000.00", "headcount": "2", "_refresh": "1"})
    typed["fee_bearer"] = "on_top"
    shown = post(chen, path, typed).text
    for amount in ("¥6,360.00", "¥12,720.00", "¥2,720.00"):  # a seat with its fee, all that is frozen, what is missing
        assert amount in shown


def test_offers_are_replaced_by_their_version(shop: Shop) -> None:
    task_id = shop.publish(**NEGOTIABLE)
    shop.sign_up(task_id, "wang", offer_fen=110_000)
    page, wang, chen = f"/market/tasks/{task_id}", shop.bazaar.visit("wang"), shop.bazaar.visit("chen")
    assert "¥1,100.00" in wang.get(page).text
    offer = partial(fill_in, wang, f"{page}/offer", f"{page}/offer")
    stale = offer(offer_fen="900.00")
    assert post(wang, f"{page}/offer", offer(offer_fen="1300.00")).status_code == 422  # above what was published
    assert post(wang, f"{page}/offer", offer(offer_fen="1000.00")).status_code == 303
    assert post(wang, f"{page}/offer", stale).status_code == 409
    answer = shop.own_task("chen", "answer_offer")
    told = chen.get(answer).text
    assert "¥1,000.00" in told
    assert "¥940.00" in told
    assert "我可以做。" in told
    assert "议价" in chen.get(page).text or "答复报价" in chen.get(page).text
