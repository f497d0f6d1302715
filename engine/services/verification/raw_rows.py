"""Rows as they lie in the database, whatever was done to them: for who must name a damaged row, not fall over it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType, TypeEngine

from engine.storage.columns import EPOCH, Hex, Instant, Json
from engine.storage.plain import Plain

CHUNK_ROWS = 1_000


class Unreadable(ValueError):
    """A value that the application cannot have written in this column."""


@contextmanager
def read_snapshot(connection: Connection) -> Iterator[Connection]:
    """The fresh connection as one snapshot, on which text that is no UTF-8 is read with marks instead of failing."""
    if connection.dialect.name == "postgresql":
        yield connection.execution_options(isolation_level="REPEATABLE READ")
        return
    driver: Any = connection.connection.driver_connection
    driver.text_factory = partial(str, encoding="utf-8", errors="replace")
    try:
        yield connection
    finally:
        driver.text_factory = str


def read_rows(
    connection: Connection, table: Table, *conditions: ColumnElement[bool], order_by: tuple[Column[Any], ...] = ()
) -> Iterator[dict[str, Any]]:
    """Rows by the names of their columns. What cannot be read is given as it lies there, so that no seal fits it."""
    places = [place for place in _list_places(table) if place.read is not None or place.plain is bytes]
    for values in _read_raw(connection, table, conditions, order_by):
        for place in places:
            raw = values[place.name]
            if type(raw) is place.plain:
                if place.read is None:
                    continue
                try:
                    values[place.name] = place.read(raw)
                except Unreadable:
                    continue
            elif place.plain is bytes and not (raw is None and place.is_nullable):
                values[place.name] = str(raw).encode()
        yield values


def find_unreadable(connection: Connection, table: Table) -> Iterator[tuple[dict[str, Any], str]]:
    """(row, column) for each row with a value that the application cannot have written."""
    for row in _read_raw(connection, table, (), ()):
        for place in _list_places(table):
            if not place.fits(row[place.name]):
                yield row, place.name
                break


def _read_raw(
    connection: Connection, table: Table, conditions: tuple[ColumnElement[bool], ...], order_by: tuple[Column[Any], ...]
) -> Iterator[dict[str, Any]]:
    names = [place.name for place in _list_places(table)]
    query = _select_raw(table)
    if conditions or order_by:
        query = query.where(*conditions).order_by(*order_by)
    with connection.execute(query, execution_options={"yield_per": CHUNK_ROWS}) as result:
        for chunk in result.partitions():
            for row in chunk:
                yield dict(zip(names, row, strict=True))


@cache
def _select_raw(table: Table) -> Select[*tuple[Any, ...]]:
    """All of a table as it lies there: written once, for a check of everything asks for it again and again."""
    return select(*(type_coerce(column, NullType()).label(column.name) for column in table.c))


@dataclass(frozen=True)
class _Place:
    """A column as the database keeps it. `plain` is what the driver gives, `read` makes the value of it."""

    name: str
    plain: type
    read: Callable[[Any], Any] | None
    is_nullable: bool

    def fits(self, raw: Any) -> bool:
        if raw is None and self.is_nullable:
            return True
        try:
            return type(raw) is self.plain and (self.read is None or self.read(raw) is not None)
        except Unreadable:
            return False


@cache
def _list_places(table: Table) -> list[_Place]:
    return [_Place(str(one.name), *_find_kind(one), bool(one.nullable)) for one in table.c]


def _find_kind(column: Column[Any]) -> tuple[type, Callable[[Any], Any] | None]:
    return next(found for kind, found in _KINDS.items() if isinstance(column.type, kind))


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


_KINDS: dict[type[TypeEngine[Any]], tuple[type, Callable[[Any], Any] | None]] = {
    Instant: (int, _read_instant),
    Json: (str, _read_json),
    Hex: (bytes, bytes.hex),
    Integer: (int, None),
    String: (str, None),
    LargeBinary: (bytes, None),
}
