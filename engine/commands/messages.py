"""Messages and signals: delivered to whoever waits, one step each."""

from collections.abc import Callable

from sqlalchemy import Connection

from engine.records.history import event
from engine.records.submissions import SubmissionKey, find_answer
from engine.records.subscriptions import find_waiting
from engine.runtime.engine import Engine
from engine.runtime.errors import NobodyWaits, SubmissionConflict
from engine.runtime.step import Command, Step, run_step
from engine.storage.actor import Actor
from engine.storage.plain import Plain, PlainDict

MESSAGE = "message"


def _nothing(_connection: Connection) -> None:
    return None


def correlate_message(
    engine: Engine,
    actor: Actor,
    name: str,
    correlation_key: str,
    payload: PlainDict,
    *,
    key: SubmissionKey | None = None,
    authorise: Callable[[Connection], None] = _nothing,
    before: Callable[[Step], Plain] | None = None,
    kind: str = MESSAGE,
) -> Plain:
    """Delivers a message to the instance that waits for it, in one step, and gives what `before` returned.

    `before` runs under the instance's lock in the same transaction, ahead of the delivery; what it raises rolls
    everything back. Raises NobodyWaits, SubmissionConflict, and whatever `authorise` and `before` raise.
    """
    with engine.database.read() as connection:
        if key and (answer := find_answer(connection, key, actor)):
            if not answer.is_same:
                raise SubmissionConflict(key.scope)
            return answer.result
        authorise(connection)
        waiting = find_waiting(connection, MESSAGE, name, correlation_key)
    if not waiting:
        raise NobodyWaits(name, correlation_key)

    def act(step: Step) -> Plain:
        result = before(step) if before else None
        deliver(step, MESSAGE, name, correlation_key, payload)
        return result

    command = Command(kind, actor, act, authorise, key, content=payload)
    return run_step(engine, waiting[0].instance_id, command)


def deliver(
    step: Step, kind: str, name: str, correlation_key: str, payload: PlainDict, message_id: str | None = None
) -> None:
    """Hands a message to the first place of this very instance that waits for it. Raises NobodyWaits."""
    waiting = find_waiting(step.connection, kind, name, correlation_key)
    here = next((row.task_id for row in waiting if row.instance_id == step.instance_id), None)
    if here is None:
        raise NobodyWaits(name, correlation_key)
    deliver_to(step, here, kind, name, correlation_key, payload, message_id)


def deliver_to(
    step: Step,
    task_id: str,
    kind: str,
    name: str,
    correlation_key: str,
    payload: PlainDict,
    message_id: str | None = None,
) -> None:
    """Hands a message or signal to one waiting place, and writes down that it came."""
    task = step.case.get_task_from_id(task_id)
    element = task.task_spec.element.id
    step.note(
        event(kind, task=task_id, element=element, name=name, key=correlation_key, payload=payload, message=message_id)
    )
    step.case.deliver(task, payload)
