"""What happens by itself: timers that are due, and jobs that are due. One step or one transaction each."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from engine.commands.batches import end_batch, run_chunk
from engine.commands.delivery import (
    SIGNAL_ONE,
    START,
    deliver_message,
    deliver_signal,
    expire_messages,
    fan_out_signal,
)
from engine.commands.migration_jobs import work_on_migration
from engine.commands.migrations import KIND as MIGRATE
from engine.commands.triggers import begin_case, fire_start_timers
from engine.definitions.registry import JOB_HANDLERS, JobHandler
from engine.records.batches import END_BATCH, RUN_CHUNK
from engine.records.history import event
from engine.records.jobs import Job, LeaseLost, claim_due, postpone_job, retry_delay, settle_job
from engine.records.messages import MESSAGE, SIGNAL
from engine.runtime.engine import Engine
from engine.runtime.errors import InstanceClosed
from engine.runtime.host import StepOutbox
from engine.runtime.step import ACTIVE, CONTINUE, Command, Step, run_step
from engine.storage.actor import SYSTEM
from engine.storage.changes import WORK
from engine.storage.clock import format_instant
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import instance

log = logging.getLogger(__name__)
BATCH = 50
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
        self._unit = unit
        self._changes = engine.changes
        self.job_id = claimed.id
        self.payload = claimed.payload

    def announce(self, *topics: str) -> None:
        """See `registry.JobDone`."""
        self._unit.after_commit.append(lambda: self._changes.publish(topics or (WORK,)))


def run_due_work(engine: Engine) -> int:
    """One pass over due timers, due jobs and messages whose life is over; how many there were."""
    return fire_due_timers(engine) + fire_start_timers(engine) + run_due_jobs(engine) + expire_messages(engine)


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
        except Exception:  # whatever is wrong with one case must not stop the others
            log.exception("timers of case %s failed", instance_id)
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
        MESSAGE: deliver_message,
        SIGNAL: fan_out_signal,
        SIGNAL_ONE: deliver_signal,
        START: begin_case,
        CONTINUE: _continue,
        RUN_CHUNK: run_chunk,
        END_BATCH: end_batch,
        MIGRATE: work_on_migration,
    }
    runner = runners.get(claimed.kind)
    if runner is not None:
        runner(engine, claimed)
    else:
        _run_handler(engine, claimed, JOB_HANDLERS[claimed.kind])


def _run_handler(engine: Engine, claimed: Job, handler: JobHandler) -> None:
    result = handler.perform(EngineJobRun(engine, claimed.id, claimed.attempt, claimed.payload, engine.clock()))

    def work(unit: UnitOfWork) -> None:
        settle_job(unit.connection, claimed)
        if handler.finishing is not None:
            handler.finishing(EngineJobDone(engine, unit, claimed), result)

    engine.database.transact(work)


def _continue(engine: Engine, claimed: Job) -> None:
    """An element marked asyncBefore goes on, in a transaction of its own."""

    def act(step: Step) -> Plain:
        settle_job(step.connection, claimed)
        for task in step.case.async_waits():
            if task.id == claimed.payload["task"]:
                step.note(event("released", task=task.id, element=task.task_spec.element.id))
                step.case.release(task)
        return None

    try:
        run_step(engine, str(claimed.payload["instance"]), Command("continue", SYSTEM, act))
    except InstanceClosed:  # it ended first: nothing is left to do
        engine.database.transact(lambda unit: settle_job(unit.connection, claimed))


def _postpone(engine: Engine, claimed: Job, error: str) -> None:
    def work(unit: UnitOfWork) -> None:
        postpone_job(unit.connection, claimed, unit.now + retry_delay(claimed.attempt), error)

    engine.database.transact(work)
