"""What the page of a case costs that has gone on for ten thousand events."""

from collections.abc import Iterator
from functools import partial

from sqlalchemy import delete

from bench import world
from bench.diagrams import loop
from bench.measuring import Figure, best_of
from engine.commands.work import settle
from engine.queries.inspection import Look, fetch_case
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.storage.actor import PLATFORM, Actor
from engine.storage.proving import keyframe
from engine.storage.schema import install_triggers

AUDITOR = Actor("audit", PLATFORM, "auditor", frozenset({"auditor"}))
SHORT_TURNS, LONG_TURNS, QUICK_TURNS = 100, 1_400, 300
BUDGET = 3.0


def measure_past(is_quick: bool) -> Iterator[Figure]:
    """A long case at its last record and in its middle, a short one = 1; then without keyframes."""
    turns = QUICK_TURNS if is_quick else LONG_TURNS
    with world.open_engine(loop()) as engine:
        short, long = (_run(engine, count) for count in (SHORT_TURNS, turns))
        with engine.database.read() as connection:
            events = sum(len(row.events) for row in read_stream(connection, long))
        base = _measure(engine, short, Look())
        name = f"the case view at {events:,} events"
        for where, look in (("its last record", Look()), ("its middle", Look(at=turns // 2 + 50))):
            seconds = _measure(engine, long, look)
            key = where.rpartition(" ")[2]
            yield Figure(f"past.ratio_{key}", f"{name}, {where}; {SHORT_TURNS} steps = 1", seconds / base, "x", BUDGET)
            yield Figure(f"past.cpu_ms_{key}", f"  {where}", seconds * 1e3, "ms")
        _forget(engine)
        yield Figure("past.cpu_ms_without", "  without keyframes", _measure(engine, long, Look()) * 1e3, "ms")


def _run(engine: Engine, turns: int) -> str:
    instance_id = world.start(engine, "loop")
    world.complete_next(engine, instance_id, turns - 1)
    settle(engine)
    return instance_id


def _measure(engine: Engine, instance_id: str, look: Look) -> float:
    return best_of(5, partial(fetch_case, engine, AUDITOR, instance_id, look), 3)


def _forget(engine: Engine) -> None:
    """As if they had never been written."""
    with engine.database.writer.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER keyframe_no_delete")
        connection.execute(delete(keyframe))
        install_triggers(connection)
