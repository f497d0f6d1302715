"""The database and the unit of work: the only place that commits."""

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from engine.storage.clock import Clock, system_clock
from engine.storage.connections import BEGIN, DEFERRED, IMMEDIATE, Connections, Lender, Loan, SoleWriter
from engine.storage.dialects import COMPILED, share_dialect
from engine.storage.direct import DRIVER_OPTIONS
from engine.storage.prepared import conclude, forget, settle

T = TypeVar("T")
ATTEMPTS = 3
BUSY_TIMEOUT_SECONDS = 30
CACHED_STATEMENTS = 500  # of a connection of SQLite; a step, its page and the list send forty
# PostgreSQL: serialization_failure, deadlock_detected, and unique_violation: two that began at once and wrote the same
# key; the second finds on its next attempt what the first has written
RETRIED_STATES = frozenset({"40001", "40P01", "23505"})


@dataclass
class UnitOfWork:
    """One write transaction. What is registered with `after_commit` runs once the commit has succeeded."""

    connection: Connection
    now: datetime
    after_commit: list[Callable[[], None]] = field(default_factory=list)


class Database:
    """A read engine and a write engine on the same database.

    SQLite: writers queue and begin IMMEDIATE, so none waits in a lock or fails half-way; on the connections of the
    readers, whose caches a commit of their own leaves as they are.
    PostgreSQL: many writers; the step locks its instance row first.
    """

    def __init__(self, url: str, clock: Clock = system_clock) -> None:
        self.url = url
        self.clock = clock
        self.is_sqlite = url.startswith("sqlite")
        self._local = threading.local()
        if self.is_sqlite:
            self.writer = _sqlite_engine(url)
            self.reader: Engine = self.writer.execution_options(begin=DEFERRED)  # on the same connections
            self._readers = Connections(self.writer, most=80, kept=16, begin=DEFERRED)
            self._writers: Lender = SoleWriter(self._readers)
        else:
            self.reader = _create_engine(url, isolation_level="AUTOCOMMIT", connect_args=DRIVER_OPTIONS)
            self.writer = _create_engine(url, connect_args=DRIVER_OPTIONS)
            for engine in (self.reader, self.writer):
                _settle_what_is_sent(engine)
            self._readers, self._writers = (
                Connections(engine, most=24, kept=8) for engine in (self.reader, self.writer)
            )

    def read(self) -> AbstractContextManager[Connection]:
        """A connection for reading; what it might write is rolled back."""
        shared: Loan | None = getattr(self._local, "shared", None)
        return shared or Loan(self._readers)

    def share_reader(self, *, is_kept: bool = False) -> "_SharedReader":
        """Until it ends, whoever in this thread reads within a read has the same connection, and sees the same.

        So no request waits for a second connection while it holds one. A read that is not within another sees what is
        committed when it begins; `is_kept` leaves it the connection of the one before, until somebody writes.
        """
        return _SharedReader(self._local, Loan(self._readers, is_kept=is_kept))

    def transact(self, work: Callable[[UnitOfWork], T]) -> T:
        """Runs `work` in one transaction and commits. Raises whatever `work` raises, with nothing written.

        `work` may run up to three times on PostgreSQL (deadlock, serialization failure, unique key): it must hold no
        state of its own. A second unit of work inside the first is a programming error and raises RuntimeError.
        """
        if getattr(self._local, "is_writing", False):
            raise RuntimeError("Expected one unit of work per thread, but a second one was opened")
        self._local.is_writing = True
        if (shared := getattr(self._local, "shared", None)) is not None:
            shared.close()
        try:
            return self._attempt(work)
        finally:
            self._local.is_writing = False

    def _attempt(self, work: Callable[[UnitOfWork], T]) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with Loan(self._writers) as connection, connection.begin():
                    unit = UnitOfWork(connection, self.clock())
                    result = work(unit)
                break
            except DBAPIError as error:
                if attempt == ATTEMPTS or getattr(error.orig, "sqlstate", None) not in RETRIED_STATES:
                    raise
        for notify in unit.after_commit:
            notify()
        return result

    def close(self) -> None:
        """Closes every connection."""
        self._readers.close()
        self._writers.close()


class _SharedReader:
    """Keeps a loan for a thread. A class: each request passes it, and a generator costs twice as much."""

    def __init__(self, local: threading.local, loan: Loan) -> None:
        self._local = local
        self._loan = loan

    def __enter__(self) -> None:
        self._local.shared = self._loan

    def __exit__(self, *_: object) -> None:
        self._local.shared = None
        self._loan.close()


def hold_name(connection: Connection, name: str) -> None:
    """Until the end of this transaction nobody else holds the name. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext(%s))", (name,))


def _create_engine(url: str | URL, **options: Any) -> Engine:
    return create_engine(
        share_dialect(url), poolclass=NullPool, execution_options={"compiled_cache": COMPILED}, **options
    )


def _settle_what_is_sent(engine: Engine) -> None:
    """Whatever SQLAlchemy does on a connection comes after the statements that were sent on it."""

    @event.listens_for(engine, "before_cursor_execute")
    def before_statement(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        forget(connection) if statement.startswith("ROLLBACK") else settle(connection)

    @event.listens_for(engine, "release_savepoint")
    def end_of_savepoint(connection: Connection, name: str, _context: object) -> None:
        try:
            settle(connection)
        except DBAPIError:  # SQLAlchemy expects nothing to fail here any more
            if not connection.invalidated:
                connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT {name}")
            raise

    event.listen(engine, "commit", conclude)
    event.listen(engine, "rollback", forget)


def _sqlite_engine(url: str) -> Engine:
    address, is_fixed = make_url(url), _is_fixed(url)
    if is_fixed:
        place = f"file:{quote(address.database or '')}"
        address = address.set(database=place, query={"immutable": "1", "uri": "true"})
    engine = _create_engine(address, connect_args={"check_same_thread": False, "cached_statements": CACHED_STATEMENTS})

    @event.listens_for(engine, "connect")
    def configure(dbapi_connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        dbapi_connection.isolation_level = None  # the driver must not manage transactions: savepoints
        cursor = dbapi_connection.cursor()
        for pragma in (
            "query_only=ON" if is_fixed else "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # straight to the driver: SQLAlchemy's own way costs as much as a query
        mode = connection.info.get(BEGIN) or connection.get_execution_options().get(BEGIN, IMMEDIATE)
        try:
            connection.connection.cursor().execute(f"BEGIN {mode}")
        except sqlite3.OperationalError as locked:  # by another program, for longer than anybody waits
            raise OperationalError(f"BEGIN {mode}", None, locked) from locked

    return engine


def _is_fixed(url: str) -> bool:
    """Whether it is a copy that nobody can write, and whole: SQLite would want to write beside it even to read it.

    Steps that are not in the file itself yet lie beside it, where SQLite has to be able to write.
    """
    path = Path(make_url(url).database or "").absolute()
    if not path.is_file() or path.with_name(f"{path.name}-wal").exists():
        return False
    is_mine = os.access in os.supports_effective_ids
    return not all(os.access(one, os.W_OK, effective_ids=is_mine) for one in (path, path.parent))
