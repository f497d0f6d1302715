"""Keys and database belong together: none is made anew for a database that others protect."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.records.history import append_system
from engine.records.opening import NotPrepared, open_keys
from engine.runtime.engine import Engine
from engine.storage.actor import SYSTEM
from engine.storage.database import Database
from engine.storage.keys import KeyRing, KeyUnfit, load_keys
from engine.storage.settings import Settings

NAMES = sorted(KeyRing.__dataclass_fields__)
THREADS = 8


@pytest.fixture
def filled(any_engine: Engine) -> Engine:
    """An engine on whose database something has happened."""
    for stream in ("system:a", "system:b"):
        any_engine.database.transact(
            lambda unit, stream=stream: append_system(unit, any_engine.keys, stream, SYSTEM, "noted", {})  # type: ignore[misc]
        )
    return any_engine


def list_files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder and below."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("may_be_new", [True, False])
@pytest.mark.parametrize("gone", [["mac"], ["signing"], NAMES])
def test_a_key_that_is_gone_is_named_and_none_is_made(filled: Engine, gone: list[str], may_be_new: bool) -> None:
    folder = filled.settings.data_dir / "keys"
    for name in gone:
        (folder / name).unlink()
    left = list_files(folder)
    first = next(name for name in KeyRing.__dataclass_fields__ if name in gone)
    with pytest.raises(KeyUnfit, match=f"{folder / first} of this database, but it is gone"):
        Engine(filled.settings, may_be_new=may_be_new)
    assert list_files(folder) == left
    assert set(left) == set(NAMES) - set(gone)


def test_nor_is_one_made_where_the_folder_is_another_one(filled: Engine, tmp_path: Path) -> None:
    elsewhere = Settings(database_url=filled.database.url, data_dir=tmp_path / "elsewhere")
    with pytest.raises(KeyUnfit, match="gone"):
        Engine(elsewhere)
    assert not elsewhere.data_dir.exists()


def test_keys_of_another_database_are_refused(filled: Engine) -> None:
    folder = filled.settings.data_dir / "keys"
    shutil.rmtree(folder)
    load_keys(folder)
    with pytest.raises(KeyUnfit, match="the keys of another one"):
        Engine(filled.settings)


@pytest.mark.parametrize("damage", ["mac = events", "mac = events, at = -1", "kind = 'x'"])
def test_a_damaged_row_says_nothing_against_the_keys(filled: Engine, damage: str) -> None:
    guard = "history_no_update" if filled.database.is_sqlite else "history_append_only ON history"
    filled.database.transact(lambda unit: unit.connection.execute(text(f"DROP TRIGGER {guard}")))
    filled.database.transact(
        lambda unit: unit.connection.execute(text(f"UPDATE history SET {damage} WHERE stream = 'system:a'"))
    )
    Engine(filled.settings, may_be_new=False).close()


def test_rows_that_cannot_be_read_say_nothing_either(engine: Engine) -> None:
    engine.database.transact(lambda unit: append_system(unit, engine.keys, "system:a", SYSTEM, "noted", {}))
    engine.database.transact(lambda unit: unit.connection.execute(text("DROP TRIGGER history_no_update")))
    damage = text("UPDATE history SET acting_role = CAST(x'ff' AS TEXT), at = 'never'")
    engine.database.transact(lambda unit: unit.connection.execute(damage))
    Engine(engine.settings, may_be_new=False).close()


def test_a_new_database_gets_keys_readable_by_its_owner_alone(database_url: str, tmp_path: Path) -> None:
    settings = Settings(database_url=database_url, data_dir=tmp_path / "new")
    Engine(settings).close()
    assert sorted(path.name for path in (tmp_path / "new" / "keys").iterdir()) == NAMES
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new" / "keys").iterdir()} == {0o600}


def test_who_only_reads_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotPrepared, match=r"baton\.db yet"):
        Engine(Settings(data_dir=tmp_path / "data"), may_be_new=False)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_is_not_prepared(postgres_url: str, tmp_path: Path) -> None:
    database = Database(postgres_url)
    database.transact(lambda unit: unit.connection.execute(text("ALTER TABLE history RENAME TO other")))
    with pytest.raises(NotPrepared):
        open_keys(database, tmp_path / "keys", may_be_new=False)
    assert list(tmp_path.iterdir()) == []
    database.close()


def test_who_starts_at_once_on_a_new_database_has_the_same_keys(database_url: str, tmp_path: Path) -> None:
    databases, together = [Database(database_url) for _ in range(THREADS)], threading.Barrier(THREADS)

    def begin(database: Database) -> KeyRing:
        together.wait(30)
        return open_keys(database, tmp_path / "keys", may_be_new=True)

    with ThreadPoolExecutor(THREADS) as pool:
        rings = list(pool.map(begin, databases))
    for database in databases:
        database.close()
    assert rings == rings[:1] * THREADS
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == NAMES
