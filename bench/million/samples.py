"""Cases that are really played: what the rows of all others are made of, and those that steps are measured on."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from bench import world
from engine.runtime.engine import Engine
from engine.storage.database import UnitOfWork
from engine.storage.tables import history, instance, submission, task
from tests.support.definitions import FILES, boundary, diagram, flow, node, note_form, timer, user

KEYS = tuple(f"process_{number:02}" for number in range(24))
REMINDED = "reminded"
RETIRED, NEW = KEYS[2], KEYS[3]  # the one has begun no case for two years, the other is of last month


@dataclass(frozen=True)
class Sample:
    """The rows of a case as the database keeps them, by table and in the order of its columns."""

    rows: dict[str, list[tuple[Any, ...]]]


def definitions() -> dict[str, bytes]:
    """Processes of two user tasks, each with its own elements; one has a timer that goes off after a day."""
    files = {**FILES, **note_form()}
    for key in KEYS:
        steps = (f"fill_{key}", f"check_{key}")
        body = node("startEvent", "begun") + "".join(map(user, steps)) + node("endEvent", "done")
        files |= diagram(key, body + flow(f"begun {' '.join(steps)} done"))
    timed = (
        *(node("startEvent", "begun"), user("fill"), boundary("late", "fill", timer("P1D"))),
        *(node("endEvent", "done"), node("endEvent", "too_late"), flow("begun fill done"), flow("late too_late")),
    )
    return files | diagram(REMINDED, "".join(timed))


def play(engine: Engine, key: str, steps: int) -> Sample:
    """A case after so many of its steps."""
    instance_id = world.start(engine, key)
    world.complete_next(engine, instance_id, steps)
    return engine.database.transact(lambda unit: _take(unit, instance_id))


def _take(unit: UnitOfWork, instance_id: str) -> Sample:
    """The rows as the driver gives them: to be written again as they are."""
    found = {}
    for table, name in ((instance, "id"), (history, "stream"), (submission, "instance_id"), (task, "instance_id")):
        query = select(table).where(table.c[name] == instance_id).compile(unit.connection)
        rows = unit.connection.exec_driver_sql(str(query), (instance_id,) if query.positional else query.params)
        found[table.name] = [tuple(row) for row in rows]
    return Sample(found)
