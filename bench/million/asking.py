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
        self.servers = () if engine.database.is_sqlite else (*self._list_servers(),)
        self._schedules = [Path(f"/proc/{server}/schedstat") for server in self.servers]

    def cpu(self, work: Work, times: int = 1) -> float:
        """Seconds of one call, the mean of several."""
        before = self._read()
        for _ in range(times):
            work(self.engine)
        return (self._read() - before) / times

    def _read(self) -> float:
        server = sum(int(schedule.read_text().split()[0]) for schedule in self._schedules)
        return cpu_seconds() + server / NANOSECONDS

    def _list_servers(self) -> Iterator[int]:
        """The server processes of the reading and the writing connection."""
        database = self.engine.database
        with database.read() as connection:
            yield _find_server(connection)
        yield database.transact(lambda unit: _find_server(unit.connection))


def _find_server(connection: Connection) -> int:
    number: int = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    return number
