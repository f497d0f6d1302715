"""Incidents: grouped by cause, tried again one by one, by operators only."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask

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


class Machine:
    """A service that works, or does not."""

    is_broken = True


@pytest.fixture
def machine() -> Iterator[Machine]:
    """The service `press_plate`, which is gone afterwards."""
    found = Machine()

    @topic("press_plate")
    def press_plate(call: TopicCall) -> PlainDict:
        """Presses a plate."""
        if found.is_broken:
            raise OSError("the press is cold")
        return {}

    yield found
    del TOPICS["press_plate"]


@pytest.fixture
def cases(engine: Engine, clock: ManualClock, machine: Machine) -> list[str]:
    """Two cases that stopped at the same service."""
    body = node("startEvent", "begun") + user("fill") + service("press", "press_plate") + node("endEvent", "done")
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


def find_retries(visitor: Visitor) -> list[str]:
    return re.findall(r'action="(/incidents/\w+/retry)"', visitor.get("/incidents").text)


def test_incidents_of_one_cause_stand_together(operator: Visitor, cases: list[str]) -> None:
    page = operator.get("/incidents").text
    assert page.count("the press is cold") == 1
    assert "试验: press 中" in page
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


def test_incident_shows_on_the_case(operator: Visitor, cases: list[str]) -> None:
    assert "the press is cold" in operator.get(f"/cases/{cases[0]}/work").text
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
    answer = visitor.client.post("/incidents/any/retry", data={"csrf_token": token[1]}, **visitor.options)
    assert answer.status_code == 403


def test_unknown_incident_is_not_found(operator: Visitor) -> None:
    assert operator.send("/incidents/none/retry", {}, page="/incidents").status_code == 404
