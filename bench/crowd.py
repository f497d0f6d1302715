"""Many cases at once, written as rows: what one list costs does not depend on how they came about."""

from datetime import timedelta

from sqlalchemy import insert, select

from engine.records.worklist import GROUP, PARTY
from engine.runtime.engine import Engine
from engine.storage.actor import Actor
from engine.storage.columns import NEVER
from engine.storage.database import UnitOfWork
from engine.storage.ids import moment_of, new_id
from engine.storage.plain import PlainDict
from engine.storage.tables import instance, task, task_candidate

POOL_PARTS, PARTS = 3, 5  # three tasks of five lie in the reviewers' pool, the others with persons
PARTS_PER_PERSON = 4  # so that each has eight
CHUNK = 10_000


def add_crowd(engine: Engine, sample_id: str, size: int) -> Actor:
    """Adds `size` waiting instances like the sample, each with an open task and a timer that is not due.

    Gives a person who has a few of the tasks; the rest of those not in the pool belong to others.
    """
    for first in range(0, size, CHUNK):
        numbers = range(first, min(first + CHUNK, size))
        engine.database.transact(lambda unit, numbers=numbers: _add_rows(unit, sample_id, numbers))  # type: ignore[misc]
    return Actor("person-1", "person-1", "individual", frozenset({"individual"}))


def _add_rows(unit: UnitOfWork, sample_id: str, numbers: range) -> None:
    sample = dict(unit.connection.execute(select(instance).where(instance.c.id == sample_id)).mappings().one())
    open_task = dict(unit.connection.execute(select(task).where(task.c.instance_id == sample_id)).mappings().one())
    instances, tasks, candidates = [], [], []
    for number in numbers:
        due = unit.now + timedelta(minutes=number * 7919 % 100_000 - 5_000) if number % 2 else None
        instance_id, task_id = new_id(), new_id()
        next_due = unit.now + timedelta(minutes=1 + number)
        instances.append({**sample, "id": instance_id, "next_due_at": next_due})
        tasks.append({**open_task, "id": task_id, "instance_id": instance_id, "due_at": due})
        listed = {"due_at": due or NEVER, "priority": open_task["priority"], "process_key": sample["process_key"]}
        listed |= {"skill": open_task["skill"]}
        candidates.append({"task_id": task_id, **_offer(number), **listed, "moment": moment_of(instance_id)})
    for table, rows in ((instance, instances), (task, tasks), (task_candidate, candidates)):
        unit.connection.execute(insert(table), rows)


def _offer(number: int) -> PlainDict:
    if number % PARTS < POOL_PARTS:
        return {"kind": GROUP, "value": "platform_reviewer"}
    return {"kind": PARTY, "value": f"person-{number // (PARTS * PARTS_PER_PERSON)}"}
