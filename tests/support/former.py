"""The live states of cases as they were after every step: kept by the database itself, whatever code wrote them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_KEPT = "former_instance"


@contextmanager
def keep_former_instances(database: Path, kept: Path) -> Iterator[None]:
    """While this lasts, every version of every instance row is kept; afterwards they lie in a database of their own."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"CREATE TABLE {_KEPT} AS SELECT * FROM instance WHERE 0")
        for action in ("INSERT", "UPDATE"):
            names = [row[1] for row in connection.execute("PRAGMA table_info(instance)")]
            values = ", ".join(f"NEW.{name}" for name in names)
            insert = f"INSERT INTO {_KEPT} VALUES ({values});"
            connection.execute(f"CREATE TRIGGER keep_{action} AFTER {action} ON instance BEGIN {insert} END")
    yield
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("ATTACH DATABASE ? AS kept", (str(kept),))
        connection.execute(f"CREATE TABLE kept.{_KEPT} AS SELECT * FROM main.{_KEPT}")
        connection.execute("DROP TRIGGER keep_INSERT")
        connection.execute("DROP TRIGGER keep_UPDATE")
        connection.execute(f"DROP TABLE main.{_KEPT}")


def read_former_instances(kept: Path) -> list[sqlite3.Row]:
    """The kept rows, by case and in the order they were written; the newest is the one that stands in the database."""
    with closing(sqlite3.connect(kept)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(f"SELECT * FROM {_KEPT} ORDER BY id, history_seq").fetchall()
