"""Connections that stay open between two uses.

To check one out of a pool of SQLAlchemy and in again takes as long as three queries: it makes five objects, a finalizer
and two rounds of events. So those that were used last are kept as they are, and SQLAlchemy only opens and closes them.
"""

from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, Pool
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.storage.prepared import forget, is_lost

WAIT_SECONDS = 30
BEGIN = "begin"  # where a connection has one of these
IMMEDIATE, DEFERRED = "IMMEDIATE", "DEFERRED"  # with the lock for writing, or when somebody reads or writes


class Connections:
    """The connections of an engine, at most `most` at a time, of which `kept` stay open while nobody uses them.

    `begin`: how SQLite begins a transaction, unless as the engine does.
    """

    def __init__(
        self, engine: Engine, most: int, kept: int, wait_seconds: float = WAIT_SECONDS, begin: str | None = None
    ) -> None:
        self._engine = engine
        self._options = {BEGIN: begin} if begin else {}
        self._may_be_asked = engine.dialect.name == "postgresql"
        self._most = most
        self._kept = kept
        self._wait_seconds = wait_seconds
        self._turns = SimpleQueue[None]()  # a semaphore, but written in C
        for _ in range(most):
            self._turns.put(None)
        self._idle: list[tuple[Connection, Pool]] = []  # each with the pool it was opened by
        self._lent: dict[Connection, Pool] = {}

    def take(self) -> Connection:
        """A connection without a transaction. Raises sqlalchemy's TimeoutError when none comes free in time."""
        try:
            self._turns.get(timeout=self._wait_seconds)
        except Empty:
            waited = f"Expected one of {self._most} connections to come free within {self._wait_seconds} s"
            raise PoolTimeout(waited) from None
        try:
            return self._find_idle() or self._open()
        except BaseException:
            self._turns.put(None)
            raise

    def give_back(self, connection: Connection, *, has_failed: bool = False) -> None:
        """Takes back a connection; what it has not committed is rolled back."""
        pool = self._lent.pop(connection)
        try:
            if self._may_be_asked:
                forget(connection)
            if connection.in_transaction():
                connection.rollback()
            if has_failed:
                _reset(connection)
            if connection.invalidated or not self._is_current(pool) or len(self._idle) >= self._kept:
                connection.close()
            else:
                self._idle.append((connection, pool))
        finally:
            self._turns.put(None)

    def close(self) -> None:
        """Closes those that nobody uses."""
        while self._idle:
            self._idle.pop()[0].close()
        self._engine.dispose()

    def _open(self) -> Connection:
        pool = self._engine.pool
        connection = self._engine.connect().execution_options(**self._options)
        self._lent[connection] = pool
        return connection

    def _is_current(self, pool: Pool) -> bool:
        """Whether the engine still has this pool: when it loses its database it gets another one."""
        return pool is self._engine.pool

    def _find_idle(self) -> Connection | None:
        """The one that was used last, unless its server has left it or it is from before the database was lost."""
        while self._idle:
            try:
                connection, pool = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if self._is_current(pool) and not (self._may_be_asked and is_lost(connection)):
                self._lent[connection] = pool
                return connection
            connection.invalidate()
            connection.close()
        return None


class SoleWriter:
    """Lends one connection of others at a time, for a transaction that SQLite begins with its lock.

    A commit makes SQLite forget what every other connection has read. The one that wrote is lent again first.
    """

    def __init__(self, connections: Connections, wait_seconds: float = WAIT_SECONDS) -> None:
        self._connections = connections
        self._wait_seconds = wait_seconds
        self._turn = Lock()
        self._info: dict[Any, Any] = {}  # of the connection that is lent, which may be lost meanwhile

    def take(self) -> Connection:
        """As `Connections.take`."""
        if not self._turn.acquire(timeout=self._wait_seconds):
            raise PoolTimeout(f"Expected the other writers to be done within {self._wait_seconds} s")
        try:
            connection = self._connections.take()
            self._info = connection.info
            self._info[BEGIN] = IMMEDIATE  # an option of SQLAlchemy's would cost as much as a query
            return connection
        except BaseException:
            self._turn.release()
            raise

    def give_back(self, connection: Connection, *, has_failed: bool = False) -> None:
        """As `Connections.give_back`."""
        try:
            self._info.pop(BEGIN, None)
            self._connections.give_back(connection, has_failed=has_failed)
        finally:
            self._turn.release()

    def close(self) -> None:
        """As `Connections.close`."""
        self._connections.close()


Lender: TypeAlias = Connections | SoleWriter


class Loan:
    """A connection for as long as a thread is in it, however often it enters. The next time it may be another one,
    unless it `is_kept` until the loan is closed.
    """

    def __init__(self, connections: Lender, *, is_kept: bool = False) -> None:
        self._connections = connections
        self._is_kept = is_kept
        self._connection: Connection | None = None
        self._depth = 0

    def __enter__(self) -> Connection:
        if self._connection is None:
            self._connection = self._connections.take()
        self._depth += 1
        return self._connection

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        self._depth -= 1
        if failed is not None or not self._is_kept:
            self._give_back(has_failed=failed is not None)
        elif not self._depth and self._connection is not None and self._connection.in_transaction():
            self._connection.rollback()  # whoever comes next sees what is committed by then

    def close(self) -> None:
        """Keeps the connection no longer: it goes back, if somebody is in it as soon as he leaves."""
        self._is_kept = False
        self._give_back()

    def _give_back(self, *, has_failed: bool = False) -> None:
        if self._depth or self._connection is None:
            return
        connection, self._connection = self._connection, None
        self._connections.give_back(connection, has_failed=has_failed)


def _reset(connection: Connection) -> None:
    """What began without SQLAlchemy having heard of it, because it was interrupted, ends here as well."""
    if connection.closed or connection.invalidated:
        return
    try:
        connection.connection.rollback()
    except connection.dialect.loaded_dbapi.Error:
        connection.invalidate()
