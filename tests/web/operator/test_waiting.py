"""The page of messages that wait and of what begins cases: for operators, in both languages."""

from datetime import timedelta

import pytest
from flask import Flask

from engine.commands.deployments import deploy
from engine.commands.messages import publish_message
from engine.commands.work import settle
from engine.queries import waiting
from engine.runtime.engine import Engine
from tests.support.definitions import FILES, diagram, flow, message, node, note_form, timer, user
from tests.support.stage import BOSS
from tests.web.analyst.desk import sit_down
from tests.web.visitor import Visitor

CHECK = user("fill", camunda__candidateGroups="platform_reviewer")


@pytest.fixture
def operator(app: Flask, engine: Engine) -> Visitor:
    return sit_down(app, engine, "platform_operator")


def deploy_starts(engine: Engine) -> None:
    """A process that begins every weekday at nine and by the message `ping`."""
    body = (
        node("startEvent", "tick", timer("0 9 * * MON-FRI", "timeCycle"))
        + node("startEvent", "told", message("ping"))
        + node("exclusiveGateway", "merge")
        + CHECK
        + node("endEvent", "done")
        + flow("tick merge fill done")
        + flow("told merge")
    )
    deploy(engine, BOSS, {**FILES, **note_form(), **diagram("trial", body, "ping", variables="")})


def test_an_empty_page_says_what_will_come(operator: Visitor) -> None:
    page = operator.get("/waiting").text
    assert "没有等待中的消息" in page
    assert "没有流程自动发起" in page


def test_messages_say_why_they_wait_and_starts_when_they_begin(operator: Visitor, engine: Engine) -> None:
    deploy_starts(engine)
    publish_message(engine, BOSS, "ping", "k1", {}, message_id="first")
    publish_message(engine, BOSS, "ping", "k1", {}, message_id="second")
    publish_message(engine, BOSS, "parcel.arrived", "SF-1", {}, message_id="parcel", life=timedelta(hours=3))
    settle(engine)
    page = operator.get("/waiting").text
    assert "first" not in page, "it began a case"
    assert page.index("second") < page.index("parcel.arrived")
    assert "轮候：同键的实例仍在运行" in page
    assert "还没有实例等待它" in page
    assert "0 9 * * MON-FRI" in page
    assert "11月24日 09:00" in page
    operator.send("/preferences", {"language": "en", "next": "/waiting"}, page="/waiting")
    page = operator.get("/waiting").text
    assert "Waits for its turn" in page
    assert "24 Nov 09:00" in page


def test_of_very_many_messages_the_oldest_are_shown(
    operator: Visitor, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MAX_MESSAGES", 2)
    for number in range(3):
        publish_message(engine, BOSS, "ping", "k", {}, message_id=f"id-{number}")
    page = operator.get("/waiting").text
    assert "共 3 条，只显示最早的 2 条" in page
    assert ("id-1" in page, "id-2" in page) == (True, False)


@pytest.mark.parametrize("role", ["analyst", "auditor", "customer_service"])
def test_others_may_not_look(app: Flask, engine: Engine, role: str) -> None:
    assert sit_down(app, engine, role).get("/waiting").status_code == 403
