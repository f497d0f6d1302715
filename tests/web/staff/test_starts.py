"""Starting a case: what a role may start, the form that begins it, and where it leads."""

import re

from flask import Flask

from engine.commands.deployments import deploy
from engine.runtime.engine import Engine
from tests.engine.commands.test_starts import FIELDS, count_cases, startable
from tests.support.stage import BOSS
from tests.web.analyst.desk import sit_down
from tests.web.visitor import Visitor, register

TOKEN = re.compile(r'name="token" value="([^"]+)"')


def test_member_starts_and_goes_on_to_his_first_task(app: Flask, engine: Engine, visitor: Visitor) -> None:
    deploy(engine, BOSS, startable())
    register(engine, "ann")
    visitor.sign_in("ann")
    assert 'href="/start"' in visitor.get("/inbox").text
    assert 'href="/start/trial"' in visitor.get("/start").text
    found = TOKEN.search(visitor.get("/start/trial").text)
    assert found is not None
    refused = visitor.send("/start/trial", {"token": found[1], **FIELDS, "note": ""}, page="/start/trial")
    assert refused.status_code == 422
    assert count_cases(engine) == 0
    answer = visitor.send("/start/trial", {"token": found[1], **FIELDS}, page="/start/trial")
    assert answer.status_code == 303
    assert answer.location.startswith("/tasks/")
    again = visitor.send("/start/trial", {"token": found[1], **FIELDS}, page="/start/trial")
    assert again.location == answer.location
    assert count_cases(engine) == 1


def test_who_may_not_start_it_finds_nothing(app: Flask, engine: Engine) -> None:
    deploy(engine, BOSS, startable())
    reviewer = sit_down(app, engine, "platform_reviewer")
    assert 'href="/start"' not in reviewer.get("/inbox").text
    assert "当前角色没有可发起的流程" in reviewer.get("/start").text
    assert reviewer.get("/start/trial").status_code == 404
    assert reviewer.send("/start/trial", {"token": "t", **FIELDS}, page="/menu").status_code == 404
    assert count_cases(engine) == 0
