"""The database and the unit of work: the only place that commits."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from engine.storage.clock import Clock, system_clock
from engine.storage.dialects import COMPILED, share_dialect
from engine.storage.direct import DRIVER_OPTIONS

T = TypeVar("T")
ATTEMPTS = 3
BUSY_TIMEOUT_SECONDS = 30
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

    SQLite: writers queue for one connection and begin IMMEDIATE, so none waits in a lock or fails half-way.
    PostgreSQL: many writers; the step locks its instance row first.
    """

    def __init__(self, url: str, clock: Clock = system_clock) -> None:
        self.url = url
        self.clock = clock
        self.is_sqlite = url.startswith("sqlite")
        self._local = threading.local()
        if self.is_sqlite:
            self.reader = _sqlite_engine(url, "DEFERRED", pool_size=16, max_overflow=64)
            self.writer = _sqlite_engine(url, "IMMEDIATE", pool_size=1, max_overflow=0)
        else:
            options: dict[str, Any] = {"pool_size": 8, "max_overflow": 16, "connect_args": DRIVER_OPTIONS}
            self.reader = _create_engine(url, isolation_level="AUTOCOMMIT", **options)
            self.writer = _create_engine(url, **options)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading; what it might write is rolled back."""
        shared: _SharedReader | None = getattr(self._local, "shared", None)
        with self.reader.connect() if shared is None else shared.lend() as connection:
            yield connection

    @contextmanager
    def share_reader(self) -> Iterator[None]:
        """Until it ends, whatever this thread reads comes by one connection, which the first who reads takes.

        Each `read` still sees what is committed when it begins.
        """
        self._local.shared = shared = _SharedReader(self.reader)
        try:
            yield
        finally:
            self._local.shared = None
            shared.give_back()

    def transact(self, work: Callable[[UnitOfWork], T]) -> T:
        """Runs `work` in one transaction and commits. Raises whatever `work` raises, with nothing written.

        `work` may run up to three times on PostgreSQL (deadlock, serialization failure, unique key): it must hold no
        state of its own. A second unit of work inside the first is a programming error and raises RuntimeError.
        """
        if getattr(self._local, "is_writing", False):
            raise RuntimeError("Expected one unit of work per thread, but a second one was opened")
        self._local.is_writing = True
        try:
            return self._attempt(work)
        finally:
            self._local.is_writing = False

    def _attempt(self, work: Callable[[UnitOfWork], T]) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.writer.begin() as connection:
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
        self.reader.dispose()
        self.writer.dispose()


class _SharedReader:
    """The connection of a thread that reads several times in a row, one inside another or one after the other."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._borrowers = 0

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """The connection. The last who is done ends its transaction; where one failed, the next gets a new one."""
        if self._connection is None:
            self._connection = self._engine.connect()
        self._borrowers += 1
        try:
            yield self._connection
        except BaseException:
            self._return(is_sound=False)
            raise
        self._return(is_sound=True)

    def give_back(self) -> None:
        """Gives it back to the pool."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _return(self, *, is_sound: bool) -> None:
        self._borrowers -= 1
        if self._borrowers or self._connection is None:
            return
        if not is_sound:
            self.give_back()
        elif self._connection.in_transaction():
            self._connection.rollback()


def hold_name(connection: Connection, name: str) -> None:
    """Until the end of this transaction nobody else holds the name. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext(%s))", (name,))


def _create_engine(url: str, **options: Any) -> Engine:
    return create_engine(share_dialect(url), execution_options={"compiled_cache": COMPILED}, **options)


def _sqlite_engine(url: str, mode: str, pool_size: int, max_overflow: int) -> Engine:
    engine = _create_engine(
        url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=BUSY_TIMEOUT_SECONDS,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def configure(dbapi_connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        dbapi_connection.isolation_level = None  # the driver must not manage transactions: savepoints
        cursor = dbapi_connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # straight to the driver: SQLAlchemy's own way costs as much as a query
        try:
            connection.connection.cursor().execute(f"BEGIN {mode}")
        except sqlite3.OperationalError as locked:  # by another program, for longer than anybody waits
            raise OperationalError(f"BEGIN {mode}", None, locked) from locked

    return engine
