"""Somebody who has the database in his hands, and no keys."""

from typing import Any

from sqlalchemy import text

from engine.runtime.engine import Engine
from engine.storage.database import UnitOfWork
from engine.storage.schema import append_only_tables, install_triggers


def execute_unguarded(engine: Engine, statement: Any, **values: object) -> None:
    """Runs a statement without the triggers, and puts them back: their loss shall not be what is found."""

    def work(unit: UnitOfWork) -> None:
        for table in append_only_tables():
            if engine.database.is_sqlite:
                for action in ("update", "delete"):
                    unit.connection.execute(text(f"DROP TRIGGER {table.name}_no_{action}"))
            else:
                unit.connection.execute(text(f"DROP TRIGGER {table.name}_append_only ON {table.name}"))
        unit.connection.execute(statement, values)
        install_triggers(unit.connection)

    engine.database.transact(work)
