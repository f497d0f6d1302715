"""Jobs that hand messages and signals over: to whoever waits, in a step of its own, or to a start event."""

from sqlalchemy import Connection, select

from engine.commands.instances import Trigger, trigger_instance
from engine.commands.messages import Arrival, deliver, deliver_to
from engine.records.history import append_system
from engine.records.jobs import Job, enqueue, settle_job
from engine.records.messages import (
    MESSAGE,
    SIGNAL,
    Message,
    has_expired,
    has_message,
    is_turn_taken,
    remove_expired,
    take_oldest,
    take_turn,
)
from engine.records.subscriptions import find_waiting
from engine.runtime.engine import Engine
from engine.runtime.errors import InstanceClosed, NobodyWaits
from engine.runtime.step import Command, Step, run_step
from engine.storage.actor import SYSTEM
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import process_start

SIGNAL_ONE = "signal.deliver"
START = "start"
STREAM = "system:messages"
EXPIRED_AT_ONCE = 100
RECEIVERS_TRIED = 10
MAX_BUSINESS_KEY = 120


class _NothingLeft(Exception):
    """Another job has delivered what this one found; nothing is to be written."""


def deliver_message(engine: Engine, claimed: Job) -> None:
    """Delivers the oldest message of a name and key: to the first place that waits for it, else to a start event.

    Where nobody takes it, it stays: whoever begins to wait for it adds a job like this one.
    """
    name, key = str(claimed.payload["name"]), str(claimed.payload["key"])
    try:
        for _ in range(RECEIVERS_TRIED):
            receiver = _find_receiver(engine, name, key)
            if receiver is None:
                engine.database.transact(lambda unit: _begin_case(engine, unit, claimed, name, key))
                return
            if _hand_over(engine, claimed, name, key, receiver):
                return
        raise NobodyWaits(name, key)  # they come and go faster than we look: later
    except _NothingLeft:
        engine.database.transact(lambda unit: settle_job(unit.connection, claimed))


def _find_receiver(engine: Engine, name: str, key: str) -> str | None:
    """The instance that has waited longest. Raises _NothingLeft."""
    with engine.database.read() as connection:
        if not has_message(connection, engine.clock(), name, key):
            raise _NothingLeft
        waiting = find_waiting(connection, MESSAGE, name, key)
    return waiting[0].instance_id if waiting else None


def _hand_over(engine: Engine, claimed: Job, name: str, key: str, instance_id: str) -> bool:
    """False if the instance has ended or gone on in between, with nothing written."""

    def act(step: Step) -> Plain:
        settle_job(step.connection, claimed)
        deliver(step, _arrive(_take(step.connection, step.unit, name, key)))
        return None

    try:
        run_step(engine, instance_id, Command("message", SYSTEM, act))
    except (InstanceClosed, NobodyWaits):
        return False
    return True


def _begin_case(engine: Engine, unit: UnitOfWork, claimed: Job, name: str, key: str) -> None:
    """Nobody waits: the message begins a case, unless no start event takes it or an earlier one has its turn."""
    settle_job(unit.connection, claimed)
    start = _list_starts(unit.connection, MESSAGE, name)
    if not start or is_turn_taken(unit.connection, name, key):
        return
    process_key, element = start[0]
    found = _take(unit.connection, unit, name, key)
    facts: PlainDict = {"name": name, "key": key, "message": found.id, "sender": found.sender}
    business_key = key if 0 < len(key) <= MAX_BUSINESS_KEY else None
    trigger = Trigger(element, MESSAGE, found.payload, facts)
    instance_id = trigger_instance(engine, unit, process_key, trigger, business_key)
    take_turn(unit.connection, instance_id, name, key)


def _take(connection: Connection, unit: UnitOfWork, name: str, key: str) -> Message:
    found = take_oldest(connection, unit.now, name, key)
    if found is None:
        raise _NothingLeft
    return found


def _arrive(found: Message) -> Arrival:
    return Arrival(MESSAGE, found.name, found.key, found.payload, found.id, found.sender)


def fan_out_signal(engine: Engine, claimed: Job) -> None:
    """A signal reaches everybody who waits now, each in a step of its own, and begins a case by every start event."""
    name, payload = str(claimed.payload["name"]), claimed.payload["payload"]

    def work(unit: UnitOfWork) -> None:
        settle_job(unit.connection, claimed)
        for row in find_waiting(unit.connection, SIGNAL, name, ""):
            target: PlainDict = {"instance": row.instance_id, "task": row.task_id}
            enqueue(unit.connection, unit.now, SIGNAL_ONE, {**claimed.payload, **target})
        for process_key, element in _list_starts(unit.connection, SIGNAL, name):
            start: PlainDict = {"process": process_key, "element": element, "by": SIGNAL, "payload": payload}
            enqueue(unit.connection, unit.now, START, start | {"facts": {"name": name, "signal": claimed.id}})

    engine.database.transact(work)


def deliver_signal(engine: Engine, claimed: Job) -> None:
    """One place that waited when the signal was sent; nothing happens if it waits no more."""
    payload, name, task = claimed.payload["payload"], str(claimed.payload["name"]), str(claimed.payload["task"])
    assert isinstance(payload, dict)

    def act(step: Step) -> Plain:
        settle_job(step.connection, claimed)
        if task not in {found[0] for found in step.case.subscriptions()}:
            raise _NothingLeft
        deliver_to(step, task, Arrival(SIGNAL, name, "", payload, claimed.id))
        return None

    try:
        run_step(engine, str(claimed.payload["instance"]), Command("signal", SYSTEM, act))
    except (InstanceClosed, _NothingLeft):
        engine.database.transact(lambda unit: settle_job(unit.connection, claimed))


def expire_messages(engine: Engine) -> int:
    """Forgets messages whose life is over; those nobody ever waited for are written down. How many those were."""
    with engine.database.read() as connection:
        if not has_expired(connection, engine.clock()):
            return 0

    def work(unit: UnitOfWork) -> int:
        rows = remove_expired(unit.connection, unit.now, EXPIRED_AT_ONCE)
        for row in rows:
            facts: PlainDict = {"message": row["id"], "name": row["name"], "key": row["correlation_key"]}
            if row["sender_id"] != SYSTEM.user_id:
                facts["sender"] = row["sender_id"]
            append_system(unit, engine.keys, STREAM, SYSTEM, "expired", facts)
        return len(rows)

    return engine.database.transact(work)


def _list_starts(connection: Connection, kind: str, name: str) -> list[tuple[str, str]]:
    """Process and start event of what a message or signal of this name begins."""
    query = (
        select(process_start.c.process_key, process_start.c.element)
        .where(process_start.c.name == name, process_start.c.kind == kind)
        .order_by(process_start.c.process_key, process_start.c.element)
    )
    return [(row.process_key, row.element) for row in connection.execute(query)]
