"""The schema: migrations make exactly the tables the code names, and append-only tables are guarded."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, text
from sqlalchemy.exc import DatabaseError

from engine.runtime.engine import Engine
from engine.storage.columns import metadata
from engine.storage.database import UnitOfWork
from engine.storage.schema import SchemaUnsafe, append_only_tables, check_triggers, upgrade_schema
from engine.storage.tables import pin_set


def test_migrations_and_tables_agree(any_engine: Engine) -> None:
    with any_engine.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_upgrading_twice_changes_nothing(any_engine: Engine) -> None:
    upgrade_schema(any_engine.database)
    test_migrations_and_tables_agree(any_engine)


def test_what_is_remembered_is_append_only() -> None:
    assert {"history", "submission", "definition", "deployment", "journal", "posting"} <= {
        table.name for table in append_only_tables()
    }


@pytest.mark.parametrize("sql", ["UPDATE pin_set SET sha256 = 'x'", "DELETE FROM pin_set"])
def test_a_row_of_an_append_only_table_cannot_be_changed(any_engine: Engine, sql: str) -> None:
    any_engine.database.transact(
        lambda unit: unit.connection.execute(insert(pin_set).values(id="1", sha256="a", pins={}))
    )
    with pytest.raises(DatabaseError, match="never changed"):
        any_engine.database.transact(lambda unit: unit.connection.execute(text(sql)))


def test_a_missing_trigger_is_found_and_named(any_engine: Engine) -> None:
    name, on = ("history_no_update", "") if any_engine.database.is_sqlite else ("history_append_only", " ON history")
    with any_engine.database.read() as connection:
        check_triggers(connection)
    any_engine.database.transact(lambda unit: unit.connection.execute(text(f"DROP TRIGGER {name}{on}")))
    with any_engine.database.read() as connection, pytest.raises(SchemaUnsafe, match=name):
        check_triggers(connection)


def test_an_altered_trigger_is_found(engine: Engine) -> None:
    def alter(unit: UnitOfWork) -> None:
        connection = unit.connection
        connection.execute(text("DROP TRIGGER history_no_update"))
        connection.execute(text("CREATE TRIGGER history_no_update BEFORE UPDATE ON history BEGIN SELECT 1; END"))

    engine.database.transact(alter)
    with engine.database.read() as connection, pytest.raises(SchemaUnsafe):
        check_triggers(connection)
