"""Rows written as fast as a database takes them."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Table

from engine.runtime.engine import Engine

Rows = Iterable[tuple[Any, ...]]
CACHE_KIB = 600_000


class Loader:
    """Writes whole rows, in the order of the columns of their table, on a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.database.is_sqlite

    @contextmanager
    def in_bulk(self) -> Iterator["Loader"]:
        """Without what a new database does not need: a journal, and waiting for the disk."""
        self.engine.database.close()  # nobody else has the file open
        connection: Any = self._open_sqlite() if self.is_sqlite else self.engine.database.writer.raw_connection()
        self._connection = connection
        yield self
        if self.is_sqlite:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.close()

    def load(self, rows: dict[Table, list[tuple[Any, ...]]]) -> None:
        """All of it in one transaction."""
        cursor = self._connection.cursor()
        for table, content in rows.items():
            (self._insert if self.is_sqlite else self._copy)(cursor, table, content)
        self._connection.commit()

    def finish(self) -> None:
        """What the server does by itself in time: statistics."""
        if not self.is_sqlite:
            with self.engine.database.read() as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")

    def measure_bytes(self) -> int:
        """What the database takes on disk."""
        with self.engine.database.read() as connection:
            return sum(size for _, size in list_sizes(connection, self.is_sqlite))

    def _open_sqlite(self) -> sqlite3.Connection:
        connection = sqlite3.connect(str(self.engine.database.writer.url.database))
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size={-CACHE_KIB}"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _insert(self, cursor: Any, table: Table, rows: Rows) -> None:
        places = ", ".join("?" * len(table.columns))
        cursor.executemany(f"INSERT INTO {_name(table)} VALUES ({places})", rows)

    def _copy(self, cursor: Any, table: Table, rows: Rows) -> None:
        with cursor.copy(f"COPY {_name(table)} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def _name(table: Table) -> str:
    return f"{table.name} ({', '.join(column.name for column in table.columns)})"


def list_sizes(connection: Connection, is_sqlite: bool) -> list[tuple[str, int]]:
    """Bytes by table, its indexes included; of SQLite the whole file."""
    if is_sqlite:
        pages, size = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size")
        )
        return [("all", int(pages) * int(size))]
    query = (
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
        "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC"
    )
    return [(str(row[0]), int(row[1])) for row in connection.exec_driver_sql(query)]
