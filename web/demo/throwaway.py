"""The engine a play runs on: with the repository's definitions, a clock of its own, and gone afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from engine.commands.deployments import deploy
from engine.runtime.engine import Engine
from engine.storage.actor import SYSTEM
from engine.storage.schema import upgrade_schema
from engine.storage.settings import Settings
from web.repository import read_definitions

BEGIN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, ten in the morning in Shanghai


class DemoClock:
    """Stands still until the play moves it."""

    def __init__(self) -> None:
        self.at = BEGIN

    def __call__(self) -> datetime:
        return self.at


@contextmanager
def open_throwaway() -> Iterator[tuple[Engine, DemoClock]]:
    """An engine and its clock."""
    with tempfile.TemporaryDirectory(prefix="baton-demo-") as folder:
        clock = DemoClock()
        engine = Engine(Settings(data_dir=Path(folder), password_cost=1), clock)
        try:
            upgrade_schema(engine.database)
            deploy(engine, SYSTEM, read_definitions(), "demo")
            yield engine, clock
        finally:
            engine.close()
