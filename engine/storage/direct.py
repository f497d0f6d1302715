"""Statements straight to PostgreSQL, by what psycopg offers of libpq, instead of through its cursors.

A cursor takes a statement apart, looks it up among those it knows and waits for the answer in Python: 70 microseconds,
where the statement itself needs 10. What every click sends is known, numbered and typed by its casts, so nothing of
that is needed. Connections, transactions, errors and the conversion of values stay with psycopg.

To wait for an answer costs more than the statement: the processor goes to the server and comes back with cold caches.
So what nobody waits for is **sent**: libpq's pipeline keeps it, and its answer is looked at with that of the next
statement that somebody does wait for, or when the transaction ends. The BEGIN of a transaction is sent as well, and so
are several questions at once, which wait together for all their answers.

psycopg must prepare nothing itself on such a connection (`DRIVER_OPTIONS`): when a transaction is rolled back or a
table changed, it forgets all by `DEALLOCATE ALL`. So does the line when it has prepared as many as it may: searches
have hundreds of forms, most of them asked once or twice, and must not keep what every click sends from being prepared.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from select import POLLIN, POLLOUT, poll
from typing import Any

from psycopg import Connection
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import OperationalError, error_from_result
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

DRIVER_OPTIONS = {"prepare_threshold": None}
MAX_PREPARED = 300  # statements a connection keeps on its server; then it begins anew with those that are still asked
KEPT_AS = "direct_line"  # in what is kept with a connection of the pool
INFERRED, FLOAT8 = 0, 701  # SQLAlchemy casts all but floats, which must not be taken for the integers beside them
_NUMBERS = count()
_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement with `$1`, `$2` …, and the type and format of the value in each place."""

    sql: str
    types: tuple[int, ...] = ()
    formats: tuple[PyFormat, ...] = ()


BEGIN, COMMIT = Statement("BEGIN"), Statement("COMMIT")


class Answer:
    """What one statement gives; before the server has said it, whoever looks waits for it. Raises psycopg.Error."""

    def __init__(self, line: "DirectLine", result: PGresult | None = None) -> None:
        self._line = line
        self.result = result

    def fetchall(self) -> list[Any]:
        """Every row."""
        return self._line.read_rows(self._wait())

    def fetchone(self) -> Any:
        """The first row; None if there is none."""
        return self._line.read_row(self._wait())

    @property
    def rowcount(self) -> int:
        """How many rows the statement gave or changed."""
        return self._wait().command_tuples or 0

    def close(self) -> None:
        """Forgets the rows."""
        self.result = None

    def _wait(self) -> PGresult:
        if self.result is None:
            self._line.settle()
        return self._line.check(self.result)


class DirectLine:
    """The way to the server of one connection, kept with it."""

    def __init__(self, driver: Connection[Any]) -> None:
        self._driver = driver
        self._values = Transformer(driver)
        self._names: dict[Statement, bytes] = {}
        self._seen: set[Statement] = set()
        self._sent: list[Answer] = []  # what nobody has looked at yet
        self._readable = poll()
        self._readable.register(driver.fileno(), POLLIN)

    def execute(self, statement: Statement, parameters: Sequence[Any]) -> Answer:
        """Runs a statement, in a transaction unless the connection has none, and waits for its answer and those of all
        that were sent before it. Raises psycopg.Error.
        """
        self._begin()
        name = self._find_name(statement)
        if self._sent:
            answer = self._post(statement, name, parameters)
            self.settle()
            return answer
        libpq = self._driver.pgconn
        values: Any = self._values.dump_sequence(parameters, statement.formats)
        if name is not None:
            return Answer(self, self.check(libpq.exec_prepared(name, values, self._values.formats)))
        sql = statement.sql.encode()
        return Answer(self, self.check(libpq.exec_params(sql, values, statement.types, self._values.formats)))

    def send(self, statement: Statement, parameters: Sequence[Any]) -> Answer:
        """Runs a statement, but waits for nothing."""
        self._begin()
        return self._post(statement, self._find_name(statement), parameters)

    def conclude(self) -> None:
        """Commits what was sent and waits for all of it at once. Raises psycopg.Error, with nothing committed."""
        if self._sent or self._driver.pgconn.transaction_status == TransactionStatus.INTRANS:
            self._post(COMMIT, None, ())
            self.settle()

    def is_lost(self) -> bool:
        """Whether the server has said something although nobody asked: that it goes, as a rule."""
        return bool(self._readable.poll(0))

    def settle(self) -> None:
        """Waits for the answers of all that was sent. Raises the first error as psycopg.Error."""
        for answer in self._receive():
            self.check(answer.result)

    def forget(self) -> None:
        """Lets go of the answers of all that was sent; what they changed is rolled back."""
        with suppress(OperationalError):
            self._receive()

    def read_rows(self, result: PGresult) -> list[Any]:
        """Every row of an answer."""
        if not result.ntuples:
            return []
        self._values.set_pgresult(result)
        return self._values.load_rows(0, result.ntuples, list)

    def read_row(self, result: PGresult) -> Any:
        """The first row of an answer; None if it has none."""
        if not result.ntuples:
            return None
        self._values.set_pgresult(result)
        return self._values.load_row(0, list)

    def check(self, result: PGresult | None) -> PGresult:
        """What the server said, if it is no error. Raises psycopg.Error for one, and where the server is gone."""
        if result is not None and result.status in _GOOD:
            return result
        if result is None or result.error_field(DiagnosticField.SQLSTATE) is None:  # not said by the server: it is gone
            message = self._driver.pgconn.get_error_message()
            self._driver.close()
            raise OperationalError(message)
        raise error_from_result(result, self._driver.info.encoding)

    def _begin(self) -> None:
        """As psycopg does in front of the first statement; a snapshot it begins itself, by its level."""
        driver = self._driver
        if self._sent or driver.autocommit or driver.pgconn.transaction_status != TransactionStatus.IDLE:
            return
        if driver.isolation_level is None:
            self._post(BEGIN, None, ())
        else:
            driver.execute("SELECT")

    def _find_name(self, statement: Statement) -> bytes | None:
        """What a statement is prepared as, from its second time on."""
        if (known := self._names.get(statement)) is not None:
            return known
        if statement not in self._seen:
            if len(self._seen) == MAX_PREPARED:
                self._seen.clear()
            self._seen.add(statement)
            return None
        self.settle()  # a name must not be kept that an error before it has taken back
        if len(self._names) == MAX_PREPARED:
            self.check(self._driver.pgconn.exec_(b"DEALLOCATE ALL"))
            self._names.clear()
        self._seen.discard(statement)
        name = b"direct_%d" % next(_NUMBERS)
        self.check(self._driver.pgconn.prepare(name, statement.sql.encode(), statement.types))
        self._names[statement] = name
        return name

    def _post(self, statement: Statement, name: bytes | None, parameters: Sequence[Any]) -> Answer:
        libpq, values = self._driver.pgconn, self._values.dump_sequence(parameters, statement.formats)
        formats = self._values.formats if values else None
        if not self._sent:
            libpq.enter_pipeline_mode()
        answer = Answer(self)
        self._sent.append(answer)
        if name is not None:
            libpq.send_query_prepared(name, values, formats)
        else:
            libpq.send_query_params(statement.sql.encode(), values, statement.types, formats)
        return answer

    def _receive(self) -> list[Answer]:
        """All that was sent, with what the server said; nothing where it said nothing."""
        if not self._sent:
            return []
        libpq, waiting, self._sent = self._driver.pgconn, self._sent, []
        libpq.pipeline_sync()
        while libpq.flush():  # more than the socket takes
            _wait(libpq.socket, POLLIN | POLLOUT)
            libpq.consume_input()
        for answer in waiting:
            if libpq.is_busy():
                self._wait_until_told()
            answer.result = libpq.get_result()
            if libpq.is_busy():
                self._wait_until_told()
            libpq.get_result()  # the end of the answer
        if libpq.is_busy():
            self._wait_until_told()
        libpq.get_result()  # the end of them all
        if libpq.status == ConnStatus.OK:
            libpq.exit_pipeline_mode()
        return waiting

    def _wait_until_told(self) -> None:
        """Until libpq has a result. Other threads go on: whoever holds the lock that is waited for may be one."""
        libpq = self._driver.pgconn
        while libpq.is_busy():
            self._readable.poll()
            libpq.consume_input()


def _wait(socket: int, events: int) -> None:
    readiness = poll()
    readiness.register(socket, events)
    readiness.poll()
