"""The inbox."""

import re

import pytest

from tests.web.bazaar import Bazaar
from tests.web.forms import press
from web.staff import routes


def test_tasks_are_grouped_by_when_they_are_due(bazaar: Bazaar) -> None:
    order_id = bazaar.publish()
    bazaar.take(order_id)
    zhou = bazaar.visit("zhou")
    page = zhou.get("/inbox").text
    for words in ("开始执行：会议室投影调试（两间）", "¥333.30", "7 天内"):
        assert words in page
    bazaar.stage.clock.advance(hours=30)
    assert "已逾期" in bazaar.visit("zhou").get("/inbox?view=late").text


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


def test_pages_by_key_show_every_task_once(bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "PAGE_ROWS", 2)
    for _ in range(3):
        bazaar.draft()
    li, path, found = bazaar.visit("li"), "/inbox", list[str]()
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
    assert press(chen, "/inbox", f"{task}/claim").status_code == 303
    held = sun.get(task).text
    assert "同事已认领这项任务" in held
    assert 'form="task-form"' not in held
    assert press(chen, task, f"{task}/unclaim").location == "/inbox"
    assert "同事已认领这项任务" not in sun.get(task).text


def test_person_has_no_pool(bazaar: Bazaar) -> None:
    bazaar.draft()
    page = bazaar.visit("li").get("/inbox").text
    assert "/claim" not in page
    assert "我的组" not in page
