"""An engine on a database of its own that is gone afterwards, and the steps every bench takes."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import bindparam, select
from werkzeug.datastructures import MultiDict

from bench.diagrams import FIELDS
from engine.commands.deployments import deploy
from engine.commands.instances import start_instance
from engine.commands.tasks import complete_task
from engine.runtime.engine import Engine
from engine.storage.actor import SYSTEM, Actor
from engine.storage.clock import Clock
from engine.storage.ids import new_token
from engine.storage.prepared import Prepared
from engine.storage.schema import upgrade_schema
from engine.storage.settings import Settings
from engine.storage.tables import task
from tests.support.clock import ManualClock

PERSON = Actor("person-0", "person-0", "individual", frozenset({"individual"}))
_OPEN_TASK = Prepared(select(task.c.id).where(task.c.instance_id == bindparam("instance_id")))


@contextmanager
def open_engine(files: Mapping[str, bytes], url: str = "", clock: Clock | None = None) -> Iterator[Engine]:
    """An engine with these definitions, on SQLite unless another database is named; its clock stands unless given."""
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        engine = Engine(Settings(database_url=url, data_dir=Path(folder), password_cost=1), clock or ManualClock())
        try:
            upgrade_schema(engine.database)
            deploy(engine, SYSTEM, files)
            yield engine
        finally:
            engine.close()


def start(engine: Engine, process_key: str) -> str:
    """Starts an instance for the one person of the bench."""
    return start_instance(engine, PERSON, process_key, {"who": PERSON.party_id}, new_token())


def find_task(engine: Engine, instance_id: str) -> str:
    """The one open task of an instance."""
    with engine.database.read() as connection:
        found: str = _OPEN_TASK.scalar(connection, {"instance_id": instance_id})
    return found


def complete(engine: Engine, task_id: str) -> None:
    """Completes a task with the usual fields."""
    complete_task(engine, PERSON, task_id, new_token(), MultiDict(FIELDS))


def complete_next(engine: Engine, instance_id: str, times: int = 1) -> None:
    """Completes the open task of an instance, again and again."""
    for _ in range(times):
        complete(engine, find_task(engine, instance_id))
