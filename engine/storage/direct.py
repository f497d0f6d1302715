"""Statements straight to PostgreSQL, by what psycopg offers of libpq, instead of through its cursors.

A cursor takes a statement apart, looks it up among those it knows and waits for the answer in Python: 70 microseconds,
where the statement itself needs 10. What every click sends is known, numbered and typed by its casts, so nothing of
that is needed. Connections, transactions, errors and the conversion of values stay with psycopg.

psycopg must prepare nothing itself on such a connection (`DRIVER_OPTIONS`): when a transaction is rolled back or a
table changed, it forgets all by `DEALLOCATE ALL`.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any

from psycopg import Connection
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import OperationalError, error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
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
        self._result: PGresult | None = None

    def execute(self, sql: str, parameters: Sequence[Any]) -> None:
        """Runs a statement with `$1`, `$2` …, in a transaction unless the connection has none. Raises psycopg.Error."""
        libpq = self._driver.pgconn
        if libpq.transaction_status == TransactionStatus.IDLE and not self._driver.autocommit:
            self._begin()
        formats = [PyFormat.BINARY if isinstance(value, bytes) else PyFormat.TEXT for value in parameters]
        values = self._values.dump_sequence(parameters, formats)
        types = tuple(FLOAT8 if isinstance(value, float) else INFERRED for value in parameters)
        if (name := self._find_name(sql, types)) is not None:
            result = libpq.exec_prepared(name, values, self._values.formats)  # type: ignore[arg-type]  # None is NULL
        else:
            result = libpq.exec_params(sql.encode(), values, types, self._values.formats)
        self._result = self._check(result)

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
        if self._driver.isolation_level is None:
            self._check(self._driver.pgconn.exec_(b"BEGIN"))
        else:
            self._driver.execute("SELECT")

    def _find_name(self, sql: str, types: tuple[int, ...]) -> bytes | None:
        """What a statement is prepared as for values of these types, from its second time on."""
        key = sql, types
        if (known := self._names.get(key)) is not None:
            return known
        if key not in self._seen or len(self._names) == MAX_PREPARED:
            self._seen.add(key)
            return None
        name = b"direct_%d" % next(_NUMBERS)
        self._check(self._driver.pgconn.prepare(name, sql.encode(), types))
        self._names[key] = name
        return name

    def _check(self, result: PGresult) -> PGresult:
        if result.status in _GOOD:
            return result
        if result.error_field(DiagnosticField.SQLSTATE) is None:  # nothing the server said: it is gone
            self._driver.close()
            raise OperationalError(result.get_error_message())
        raise error_from_result(result, self._driver.info.encoding)
