"""The page of a task: read, filled in, sent, refused."""

import io
import json

import pytest
from flask import Flask

from engine.commands.deployments import deploy
from engine.commands.tasks import claim_task, unclaim_task
from engine.runtime.engine import Engine
from engine.services.identity.people import grant_role
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from tests.processes.hire_order.hiring import DEMAND
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, diagram, flow, node, user
from tests.support.stage import BOSS, Stage
from tests.web.bazaar import Bazaar
from tests.web.forms import fill_in, post, read_forms
from tests.web.visitor import Visitor, register
from web.staff.task import NEWEST


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


def test_of_a_long_case_the_newest_records_are_shown_and_earlier_ones_on_request(bazaar: Bazaar, task: str) -> None:
    engine, actor, li = bazaar.engine, bazaar.actor("li"), bazaar.visit("li")
    for _ in range(NEWEST // 2):
        for assign in (claim_task, unclaim_task):
            assign(engine, actor, task.removeprefix("/tasks/"))
    begun, earlier = "需求产生", "显示更早的环节"
    assert [words in li.get(task).text for words in (begun, earlier)] == [False, True]
    assert [words in li.get(f"{task}?whole=1").text for words in (begun, earlier)] == [True, False]


def test_a_form_of_another_process_says_what_it_lacks(app: Flask, engine: Engine, clock: ManualClock) -> None:
    parts = [
        {"type": "baton:facts", "id": "f", "label": "跑腿", "source": "errand_facts", "i18n": {"en": {"label": "E"}}}
    ]
    form = json.dumps({"type": "default", "schemaVersion": 19, "id": "look", "components": parts}).encode()
    body = node("startEvent", "begun") + user("look", camunda__formKey="trial/look") + node("endEvent", "done")
    files = {"forms/trial/look.form": form, **diagram("trial", body + flow("begun look done"))}
    deploy(engine, BOSS, {**FILES, **files})
    ann, stage = register(engine, "ann"), Stage(engine, clock)
    instance_id = stage.start(Actor(ann, ann, "individual"), "trial", {"who": ann})
    task_id = stage.task_id(Actor(ann, ann, "individual"), instance_id, "look")
    visitor = Visitor(app)
    visitor.sign_in("ann")
    page = visitor.get(f"/tasks/{task_id}")
    assert page.status_code == 409
    assert "这张表单无法显示" in page.text
    assert "errand_facts" in page.text


def test_task_is_sent_once(bazaar: Bazaar, task: str) -> None:
    li = bazaar.visit("li")
    fields = fill_in(li, task, task, **described())
    first, second = (post(li, task, fields) for _ in range(2))
    assert first.status_code == 303
    assert "已提交" in li.get(first.location).text
    assert (second.status_code, second.location) == (first.status_code, first.location)
    assert li.get(task).status_code == 404


def test_refused_form_keeps_what_was_typed(bazaar: Bazaar, task: str) -> None:
    li = bazaar.visit("li")
    answer = post(li, task, fill_in(li, f"{task}?next=/orders", task, **described(title="短")))
    assert answer.status_code == 422
    assert str(DEMAND["content"]) in answer.text
    assert read_forms(answer.text)[task]["next"] == "/orders"


def test_change_of_an_answer_brings_its_questions(bazaar: Bazaar, task: str) -> None:
    li = bazaar.visit("li")
    fields = fill_in(li, task, task)
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


def test_draft_is_there_after_a_reload_and_gone_when_submitted(bazaar: Bazaar, task: str) -> None:
    li = bazaar.visit("li")
    fields = fill_in(li, task, task, **described(title="草稿里的标题", reward_fen="不知道"))
    saved = post(li, f"{task}/draft", fields)
    assert (saved.status_code, saved.location) == (303, task)
    page = li.get(task).text
    for words in ("草稿里的标题", "不知道", "草稿已自动保存 10:00"):
        assert words in page
    assert read_forms(page)[task]["_draft"] == "1"
    assert post(li, task, fill_in(li, task, task, **described())).status_code == 303
    assert post(li, f"{task}/draft", fields).status_code == 404


def test_draft_of_another_window_is_not_overwritten(bazaar: Bazaar, task: str) -> None:
    li = bazaar.visit("li")
    first, second = (fill_in(li, task, task, title=f"第 {window} 个窗口") for window in (1, 2))
    answer = li.client.post(f"{task}/draft", data=first, headers={"Accept": "application/json"}, **li.options)
    assert answer.json == {"revision": 1, "saved": "草稿已自动保存 10:00"}
    stale = li.client.post(f"{task}/draft", data=second, headers={"Accept": "application/json"}, **li.options)
    assert (stale.status_code, stale.json) == (409, {"revision": 1})
    page = post(li, f"{task}/draft", second)
    assert page.status_code == 409
    for words in ("第 2 个窗口", "草稿在另一个窗口中改过"):
        assert words in page.text
    assert "第 1 个窗口" in li.get(task).text
    assert post(li, f"{task}/draft", {**second, **read_forms(page.text)[task]}).status_code == 303
    assert "第 2 个窗口" in li.get(task).text


def test_draft_keeps_uploads(bazaar: Bazaar, task: str) -> None:
    li = bazaar.visit("li")
    fields = fill_in(li, task, task, title="带附件的草稿")
    upload = (io.BytesIO(b"ports"), "ports.txt")
    sent = {**fields, "attachments-upload": upload}
    assert li.client.post(f"{task}/draft", data=sent, **li.options).status_code == 303
    page = li.get(task).text
    assert "ports.txt" in page
    again = post(li, f"{task}/draft", {**read_forms(page)[task], "title": "改过的标题"})
    assert again.status_code == 303
    assert "ports.txt" in li.get(task).text


def test_comments_are_for_those_who_take_part(bazaar: Bazaar) -> None:
    order_id = bazaar.draft("chen")
    task = f"/tasks/{bazaar.stage.task_id(bazaar.actor('chen'), order_id, 'describe_demand')}"
    chen, sun, li = bazaar.visit("chen"), bazaar.visit("sun"), bazaar.visit("li")
    fields = fill_in(chen, task, f"{task}/comments", text="<b>端口</b>对照表呢？")
    answers = [post(chen, f"{task}/comments", fields) for _ in range(2)]
    assert [(one.status_code, one.location) for one in answers] == [(303, f"{task}#comments")] * 2
    part = sun.get(task, headers={"HX-Request": "true"}).text
    assert part.count("&lt;b&gt;端口&lt;/b&gt;对照表呢？") == 1
    assert "<html" not in part
    grant_role(bazaar.engine, SYSTEM, bazaar.ids["gao"], PLATFORM, "auditor")
    page = bazaar.visit("gao", "auditor").get(f"/cases/{order_id}/work").text
    assert "个人内容，已隐藏" in page
    assert "对照表" not in page
    assert post(chen, f"{task}/comments", {**fields, "text": " "}).status_code == 422
    assert post(chen, f"{task}/comments", {**fields, "token": "x"}).status_code == 400
    stranger = fill_in(li, "/menu", "/preferences", token=fields["token"], text="hello")
    for address in (f"{task}/comments", f"{task}/draft"):
        assert post(li, address, stranger).status_code == 404
