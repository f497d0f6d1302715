"""Statements that every click sends: compiled once, then handed straight to the driver.

SQLAlchemy spends ten times as long on a statement it has seen before as SQLite on running it. A `Prepared` statement
keeps its text and how its values are converted, per dialect and number of values in its lists. It runs on the
connection, and so in the transaction, that it is given; what goes wrong is raised as SQLAlchemy's own errors. SQLite
takes it by a cursor of its driver, PostgreSQL by `engine.storage.direct`.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeAlias

from psycopg.adapt import PyFormat
from sqlalchemy import Connection, Delete, Dialect, Float, Insert, LargeBinary, Select, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

from engine.storage.dialects import NUMBERED, NUMBERED_UNSEEN, PLAIN
from engine.storage.direct import FLOAT8, INFERRED, KEPT_AS, DirectLine, Statement

Values: TypeAlias = Mapping[str, Any]
Convert: TypeAlias = Callable[[Any], Any]
NOTHING: Values = {}


class Prepared:
    """A statement with bind parameters. `columns`: those an UPDATE sets, where the statement does not say it.

    `is_planned_once`: PostgreSQL makes one plan for whatever values. Otherwise it does so only where it expects that to
    be as good as a plan for the values given, and else plans each time: right where the values decide which way is the
    shorter one; where the statement leaves no choice it is many times the work of running it.
    """

    def __init__(
        self,
        statement: "Select[*tuple[Any, ...]] | Insert | Update | Delete",
        columns: Sequence[str] | None = None,
        *,
        is_planned_once: bool = False,
    ) -> None:
        self.statement = statement
        self.columns = columns
        self.is_planned_once = is_planned_once
        self._compiled: dict[str, _Compiled] = {}

    def all(self, connection: Connection, values: Values = NOTHING) -> list[Any]:
        """Every row, as a named tuple."""
        cursor, compiled = self._execute(connection, values)
        try:
            return compiled.read(cursor.fetchall())
        finally:
            cursor.close()

    def first(self, connection: Connection, values: Values = NOTHING) -> Any:
        """The first row; None if there is none."""
        cursor, compiled = self._execute(connection, values)
        try:
            row = cursor.fetchone()
        finally:
            cursor.close()
        return None if row is None else compiled.read((row,))[0]

    def scalar(self, connection: Connection, values: Values = NOTHING) -> Any:
        """The first column of the first row; None if there is no row."""
        row = self.first(connection, values)
        return None if row is None else row[0]

    def ask(self, connection: Connection, values: Values = NOTHING) -> "Asked":
        """Asks without waiting for the answer: on PostgreSQL several questions wait together, SQLite answers at once.

        The answer is looked at while the connection is lent, and tells of the moment in which it was asked for.
        """
        return Asked(connection, *self._execute(connection, values, is_waited_for=False))

    def run(self, connection: Connection, values: Values = NOTHING) -> int:
        """Changes rows; gives how many."""
        cursor, _ = self._execute(connection, values)
        try:
            return int(cursor.rowcount)
        finally:
            cursor.close()

    def send(self, connection: Connection, values: Values = NOTHING) -> None:
        """Changes rows in a transaction. What goes wrong is raised by a statement after it, or when the transaction is
        committed: PostgreSQL is not waited for.
        """
        self._execute(connection, values, is_waited_for=False)

    def send_many(self, connection: Connection, rows: Iterable[Values]) -> None:
        """The same for each of several sets of values."""
        for values in rows:
            self.send(connection, values)

    def _execute(
        self, connection: Connection, values: Values, *, is_waited_for: bool = True
    ) -> "tuple[Any, _Compiled]":
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name) or self._compile(dialect)
        text = compiled.text(values)
        parameters = text.bind(values)
        try:
            if compiled.is_sqlite:
                driver: Any = connection.connection.dbapi_connection
                return driver.execute(text.direct.sql, parameters), compiled
            line = _find_line(connection)
            return (line.execute if is_waited_for else line.send)(text.direct, parameters), compiled
        except dialect.loaded_dbapi.Error as error:
            raise _translate(connection, error, text.direct.sql, parameters) from error

    def _compile(self, dialect: Dialect) -> "_Compiled":
        numbered = NUMBERED_UNSEEN if self.is_planned_once else NUMBERED
        words = PLAIN if dialect.name == "sqlite" else numbered
        made = self._compiled[dialect.name] = _Compiled(self.statement, self.columns, dialect, words)
        return made


class Asked:
    """The answer to a question, once somebody looks at it."""

    def __init__(self, connection: Connection, cursor: Any, compiled: "_Compiled") -> None:
        self._connection, self._compiled = connection, compiled
        self._cursor = cursor
        self._rows: list[Any] | None = cursor.fetchall() if compiled.is_sqlite else None

    def all(self) -> list[Any]:
        """Every row, as a named tuple."""
        return self._compiled.read(self._find_rows())

    def first(self) -> Any:
        """The first row; None if there is none."""
        rows = self._find_rows()
        return self._compiled.read(rows[:1])[0] if rows else None

    def scalar(self) -> Any:
        """The first column of the first row; None if there is no row."""
        row = self.first()
        return None if row is None else row[0]

    def _find_rows(self) -> list[Any]:
        if self._rows is None:
            try:
                self._rows = self._cursor.fetchall()
            except self._connection.dialect.loaded_dbapi.Error as error:
                raise _translate(self._connection, error, None, None) from error
        return self._rows


@dataclass(frozen=True)
class _Text:
    """A statement as the driver takes it. `take` gives the values in their places, of which some are converted."""

    direct: Statement
    take: Callable[[Values], Sequence[Any]]
    converts: Sequence[tuple[int, Convert]]
    fixed: dict[str, Any]
    lists: dict[str, list[str]]

    def bind(self, values: Values) -> list[Any]:
        """The values as the driver takes them. Raises KeyError for one that is missing."""
        if self.fixed or self.lists:
            values = {**self.fixed, **values}
            for name, places in self.lists.items():
                values.update(zip(places, values[name], strict=True))
        bound = list(self.take(values))
        for place, convert in self.converts:
            bound[place] = convert(bound[place])
        return bound


class _Compiled:
    """A statement in the words of one dialect."""

    def __init__(self, statement: Any, columns: Sequence[str] | None, dialect: Dialect, words: Dialect) -> None:
        self.is_sqlite = dialect.name == "sqlite"
        compiled = statement.compile(dialect=words, column_keys=columns)
        assert isinstance(compiled, SQLCompiler)
        self._compiled = compiled
        self._lists = [name for name, bind in compiled.binds.items() if bind.expanding]
        self._texts: dict[tuple[int, ...], _Text] = {}
        selected = list(statement.selected_columns) if isinstance(statement, Select) else []
        self._make_row: Callable[[Iterable[Any]], Any] = _name_columns(column.key or "" for column in selected)
        converts = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in selected]
        self._converts = [(place, convert) for place, convert in enumerate(converts) if convert is not None]

    def text(self, values: Values) -> _Text:
        """The text for lists of these lengths."""
        lengths = tuple([len(values[name]) for name in self._lists]) if self._lists else ()
        found = self._texts.get(lengths)
        if found is None:
            found = self._texts[lengths] = self._make_text(values)
        return found

    def read(self, rows: Iterable[Sequence[Any]]) -> list[Any]:
        """Rows of the driver as named tuples."""
        make, converts = self._make_row, self._converts
        found = []
        for row in rows:
            read = list(row)
            for place, convert in converts:
                read[place] = convert(read[place])
            found.append(make(read))
        return found

    def _make_text(self, values: Values) -> _Text:
        given = {name: bind for name, bind in self._compiled.binds.items() if bind.required or name in values}
        state = self._compiled.construct_expanded_state({name: values[name] for name in given})
        dialect = self._compiled.dialect
        names = list(state.positiontup or ())
        processors = [
            given[name].type.dialect_impl(dialect).bind_processor(dialect) if name in given else None for name in names
        ]
        converts = [(place, convert) for place, convert in enumerate(processors) if convert is not None]
        fixed = {name: bind.effective_value for name, bind in self._compiled.binds.items() if name not in given}
        lists = dict(state.parameter_expansion)
        kinds = {name: bind.type for name, bind in self._compiled.binds.items()}
        kinds |= {place: kinds[name] for name, found in lists.items() for place in found}
        types, formats = zip(*(_describe(kinds[name]) for name in names), strict=True) if names else ((), ())
        return _Text(Statement(state.statement, types, formats), _take_all(names), converts, fixed, lists)


def _take_all(names: Sequence[str]) -> Callable[[Values], Sequence[Any]]:
    """A function that takes the values of these names. It raises KeyError for one that is missing."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: [values[name] for name in names]


def _describe(kind: TypeEngine[Any]) -> tuple[int, PyFormat]:
    """SQLAlchemy casts all values but floats, which must not be taken for the integers beside them."""
    plain = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    is_binary = isinstance(plain, LargeBinary)
    return FLOAT8 if isinstance(plain, Float) else INFERRED, PyFormat.BINARY if is_binary else PyFormat.TEXT


def conclude(connection: Connection) -> None:
    """Commits what was sent, if anything was. Raises SQLAlchemy's errors."""
    _have_done(connection, DirectLine.conclude)


def settle(connection: Connection) -> None:
    """Waits for what was sent. Raises SQLAlchemy's errors."""
    _have_done(connection, DirectLine.settle)


def _have_done(connection: Connection, act: Callable[[DirectLine], None]) -> None:
    if (line := _find_known_line(connection)) is None:
        return
    try:
        act(line)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _translate(connection, error, None, None) from error


def forget(connection: Connection) -> None:
    """Lets go of what was sent, before it is rolled back."""
    if (line := _find_known_line(connection)) is not None:
        line.forget()


def is_lost(connection: Connection) -> bool:
    """Whether the server has left a connection to PostgreSQL that nobody uses."""
    return _find_line(connection).is_lost()


def _find_known_line(connection: Connection) -> DirectLine | None:
    return None if connection.invalidated else connection.info.get(KEPT_AS)


def _translate(connection: Connection, error: Any, sql: str | None, parameters: list[Any] | None) -> BaseException:
    dialect = connection.dialect
    if dialect.is_disconnect(error, connection.connection.dbapi_connection, None):
        connection.invalidate(error)
        connection.engine.dispose()  # those that nobody uses are as dead
    told: BaseException = DBAPIError.instance(sql, parameters, error, dialect.loaded_dbapi.Error, dialect=dialect)
    return told


def _find_line(connection: Connection) -> DirectLine:
    kept = connection.info
    found: DirectLine | None = kept.get(KEPT_AS)
    if found is None:
        driver: Any = connection.connection.dbapi_connection
        found = kept[KEPT_AS] = DirectLine(driver)
    return found


def _name_columns(names: Iterable[str]) -> Any:
    row: Any = namedtuple("Row", list(names), rename=True)  # type: ignore[misc]  # only known when it runs
    return row._make
