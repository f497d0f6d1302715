"""The inbox."""

import re

import pytest

from tests.web.bazaar import Bazaar
from tests.web.forms import fill_in, post
from web.staff import inbox

CLAIM = "/inbox/claim"


def test_tasks_are_grouped_by_when_they_are_due(bazaar: Bazaar) -> None:
    order_id = bazaar.publish()
    bazaar.take(order_id)
    zhou = bazaar.visit("zhou")
    page = zhou.get("/inbox").text
    for words in ("开始执行：会议室投影调试（两间）", "¥333.30", "7 天内"):
        assert words in page
    bazaar.stage.clock.advance(hours=30)
    assert "已逾期" in bazaar.visit("zhou").get("/inbox?due=late").text


def test_inbox_is_of_the_acting_role(bazaar: Bazaar) -> None:
    order_id = bazaar.publish()
    bazaar.take(order_id)
    assert "现在没有待办任务" in bazaar.visit("wang").get("/inbox").text
    assert "现在没有待办任务" in bazaar.visit("li").get("/inbox").text


def test_search_finds_by_title_and_number(bazaar: Bazaar) -> None:
    order_id = bazaar.publish()
    bazaar.take(order_id)
    zhou = bazaar.visit("zhou")
    number = re.search(r"HO-[0-9A-F]{10}", zhou.get("/inbox").text)
    assert number is not None
    for search in ("投影", number[0]):
        assert number[0] in zhou.get(f"/inbox?q={search}").text
    assert "没有符合的任务" in zhou.get("/inbox?q=没有这样的").text


@pytest.mark.parametrize("sort", ["due", "priority", "created"])
def test_pages_by_key_show_every_task_once(bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch, sort: str) -> None:
    monkeypatch.setattr(inbox, "PAGE_ROWS", 2)
    for _ in range(3):
        bazaar.draft()
    li, path, found = bazaar.visit("li"), f"/inbox?sort={sort}", list[str]()
    for _ in range(3):
        page = li.get(path).text
        found += re.findall(r'class="t clip" href="(/tasks/[^"]+)"', page)
        following = re.search(r'href="(/inbox\?[^"]*after=[^"]+)"', page)
        if following is None:
            break
        path = following[1].replace("&amp;", "&")
    assert len(found) == len(set(found)) == 3
    assert li.get("/inbox?after=x").status_code == 400


def test_company_claims_from_its_pool_and_gives_back(bazaar: Bazaar) -> None:
    order_id = bazaar.draft("chen")
    chen, sun = bazaar.visit("chen"), bazaar.visit("sun")
    task = f"/tasks/{bazaar.stage.task_id(bazaar.actor('chen'), order_id, 'describe_demand')}"
    assert "未认领" in sun.get("/inbox").text
    assert post(chen, f"{task}/claim", fill_in(chen, "/inbox", CLAIM)).location == task
    held = sun.get(task).text
    assert "同事已认领这项任务" in held
    assert 'form="task-form"' not in held
    assert post(chen, f"{task}/unclaim", fill_in(chen, task, f"{task}/unclaim")).location == "/inbox"
    assert "同事已认领这项任务" not in sun.get(task).text


def test_person_has_no_pool(bazaar: Bazaar) -> None:
    bazaar.draft()
    page = bazaar.visit("li").get("/inbox").text
    assert "未认领" not in page
    assert '/claim"' not in page.replace(CLAIM, "")
    assert 'class="tick pick"' not in page


def test_filters_narrow_and_empty_lists_say_what_to_do(bazaar: Bazaar) -> None:
    bazaar.publish(content="拆除旧招牌并安装新招牌，招牌底边离地 3.6 米，属于高空作业。")  # is reviewed by somebody
    gao = bazaar.visit("gao")
    for kept in ("?due=week", "?process=hire_order", "?skill=content", "?view=group", "?due=nonsense&view=nonsense"):
        assert "会议室投影调试" in gao.get(f"/inbox{kept}").text, kept
    for gone in ("?due=late", "?process=service_case", "?skill=result", "?urgent=1", "?view=mine"):
        page = gao.get(f"/inbox{gone}").text
        assert "没有符合的任务" in page, gone
        assert "不加筛选时共有 1 项。" in page
    bazaar.stage.clock.advance(days=10)
    late = bazaar.visit("gao").get("/inbox?due=late").text
    assert "会议室投影调试" in late
    assert "到期：已逾期" in late


def test_an_unchanged_inbox_is_answered_without_a_page(bazaar: Bazaar) -> None:
    task_ids = [bazaar.stage.task_id(bazaar.actor("chen"), bazaar.draft("chen"), "describe_demand")]
    chen, sun = bazaar.visit("chen"), bazaar.visit("sun")

    def ask(path: str = "/inbox", known: str = "") -> tuple[int, str]:
        answer = sun.get(path, headers={"If-None-Match": known, "HX-Request": "true"})
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status_code, answer.headers.get("ETag", known)

    status, tag = ask()
    assert (status, ask(known=tag)) == (200, (304, tag))
    assert ask("/inbox?view=mine", tag)[0] == 200
    assert chen.get("/inbox", headers={"If-None-Match": tag}).status_code == 200  # another reader's page is another
    post(chen, f"/tasks/{task_ids[0]}/claim", fill_in(chen, "/inbox", CLAIM))
    status, tag = ask(known=tag)
    assert status == 200
    task_ids.append(bazaar.stage.task_id(bazaar.actor("chen"), bazaar.draft("chen"), "describe_demand"))
    status, tag = ask(known=tag)
    assert (status, ask(known=tag)[0]) == (200, 304)
    bazaar.read_in(sun, "en")
    status, tag = ask(known=tag)
    assert (status, ask(known=tag)[0]) == (200, 304)
    bazaar.stage.clock.advance(minutes=1)  # «came 1 min ago»
    assert ask(known=tag)[0] == 200


def test_claiming_many_tells_of_each(bazaar: Bazaar) -> None:
    first, second, third = (
        bazaar.stage.task_id(bazaar.actor("chen"), bazaar.draft("chen"), "describe_demand") for _ in range(3)
    )
    foreign = bazaar.stage.task_id(bazaar.actor("li"), bazaar.draft("li"), "describe_demand")
    chen, sun = bazaar.visit("chen"), bazaar.visit("sun")
    hidden = fill_in(sun, "/inbox?view=group", CLAIM)
    post(chen, f"/tasks/{second}/claim", fill_in(chen, "/inbox", CLAIM))  # somebody is faster
    answer = post(sun, CLAIM, {**hidden, "task": [first, second, second, foreign, "none"]})
    assert answer.status_code == 303
    assert answer.location.startswith("/inbox?view=group&claimed=1&missed=")
    page = sun.get(answer.location).text
    for words in ("已认领 1 项", "3 项没有认领到", "填写需求 HO-"):
        assert words in page
    mine = sun.get("/inbox?view=mine").text
    assert (first in mine, second in mine, third in mine) == (True, False, False)
    again = post(sun, CLAIM, {**hidden, "task": [first]})  # once more is no error
    assert "claimed=1&missed=" in again.location
    assert foreign in bazaar.visit("li").get("/inbox").text


def test_next_task_is_one_that_nobody_else_holds(bazaar: Bazaar) -> None:
    first, second = (
        bazaar.stage.task_id(bazaar.actor("chen"), bazaar.draft("chen"), "describe_demand") for _ in range(2)
    )
    chen, sun = bazaar.visit("chen"), bazaar.visit("sun")
    post(chen, f"/tasks/{first}/claim", fill_in(chen, "/inbox", CLAIM))
    assert sun.get("/inbox/next").location == f"/tasks/{second}"
    assert sun.get(f"/inbox/next?from={second}").location == "/inbox"
    assert chen.get(f"/inbox/next?from={first}").location == f"/tasks/{second}"
    assert bazaar.visit("wang").get("/inbox/next").location == "/inbox"
