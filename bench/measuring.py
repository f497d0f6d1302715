"""CPU time, SQL and commits of a piece of work, and figures to print."""

import gc
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from psycopg import Cursor
from sqlalchemy import event

from engine.storage.database import Database
from engine.storage.direct import KEPT_AS, Answer, DirectLine, Statement

NANOSECONDS = 1e9
# without what comes and goes by itself
_PROCESSES = "SELECT pid FROM pg_stat_activity WHERE backend_type <> 'autovacuum worker'"
BETWEEN = ("BEGIN", "COMMIT", "ROLLBACK", "--")


@dataclass(frozen=True)
class Figure:
    """One line of the table, and under its key a value of the JSON. `limit` is the budget; without one it is told."""

    key: str
    what: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the budget holds; None where there is none."""
        return None if self.limit is None else self.value <= self.limit


@dataclass
class Counts:
    """What went to the database. `statements` leaves out what only begins or ends a transaction, and triggers. `sent`:
    those of them that PostgreSQL is not waited for.
    """

    statements: list[str] = field(default_factory=list)
    sent: int = 0
    commits: int = 0

    def note(self, statement: str) -> None:
        """Takes one statement into account. SQLite traces a DELETE once more for each table it cascades to."""
        is_cascade = statement.startswith("DELETE") and self.statements[-1:] == [statement]
        if not is_cascade and not statement.startswith(BETWEEN):
            self.statements.append(statement)


@contextmanager
def count_sql(database: Database) -> Iterator[Counts]:
    """Counts what both engines of a database send to their driver, whoever sends it, and the commits."""
    counts, traced = Counts(), list[Any]()

    def trace(connection: Any, record: Any, _proxy: Any) -> None:
        traced.append((connection, record))
        if database.is_sqlite:
            connection.set_trace_callback(counts.note)
        else:
            connection.cursor_factory = partial(_CountingCursor, note=counts.note)
            record.info[KEPT_AS] = _CountingDirect(connection, counts)

    def commit(_connection: Any) -> None:
        counts.commits += 1

    engines = {database.writer} if database.is_sqlite else {database.reader, database.writer}
    database.close()  # so that each connection is taken anew
    for engine in engines:
        event.listen(engine, "checkout", trace)
        event.listen(engine, "commit", commit)
    try:
        yield counts
    finally:
        for engine in engines:
            event.remove(engine, "checkout", trace)
            event.remove(engine, "commit", commit)
        for connection, record in traced:
            if database.is_sqlite:
                connection.set_trace_callback(None)
            else:
                connection.cursor_factory = Cursor
                record.info.pop(KEPT_AS, None)


class _CountingCursor(Cursor[Any]):
    """Notes what it runs; psycopg has no other way."""

    def __init__(self, connection: Any, *, note: Callable[[str], None], **options: Any) -> None:
        super().__init__(connection, **options)
        self._note = note

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        """Runs a statement."""
        self._note(str(query))
        return super().execute(query, *arguments, **options)


class _CountingDirect(DirectLine):
    """The same for what goes straight to the server."""

    def __init__(self, connection: Any, counts: Counts) -> None:
        super().__init__(connection)
        self._counts = counts

    def execute(self, statement: Statement, parameters: Sequence[Any]) -> Answer:
        """Runs a statement."""
        self._counts.note(statement.sql)
        return super().execute(statement, parameters)

    def send(self, statement: Statement, parameters: Sequence[Any]) -> Answer:
        """Runs a statement without waiting."""
        self._counts.note(statement.sql)
        self._counts.sent += 1
        return super().send(statement, parameters)


def cpu_seconds() -> float:
    """CPU of this process and, on Linux, of its living children: the workers of the sandbox."""
    return time.process_time() + children_seconds()


def children_seconds() -> float:
    """CPU of the living children alone."""
    return sum(map(_read_seconds, _list_child_threads())) / NANOSECONDS


def _list_child_threads() -> Iterator[Path]:
    for thread in Path("/proc/self/task").glob("*/children"):
        for child in thread.read_text().split():
            yield from Path(f"/proc/{child}/task").glob("*/schedstat")


def _read_seconds(schedule: Path) -> int:
    try:
        return int(schedule.read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):  # the thread has just ended
        return 0


def measure_server(database: Database) -> float:
    """CPU seconds that the processes of PostgreSQL's server have used so far; SQLite has none."""
    if database.is_sqlite:
        return 0.0
    with database.read() as connection:
        processes = connection.exec_driver_sql(_PROCESSES).scalars().all()
    return sum(_read_seconds(Path(f"/proc/{process}/schedstat")) for process in processes) / NANOSECONDS


def measure_cpu(work: Callable[[], object], times: int = 1, spent: Callable[[], float] = cpu_seconds) -> float:
    """CPU seconds of one call, the mean of several. `spent` tells them where not all counts."""
    gc.collect()
    before = spent()
    for _ in range(times):
        work()
    return (spent() - before) / times


@contextmanager
def on_one_processor(*others: int) -> Iterator[None]:
    """This process, some others and those it starts meanwhile share one processor, as on a machine that is busy.

    To wake another processor costs a virtual machine up to ten times what the question that it is woken for does: that
    tells of the machine and not of the work. Where processes cannot be bound, they are not.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = {process: os.sched_getaffinity(process) for process in (0, *others)}
    for process in before:
        os.sched_setaffinity(process, {min(before[0])})
    try:
        yield
    finally:
        for process, processors in before.items():
            os.sched_setaffinity(process, processors)


def best_of(rounds: int, work: Callable[[], object], times: int) -> float:
    """CPU seconds of one call in the quietest of several rounds."""
    return min(measure_cpu(work, times) for _ in range(rounds))


def compare(rounds: int, base: Callable[[], float], other: Callable[[], float]) -> tuple[float, float, float]:
    """Two measurements taken in turn: the median of their paired ratios, and the median of each."""
    pairs = [(base(), other()) for _ in range(rounds)]
    bases, others = zip(*pairs, strict=True)
    return median(o / b for b, o in pairs), median(bases), median(others)
