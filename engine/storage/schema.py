"""Brings a database to the newest schema and guards the append-only tables with triggers."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Table

from engine.storage.columns import metadata
from engine.storage.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaUnsafe(Exception):
    """The database lacks a guard it must have."""


def upgrade_schema(database: Database) -> None:
    """Runs the missing migrations, then makes the triggers anew.

    Alembic's batch mode copies SQLite tables and drops their triggers silently, so they never live in a migration.
    """
    with database.writer.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
        install_triggers(connection)


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration, bound to an open connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def append_only_tables() -> list[Table]:
    """The tables whose rows are never changed or deleted."""
    return [table for table in metadata.sorted_tables if table.info.get("append_only")]


def install_triggers(connection: Connection) -> None:
    """Makes the guards of every append-only table, replacing whatever stands in their place."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_POSTGRES_FUNCTION)
    for table in append_only_tables():
        for name, sql in _triggers(connection.dialect.name, table.name).items():
            on = f" ON {table.name}" if connection.dialect.name == "postgresql" else ""
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{on}")
            connection.exec_driver_sql(sql)


def check_triggers(connection: Connection) -> None:
    """Raises SchemaUnsafe naming the first guard that is missing or altered."""
    dialect = connection.dialect.name
    found = {tuple(row) for row in connection.exec_driver_sql(_FIND_TRIGGERS[dialect])}
    for table in append_only_tables():
        for name, sql in _triggers(dialect, table.name).items():
            refusal = (_POSTGRES_BODY,) if dialect == "postgresql" else ()
            if (name, table.name, sql, *refusal) not in found:
                raise SchemaUnsafe(f"Expected trigger {name} on table {table.name}, but it is missing or was altered")


_FIND_TRIGGERS = {
    "sqlite": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname, tgrelid::regclass::text, pg_get_triggerdef(pg_trigger.oid, true), prosrc "
    "FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal AND tgenabled = 'O'",
}
_REFUSAL = "rows of this table are never changed"
_POSTGRES_BODY = f" BEGIN RAISE EXCEPTION '{_REFUSAL}'; END "
_POSTGRES_FUNCTION = (
    f"CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $${_POSTGRES_BODY}$$"
)


def _triggers(dialect: str, table: str) -> dict[str, str]:
    if dialect == "postgresql":
        name = f"{table}_append_only"
        return {
            name: f"CREATE TRIGGER {name} BEFORE DELETE OR UPDATE OR TRUNCATE ON {table} "  # as PostgreSQL tells it
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        }
    return {
        f"{table}_no_{action.lower()}": f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for action in ("UPDATE", "DELETE")
    }
