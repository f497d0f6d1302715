"""Messages and signals: published from outside, delivered to whoever waits, one step each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import orjson
from sqlalchemy import Connection

from engine.language.errors import ValueUnfit
from engine.language.values import Border, ValueRefused, hide_references
from engine.records.history import event
from engine.records.messages import LIFE, MESSAGE, SIGNAL, add_message, add_signal, find_sent
from engine.records.submissions import Answer, SubmissionKey
from engine.records.subscriptions import find_waiting
from engine.runtime.engine import Engine
from engine.runtime.errors import NobodyWaits, SubmissionConflict
from engine.runtime.step import Command, Step, look_ahead, run_step
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict

MAX_LIFE = timedelta(days=366)
MAX_NAME, MAX_KEY, MAX_ID, MAX_PAYLOAD_BYTES = 120, 200, 100, 256_000


@dataclass(frozen=True)
class Arrival:
    """A message or signal that has come. `sender` is who sent it from outside, if anybody."""

    kind: str
    name: str
    key: str
    payload: PlainDict
    id: str | None = None
    sender: str | None = None


@dataclass(frozen=True)
class Published:
    """A message or signal from outside. `is_new` is false where the same was sent under this id before."""

    id: str
    is_new: bool


def publish_message(
    engine: Engine,
    actor: Actor,
    name: str,
    correlation_key: str,
    payload: PlainDict,
    *,
    message_id: str | None = None,
    life: timedelta = LIFE,
) -> Published:
    """Sends a message from outside: to the case that waits for it, to a start event, or into the buffer for its life.

    A sender's id is remembered for the life of the message: sent again it is answered, not repeated. Without a key a
    message can only begin cases. Raises ValueUnfit, and SubmissionConflict for other content under the same id.
    """
    _check_sent(name, payload, message_id)
    _require(len(correlation_key) <= MAX_KEY, f"a correlation key of at most {MAX_KEY} characters")
    _require(timedelta() < life <= MAX_LIFE, f"a life of more than nothing and at most {MAX_LIFE.days} days")

    def work(unit: UnitOfWork) -> Published:
        if message_id and _was_sent(unit.connection, actor, message_id, (MESSAGE, name, correlation_key, payload)):
            return Published(message_id, is_new=False)
        found = add_message(
            *(unit.connection, unit.now, name, correlation_key, payload),
            sender=actor.user_id,
            message_id=message_id,
            life=life,
        )
        return Published(found, is_new=True)

    return engine.database.transact(work)


def broadcast_signal(
    engine: Engine, actor: Actor, name: str, payload: PlainDict, *, signal_id: str | None = None
) -> Published:
    """Sends a signal from outside: to every case that waits for it now, and to every start event.

    A sender's id is remembered as that of a message. Raises ValueUnfit, SubmissionConflict.
    """
    _check_sent(name, payload, signal_id)

    def work(unit: UnitOfWork) -> Published:
        if signal_id and _was_sent(unit.connection, actor, signal_id, (SIGNAL, name, "", payload)):
            return Published(signal_id, is_new=False)
        return Published(add_signal(unit.connection, unit.now, name, payload, actor.user_id, signal_id), is_new=True)

    return engine.database.transact(work)


def _check_sent(name: str, payload: PlainDict, sent_id: str | None) -> None:
    _require(0 < len(name.strip()) <= MAX_NAME, f"a name of at most {MAX_NAME} characters")
    _require(sent_id is None or 0 < len(sent_id) <= MAX_ID, f"an id of at most {MAX_ID} characters")
    references: list[PlainDict] = []
    try:
        Border([], is_stored=True).accept(payload)
        hide_references(payload, references)
    except ValueRefused as refused:
        raise ValueUnfit(f"Expected plain data as payload. {refused}") from None
    _require(not references, "a payload without references to personal data")
    _require(len(orjson.dumps(payload)) <= MAX_PAYLOAD_BYTES, f"a payload of at most {MAX_PAYLOAD_BYTES} bytes")


def _require(is_so: bool, expected: str) -> None:
    if not is_so:
        raise ValueUnfit(f"Expected {expected}, but got another")


def _was_sent(connection: Connection, actor: Actor, sent_id: str, content: tuple[str, str, str, PlainDict]) -> bool:
    """Whether this sender sent the same under this id before. Raises SubmissionConflict if it was something else."""
    row = find_sent(connection, actor.user_id, sent_id)
    if row is None:
        return False
    before = (row["kind"], row["name"], row["correlation_key"], row["payload"])
    if orjson.dumps(before, option=orjson.OPT_SORT_KEYS) != orjson.dumps(content, option=orjson.OPT_SORT_KEYS):
        raise SubmissionConflict(f"message:{sent_id}")
    return True


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

    def look(connection: Connection) -> str:
        authorise(connection)
        waiting = find_waiting(connection, MESSAGE, name, correlation_key)
        if not waiting:
            raise NobodyWaits(name, correlation_key)
        return str(waiting[0].instance_id)

    found = look_ahead(engine, actor, key, look)
    if isinstance(found, Answer):
        return found.result

    def act(step: Step) -> Plain:
        result = before(step) if before else None
        deliver(step, Arrival(MESSAGE, name, correlation_key, payload))
        return result

    command = Command(kind, actor, act, authorise, key, content=payload)
    return run_step(engine, found, command)


def deliver(step: Step, arrival: Arrival) -> None:
    """Hands a message to the first place of this very instance that waits for it. Raises NobodyWaits."""
    waiting = find_waiting(step.connection, arrival.kind, arrival.name, arrival.key)
    here = next((row.task_id for row in waiting if row.instance_id == step.instance_id), None)
    if here is None:
        raise NobodyWaits(arrival.name, arrival.key)
    deliver_to(step, here, arrival)


def deliver_to(step: Step, task_id: str, arrival: Arrival) -> None:
    """Hands a message or signal to one waiting place, and writes down that it came."""
    task = step.case.get_task_from_id(task_id)
    facts: PlainDict = {"name": arrival.name, "key": arrival.key, "payload": arrival.payload}
    facts |= {"message": arrival.id, "sender": arrival.sender}
    step.note(event(arrival.kind, task=task_id, element=task.task_spec.element.id, **facts))
    step.case.deliver(task, arrival.payload)
