"""Numbers between two sides: asked for by a job, given up after a while, ended by a job."""

import logging
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Connection, Row, select, update

from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.runtime.engine import Engine
from engine.services.chat.lines import say
from engine.services.chat.phones.chosen import provider_of
from engine.services.chat.phones.port import Bond, PhoneUnavailable
from engine.services.chat.rooms import find_room, limit_of, room_topic
from engine.services.chat.tables import phone_bond
from engine.services.job_engine import engine_of
from engine.services.policy import end_of
from engine.storage.plain import Plain, PlainDict
from engine.storage.vault import open_reference

log = logging.getLogger(__name__)
ASKED, BOUND, DOWN, RELEASED = "asked", "bound", "down", "released"
BIND, RELEASE = "phones.bind", "phones.release"
AGAIN = timedelta(seconds=5)
LONGEST = timedelta(days=30)  # a bond the provider ends by itself, should nobody tell him before


def find_bond(connection: Connection, order_id: str) -> Row[Any] | None:
    """The newest number of a room; None where none was ever asked for."""
    query = select(phone_bond).where(phone_bond.c.order_id == order_id)
    return connection.execute(query.order_by(phone_bond.c.asked_at.desc(), phone_bond.c.id.desc()).limit(1)).first()


def fetch_bond(connection: Connection, bond_id: str) -> Row[Any]:
    """The row of a number."""
    return connection.execute(select(phone_bond).where(phone_bond.c.id == bond_id)).one()


def bond_of(row: Row[Any]) -> Bond:
    """A number that is bound, as its provider knows it."""
    return Bond(str(row.provider_ref), str(row.number))


@job_handler(BIND)
def ask_for_number(run: JobRun) -> Plain:
    """Asks the provider. Where he gives no number, he is asked again, until the patience of the policy is over."""
    engine, bond_id = engine_of(run), str(run.payload["id"])
    with engine.database.read() as connection:
        row = fetch_bond(connection, bond_id)
        opened = [open_reference(connection, engine.keys, one) for one in _numbers(row)]
        room = find_room(connection, row.order_id)
    if row.state != ASKED or room is None:
        return None
    first, second = opened
    patience = end_of(str(limit_of(room, "chat_phone_patience")), row.asked_at, engine.zone)
    if first is None or second is None:  # a person was erased
        return {"state": DOWN}
    try:
        found = provider_of(engine).bind(bond_id, first, second, row.release_at or run.now + LONGEST)
    except PhoneUnavailable as error:
        log.warning("no number for room %s: %s", row.order_id, error)
        return {"state": ASKED if run.now < patience else DOWN}
    return {"state": BOUND, "provider": provider_of(engine).name, "ref": found.ref, "number": found.number}


def _numbers(row: Row[Any]) -> list[PlainDict]:
    """The references by the order of their sides."""
    numbers = cast(dict[str, PlainDict], row.numbers)
    return [numbers[side] for side in sorted(numbers)]


@ask_for_number.finish
def write_number(done: JobDone, result: Plain) -> None:
    """Writes down what the provider said, and says it in the room."""
    if not isinstance(result, dict):
        return
    row = fetch_bond(done.connection, str(done.payload["id"]))
    if result["state"] == ASKED:
        done.enqueue(BIND, {"id": row.id}, due_at=done.now + AGAIN, key=f"{BIND}:{row.id}")
        return
    values: dict[str, Any] = {"state": result["state"]}
    if result["state"] == BOUND:
        values |= {"provider": result["provider"], "provider_ref": result["ref"], "number": result["number"]}
        values |= {"bound_at": done.now}
    done.connection.execute(update(phone_bond).where(phone_bond.c.id == row.id).values(values))
    is_wanted = row.release_at is None or row.release_at > done.now
    if is_wanted:
        say(done, row.order_id, "phone_ready" if result["state"] == BOUND else "phone_down")
    done.announce(room_topic(row.order_id))


@job_handler(RELEASE)
def end_number(run: JobRun) -> Plain:
    """Tells the provider that a bond ends; tried until he has heard it, or the bond has ended by itself."""
    engine = engine_of(run)
    with engine.database.read() as connection:
        row = fetch_bond(connection, str(run.payload["id"]))
    if not _is_due(row, run.now):
        return None
    if row.state == BOUND and run.now < row.bound_at + LONGEST:
        provider_of(engine).release(bond_of(row))
    return {"state": RELEASED}


def _is_due(row: Row[Any], now: datetime) -> bool:
    """Whether it ends now: not where somebody has set a later end, nor where it has ended."""
    return row.state in (ASKED, BOUND) and row.release_at is not None and row.release_at <= now


@end_number.finish
def write_end(done: JobDone, result: Plain) -> None:
    """The number is nobody's any more, and the references to those behind it go."""
    if not isinstance(result, dict):
        return
    row = fetch_bond(done.connection, str(done.payload["id"]))
    ended = {"state": RELEASED, "released_at": done.now, "number": None, "numbers": {}}
    done.connection.execute(update(phone_bond).where(phone_bond.c.id == row.id).values(ended))
    if find_bond(done.connection, row.order_id) == fetch_bond(done.connection, row.id):
        say(done, row.order_id, "phone_ended")
    done.announce(room_topic(row.order_id))


def is_simulated(engine: Engine) -> bool:
    """Whether nothing rings."""
    return provider_of(engine).is_simulated
