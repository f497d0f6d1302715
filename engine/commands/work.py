"""What happens by itself: timers that are due, and jobs that are due. One step or one transaction each."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from engine.commands.batches import end_batch, run_chunk
from engine.commands.messages import deliver, deliver_to
from engine.definitions.registry import JOB_HANDLERS, JobHandler
from engine.records.batches import END_BATCH, RUN_CHUNK
from engine.records.history import append_system, event
from engine.records.jobs import (
    MESSAGE,
    Job,
    LeaseLost,
    claim_due,
    enqueue,
    finish_job,
    postpone_job,
    retry_delay,
    settle_job,
)
from engine.records.subscriptions import find_waiting
from engine.runtime.engine import Engine
from engine.runtime.errors import InstanceClosed
from engine.runtime.host import SIGNAL, StepOutbox
from engine.runtime.step import ACTIVE, CONTINUE, Command, Step, run_step
from engine.storage.actor import SYSTEM
from engine.storage.clock import format_instant, parse_instant
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import instance

log = logging.getLogger(__name__)
BATCH = 50
SIGNAL_ONE = "signal.deliver"
MESSAGES_STREAM = "system:messages"
_DUE_INSTANCES = (
    select(instance.c.id)
    .where(instance.c.next_due_at <= bindparam("now"), instance.c.status == ACTIVE)
    .order_by(instance.c.next_due_at)
    .limit(BATCH)
)


@dataclass(frozen=True)
class EngineJobRun:
    """See `registry.JobRun`."""

    engine: Engine
    job_id: str
    attempt: int
    payload: PlainDict
    now: datetime


class EngineJobDone(StepOutbox):
    """See `registry.JobDone`."""

    def __init__(self, engine: Engine, unit: UnitOfWork, claimed: Job) -> None:
        super().__init__(unit.connection, engine.keys, unit.now)
        self.job_id = claimed.id
        self.payload = claimed.payload


def run_due_work(engine: Engine) -> int:
    """One pass over due timers and due jobs; how many there were."""
    return fire_due_timers(engine) + run_due_jobs(engine)


def settle(engine: Engine) -> int:
    """Passes until nothing is due any more; how much there was. Jobs that fail wait for their next attempt."""
    total = 0
    while count := run_due_work(engine):
        total += count
    return total


def fire_due_timers(engine: Engine) -> int:
    """Fires the due timers of up to BATCH instances, each in a step of its own; how many instances moved."""
    with engine.database.read() as connection:
        due = connection.execute(_DUE_INSTANCES, {"now": engine.clock()}).scalars().all()
    moved = 0
    for instance_id in due:
        try:
            run_step(engine, instance_id, Command("timer", SYSTEM, _fire_timers))
            moved += 1
        except InstanceClosed:
            continue  # somebody ended it between the look and the lock
    return moved


def _fire_timers(step: Step) -> Plain:
    fired = 0
    due = sorted((at, task_id) for task_id, at in step.case.timers() if at <= step.now)
    for at, task_id in due:
        if task_id not in {still for still, _ in step.case.timers()}:
            continue  # an earlier timer of this pass has cancelled it
        task = step.case.get_task_from_id(task_id)
        element = task.task_spec.element.id
        step.note(event("timer", task=task_id, element=element, due_at=format_instant(at)))
        step.case.fire_timer(task)
        fired += 1
    return fired


def run_due_jobs(engine: Engine, limit: int = 10) -> int:
    """Claims due jobs and does them; how many there were. A job that fails is kept, with its error, for later."""
    claimed = engine.database.transact(lambda unit: claim_due(unit.connection, unit.now, limit))
    for one in claimed:
        try:
            _run(engine, one)
        except LeaseLost:
            log.warning("job %s was taken over by another worker", one.id)
        except Exception as error:  # whatever a job does wrong must not stop the others
            log.exception("job %s (%s) failed", one.id, one.kind)
            _postpone(engine, one, f"{type(error).__name__}: {error}"[:2000])
    return len(claimed)


def _run(engine: Engine, claimed: Job) -> None:
    runners: dict[str, Callable[[Engine, Job], None]] = {
        MESSAGE: _deliver_message,
        SIGNAL: _fan_out_signal,
        SIGNAL_ONE: _deliver_signal,
        CONTINUE: _continue,
        RUN_CHUNK: run_chunk,
        END_BATCH: end_batch,
    }
    runner = runners.get(claimed.kind)
    if runner is not None:
        runner(engine, claimed)
    else:
        _run_handler(engine, claimed, JOB_HANDLERS[claimed.kind])


def _run_handler(engine: Engine, claimed: Job, handler: JobHandler) -> None:
    result = handler.perform(EngineJobRun(engine, claimed.id, claimed.attempt, claimed.payload, engine.clock()))

    def work(unit: UnitOfWork) -> None:
        if not finish_job(unit.connection, claimed):
            raise LeaseLost(claimed.id)
        if handler.finishing is not None:
            handler.finishing(EngineJobDone(engine, unit, claimed), result)

    engine.database.transact(work)


def _finish(step: Step, claimed: Job) -> None:
    settle_job(step.connection, claimed)


def _deliver_message(engine: Engine, claimed: Job) -> None:
    name, key = str(claimed.payload["name"]), str(claimed.payload["key"])
    payload = claimed.payload["payload"]
    assert isinstance(payload, dict)
    with engine.database.read() as connection:
        waiting = find_waiting(connection, MESSAGE, name, key)
    if not waiting:
        _keep_message(engine, claimed, name, key)
        return

    def act(step: Step) -> Plain:
        _finish(step, claimed)
        deliver(step, MESSAGE, name, key, payload, claimed.id)
        return None

    run_step(engine, waiting[0].instance_id, Command("message", SYSTEM, act))


def _keep_message(engine: Engine, claimed: Job, name: str, key: str) -> None:
    """Nobody waits yet: the message stays until somebody does, or until its life is over."""
    expires_at = parse_instant(str(claimed.payload["expires_at"]))

    def work(unit: UnitOfWork) -> None:
        if unit.now < expires_at:
            postpone_job(unit.connection, claimed, expires_at, None)  # `wake_messages` calls it earlier
        elif finish_job(unit.connection, claimed):
            facts: PlainDict = {"message": claimed.id, "name": name, "key": key}
            append_system(unit, engine.keys, MESSAGES_STREAM, SYSTEM, "expired", facts)

    engine.database.transact(work)


def _fan_out_signal(engine: Engine, claimed: Job) -> None:
    """A signal reaches everybody who listens now, each in a step of its own."""

    def work(unit: UnitOfWork) -> None:
        if not finish_job(unit.connection, claimed):
            raise LeaseLost(claimed.id)
        for row in find_waiting(unit.connection, SIGNAL, str(claimed.payload["name"]), ""):
            target: PlainDict = {"instance": row.instance_id, "task": row.task_id}
            enqueue(unit.connection, unit.now, SIGNAL_ONE, {**claimed.payload, **target})

    engine.database.transact(work)


def _deliver_signal(engine: Engine, claimed: Job) -> None:
    payload, name = claimed.payload["payload"], str(claimed.payload["name"])
    assert isinstance(payload, dict)

    def act(step: Step) -> Plain:
        _finish(step, claimed)
        if claimed.payload["task"] in {found[0] for found in step.case.subscriptions()}:
            deliver_to(step, str(claimed.payload["task"]), SIGNAL, name, "", payload, claimed.id)
        return None

    _on_instance(engine, claimed, "signal", act)


def _continue(engine: Engine, claimed: Job) -> None:
    """An element marked asyncBefore goes on, in a transaction of its own."""

    def act(step: Step) -> Plain:
        _finish(step, claimed)
        for task in step.case.async_waits():
            if task.id == claimed.payload["task"]:
                step.case.release(task)
        return None

    _on_instance(engine, claimed, "continue", act)


def _on_instance(engine: Engine, claimed: Job, kind: str, act: Callable[[Step], Plain]) -> None:
    try:
        run_step(engine, str(claimed.payload["instance"]), Command(kind, SYSTEM, act))
    except InstanceClosed:  # it ended first: nothing is left to do
        engine.database.transact(lambda unit: finish_job(unit.connection, claimed))


def _postpone(engine: Engine, claimed: Job, error: str) -> None:
    def work(unit: UnitOfWork) -> None:
        postpone_job(unit.connection, claimed, unit.now + retry_delay(claimed.attempt), error)

    engine.database.transact(work)
