"""Calls over the number of a room: who wants to call is told what to dial; what became of it is said in the room."""

from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Connection, Row, insert, select, update

from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.records.jobs import enqueue
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.chat.errors import PhoneNotReady
from engine.services.chat.lines import LINE, add_message
from engine.services.chat.lines import say as say_line
from engine.services.chat.phones.bonds import BOUND, bond_of, fetch_bond, find_bond
from engine.services.chat.phones.chosen import provider_of
from engine.services.chat.phones.port import Outcome
from engine.services.chat.rooms import look, room_topic
from engine.services.chat.tables import phone_call
from engine.services.job_engine import engine_of
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import Plain

FOLLOW = "phones.follow"
EVERY, LONGEST = timedelta(seconds=10), timedelta(hours=1)


def begin_call(engine: Engine, actor: Actor, order_id: str, token: str) -> str:
    """Somebody wants to call the other side; gives the number to dial. A repeated token is the same call.

    Possible as long as the number is bound, also a while after the end. Raises NotFound, PhoneNotReady.
    """

    def work(unit: UnitOfWork) -> str:
        side = look(unit.connection, actor, order_id, unit.now).side
        if side is None:
            raise NotFound("chat room", order_id)
        bond = find_bond(unit.connection, order_id)
        if bond is None or bond.state != BOUND:
            raise PhoneNotReady(order_id)
        same = select(phone_call.c.id).where(phone_call.c.bond_id == bond.id, phone_call.c.token == token)
        if unit.connection.execute(same).first() is None:
            _note_call(unit, actor, order_id, bond.id, side, token)
            unit.after_commit.append(lambda: engine.changes.publish([room_topic(order_id)]))
        return str(bond.number)

    return engine.database.transact(work)


def _note_call(unit: UnitOfWork, actor: Actor, order_id: str, bond_id: str, side: str, token: str) -> None:
    call_id = new_id()
    row = {"id": call_id, "bond_id": bond_id, "token": token, "side": side, "outcome": Outcome.BEGUN, "at": unit.now}
    unit.connection.execute(insert(phone_call).values(row))
    said = {"token": call_id, "kind": LINE, "side": "", "author_id": actor.user_id, "party_id": actor.party_id}
    add_message(unit.connection, unit.now, order_id, **said, content={"line": "called", "facts": {}})
    enqueue(unit.connection, unit.now, FOLLOW, {"id": call_id}, due_at=unit.now + EVERY)


@job_handler(FOLLOW)
def follow_call(run: JobRun) -> Plain:
    """Asks the provider what became of a call; longer than LONGEST nobody is asked."""
    engine = engine_of(run)
    with engine.database.read() as connection:
        call = _fetch(connection, str(run.payload["id"]))
        bond = fetch_bond(connection, call.bond_id)
    if bond.state != BOUND or run.now - call.at > LONGEST:
        return {"outcome": Outcome.UNKNOWN, "seconds": 0}
    state = provider_of(engine).ask_call(bond_of(bond), call.id, call.at)
    return {"outcome": state.outcome, "seconds": state.seconds}


@follow_call.finish
def write_outcome(done: JobDone, result: Plain) -> None:
    """Writes down how it ended, and says it; a call that goes on is asked for again."""
    said = cast(dict[str, Any], result)
    outcome, seconds = Outcome(said["outcome"]), int(said["seconds"])
    call_id = str(done.payload["id"])
    if outcome is Outcome.BEGUN:
        done.enqueue(FOLLOW, {"id": call_id}, due_at=done.now + EVERY)
        return
    ended = {"outcome": outcome, "seconds": seconds if outcome is Outcome.ANSWERED else None}
    done.connection.execute(update(phone_call).where(phone_call.c.id == call_id).values(ended))
    order_id = fetch_bond(done.connection, _fetch(done.connection, call_id).bond_id).order_id
    if outcome is Outcome.ANSWERED:
        say_line(done, order_id, "spoke", {"seconds": seconds})
    elif outcome is Outcome.MISSED:
        say_line(done, order_id, "missed")
    done.announce(room_topic(order_id))


def _fetch(connection: Connection, call_id: str) -> Row[Any]:
    return connection.execute(select(phone_call).where(phone_call.c.id == call_id)).one()
