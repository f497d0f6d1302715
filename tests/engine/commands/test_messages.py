"""Messages: delivered once to whoever waits, kept for whoever does not wait yet, never lost."""

import threading

import pytest
from sqlalchemy import func, select

from engine.commands.deployments import deploy
from engine.commands.messages import correlate_message
from engine.commands.work import run_due_jobs
from engine.records import jobs
from engine.records.history import read_stream
from engine.records.messages import LIFE, add_message
from engine.records.submissions import SubmissionKey
from engine.runtime.engine import Engine
from engine.runtime.errors import NobodyWaits
from engine.runtime.step import Step
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain
from engine.storage.tables import job, submission
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, boundary, diagram, flow, message, node, note_form, taken, user
from tests.support.stage import BOSS, Stage


def _waiter() -> dict[str, bytes]:
    """Waits for `ping` with the key in `peer`, then for a person; `nudge` may come any number of times meanwhile."""
    body = (
        node("startEvent", "begun")
        + node("intermediateCatchEvent", "pinged", taken("count") + message("ping"), baton__correlationKey="${peer}")
        + user("fill")
        + boundary(
            "nudged", "fill", taken("count") + message("nudge"), interrupting=False, baton__correlationKey="${peer}"
        )
        + node("endEvent", "noted")
        + node("endEvent", "done")
        + flow("begun pinged fill done")
        + flow("nudged noted")
    )
    return {**FILES, **note_form(), **diagram("trial", body, "ping nudge")}


@pytest.fixture
def waiting(any_engine: Engine, clock: ManualClock) -> tuple[Stage, str]:
    deploy(any_engine, BOSS, _waiter())
    stage = Stage(any_engine, clock)
    return stage, stage.start(stage.person("ann"), "trial", {"who": "ann", "peer": "k1"})


def _send(stage: Stage, name: str, key: str, count: int = 1) -> None:
    def work(unit: UnitOfWork) -> None:
        add_message(unit.connection, unit.now, name, key, {"count": count, "secret": 1})

    stage.engine.database.transact(work)


def test_a_message_reaches_its_instance_with_what_is_mapped_only(waiting: tuple[Stage, str]) -> None:
    stage, instance_id = waiting
    _send(stage, "ping", "k1", 7)
    stage.settle()
    assert stage.open(instance_id) == {"fill"}
    assert stage.data(instance_id, "fill") == {"who": "ann", "peer": "k1", "count": 7}


def test_a_message_with_another_key_waits(waiting: tuple[Stage, str]) -> None:
    stage, instance_id = waiting
    _send(stage, "ping", "k2")
    stage.settle()
    assert stage.open(instance_id) == set()
    later = stage.start(stage.person("bob"), "trial", {"who": "bob", "peer": "k2"})
    stage.settle()
    assert stage.open(later) == {"fill"}, "the message that came first was kept for it"


def test_a_message_nobody_ever_waits_for_expires_and_is_written_down(waiting: tuple[Stage, str]) -> None:
    stage, _ = waiting
    _send(stage, "ping", "nobody")
    stage.settle()
    stage.wait(days=LIFE.days, seconds=1)
    with stage.engine.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(job)) == 0
        (row,) = read_stream(connection, "system:messages")
    assert row.events[0]["key"] == "nobody"


def test_each_of_several_messages_is_delivered_once(waiting: tuple[Stage, str]) -> None:
    stage, instance_id = waiting
    _send(stage, "ping", "k1")
    stage.settle()
    for count in range(3):
        _send(stage, "nudge", "k1", count)
    workers = [threading.Thread(target=run_due_jobs, args=(stage.engine, 1)) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    stage.settle()
    assert stage.path(instance_id).count("noted") == 3
    assert stage.open(instance_id) == {"fill"}


def test_correlation_runs_what_belongs_to_it_in_the_same_transaction(waiting: tuple[Stage, str]) -> None:
    stage, instance_id = waiting

    def refuse(step: Step) -> Plain:
        jobs.enqueue(step.connection, step.now, "never", {})
        raise KeyError("refused")

    with pytest.raises(KeyError):
        correlate_message(stage.engine, BOSS, "ping", "k1", {}, before=refuse)
    assert stage.open(instance_id) == set()
    with stage.engine.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(job)) == 0


def test_a_repeated_correlation_is_answered_from_its_record(waiting: tuple[Stage, str]) -> None:
    stage, instance_id = waiting
    key = SubmissionKey.of("ping:k1", "token", {})
    answers = [
        correlate_message(stage.engine, BOSS, "ping", "k1", {"count": 1}, key=key, before=lambda step: "answer")
        for _ in range(3)
    ]
    assert answers == ["answer"] * 3
    assert stage.path(instance_id).count("pinged") == 1
    with stage.engine.database.read() as connection:
        assert connection.scalar(select(func.count()).where(submission.c.scope == "ping:k1")) == 1


def test_correlating_with_nobody_is_refused(waiting: tuple[Stage, str]) -> None:
    stage, _ = waiting
    with pytest.raises(NobodyWaits):
        correlate_message(stage.engine, BOSS, "ping", "other", {})
