"""Statements straight to PostgreSQL, by what psycopg offers of libpq, instead of through its cursors.

A cursor takes a statement apart, looks it up among those it knows and waits for the answer in Python: 70 microseconds,
where the statement itself needs 10. What every click sends is known, numbered and typed by its casts, so nothing of
that is needed. Connections, transactions, errors and the conversion of values stay with psycopg.

To wait for an answer costs more than the statement: the processor goes to the server and comes back with cold caches.
So what nobody waits for is **sent**: libpq's pipeline keeps it, and its answer is looked at with that of the next
statement that somebody does wait for, or when the transaction ends. The BEGIN of a transaction is sent as well.

psycopg must prepare nothing itself on such a connection (`DRIVER_OPTIONS`): when a transaction is rolled back or a
table changed, it forgets all by `DEALLOCATE ALL`.
"""

from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from select import POLLIN, POLLOUT, poll
from typing import Any

from psycopg import Connection
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import OperationalError, error_from_result
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

DRIVER_OPTIONS = {"prepare_threshold": None}
MAX_PREPARED = 300  # statements a connection keeps on its server; whatever comes later is planned each time
KEPT_AS = "direct_cursor"  # in what is kept with a connection of the pool
INFERRED, FLOAT8 = 0, 701  # SQLAlchemy casts all but floats, which must not be taken for the integers beside them
_NUMBERS = count()
_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


class DirectCursor:
    """One for a connection, kept with it. What a statement gave is there until the next one."""

    def __init__(self, driver: Connection[Any]) -> None:
        self._driver = driver
        self._values = Transformer(driver)
        self._names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._seen: set[tuple[str, tuple[int, ...]]] = set()
        self._sent = 0  # statements whose answers nobody has looked at yet
        self._result: PGresult | None = None

    def execute(self, sql: str, parameters: Sequence[Any]) -> None:
        """Runs a statement with `$1`, `$2` …, in a transaction unless the connection has none, and waits for its answer
        and those of all that were sent before it. Raises psycopg.Error.
        """
        self._begin()
        name, values, types = self._make_ready(sql, parameters)
        libpq = self._driver.pgconn
        if self._sent:
            self._post(sql, name, values, types)
            self._result = self.settle()
        elif name is not None:
            self._result = self._check(libpq.exec_prepared(name, values, self._values.formats))
        else:
            self._result = self._check(libpq.exec_params(sql.encode(), values, types, self._values.formats))

    def send(self, sql: str, parameters: Sequence[Any]) -> None:
        """Runs a statement, but waits for nothing."""
        self._begin()
        self._post(sql, *self._make_ready(sql, parameters))

    def settle(self) -> PGresult | None:
        """Waits for the answers of all that was sent; gives the last. Raises the first error as psycopg.Error."""
        last = None
        for last in self._receive():
            self._check(last)
        return last

    def forget(self) -> None:
        """Lets go of the answers of all that was sent; what they changed is rolled back."""
        with suppress(OperationalError):
            self._receive()

    def fetchall(self) -> list[Any]:
        """Every row."""
        assert self._result is not None
        if not self._result.ntuples:
            return []
        self._values.set_pgresult(self._result)
        return self._values.load_rows(0, self._result.ntuples, list)

    def fetchone(self) -> Any:
        """The first row; None if there is none."""
        assert self._result is not None
        if not self._result.ntuples:
            return None
        self._values.set_pgresult(self._result)
        return self._values.load_row(0, list)

    @property
    def rowcount(self) -> int:
        """How many rows the statement gave or changed."""
        assert self._result is not None
        return self._result.command_tuples or 0

    def close(self) -> None:
        """Forgets what the last statement gave."""
        self._result = None

    def _begin(self) -> None:
        """As psycopg does in front of the first statement; a snapshot it begins itself, by its level."""
        driver = self._driver
        if self._sent or driver.autocommit or driver.pgconn.transaction_status != TransactionStatus.IDLE:
            return
        if driver.isolation_level is None:
            self._post("BEGIN", None, (), ())
        else:
            driver.execute("SELECT")

    def _make_ready(self, sql: str, parameters: Sequence[Any]) -> tuple[bytes | None, Any, tuple[int, ...]]:
        """What a statement is prepared as, if it is; its values as they go to the server, and their types."""
        formats = [PyFormat.BINARY if isinstance(value, bytes) else PyFormat.TEXT for value in parameters]
        types = tuple(FLOAT8 if isinstance(value, float) else INFERRED for value in parameters)
        name = self._find_name(sql, types)
        return name, self._values.dump_sequence(parameters, formats), types

    def _find_name(self, sql: str, types: tuple[int, ...]) -> bytes | None:
        """What a statement is prepared as for values of these types, from its second time on."""
        key = sql, types
        if (known := self._names.get(key)) is not None:
            return known
        if key not in self._seen or len(self._names) == MAX_PREPARED:
            self._seen.add(key)
            return None
        self.settle()  # a name must not be kept that an error before it has taken back
        name = b"direct_%d" % next(_NUMBERS)
        self._check(self._driver.pgconn.prepare(name, sql.encode(), types))
        self._names[key] = name
        return name

    def _post(self, sql: str, name: bytes | None, values: Any, types: Sequence[int]) -> None:
        libpq = self._driver.pgconn
        if not self._sent:
            libpq.enter_pipeline_mode()
        self._sent += 1
        formats = self._values.formats if values else None
        if name is not None:
            libpq.send_query_prepared(name, values, formats)
        else:
            libpq.send_query_params(sql.encode(), values, types, formats)

    def _receive(self) -> list[PGresult | None]:
        """The answers of all that was sent; None in the place of one that never came."""
        if not self._sent:
            return []
        libpq, waiting, self._sent = self._driver.pgconn, self._sent, 0
        libpq.pipeline_sync()
        answers = []
        for _ in range(waiting):
            answers.append(self._wait_for_result())
            self._wait_for_result()  # the end of the answer
        self._wait_for_result()  # the end of them all
        if libpq.status == ConnStatus.OK:
            libpq.exit_pipeline_mode()
        return answers

    def _wait_for_result(self) -> PGresult | None:
        """What libpq has next. Other threads go on meanwhile: whoever holds the lock that is waited for may be one."""
        libpq = self._driver.pgconn
        while libpq.flush():  # more than the socket takes
            _wait(libpq.socket, POLLIN | POLLOUT)
            libpq.consume_input()
        while libpq.is_busy():
            _wait(libpq.socket, POLLIN)
            libpq.consume_input()
        return libpq.get_result()

    def _check(self, result: PGresult | None) -> PGresult:
        if result is not None and result.status in _GOOD:
            return result
        if result is None or result.error_field(DiagnosticField.SQLSTATE) is None:  # not said by the server: it is gone
            message = self._driver.pgconn.get_error_message()
            self._driver.close()
            raise OperationalError(message)
        raise error_from_result(result, self._driver.info.encoding)


def _wait(socket: int, events: int) -> None:
    readiness = poll()
    readiness.register(socket, events)
    readiness.poll()
