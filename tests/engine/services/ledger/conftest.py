"""A ledger on SQLite and on PostgreSQL, with its triggers."""

from collections.abc import Iterator

import pytest

from engine.storage.database import Database
from engine.storage.keys import KeyRing, make_keys
from tests.support.clock import ManualClock


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty ledger on each of the two databases."""
    database = Database(database_url, ManualClock())
    yield database
    database.close()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """An empty ledger on SQLite."""
    database = Database(sqlite_url, ManualClock())
    yield database
    database.close()


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Database]:
    """An empty ledger on PostgreSQL."""
    database = Database(postgres_url, ManualClock())
    yield database
    database.close()


@pytest.fixture
def keys() -> KeyRing:
    return make_keys()
