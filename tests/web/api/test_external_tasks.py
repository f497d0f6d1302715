"""External tasks over HTTP: only tokens open the door, refusals name the field, the documented worker works."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from engine.commands.deployments import deploy
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.services.identity.workers import create_token, revoke_token
from engine.storage.actor import PLATFORM, Actor
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, diagram, flow, node, note_form, service, user
from tests.support.stage import BOSS, ROOT, Stage
from tests.web.analyst.desk import sit_down
from web.api.door import FAILURES, REQUESTS_PER_MINUTE

OLGA = Actor("olga", PLATFORM, "platform_operator")
TOPIC = "text.count"
EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)


class Program:
    """A program outside with its token."""

    def __init__(self, app: Flask, secret: str) -> None:
        self.client = app.test_client(use_cookies=False)
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def post(self, path: str, **body: Any) -> TestResponse:
        return self.client.post(f"/api/external-tasks/{path}", json=body, headers=self.headers)

    def fetch(self, **body: Any) -> list[dict[str, Any]]:
        answer = self.post("fetch", **{"worker": "counter-1", "topics": [TOPIC], "max": 10, **body})
        assert answer.status_code == 200, answer.text
        tasks: list[dict[str, Any]] = read(answer)["tasks"]
        return tasks


def read(answer: TestResponse) -> dict[str, Any]:
    """The JSON object of an answer."""
    content = answer.json
    assert isinstance(content, dict)
    return content


@pytest.fixture
def stage(engine: Engine, clock: ManualClock) -> Stage:
    body = (
        node("startEvent", "begun")
        + service("count", TOPIC, "text=${who}", "words=${words}")
        + user("look", camunda__assignee="ann")
        + node("endEvent", "done")
        + flow("begun count look done")
    )
    deploy(engine, BOSS, {**FILES, **note_form(), **diagram("trial", body)})
    return Stage(engine, clock)


@pytest.fixture
def token(engine: Engine) -> tuple[str, str]:
    return create_token(engine, OLGA, "Word counter", [TOPIC])


@pytest.fixture
def program(app: Flask, token: tuple[str, str]) -> Program:
    return Program(app, token[1])


def begin(stage: Stage, text: str = "three little words") -> str:
    return stage.start(BOSS, "trial", {"who": text, "peer": "secret"})


def test_a_task_is_fetched_extended_given_back_and_completed(stage: Stage, program: Program) -> None:
    instance_id = begin(stage)
    (task,) = program.fetch(lock_seconds=60)
    assert task["variables"] == {"text": "three little words"}
    assert (task["case"], task["process"], task["element"], task["retries"]) == (instance_id, "trial", "count", None)
    extended = program.post(f"{task['id']}/extend-lock", lock=task["lock"], lock_seconds=600)
    assert read(extended)["locked_until"] > task["locked_until"]
    assert program.post(f"{task['id']}/unlock", lock=task["lock"]).status_code == 204
    (task,) = program.fetch()
    for _ in range(2):
        answer = program.post(f"{task['id']}/complete", lock=task["lock"], variables={"words": 3, "who": "x"})
        assert answer.status_code == 204
    assert stage.data(instance_id, "look")["words"] == 3
    assert stage.data(instance_id, "look")["who"] == "three little words"


def test_a_failure_and_a_business_error_are_reported(stage: Stage, program: Program, clock: ManualClock) -> None:
    instance_id = begin(stage)
    (task,) = program.fetch()
    failed = {"lock": task["lock"], "message": "no paper", "details": "line 3", "retries": 1, "retry_after_seconds": 30}
    assert program.post(f"{task['id']}/failure", **failed).status_code == 204
    assert program.fetch() == []
    clock.advance(seconds=30)
    (task,) = program.fetch()
    error = {"lock": task["lock"], "code": "NO_PAPER", "message": "empty", "variables": {}}
    assert program.post(f"{task['id']}/bpmn-error", **error).status_code == 204
    assert "NO_PAPER" in stage.incidents(instance_id)[0]


def test_only_a_token_opens_the_door(app: Flask, stage: Stage, engine: Engine, token: tuple[str, str]) -> None:
    """The owner, another worker, a stranger, an operator with his cookie, and the owner once he is revoked."""
    begin(stage)
    owner, stranger = Program(app, token[1]), Program(app, "baton_guessed")
    (task,) = owner.fetch()
    body = {"lock": task["lock"], "variables": {"words": 1}}
    assert stranger.post(f"{task['id']}/complete", **body).status_code == 401
    assert Program(app, "").post("fetch").status_code == 401
    assert stranger.post("fetch").headers["WWW-Authenticate"] == "Bearer"
    operator = sit_down(app, engine, "platform_operator")
    assert operator.client.post("/api/external-tasks/fetch", json={}, **operator.options).status_code == 401
    other = Program(app, create_token(engine, OLGA, "Other", ["other.topic"])[1])
    assert other.post(f"{task['id']}/complete", **body).status_code == 404
    assert read(other.post("fetch", worker="x", topics=[TOPIC]))["field"] == "topics"
    same_topic = Program(app, create_token(engine, OLGA, "Another", [TOPIC])[1])
    assert read(same_topic.post(f"{task['id']}/complete", **body))["code"] == "lock_lost"
    revoke_token(engine, OLGA, token[0])
    assert owner.post(f"{task['id']}/complete", **body).status_code == 401
    assert stage.open(task["case"]) == set()


REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("fetch", "worker", {"topics": [TOPIC]}),
    ("fetch", "worker", {"worker": "x" * 81, "topics": [TOPIC]}),
    ("fetch", "topics", {"worker": "x", "topics": []}),
    ("fetch", "topics", {"worker": "x", "topics": [1]}),
    ("fetch", "lock_seconds", {"worker": "x", "topics": [TOPIC], "lock_seconds": "60"}),
    ("fetch", "lock_seconds", {"worker": "x", "topics": [TOPIC], "lock_seconds": 0}),
    ("fetch", "max", {"worker": "x", "topics": [TOPIC], "max": 1000}),
    ("fetch", "max", {"worker": "x", "topics": [TOPIC], "max": True}),
    ("fetch", "lockSeconds", {"worker": "x", "topics": [TOPIC], "lockSeconds": 5}),
    ("{id}/complete", "lock", {"variables": {}}),
    ("{id}/complete", "variables", {"lock": "{lock}", "variables": []}),
    ("{id}/complete", "variables", {"lock": "{lock}", "variables": {"word": 1}}),
    ("{id}/complete", "variables", {"lock": "{lock}", "variables": {"words": {"$vault": "x"}}}),
    ("{id}/bpmn-error", "code", {"lock": "{lock}"}),
    ("{id}/failure", "message", {"lock": "{lock}", "retries": 1}),
    ("{id}/failure", "retries", {"lock": "{lock}", "message": "x"}),
]


def test_what_does_not_fit_is_refused_by_its_name(stage: Stage, program: Program) -> None:
    begin(stage)
    (task,) = program.fetch()
    for path, field, body in REFUSED:
        sent = {name: task["lock"] if value == "{lock}" else value for name, value in body.items()}
        answer = program.post(path.format(**task), **sent)
        assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
        problem = read(answer)
        assert (problem["field"], problem["code"], problem["status"]) == (field, "request_unfit", 422)
        assert problem["detail"].startswith("Expected")
    assert program.post(f"{task['id']}/complete", lock=task["lock"], variables={"words": 1}).status_code == 204


def test_refusals_are_problems_in_the_language_asked_for(app: Flask, stage: Stage, program: Program) -> None:
    for language, title in (("zh", "没有找到这一页"), ("en", "There is no such page")):
        program.headers["Accept-Language"] = language
        absent = program.post("none/unlock", lock="x")
        assert (absent.status_code, absent.mimetype) == (404, "application/problem+json")
        assert read(absent)["title"] == title
    for content, kind, status in ((b"{", "application/json", 400), (b"[]", "application/json", 400), (b"a=1", "", 415)):
        answer = program.client.post(
            "/api/external-tasks/fetch", data=content, content_type=kind, headers=program.headers
        )
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert program.client.get("/api/external-tasks/fetch").status_code == 405
    assert program.client.post("/api/nothing").mimetype == "application/problem+json"


def test_too_many_requests_of_a_token_have_to_wait(program: Program, stage: Stage, clock: ManualClock) -> None:
    for _ in range(REQUESTS_PER_MINUTE):
        assert program.post("x/unlock", lock="x").status_code == 404
    refused = program.post("x/unlock", lock="x")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    clock.at += timedelta(minutes=1)
    assert program.post("x/unlock", lock="x").status_code == 404


def test_who_guesses_tokens_has_to_wait(app: Flask, program: Program, stage: Stage) -> None:
    guesser = Program(app, "baton_guess")
    assert {guesser.post("fetch").status_code for _ in range(FAILURES)} == {401}
    assert guesser.post("fetch").status_code == 429
    assert program.fetch() == [], "who has a token is let in all the same"


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where a real server serves the application."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def test_the_worker_of_the_documentation_works(
    stage: Stage, engine: Engine, token: tuple[str, str], address: str, tmp_path: Path
) -> None:
    cases = {begin(stage, text): words for text, words in (("three little words", 3), ("one", 1))}
    found = EXAMPLE.search((ROOT / "docs" / "external-tasks.md").read_text())
    assert found is not None
    (tmp_path / "worker.py").write_text(found[1])
    environment = {**os.environ, "BATON_URL": address, "BATON_TOKEN": token[1]}
    command = [sys.executable, "-c", "import worker; worker.work_off()"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {case: stage.data(case, "look")["words"] for case in cases} == cases
    with engine.database.read() as connection:
        last = read_stream(connection, next(iter(cases)))[-1]
    assert (last.actor_id, last.acting_role) == (token[0], "external_worker")
