"""The page of a task: read, filled in, sent, refused."""

import pytest

from tests.processes.hire_order.hiring import DEMAND
from tests.web.bazaar import Bazaar
from tests.web.forms import fill_in, post, read_forms


@pytest.fixture
def task(bazaar: Bazaar) -> str:
    """The page on which Li describes a demand."""
    order_id = bazaar.draft()
    return f"/tasks/{bazaar.stage.task_id(bazaar.actor('li'), order_id, 'describe_demand')}"


def described(**changed: str) -> dict[str, str]:
    return {**{name: str(value) for name, value in DEMAND.items()}, **changed}


def test_page_says_where_the_case_is_and_what_comes_of_silence(bazaar: Bazaar, task: str) -> None:
    page = bazaar.visit("li").get(task).text
    for words in ("填写需求", "进行到哪里", "如无人处理：草稿到期", "转到“草稿作废”", "办理记录", "需求产生"):
        assert words in page


def test_task_is_sent_once(bazaar: Bazaar, task: str) -> None:
    li = bazaar.visit("li")
    fields = fill_in(li, task, "", **described())
    first, second = (post(li, task, fields) for _ in range(2))
    assert first.status_code == 303
    assert "已提交" in li.get(first.location).text
    assert (second.status_code, second.location) == (first.status_code, first.location)
    assert li.get(task).status_code == 404


def test_refused_form_keeps_what_was_typed(bazaar: Bazaar, task: str) -> None:
    li = bazaar.visit("li")
    answer = post(li, f"{task}?next=/orders", fill_in(li, f"{task}?next=/orders", "", **described(title="短")))
    assert answer.status_code == 422
    assert str(DEMAND["content"]) in answer.text
    assert read_forms(answer.text)[""]["next"] == "/orders"


def test_change_of_an_answer_brings_its_questions(bazaar: Bazaar, task: str) -> None:
    li = bazaar.visit("li")
    fields = fill_in(li, task, "")
    assert "详细地址" not in li.get(task).text
    whole = post(li, task, {**fields, "place_mode": "on_site", "_refresh": "1"})
    assert whole.status_code == 200
    assert "详细地址" in whole.text


@pytest.mark.parametrize("login", ["zhou", "chen", "gao"])
def test_task_is_nobody_elses_business(bazaar: Bazaar, task: str, login: str) -> None:
    visitor = bazaar.visit(login)
    assert visitor.get(task).status_code == 404
    tokens = fill_in(visitor, "/menu", "/preferences", token="t-1", **described())
    for address in (task, f"{task}/claim", f"{task}/unclaim"):
        assert post(visitor, address, tokens).status_code == 404


def test_diagram_is_the_file_of_the_process(bazaar: Bazaar, task: str) -> None:
    li = bazaar.visit("li")
    address = li.get(task).text.split('data-diagram="')[1].split('"')[0]
    answer = li.get(address)
    assert answer.mimetype == "application/xml"
    assert b'id="describe_demand"' in answer.data
    assert li.get("/diagrams/none").status_code == 404
