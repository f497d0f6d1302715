"""The schema: migrations make exactly the tables the code names, and append-only tables are guarded."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, text
from sqlalchemy.exc import DatabaseError

from engine.runtime.engine import Engine
from engine.storage.columns import metadata
from engine.storage.database import UnitOfWork
from engine.storage.schema import SchemaUnsafe, append_only_tables, check_triggers, install_triggers, upgrade_schema
from engine.storage.tables import pin_set

DROPPED = "DROP TRIGGER history_append_only ON history"
GUARD = "CREATE TRIGGER history_append_only BEFORE {} ON {} FOR EACH STATEMENT {} EXECUTE FUNCTION refuse_change()"


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


ALTERED = {
    "sqlite": [
        [
            "DROP TRIGGER history_no_update",
            "CREATE TRIGGER history_no_update BEFORE UPDATE ON history BEGIN SELECT 1; END",
        ],
    ],
    "postgresql": [
        [
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RETURN NEW; END -- rows of this table are never changed $$"
        ],
        ["ALTER TABLE history DISABLE TRIGGER history_append_only"],
        [DROPPED, GUARD.format("TRUNCATE", "history", "")],
        [DROPPED, GUARD.format("DELETE OR UPDATE OF stream OR TRUNCATE", "history", "")],
        [DROPPED, GUARD.format("DELETE OR UPDATE OR TRUNCATE", "history", "WHEN (false)")],
        [DROPPED, GUARD.format("DELETE OR UPDATE OR TRUNCATE", "party", "")],
    ],
}


def test_an_altered_trigger_is_found(any_engine: Engine) -> None:
    dialect = "sqlite" if any_engine.database.is_sqlite else "postgresql"
    for statements in ALTERED[dialect]:

        def alter(unit: UnitOfWork, statements: list[str] = statements) -> None:
            for statement in statements:
                unit.connection.execute(text(statement))

        any_engine.database.transact(alter)
        with any_engine.database.read() as connection, pytest.raises(SchemaUnsafe):
            check_triggers(connection)
        any_engine.database.transact(lambda unit: install_triggers(unit.connection))
        with any_engine.database.read() as connection:
            check_triggers(connection)


def test_guards_as_an_earlier_version_made_them_are_intact(any_engine: Engine) -> None:
    if any_engine.database.is_sqlite:
        return  # it keeps the very text
    earlier = [
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'rows of this table are never changed'; END $$",
        DROPPED,
        GUARD.format("UPDATE OR DELETE OR TRUNCATE", "history", ""),
    ]

    def make(unit: UnitOfWork) -> None:
        for statement in earlier:
            unit.connection.execute(text(statement))

    any_engine.database.transact(make)
    with any_engine.database.read() as connection:
        check_triggers(connection)
