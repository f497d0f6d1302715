"""What happens by itself: timers fire once and not before their time, jobs survive whoever does them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.commands import work
from engine.commands.deployments import deploy
from engine.commands.incidents import retry_incident
from engine.definitions import registry
from engine.definitions.registry import JobDone, JobRun, TopicCall, job_handler, topic
from engine.language.errors import BpmnError
from engine.records import jobs
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import incident, job, party
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, boundary, diagram, flow, node, note_form, service, timer, user
from tests.support.stage import BOSS, Stage

BROKEN = {"is_broken": True, "code": ""}
CALLS: list[str] = []
ANN = Actor("ann", "ann", "individual", frozenset({"individual"}))


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    """What a test registers is gone afterwards."""
    topics, handlers = dict(registry.TOPICS), dict(registry.JOB_HANDLERS)
    BROKEN.update(is_broken=True, code="")
    CALLS.clear()
    yield
    registry.TOPICS.clear()
    registry.TOPICS.update(topics)
    registry.JOB_HANDLERS.clear()
    registry.JOB_HANDLERS.update(handlers)


def _service_process() -> dict[str, bytes]:
    error = '<bpmn:errorEventDefinition errorRef="e_no_money"/>'
    body = (
        node("startEvent", "begun")
        + service("pay", "trial.pay", "who=${who}", "paid=${paid}")
        + boundary("refused", "pay", error)
        + user("fill")
        + node("endEvent", "done")
        + node("endEvent", "not_paid")
        + flow("begun fill pay done")
        + flow("refused not_paid")
    )
    files = diagram("trial", body)
    declared = b'<bpmn:error id="e_no_money" name="NO_MONEY" errorCode="NO_MONEY"/><bpmn:process '
    return {**FILES, **note_form()} | {path: xml.replace(b"<bpmn:process ", declared) for path, xml in files.items()}


def _pay(call: TopicCall, *, who: str) -> PlainDict:
    """Writes a row, then fails as long as it is told to."""
    CALLS.append(call.key)
    row = {"id": f"paid-{who}", "kind": "person", "name_zh": "x", "name_en": "x", "created_at": call.now}
    call.connection.execute(party.insert().values(row | {"is_certified": 0, "has_agreement": 0, "is_suspended": 0}))
    if BROKEN["code"]:
        raise BpmnError(str(BROKEN["code"]), "balance 0")
    if BROKEN["is_broken"]:
        raise ZeroDivisionError("boom")
    return {"paid": True}


@pytest.fixture
def paying(any_engine: Engine, clock: ManualClock) -> tuple[Stage, str]:
    topic("trial.pay")(_pay)
    deploy(any_engine, BOSS, _service_process())
    stage = Stage(any_engine, clock)
    ann = stage.person("ann")
    instance_id = stage.start(ann, "trial", {"who": "ann"})
    return stage, instance_id


def _parties(stage: Stage) -> set[str]:
    with stage.engine.database.read() as connection:
        return set(connection.execute(select(party.c.id)).scalars())


def test_a_failing_service_keeps_the_submission_and_opens_an_incident(paying: tuple[Stage, str]) -> None:
    stage, instance_id = paying
    stage.do(ANN, instance_id, "fill", {"note": "typed"})
    assert stage.incidents(instance_id) == ["ZeroDivisionError: boom"]
    assert stage.data(instance_id, "pay")["note"] == "typed"
    assert "paid-ann" not in _parties(stage), "what the service had written is rolled back"
    with stage.engine.database.read() as connection:
        incident_id = connection.scalar(select(incident.c.id).where(incident.c.resolved_at.is_(None)))
    assert incident_id
    retry_incident(stage.engine, BOSS, incident_id)
    assert len(stage.incidents(instance_id)) == 1, "it failed again, with an incident of its own"
    with pytest.raises(NotFound):
        retry_incident(stage.engine, BOSS, incident_id)
    BROKEN["is_broken"] = False
    with stage.engine.database.read() as connection:
        incident_id = connection.scalar(select(incident.c.id).where(incident.c.resolved_at.is_(None)))
    assert incident_id
    retry_incident(stage.engine, BOSS, incident_id)
    assert stage.outcome(instance_id) == "done"
    assert stage.incidents(instance_id) == []
    assert "paid-ann" in _parties(stage)
    assert len(CALLS) == 3
    assert len(set(CALLS)) == 1, "every attempt carries the same idempotency key"


def test_a_business_error_goes_to_the_boundary_and_leaves_nothing_of_the_service(paying: tuple[Stage, str]) -> None:
    stage, instance_id = paying
    BROKEN["code"] = "NO_MONEY"
    stage.do(ANN, instance_id, "fill", {"note": "x"})
    assert stage.outcome(instance_id) == "not_paid"
    assert "paid-ann" not in _parties(stage)
    assert stage.incidents(instance_id) == []


def test_a_business_error_nobody_catches_is_an_incident(paying: tuple[Stage, str]) -> None:
    stage, instance_id = paying
    BROKEN["code"] = "UNFORESEEN"
    stage.do(ANN, instance_id, "fill", {"note": "x"})
    (message,) = stage.incidents(instance_id)
    assert "UNFORESEEN" in message
    assert "balance 0" in message


def test_a_timer_fires_once_at_its_time(any_engine: Engine, clock: ManualClock) -> None:
    body = (
        node("startEvent", "begun")
        + user("fill")
        + boundary("late", "fill", timer("PT4H"))
        + node("endEvent", "expired")
        + node("endEvent", "done")
        + flow("begun fill done")
        + flow("late expired")
    )
    deploy(any_engine, BOSS, {**FILES, **note_form(), **diagram("trial", body)})
    stage = Stage(any_engine, clock)
    instance_id = stage.start(stage.person("ann"), "trial", {"who": "ann"})
    stage.wait(hours=3, minutes=59, seconds=59)
    assert stage.open(instance_id) == {"fill"}
    stage.wait(seconds=1)
    assert stage.outcome(instance_id) == "expired"
    assert work.fire_due_timers(any_engine) == 0
    assert stage.path(instance_id).count("late") == 1


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1)])
def test_timers_of_a_case_outlive_clock_jumps(any_engine: Engine, clock: ManualClock, jump: timedelta) -> None:
    body = (
        node("startEvent", "begun")
        + user("fill")
        + boundary("late", "fill", timer("WT:P2D"))
        + boundary("hourly", "fill", timer("0 * * * *", "timeCycle"), interrupting=False)
        + node("endEvent", "expired")
        + node("endEvent", "told")
        + node("endEvent", "done")
        + flow("begun fill done")
        + flow("late expired")
        + flow("hourly told")
    )
    deploy(any_engine, BOSS, {**FILES, **note_form(), **diagram("trial", body)})
    stage, begin = Stage(any_engine, clock), clock.at
    instance_id = stage.start(stage.person("ann"), "trial", {"who": "ann"})
    clock.at = begin - jump
    stage.wait(seconds=jump.total_seconds() - 1)
    assert stage.path(instance_id).count("hourly") == 0, "set back: nothing before its time on the wall"
    clock.at = begin + timedelta(hours=1)
    stage.settle()
    clock.at += jump
    stage.settle()
    assert stage.path(instance_id).count("hourly") == 2, "set forward: one for all that were skipped"
    clock.at -= jump
    stage.wait(seconds=jump.total_seconds())
    assert stage.path(instance_id).count("hourly") == 2, "set back again: none a second time"
    stage.wait(hours=1)
    assert stage.path(instance_id).count("hourly") == 3
    assert stage.open(instance_id) == {"fill"}
    clock.at = begin + timedelta(days=2)
    stage.settle()
    assert stage.outcome(instance_id) == "expired"
    assert stage.path(instance_id).count("late") == 1


def test_a_job_that_fails_is_kept_with_its_error_and_tried_again_later(any_engine: Engine, clock: ManualClock) -> None:
    failures = [KeyError("away"), None]
    finished: list[Plain] = []

    @job_handler("trial.job")
    def perform(run: JobRun) -> Plain:
        if error := failures.pop(0):
            raise error
        return run.attempt

    @perform.finish
    def finish(done: JobDone, result: Plain) -> None:
        finished.append(result)
        done.enqueue("trial.next", {}, key="once")
        done.enqueue("trial.next", {}, key="once")

    def enqueue(unit: UnitOfWork) -> None:
        jobs.enqueue(unit.connection, unit.now, "trial.job", {})

    any_engine.database.transact(enqueue)
    assert work.run_due_jobs(any_engine) == 1
    with any_engine.database.read() as connection:
        row = connection.execute(select(job)).one()
    assert "away" in row.error
    assert row.due_at > clock()
    assert work.run_due_jobs(any_engine) == 0
    clock.advance(seconds=2)
    assert work.run_due_jobs(any_engine) == 1
    assert finished == [2]
    with any_engine.database.read() as connection:
        assert [row.kind for row in connection.execute(select(job))] == ["trial.next"]


def test_the_pause_doubles_with_every_failure_up_to_an_hour(any_engine: Engine, clock: ManualClock) -> None:
    @job_handler("trial.job")
    def perform(run: JobRun) -> Plain:
        raise KeyError("away")

    any_engine.database.transact(lambda unit: jobs.enqueue(unit.connection, unit.now, "trial.job", {}))
    pauses = []
    for _ in range(14):
        assert work.run_due_jobs(any_engine) == 1
        with any_engine.database.read() as connection:
            due_at = connection.execute(select(job.c.due_at)).scalar_one()
        pauses.append((due_at - clock()).total_seconds())
        clock.at = due_at - timedelta(seconds=1)
        assert work.run_due_jobs(any_engine) == 0
        clock.at = due_at
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600]


def test_a_job_whose_worker_died_is_taken_over_after_the_lease(any_engine: Engine, clock: ManualClock) -> None:
    any_engine.database.transact(lambda unit: jobs.enqueue(unit.connection, unit.now, "trial.job", {}))

    def claim() -> list[jobs.Job]:
        return any_engine.database.transact(lambda unit: jobs.claim_due(unit.connection, unit.now))

    (first,) = claim()
    assert claim() == []
    clock.advance(seconds=jobs.LEASE_SECONDS)
    (second,) = claim()
    assert (first.id, first.attempt, second.attempt) == (second.id, 1, 2)
    assert any_engine.database.transact(lambda unit: jobs.finish_job(unit.connection, first)) is False
    assert any_engine.database.transact(lambda unit: jobs.finish_job(unit.connection, second)) is True
