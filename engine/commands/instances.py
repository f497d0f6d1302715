"""Starting and cancelling process instances."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from engine.definitions.catalogue import PROCESS, Pins
from engine.language.model import find_plain_start
from engine.records.history import GENESIS, event
from engine.records.submissions import SubmissionKey, ask_answer
from engine.runtime.engine import Engine
from engine.runtime.errors import SubmissionConflict
from engine.runtime.step import ACTIVE, CANCELLED, Command, Step, run_step
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_case_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.prepared import Prepared
from engine.storage.tables import instance, instance_party, process_start


@dataclass(frozen=True)
class Trigger:
    """What begins a case where nobody does: its start event, what that brought, and what history says of it.

    `by` is message, signal or timer.
    """

    element: str
    by: str
    payload: PlainDict
    facts: PlainDict


_FIRED = (
    update(process_start)
    .where(process_start.c.process_key == bindparam("process"), process_start.c.element == bindparam("start"))
    .values(fired_at=bindparam("now"))
)
_INSERT = Prepared(insert(instance))
_ADD_PARTY = Prepared(insert(instance_party))


def _take_content(step: Step) -> PlainDict:
    return step.command.content


def start_instance(
    engine: Engine,
    actor: Actor,
    process_key: str,
    values: PlainDict,
    token: str,
    business_key: str | None = None,
    take_in: Callable[[Step], PlainDict] = _take_content,
) -> str:
    """Starts an instance of the newest version; gives its id, the same one for a repeated token.

    `take_in` runs in the same transaction ahead of the first element and gives the data, the values unless it says
    otherwise. Raises UnknownDefinition, SubmissionConflict, and whatever `take_in` raises.
    """
    sent: PlainDict = {"values": values, "business_key": business_key}
    key = SubmissionKey.of(f"start:{process_key}", token, sent)
    command = Command("start", actor, lambda _: None, key=key, content=values)
    return begin_instance(engine, process_key, command, take_in, business_key)


def begin_instance(
    engine: Engine,
    process_key: str,
    command: Command,
    take_in: Callable[[Step], PlainDict],
    business_key: str | None = None,
) -> str:
    """As `start_instance`, for a command that says what was submitted where.

    Its start event's `camunda:initiator` is the variable that names who starts, see `Actor.data_id`.
    """
    actor, key = command.actor, command.key
    assert key is not None

    def work(unit: UnitOfWork) -> str:
        find = ask_answer(unit.connection, key, actor)
        pins = engine.catalogue.pin_newest(unit.connection)
        if answer := find():
            if not answer.is_same:
                raise SubmissionConflict(key.scope)
            return str(answer.instance_id)
        row = _insert_instance(unit, actor, pins, process_key, business_key)
        step = Step(engine, unit, row, command)
        if actor.party_id != PLATFORM:
            owner = {"instance_id": row["id"], "party_id": actor.party_id, "relation": "starter"}
            _ADD_PARTY.send(unit.connection, owner)
        start = find_plain_start(engine.catalogue.elements(unit.connection, row["definition_id"]), process_key)
        starter: PlainDict = {start.initiator: actor.data_id} if start and start.initiator else {}
        values = {**starter, **take_in(step)}
        step.note(event("started", process=process_key, pins=row["pin_set_id"], values=values))
        step.case.start(values)
        step.close({})
        return str(row["id"])

    return engine.database.transact(work)


def trigger_instance(
    engine: Engine, unit: UnitOfWork, process_key: str, trigger: Trigger, business_key: str | None = None
) -> str:
    """Begins an instance of the newest version by one of its start events; gives its id.

    Runs inside a transaction that makes sure it happens once. Raises UnknownDefinition.
    """
    pins = engine.catalogue.pin_newest(unit.connection)
    row = _insert_instance(unit, SYSTEM, pins, process_key, business_key)
    step = Step(engine, unit, row, Command("start", SYSTEM, lambda _: None))
    told = event("started", process=process_key, pins=row["pin_set_id"], element=trigger.element, by=trigger.by)
    step.note(told | event("started", **trigger.facts, payload=trigger.payload))
    step.case.start({}, trigger.element, trigger.payload)
    unit.connection.execute(_FIRED, {"process": process_key, "start": trigger.element, "now": unit.now})
    step.close({})
    return str(row["id"])


def cancel_instance(
    engine: Engine, actor: Actor, instance_id: str, reason: str, authorise: Callable[[Connection], None]
) -> None:
    """Ends an instance where it stands; every open element is cancelled. Raises NotFound, InstanceClosed."""

    def act(step: Step) -> Plain:
        step.note(event("cancelled_instance", reason=reason))
        step.case.cancel()
        step.row.update(status=CANCELLED, ended_at=step.now)
        return None

    run_step(engine, instance_id, Command("cancel", actor, act, authorise))


def _insert_instance(
    unit: UnitOfWork, actor: Actor, pins: Pins, process_key: str, business_key: str | None
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": new_case_id(unit.now),
        "definition_id": pins.find(PROCESS, process_key),
        "process_key": process_key,
        "pin_set_id": pins.id,
        "business_key": business_key,
        "subject_zh": "",
        "subject_en": "",
        "amount_fen": None,
        "status": ACTIVE,
        "outcome": None,
        "version": 0,
        "state": b"",
        "started_by": actor.user_id,
        "started_at": unit.now,
        "ended_at": None,
        "next_due_at": None,
        "history_seq": 0,
        "history_mac": GENESIS,
    }
    _INSERT.send(unit.connection, row | {"seal": b""})
    return row
