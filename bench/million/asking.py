"""CPU time of what is asked: of this process, and of the server processes that answer it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Connection

from bench.measuring import NANOSECONDS, cpu_seconds
from engine.runtime.engine import Engine

Work = Callable[[Engine], object]


class Meter:
    """Measures work on one engine; its connections must have been used before."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._schedules = [] if engine.database.is_sqlite else [*self._list_schedules()]

    def cpu(self, work: Work, times: int = 1) -> float:
        """Seconds of one call, the mean of several."""
        before = self._read()
        for _ in range(times):
            work(self.engine)
        return (self._read() - before) / times

    def _read(self) -> float:
        server = sum(int(schedule.read_text().split()[0]) for schedule in self._schedules)
        return cpu_seconds() + server / NANOSECONDS

    def _list_schedules(self) -> Iterator[Path]:
        """Of the server processes of the reading and the writing connection."""
        database = self.engine.database
        with database.read() as connection:
            yield _find_schedule(connection)
        yield database.transact(lambda unit: _find_schedule(unit.connection))


def _find_schedule(connection: Connection) -> Path:
    number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    return Path(f"/proc/{number}/schedstat")
