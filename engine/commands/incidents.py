"""Incidents: an element that could not go on is tried again, with other values where these were the cause."""

from collections.abc import Callable, Collection

from sqlalchemy import Connection, Row, select, update

from engine.language.errors import EngineError
from engine.language.specs.task import TracedTask
from engine.language.values import Border, ValueRefused, has_reference, is_same
from engine.records.history import append_system
from engine.records.submissions import Answer, SubmissionKey
from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden, NotFound
from engine.runtime.host import resolve_incidents
from engine.runtime.step import Command, Step, look_ahead, run_step
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import incident, instance_party, job

JOBS_STREAM = "system:jobs"
MAX_REASON_CHARACTERS = 500


class FixInvalid(EngineError):
    """The new values cannot be taken; `field` names the variable, or `reason`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, field=field)


def retry_incident(engine: Engine, actor: Actor, incident_id: str) -> bool:
    """Runs the element of an open incident again; whether it went on. Raises NotFound if no such one is open."""
    return _try_again(engine, actor, incident_id, lambda _step, _task: None)


def retry_incidents(engine: Engine, actor: Actor, incident_ids: Collection[str]) -> tuple[int, int]:
    """Tries several again, each in a step of its own; how many went on, and how many failed again.

    Those that were resolved meanwhile count as neither.
    """
    results = []
    for incident_id in incident_ids:
        try:
            results.append(retry_incident(engine, actor, incident_id))
        except NotFound:
            continue
    return results.count(True), results.count(False)


def fix_incident(
    engine: Engine, actor: Actor, incident_id: str, values: PlainDict, reason: str, token: str, seen: PlainDict
) -> bool:
    """Gives process variables of the stopped element other values and runs it again, in one step; whether it went on.

    `seen` are the values the operator looked at: if one of them changed since, nothing is done. Personal data cannot
    be changed, and nobody changes a case that is his own. A repeated token is answered again.
    Raises NotFound, Forbidden, FixInvalid, SubmissionConflict.
    """
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON_CHARACTERS:
        raise FixInvalid("reason", f"Expected a reason of at most {MAX_REASON_CHARACTERS} characters")
    for name, value in values.items():
        _check_value(name, value)

    def prepare(step: Step, task: TracedTask) -> None:
        for name, value in values.items():
            _check_change(name, task.data.get(name), value, seen.get(name))
        step.case.fix(task, values, {"reason": reason, "incident": incident_id})

    key = SubmissionKey.of(f"fix:{incident_id}", token, {"values": values, "reason": reason})
    return _try_again(engine, actor, incident_id, prepare, key, {"values": values, "reason": reason})


def retry_job(engine: Engine, actor: Actor, job_id: str) -> bool:
    """Makes a job that failed due at once; False if there is none any more: it was done meanwhile."""

    def work(unit: UnitOfWork) -> bool:
        changed = unit.connection.execute(
            update(job).where(job.c.id == job_id, job.c.error.is_not(None)).values(due_at=unit.now)
        )
        if changed.rowcount:
            append_system(unit, engine.keys, JOBS_STREAM, actor, "job_retried", {"job": job_id})
        return bool(changed.rowcount)

    return engine.database.transact(work)


def _try_again(
    engine: Engine,
    actor: Actor,
    incident_id: str,
    prepare: Callable[[Step, TracedTask], None],
    key: SubmissionKey | None = None,
    content: PlainDict | None = None,
) -> bool:
    row = look_ahead(engine, actor, key, lambda connection: _find(connection, incident_id))
    if isinstance(row, Answer):
        return bool(row.result)

    def act(step: Step) -> Plain:
        found = _find(step.connection, incident_id)
        task = step.case.get_task_from_id(found.task_id)
        prepare(step, task)
        resolve_incidents(step.connection, [found.task_id], step.now)
        step.case.retry(task, {"incident": incident_id})
        return not any(stopped.id == found.task_id for stopped in step.case.stalled_tasks())

    def authorise(connection: Connection) -> None:
        _find(connection, incident_id)
        if key is not None:
            _refuse_own(connection, actor, row.instance_id)

    kind = "retry" if key is None else "fix"
    command = Command(kind, actor, act, authorise, key, element=row.element, content=content or {})
    return bool(run_step(engine, row.instance_id, command))


def _find(connection: Connection, incident_id: str) -> Row[str, str, str]:
    row = connection.execute(
        select(incident.c.instance_id, incident.c.task_id, incident.c.element).where(
            incident.c.id == incident_id, incident.c.resolved_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        raise NotFound("incident", incident_id)
    return row


def _refuse_own(connection: Connection, actor: Actor, instance_id: str) -> None:
    is_own = select(1).where(
        instance_party.c.instance_id == instance_id, instance_party.c.party_id.in_((actor.user_id, actor.data_id))
    )
    if connection.execute(is_own).first() is not None:
        raise Forbidden("Expected a case of others, but the actor is one of its own parties")


def _check_value(name: str, value: Plain) -> None:
    if not name.isidentifier() or name.startswith("_"):
        raise FixInvalid(name, f"Expected the name of a variable, but got {name!r}")
    if has_reference(value):
        raise FixInvalid(name, "Expected no reference to personal data, but there is one")
    try:
        Border([], is_stored=True).accept(value)
    except ValueRefused as refused:
        raise FixInvalid(name, str(refused)) from None


def _check_change(name: str, now: Plain, value: Plain, seen: Plain) -> None:
    if has_reference(now):
        raise FixInvalid(name, f"Expected a value that is not personal, but {name} is")
    if not is_same(now, seen):
        raise FixInvalid(name, f"Expected the value that was shown, but {name} has changed since")
    if is_same(now, value):
        raise FixInvalid(name, f"Expected another value, but {name} has it already")
