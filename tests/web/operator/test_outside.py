"""Work outside the steps: failing jobs and their next attempt, batches under way, external tasks, tokens."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from engine.commands.deployments import deploy
from engine.commands.external import fail_external, fetch_and_lock
from engine.commands.work import run_due_jobs
from engine.definitions.registry import JOB_HANDLERS, TOPICS, ChunkCall, JobRun, TopicCall, batch_topic, job_handler
from engine.records.jobs import enqueue
from engine.runtime.engine import Engine
from engine.services.identity.workers import find_worker
from engine.storage.plain import Plain
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, diagram, flow, node, note_form, service
from tests.support.stage import BOSS, Stage
from tests.web.analyst.desk import sit_down
from tests.web.visitor import Visitor

SECOND = timedelta(seconds=1)


@pytest.fixture
def operator(app: Flask, engine: Engine) -> Visitor:
    return sit_down(app, engine, "platform_operator")


@pytest.fixture
def stage(engine: Engine, clock: ManualClock) -> Iterator[Stage]:
    """A process whose case sends letters in a batch and has one printed outside."""

    @batch_topic("trial.post")
    def plan(call: TopicCall) -> list[Plain]:
        """Sends letters."""
        return list(range(250))

    @plan.chunk
    def send(call: ChunkCall, items: list[Plain]) -> Plain:
        if call.number == 1:
            call.reject(items[7], "no address")
        return len(items)

    body = (
        node("startEvent", "begun")
        + node("parallelGateway", "fork")
        + service("post", "trial.post")
        + service("print", "trial.print", "text=${who}")
        + node("parallelGateway", "join")
        + node("endEvent", "done")
        + flow("begun fork post join done")
        + flow("fork print join")
    )
    deploy(engine, BOSS, {**FILES, **note_form(), **diagram("trial", body)})
    yield Stage(engine, clock)
    del TOPICS["trial.post"]


def test_batches_and_external_tasks_show_how_far_they_are(operator: Visitor, stage: Stage, clock: ManualClock) -> None:
    instance_id = stage.start(BOSS, "trial", {"who": "hello", "peer": ""})
    run_due_jobs(stage.engine, limit=2)
    jobs = operator.get("/jobs").text
    assert "已完成 2/3 批" in jobs
    assert "1 项不能办理" in jobs
    case = operator.get(f"/cases/{instance_id}").text
    assert "已完成 2/3 批" in case
    assert "外部工作者，主题" in case
    assert "等待工作者" in operator.get("/workers").text

    operator.send("/workers/tokens", {"name": "Printer", "topics": "trial.print"}, page="/workers")
    secret = make_token(operator, "Printer 2", "trial.print, other")
    worker = find_worker(stage.engine, secret)
    assert worker is not None
    (held,) = fetch_and_lock(stage.engine, worker, "press 7", worker.topics & {"trial.print"}, 60 * SECOND, 1)
    assert "press 7 办理中" in operator.get("/workers").text
    assert "press 7 办理中" in operator.get(f"/cases/{instance_id}").text
    fail_external(stage.engine, worker, held.id, held.lock, "paper jam", "", 2, 600 * SECOND)
    assert "paper jam" in operator.get("/workers").text
    timeline = operator.get(f"/cases/{instance_id}").text
    for words in ("外部工作者答复", "Printer 2", "外部工作者失败于", "paper jam", "批量任务开始于", "交给外部工作者"):
        assert words in timeline
    stage.settle()
    assert "批量任务完成于" in operator.get(f"/cases/{instance_id}").text


def test_a_token_is_shown_once_and_revoked(operator: Visitor, engine: Engine) -> None:
    secret = make_token(operator, "Printer", "trial.print")
    page = operator.get("/workers").text
    assert secret not in page
    assert find_worker(engine, secret) is not None
    (revoke,) = re.findall(r'action="(/workers/tokens/\w+/revoke)"', page)
    operator.send(revoke, {}, page="/workers")
    assert find_worker(engine, secret) is None
    assert "已吊销" in operator.get("/workers").text
    assert operator.send(revoke, {}, page="/workers").status_code == 303, "once more changes nothing"
    assert operator.send("/workers/tokens/none/revoke", {}, page="/workers").status_code == 404


@pytest.mark.parametrize(
    ("name", "topics", "words"),
    [
        (" ", "trial.print", "写一个 1 至 80 个字的名称"),
        ("x" * 81, "trial.print", "写一个 1 至 80 个字的名称"),
        ("Printer", " , ", "写 1 至 50 个主题名称"),
        ("Printer", "a/b", "写 1 至 50 个主题名称"),
    ],
)
def test_a_token_needs_a_name_and_topics(operator: Visitor, name: str, topics: str, words: str) -> None:
    refused = operator.send("/workers/tokens", {"name": name, "topics": topics}, page="/workers")
    assert refused.status_code == 422
    assert words in refused.text
    assert "baton_" not in refused.text


def test_a_job_that_keeps_failing_is_seen_with_its_next_attempt_and_tried_at_once(
    operator: Visitor, engine: Engine, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[Exception | None] = [OSError("the bank is closed"), OSError("the bank is closed"), None]

    monkeypatch.delitem(JOB_HANDLERS, "payout.send")

    @job_handler("payout.send")
    def perform(run: JobRun) -> Plain:
        if error := errors.pop(0):
            raise error
        return None

    engine.database.transact(lambda unit: enqueue(unit.connection, unit.now, "payout.send", {"payout": "P-7"}))
    run_due_jobs(engine)
    assert "the bank is closed" not in operator.get("/jobs").text, "a single failure is mostly over by itself"
    clock.advance(seconds=2)
    run_due_jobs(engine)
    page = operator.get("/jobs").text
    for words in ("发起提现", "P-7", "the bank is closed", "已试 2 次", "下次尝试"):
        assert words in page
    assert run_due_jobs(engine) == 0
    (retry,) = re.findall(r'action="(/jobs/\w+/retry)"', page)
    operator.send(retry, {}, page="/jobs")
    assert run_due_jobs(engine) == 1
    assert "后台没有失败的工作" in operator.get("/jobs").text
    late = operator.send(retry, {}, page="/menu")
    assert "已经完成" in operator.get(late.location).text


def make_token(operator: Visitor, name: str, topics: str) -> str:
    """Makes a token on the page and reads its secret."""
    page = operator.send("/workers/tokens", {"name": name, "topics": topics}, page="/workers").text
    found = re.search(r'class="secret">(baton_[\w-]+)<', page)
    assert found is not None
    return found[1]
