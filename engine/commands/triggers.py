"""What begins cases by itself: kept at every deployment, and timers that have come due."""

import logging
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from engine.commands.delivery import START
from engine.commands.instances import Trigger, trigger_instance
from engine.language.errors import ValueUnfit
from engine.language.model import Element, list_triggered_starts
from engine.language.specs.durations import Calendar
from engine.language.specs.schedules import continue_cycle, due_of, find_due, start_cycle
from engine.records.jobs import Job, enqueue, settle_job
from engine.records.messages import MESSAGE, wake_named
from engine.runtime.calendar import read_calendar
from engine.runtime.engine import Engine
from engine.storage.clock import format_instant
from engine.storage.database import UnitOfWork
from engine.storage.plain import PlainDict
from engine.storage.tables import process_start

log = logging.getLogger(__name__)
TIMER = "timer"
BATCH = 50
_DUE = (
    select(process_start.c.process_key, process_start.c.element)
    .where(process_start.c.next_due_at <= bindparam("now"))
    .order_by(process_start.c.next_due_at)
    .limit(BATCH)
)
_THIS = (process_start.c.process_key == bindparam("process")) & (process_start.c.element == bindparam("start"))
_LOCK = select(process_start).where(_THIS).with_for_update()


def replace_starts(engine: Engine, unit: UnitOfWork, definition_id: str, process_key: str) -> None:
    """From now on this version of a process says what begins its cases; its timers count from now.

    A date that has passed begins nothing, and a repetition goes on with its next turn.
    """
    connection = unit.connection
    connection.execute(delete(process_start).where(process_start.c.process_key == process_key))
    calendar = read_calendar(engine, connection)
    for start in list_triggered_starts(engine.catalogue.elements(connection, definition_id), process_key):
        name = start.message_name or start.signal_name or (start.timer[1] if start.timer else "")
        cycle, due = _schedule(start, unit.now, calendar)
        row = {"process_key": process_key, "element": start.id, "definition_id": definition_id, "kind": start.event}
        timing = {"name": name, "cycle": cycle, "next_due_at": due, "fired_at": None}
        connection.execute(insert(process_start), row | timing)
        if start.event == MESSAGE:
            wake_named(connection, unit.now, name)


def _schedule(start: Element, now: datetime, calendar: Calendar) -> tuple[PlainDict | None, datetime | None]:
    """The first turn of a timer that lies ahead; none if there is none."""
    if start.timer is None:
        return None, None
    kind, text = start.timer
    try:
        if kind != "timeCycle":
            due = find_due(text, now, calendar)
            return None, due if due > now else None
        cycle: PlainDict | None = start_cycle(text, now, calendar)
    except ValueUnfit:  # it was checked: its end has passed
        return None, None
    if cycle is not None and due_of(cycle) <= now:
        cycle = continue_cycle(cycle, now, calendar)
    return cycle, due_of(cycle) if cycle is not None else None


def fire_start_timers(engine: Engine) -> int:
    """Begins a case for every timer start that is due, one for all turns that were missed; how many."""
    with engine.database.read() as connection:
        due = connection.execute(_DUE, {"now": engine.clock()}).all()
    fired = 0
    for process_key, element in due:
        try:
            fired += engine.database.transact(partial(_fire, engine, process_key, element))
        except Exception:  # whatever is wrong with one start must not stop the others
            log.exception("timer start %s of %s failed", element, process_key)
    return fired


def _fire(engine: Engine, process_key: str, element: str, unit: UnitOfWork) -> bool:
    """Moves the timer on and leaves a job that begins the case; false if somebody else has done so."""
    this = {"process": process_key, "start": element}
    row = unit.connection.execute(_LOCK, this).mappings().one_or_none()
    if row is None or row["next_due_at"] is None or row["next_due_at"] > unit.now:
        return False
    cycle = row["cycle"] and continue_cycle(row["cycle"], unit.now, read_calendar(engine, unit.connection))
    moved = {"cycle": cycle, "next_due_at": due_of(cycle) if cycle else None}
    unit.connection.execute(update(process_start).where(_THIS), this | moved)
    due_at = format_instant(row["next_due_at"])
    start: PlainDict = {"process": process_key, "element": element, "by": TIMER, "payload": {"due_at": due_at}}
    enqueue(unit.connection, unit.now, START, start | {"facts": {"timer": row["name"]}})
    return True


def begin_case(engine: Engine, claimed: Job) -> None:
    """Begins a case by a signal or timer; nothing, where the newest version no longer begins that way."""
    process_key, element, by = (str(claimed.payload[name]) for name in ("process", "element", "by"))
    payload, facts = claimed.payload["payload"], claimed.payload["facts"]
    assert isinstance(payload, dict)
    assert isinstance(facts, dict)

    def work(unit: UnitOfWork) -> None:
        settle_job(unit.connection, claimed)
        row = _find_start(unit.connection, process_key, element)
        if row is None or row["kind"] != by:
            log.warning("%s no longer begins by %s: no case was begun", process_key, element)
            return
        trigger_instance(engine, unit, process_key, Trigger(element, by, payload, facts))

    engine.database.transact(work)


def _find_start(connection: Connection, process_key: str, element: str) -> RowMapping | None:
    query = select(process_start).where(process_start.c.process_key == process_key, process_start.c.element == element)
    return connection.execute(query).mappings().one_or_none()
