"""Rows as they lie in the database, whatever was done to them: for who must name a damaged row, not fall over it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType, TypeEngine

from engine.storage.columns import EPOCH, Hex, Instant, Json
from engine.storage.plain import Plain

CHUNK_ROWS = 500


class Unreadable(ValueError):
    """A value that the application cannot have written in this column."""


@contextmanager
def read_snapshot(connection: Connection) -> Iterator[Connection]:
    """The fresh connection as one snapshot, on which text that is no UTF-8 is read with marks instead of failing."""
    if connection.dialect.name == "postgresql":
        yield connection.execution_options(isolation_level="REPEATABLE READ")
        return
    driver: Any = connection.connection.driver_connection
    driver.text_factory = lambda content: content.decode("utf-8", "replace")
    try:
        yield connection
    finally:
        driver.text_factory = str


def read_rows(
    connection: Connection, table: Table, *conditions: ColumnElement[bool], order_by: tuple[Column[Any], ...] = ()
) -> Iterator[dict[str, Any]]:
    """Rows by the names of their columns. What cannot be read is given as it lies there, so that no seal fits it."""
    for row in _read_raw(connection, table, conditions, order_by):
        values = {}
        for column in table.c:
            try:
                values[column.name] = _read_value(column, row[column.name])
            except Unreadable:
                raw = row[column.name]
                values[column.name] = str(raw).encode() if isinstance(column.type, LargeBinary) else raw
        yield values


def find_unreadable(connection: Connection, table: Table) -> Iterator[tuple[dict[str, Any], str]]:
    """(row, column) for each row with a value that the application cannot have written."""
    for row in _read_raw(connection, table, (), ()):
        for column in table.c:
            try:
                _read_value(column, row[column.name])
            except Unreadable:
                yield dict(row), column.name
                break


def _read_raw(
    connection: Connection, table: Table, conditions: tuple[ColumnElement[bool], ...], order_by: tuple[Column[Any], ...]
) -> Iterator[Mapping[str, Any]]:
    columns = [type_coerce(column, NullType()).label(column.name) for column in table.c]
    query = select(*columns).where(*conditions).order_by(*order_by)
    with connection.execute(query, execution_options={"yield_per": CHUNK_ROWS}) as result:
        for row in result.mappings():
            yield {str(name): value for name, value in row.items()}


def _read_value(column: Column[Any], raw: Any) -> Any:
    if raw is None and column.nullable:
        return None
    plain, read = next(found for kind, found in _KINDS.items() if isinstance(column.type, kind))
    if not isinstance(raw, plain):
        raise Unreadable(column.name)
    return read(raw)


def _read_instant(microseconds: int) -> datetime:
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except OverflowError as error:
        raise Unreadable from error


def _read_json(text: str) -> Plain:
    """The value, if the text is exactly what the application writes for it."""
    try:
        value: Plain = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Unreadable from error
    if orjson.dumps(value).decode() != text:
        raise Unreadable
    return value


def _keep(value: Any) -> Any:
    return value


_KINDS: dict[type[TypeEngine[Any]], tuple[type, Callable[[Any], Any]]] = {
    Instant: (int, _read_instant),
    Json: (str, _read_json),
    Hex: (bytes, bytes.hex),
    Integer: (int, _keep),
    String: (str, _keep),
    LargeBinary: (bytes, _keep),
}
