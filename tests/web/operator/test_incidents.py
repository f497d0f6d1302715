"""Incidents: grouped by cause, tried again one by one or together, with other values, by operators only."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from engine.commands.deployments import deploy
from engine.definitions.registry import TOPICS, TopicCall, topic
from engine.runtime.engine import Engine
from engine.storage.actor import Actor
from engine.storage.plain import PlainDict
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, diagram, flow, node, note_form, service, user
from tests.support.stage import BOSS, Stage
from tests.web.analyst.desk import sit_down
from tests.web.visitor import TOKEN, Visitor, register

FIELD = re.compile(r'<input[^>]* name="((?:was:|value:|token|reason|new_)[^"]*)" value="([^"]*)"')


class Machine:
    """A service that works, or does not, and never presses what it is told is bad."""

    is_broken = True


@pytest.fixture
def machine() -> Iterator[Machine]:
    """The service `press_plate`, which is gone afterwards."""
    found = Machine()

    @topic("press_plate")
    def press_plate(call: TopicCall, *, note: str) -> PlainDict:
        """Presses a plate."""
        if found.is_broken and note != "good":
            raise OSError("the press is cold")
        return {}

    yield found
    del TOPICS["press_plate"]


@pytest.fixture
def cases(engine: Engine, clock: ManualClock, machine: Machine) -> list[str]:
    """Two cases that stopped at the same service."""
    body = (
        node("startEvent", "begun")
        + user("fill")
        + service("press", "press_plate", "note=${note}")
        + node("endEvent", "done")
    )
    deploy(engine, BOSS, {**FILES, **note_form(), **diagram("trial", body + flow("begun fill press done"))})
    person = register(engine, "ann", "安娜", "Ann")
    stage, ann = Stage(engine, clock), Actor(person, person, "individual", frozenset({"individual"}))
    ids = [stage.start(ann, "trial", {"who": person, "peer": person}) for _ in range(2)]
    for one in ids:
        stage.do(ann, one, "fill", {"note": "板", "phone": "1"})
    return ids


@pytest.fixture
def operator(app: Flask, engine: Engine) -> Visitor:
    return sit_down(app, engine, "platform_operator")


def send(visitor: Visitor, page: TestResponse, path: str, **fields: str) -> TestResponse:
    """Sends the form of a page as it stands there, but for some fields."""
    found = TOKEN.search(page.text)
    assert found is not None
    kept = {unescape(name): unescape(value) for name, value in FIELD.findall(page.text)}
    return visitor.client.post(path, data={**kept, "csrf_token": found[1], **fields}, **visitor.options)


def find_retries(visitor: Visitor) -> list[str]:
    return re.findall(r'action="(/incidents/\w+/retry)"', visitor.get("/incidents").text)


def test_incidents_of_one_cause_stand_together(operator: Visitor, cases: list[str]) -> None:
    page = operator.get("/incidents").text
    assert page.count("the press is cold") == 1
    assert "试验：press 中" in page
    assert all(f"/cases/{one}/work" in page for one in cases)
    assert len(find_retries(operator)) == 2


def test_retry_goes_on_once_the_cause_is_gone(operator: Visitor, machine: Machine, cases: list[str]) -> None:
    retry = find_retries(operator)[0]
    failed = operator.send(retry, {}, page="/incidents")
    assert "重试后仍然失败" in operator.get(failed.location).text
    assert len(find_retries(operator)) == 2
    machine.is_broken = False
    for _ in cases:
        done = operator.send(find_retries(operator)[0], {}, page="/incidents")
    page = operator.get(done.location).text
    assert "重试成功" in page
    assert "没有未解决的异常事件" in page


def test_those_of_one_cause_are_tried_again_together(operator: Visitor, machine: Machine, cases: list[str]) -> None:
    together = find_retries(operator)[0] + "-same"
    failed = operator.send(together, {}, page="/incidents")
    assert "2 个重试后仍然失败" in operator.get(failed.location).text
    machine.is_broken = False
    together = find_retries(operator)[0] + "-same"
    done = operator.send(together, {}, page="/incidents")
    assert "重试成功，2 个实例已继续" in operator.get(done.location).text
    again = operator.send(together, {}, page="/menu")
    assert "已经有人处理了" in operator.get(again.location).text


def test_one_incident_says_where_why_and_what_was_kept(operator: Visitor, cases: list[str]) -> None:
    path = find_retries(operator)[0].removesuffix("/retry")
    page = operator.get(path).text
    for words in ("程序出错", "the press is cold", "press 中", "安娜 在“fill 中”提交的内容", "已试 1 次"):
        assert words in page
    assert f"/cases/{cases[0]}/forms" in page
    assert f'/cases/{cases[0]}/work?drawing=trial&amp;show=press#drawing"' in page
    assert 'data-show="press"' in operator.get(f"/cases/{cases[0]}/work?drawing=trial&show=press").text
    assert "data-show" not in operator.get(f"/cases/{cases[0]}/work").text
    assert 'name="value:note"' in page
    assert 'name="value:phone"' not in page, "personal data are not shown, and not changed here"
    assert "13800001234" not in page


def test_a_value_is_changed_after_a_preview_and_the_case_goes_on(operator: Visitor, cases: list[str]) -> None:
    path = find_retries(operator)[0].removesuffix("/retry")
    page = operator.get(path)
    for fields, words in (
        ({"value:note": "good", "reason": "x"}, "有些值读不懂"),
        ({"reason": "x"}, "没有改动任何值"),
        ({"value:note": '"good"', "reason": " "}, "请写明修改原因"),
    ):
        refused = send(operator, page, f"{path}/fix", **fields)
        assert refused.status_code == 422
        assert words in refused.text
    preview = send(operator, page, f"{path}/fix", **{"value:note": '"good"', "reason": "a typing error"})
    assert preview.status_code == 200
    assert re.search(r'class="was">板', preview.text)
    assert re.search(r'class="is">good', preview.text)
    assert len(find_retries(operator)) == 2, "nothing has changed yet"
    edited = send(operator, preview, f"{path}/fix", edited="1")
    assert "&#34;good&#34;" in edited.text
    for _ in range(2):
        done = send(operator, preview, f"{path}/fix", confirmed="1")
        assert "重试成功" in operator.get(done.location).text
    timelines = [operator.get(f"/cases/{one}").text for one in cases]
    assert ["修正数值并重试" in one and "a typing error" in one for one in timelines] == [True, False]
    assert "已于" in operator.get(path).text


def test_a_value_that_changed_meanwhile_is_not_overwritten(operator: Visitor, cases: list[str]) -> None:
    path = find_retries(operator)[0].removesuffix("/retry")
    stale = operator.get(path)
    first = {"value:note": '"better"', "reason": "x", "confirmed": "1"}
    assert send(operator, stale, f"{path}/fix", **first).status_code == 303
    path = next(one for one in find_retries(operator) if "better" in operator.get(one.removesuffix("/retry")).text)
    path = path.removesuffix("/retry")
    late = send(operator, stale, f"{path}/fix", **{"value:note": '"good"', "reason": "x", "confirmed": "1"})
    assert late.status_code == 422
    assert "note has changed since" in late.text


def test_what_failed_again_says_what_became_of_the_values(operator: Visitor, cases: list[str]) -> None:
    retry = find_retries(operator)[0]
    failed = operator.send(retry, {}, page="/incidents")
    assert "失败的实例没有改变" in operator.get(failed.location).text
    path = find_retries(operator)[0].removesuffix("/retry")
    better = {"value:note": '"better"', "reason": "x", "confirmed": "1"}
    failed = send(operator, operator.get(path), f"{path}/fix", **better)
    told = operator.get(failed.location).text
    assert "新值已保留" in told
    assert "没有改变" not in told


def test_the_address_of_an_incident_leads_to_the_one_there_is_now(
    operator: Visitor, machine: Machine, cases: list[str]
) -> None:
    retry = find_retries(operator)[0]
    old = retry.removesuffix("/retry")
    stale = operator.get(old)
    typed = {"value:note": '"good"', "reason": "mine"}
    preview = send(operator, stale, f"{old}/fix", **typed)
    for _ in range(2):
        operator.send(find_retries(operator)[0], {}, page="/incidents")  # the other one, then this one: both fail again
    now = operator.get(f"/cases/{cases[0]}/work").text
    (present,) = re.findall(r'href="(/incidents/\w+)"', now)
    assert present != old
    for answer in (operator.get(old), operator.send(retry, {}, page="/incidents")):
        assert answer.status_code == 303
        assert answer.location == f"{present}?meanwhile=1"
    assert "期间已重试过，仍然失败" in operator.get(answer.location).text
    for page, fields in ((stale, typed), (preview, {"confirmed": "1"})):
        late = send(operator, page, f"{old}/fix", **fields)
        assert late.status_code == 409
        assert "您的修改没有提交" in late.text
        assert "&#34;good&#34;" in late.text
        assert f'action="{present}/fix"' in late.text
    done = send(operator, late, f"{present}/fix", reason="mine", **{"value:note": '"good"'}, confirmed="1")
    assert "重试成功" in operator.get(done.location).text
    assert "已于" in operator.get(old).text
    gone = send(operator, stale, f"{old}/fix", **typed)
    assert (gone.status_code, gone.location) == (303, old)


def test_an_incident_is_as_old_as_its_first_attempt_wherever_it_is_shown(
    operator: Visitor, clock: ManualClock, cases: list[str]
) -> None:
    first = re.findall(r'<time datetime="([^"]+)"', operator.get("/incidents").text)[0]
    clock.advance(minutes=13)
    operator.send(find_retries(operator)[0], {}, page="/incidents")
    assert first in operator.get("/incidents").text
    (shown,) = re.findall(r'notice-bad".*?<time datetime="([^"]+)"', operator.get(f"/cases/{cases[0]}/work").text)
    assert shown == first


def test_incident_shows_on_the_case(operator: Visitor, cases: list[str]) -> None:
    work = operator.get(f"/cases/{cases[0]}/work").text
    assert "the press is cold" in work
    assert re.search(r'href="/incidents/\w+"', work)
    assert '"press": "err"' in operator.get(f"/cases/{cases[0]}").text
    assert "有异常事件" in operator.get("/cases?status=incident").text


def test_retry_needs_the_token_of_the_form(operator: Visitor, cases: list[str]) -> None:
    retry = find_retries(operator)[0]
    assert operator.client.post(retry, data={}, **operator.options).status_code == 400
    assert operator.get(retry).status_code == 405


@pytest.mark.parametrize("role", ["analyst", "auditor", "customer_service"])
def test_others_may_neither_look_nor_retry(app: Flask, engine: Engine, cases: list[str], role: str) -> None:
    visitor = sit_down(app, engine, role)
    assert visitor.get("/incidents").status_code == 403
    token = TOKEN.search(visitor.get("/menu").text)
    assert token is not None
    for path in ("/incidents/any", "/jobs", "/workers"):
        assert visitor.get(path).status_code == 403
    for path in ("/incidents/any/retry", "/incidents/any/retry-same", "/incidents/any/fix", "/jobs/any/retry"):
        answer = visitor.client.post(path, data={"csrf_token": token[1]}, **visitor.options)
        assert answer.status_code == 403


def test_unknown_incident_is_not_found(operator: Visitor) -> None:
    assert operator.get("/incidents/none").status_code == 404
    for action in ("retry", "retry-same", "fix"):
        assert operator.send(f"/incidents/none/{action}", {}, page="/menu").status_code == 404
