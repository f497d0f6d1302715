"""External tasks: what workers outside do with service tasks whose topic nobody registered.

A worker proves with a lock id that a task is his. Locking, extending and giving back change rows only; completing and
failing are steps of the instance. The same answer sent twice under one lock is answered, not repeated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from engine.language.errors import BpmnError, EngineError, TryAgain
from engine.language.specs.base import map_values
from engine.language.specs.task import TracedTask
from engine.language.values import Border, ValueRefused, has_reference
from engine.records.external import Lock, LockedTask, change_external_task, find_external_task, has_free, lock_free
from engine.records.history import event
from engine.records.submissions import Answer, SubmissionKey
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.step import Command, Step, look_ahead, run_step
from engine.storage.actor import Actor
from engine.storage.clock import format_instant
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict

KIND = "external"
MAX_LOCK = timedelta(days=1)
MAX_FETCHED = 100
MAX_RETRIES = 100
MAX_DETAILS_CHARACTERS = 4000


@dataclass(frozen=True)
class Worker:
    """A program outside: as whom it acts, and the topics it may work on."""

    actor: Actor
    topics: frozenset[str]


class LockLost(EngineError):
    """The task is not, or no longer, the worker's: the lock ran out, was given back, or somebody else has it."""

    def __init__(self, task_id: str) -> None:
        super().__init__("Expected a lock that holds, but it ran out or was given back", task=task_id)


class ExternalTaskFailed(EngineError):
    """A worker reported a failure and no retries are left."""


class RequestUnfit(EngineError):
    """What a worker sent cannot be used; `field` names the part."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, field=field)


def fetch_and_lock(
    engine: Engine, worker: Worker, name: str, topics: frozenset[str], lock: timedelta, limit: int
) -> list[LockedTask]:
    """Locks up to `limit` free tasks of these topics, the oldest first; `name` says who the worker is, for people.

    Raises RequestUnfit, also for a topic that is not the worker's.
    """
    if foreign := sorted(topics - worker.topics):
        raise RequestUnfit("topics", f"Expected topics of this token, but {foreign[0]} is none of them")
    _require_within("max", limit, 1, MAX_FETCHED)
    _require_lock(lock)
    with engine.database.read() as connection:
        if not has_free(connection, engine.clock(), topics):
            return []

    def work(unit: UnitOfWork) -> list[LockedTask]:
        held = Lock(name, worker.actor.user_id, unit.now + lock)
        return lock_free(unit.connection, unit.now, topics, held, limit)

    return engine.database.transact(work)


def extend_lock(engine: Engine, worker: Worker, task_id: str, lock_id: str, duration: timedelta) -> datetime:
    """Makes a lock that still holds last from now on; gives its end. Raises NotFound, LockLost, RequestUnfit."""
    _require_lock(duration)

    def work(unit: UnitOfWork) -> datetime:
        task = _find_locked(unit.connection, worker, task_id, lock_id)
        if task.locked_until <= unit.now:
            raise LockLost(task_id)
        change_external_task(unit.connection, task_id, unit.now + duration, is_given_back=False)
        return unit.now + duration

    return engine.database.transact(work)


def unlock(engine: Engine, worker: Worker, task_id: str, lock_id: str) -> None:
    """Gives a task back unharmed. Raises NotFound, LockLost."""

    def work(unit: UnitOfWork) -> None:
        _find_locked(unit.connection, worker, task_id, lock_id)
        change_external_task(unit.connection, task_id, unit.now, is_given_back=True)

    engine.database.transact(work)


def complete_external(engine: Engine, worker: Worker, task_id: str, lock_id: str, variables: PlainDict) -> None:
    """The work is done; of the variables the case takes what the diagram maps. A repeated call changes nothing.

    A lock that ran out is good enough as long as nobody else has taken the task. Raises NotFound, LockLost,
    SubmissionConflict, RequestUnfit for variables the diagram cannot map.
    """
    _require_plain(variables)

    def act(step: Step, task: TracedTask, held: LockedTask) -> None:
        _require_mappable(task, variables)
        _note(step, held, "worked", result=variables)
        step.case.complete_service(task, variables)

    _settle(engine, worker, task_id, lock_id, {"complete": variables}, act)


def throw_external(
    engine: Engine, worker: Worker, task_id: str, lock_id: str, code: str, message: str, variables: PlainDict
) -> None:
    """The work ends with a business error, for the boundary event with its code; without one it is an incident.

    Raises as `complete_external` does.
    """
    if not code:
        raise RequestUnfit("code", "Expected the code of a BPMN error, but it is empty")
    _require_plain(variables)

    def act(step: Step, task: TracedTask, held: LockedTask) -> None:
        _note(step, held, "worker_error", error=code, message=message, values=variables)
        step.case.throw(task, BpmnError(code, message, variables))

    _settle(engine, worker, task_id, lock_id, {"error": code, "message": message, "variables": variables}, act)


def fail_external(
    engine: Engine,
    worker: Worker,
    task_id: str,
    lock_id: str,
    message: str,
    details: str,
    retries: int,
    retry_after: timedelta,
) -> None:
    """The work could not be done. With retries left the task is free again after a while; else it is an incident,
    and an operator's retry offers it anew. Raises NotFound, LockLost, SubmissionConflict, RequestUnfit.
    """
    _require_within("retries", retries, 0, MAX_RETRIES)
    if not timedelta(0) <= retry_after <= MAX_LOCK:
        raise RequestUnfit("retry_after_seconds", f"Expected 0 to {MAX_LOCK.total_seconds():.0f} seconds")
    details = details[:MAX_DETAILS_CHARACTERS]
    facts: PlainDict = {"message": message, "details": details, "retries": retries}

    def act(step: Step, task: TracedTask, held: LockedTask) -> None:
        if not retries:
            _note(step, held, "worker_failed", **facts)
            step.case.fail_service(task, ExternalTaskFailed(message, topic=held.topic, details=details))
            return
        again = step.now + retry_after
        _note(step, held, "worker_failed", **facts, due_at=format_instant(again))
        values = {"retries": retries, "error": message}
        change_external_task(step.connection, task_id, again, is_given_back=True, **values)

    content: PlainDict = {"failure": facts, "retry_after": retry_after.total_seconds()}
    _settle(engine, worker, task_id, lock_id, content, act)


def _settle(
    engine: Engine,
    worker: Worker,
    task_id: str,
    lock_id: str,
    content: PlainDict,
    act: Callable[[Step, TracedTask, LockedTask], None],
) -> None:
    """Ends a lock in a step of the instance, once."""
    key = SubmissionKey.of(f"{KIND}:{task_id}", lock_id, content)
    held = look_ahead(engine, worker.actor, key, lambda connection: _find_locked(connection, worker, task_id, lock_id))
    if isinstance(held, Answer):
        return

    def run(step: Step) -> Plain:
        act(step, step.case.get_task_from_id(task_id), _find_locked(step.connection, worker, task_id, lock_id))
        return {}

    def authorise(connection: Connection) -> None:
        _find_locked(connection, worker, task_id, lock_id)

    command = Command(KIND, worker.actor, run, authorise, key, element=held.element, content=content)
    run_step(engine, held.instance_id, command)


def _find_locked(connection: Connection, worker: Worker, task_id: str, lock_id: str) -> LockedTask:
    """The task under this lock. Raises NotFound for what is not there or not the worker's to know, LockLost."""
    task = find_external_task(connection, task_id)
    if task is None or task.topic not in worker.topics:
        raise NotFound("external task", task_id)
    if not lock_id or task.lock != lock_id or task.token_id != worker.actor.user_id:
        raise LockLost(task_id)
    return task


def _note(step: Step, held: LockedTask, kind: str, **facts: Plain) -> None:
    where: PlainDict = {"task": held.id, "element": held.element, "topic": held.topic, "worker": held.worker}
    step.note(event(kind, **where, **facts))


def _require_plain(variables: PlainDict) -> None:
    if has_reference(variables):
        raise RequestUnfit("variables", "Expected no references to personal data, but there are some")
    try:
        Border([], is_stored=True).accept(variables)
    except ValueRefused as refused:
        raise RequestUnfit("variables", str(refused)) from None


def _require_mappable(task: TracedTask, variables: PlainDict) -> None:
    """What cannot be mapped is told to the worker, who can do better, and not left to an operator, who cannot."""
    for name, text in task.task_spec.element.outputs:
        try:
            map_values(task, [(name, text)], variables)
        except TryAgain:
            raise
        except Exception as error:
            message = f"Expected variables from which the diagram can make {name} ({text}), but: {error}"
            raise RequestUnfit("variables", message) from error


def _require_lock(duration: timedelta) -> None:
    if not timedelta(seconds=1) <= duration <= MAX_LOCK:
        raise RequestUnfit("lock_seconds", f"Expected 1 to {MAX_LOCK.total_seconds():.0f} seconds")


def _require_within(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise RequestUnfit(field, f"Expected {least} to {most}, but got {value}")
