"""The unit of work: one writer, all or nothing, never two in one thread."""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import OperationalError

from engine.storage.database import Database, UnitOfWork
from engine.storage.tables import subject_key


@pytest.fixture
def database(database_url: str) -> Database:
    return Database(database_url)


def _names(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.execute(select(subject_key.c.subject_id)).scalars())


def test_what_work_wrote_is_committed(database: Database) -> None:
    database.transact(lambda unit: unit.connection.execute(insert(subject_key).values(subject_id="a")))
    assert _names(database) == ["a"]
    database.close()


def test_shared_reads_come_by_one_connection_and_see_what_was_committed_meanwhile(database: Database) -> None:
    with database.share_reader():
        assert _names(database) == []
        database.transact(lambda unit: unit.connection.execute(insert(subject_key).values(subject_id="a")))
        assert _names(database) == ["a"]
        with database.read() as one, database.read() as other:
            assert one is other
        with database.read() as again:
            assert again is one  # kept meanwhile
            assert _take_in_a_thread(database) is not one
    with database.read() as alone, database.read() as another:
        assert alone is not another
    database.close()
    assert alone.closed


def test_a_kept_connection_serves_one_read_after_the_other_until_somebody_writes(database: Database) -> None:
    def add(unit: UnitOfWork) -> None:
        with database.read() as reader:
            assert reader is not unit.connection
        unit.connection.execute(insert(subject_key).values(subject_id="a"))

    with database.share_reader(is_kept=True):
        with database.read() as one:
            assert one.execute(select(subject_key)).all() == []
            assert one.in_transaction()
        assert not one.in_transaction(), "the next one sees what is committed by then"
        thread = threading.Thread(target=lambda: database.transact(add))
        thread.start()
        thread.join()
        assert _names(database) == ["a"]
        with database.read() as again:
            assert again is one
        elsewhere = _take_in_a_thread(database)
        assert elsewhere is not one, "it is lent"
        database.transact(lambda unit: unit.connection.execute(insert(subject_key).values(subject_id="b")))
        assert _take_in_a_thread(database) is one, "who waits for a writer holds no reader"
    with database.share_reader(is_kept=True):
        with pytest.raises(LookupError), database.read() as held:
            raise LookupError
        assert _take_in_a_thread(database) is held, "what failed is not kept"
        late = database.read()
        left = late.__enter__()
    late.__exit__(None, None, None)
    assert _take_in_a_thread(database) is left, "who leaves late gives it back himself"
    database.close()


def test_who_reads_within_a_read_sees_what_was_committed_since(database: Database) -> None:
    with database.read() as outer:
        assert outer.execute(select(subject_key)).all() == []
        database.transact(lambda unit: unit.connection.execute(insert(subject_key).values(subject_id="a")))
        assert _names(database) == ["a"]
    database.close()


def test_what_a_read_has_written_is_rolled_back(database: Database) -> None:
    if not database.is_sqlite:
        database.close()
        return  # each statement of a reader is committed by itself there
    with database.read() as connection:
        connection.execute(insert(subject_key).values(subject_id="a"))
    with pytest.raises(KeyError, match="boom"):
        _fail_after_writing(database)
    assert _names(database) == []
    database.close()


def _fail_after_writing(database: Database) -> None:
    with database.read() as connection:
        connection.execute(insert(subject_key).values(subject_id="b"))
        raise KeyError("boom")


def _take_in_a_thread(database: Database) -> Connection:
    taken: list[Connection] = []

    def take() -> None:
        with database.read() as connection:
            taken.append(connection)

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return taken[0]


def test_an_error_leaves_nothing(database: Database) -> None:
    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(insert(subject_key).values(subject_id="a"))
        raise KeyError("boom")

    with pytest.raises(KeyError):
        database.transact(work)
    assert _names(database) == []
    database.close()


def test_a_savepoint_rolls_back_alone(database: Database) -> None:
    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(insert(subject_key).values(subject_id="a"))
        savepoint = unit.connection.begin_nested()
        unit.connection.execute(insert(subject_key).values(subject_id="b"))
        savepoint.rollback()

    database.transact(work)
    assert _names(database) == ["a"]
    database.close()


def test_a_second_unit_of_work_in_the_thread_is_refused(database: Database) -> None:
    def work(_unit: UnitOfWork) -> None:
        database.transact(lambda unit: None)

    with pytest.raises(RuntimeError, match="one unit of work per thread"):
        database.transact(work)
    database.transact(lambda unit: None)  # and the refusal left no trace
    database.close()


def test_what_is_to_follow_runs_only_after_the_commit(database: Database) -> None:
    seen: list[list[str]] = []

    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(insert(subject_key).values(subject_id="a"))
        unit.after_commit.append(lambda: seen.append(_names(database)))

    database.transact(work)
    assert seen == [["a"]]
    database.close()


def test_writers_queue_and_none_fails(database: Database) -> None:
    """Read, then write: with deferred transactions SQLite answers «database is locked» at once."""
    failures: list[Exception] = []

    def write(number: int) -> None:
        def work(unit: UnitOfWork) -> None:
            unit.connection.execute(select(subject_key)).all()
            unit.connection.execute(insert(subject_key).values(subject_id=f"{number:03}"))

        try:
            database.transact(work)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what this test looks for
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(_names(database)) == 32
    database.close()


def test_a_deadlock_on_postgresql_is_tried_again(postgres_template: str, database_url: str) -> None:
    """Two transactions touch two rows in opposite order; the one PostgreSQL gives up runs again and succeeds."""
    database = Database(database_url)
    if database.is_sqlite:
        database.close()
        return  # one writer: there are no deadlocks to have
    database.transact(
        lambda unit: unit.connection.execute(insert(subject_key), [{"subject_id": "a"}, {"subject_id": "b"}])
    )
    both = threading.Barrier(2)
    runs: list[str] = []

    def touch(first: str, second: str) -> None:
        def work(unit: UnitOfWork) -> None:
            runs.append(first)
            _touch(unit, first)
            if len(runs) <= 2:
                both.wait(10)
            _touch(unit, second)

        database.transact(work)

    threads = [threading.Thread(target=touch, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) >= 3, "at least one of the two had to begin again"
    with database.read() as connection:
        assert connection.execute(select(subject_key.c.wrapped_key)).scalars().all() == [b"\x00", b"\x00"]
    database.close()


def _touch(unit: UnitOfWork, name: str) -> None:
    unit.connection.execute(subject_key.update().where(subject_key.c.subject_id == name).values(wrapped_key=b"\x00"))


@pytest.fixture
def fixed_copy(sqlite_template: Path) -> Iterator[Path]:
    """A copy that this process may only read, in a folder it may only read."""
    folder = Path(tempfile.mkdtemp())  # where others may come as well: root may write everywhere
    path = Path(shutil.copy(sqlite_template, folder / "a copy, 100% #1.db"))
    path.chmod(0o444)
    folder.chmod(0o555)
    own = os.geteuid()
    if own == 0:
        os.seteuid(65534)
    try:
        yield path
    finally:
        os.seteuid(own)
        folder.chmod(0o700)
        shutil.rmtree(folder)


def test_a_copy_that_nobody_can_write_is_read(fixed_copy: Path) -> None:
    database = Database(f"sqlite:///{fixed_copy}")
    assert _names(database) == []
    with pytest.raises(OperationalError, match="readonly"):
        database.transact(lambda unit: unit.connection.execute(insert(subject_key).values(subject_id="a")))
    database.close()
    assert [path.name for path in fixed_copy.parent.iterdir()] == [fixed_copy.name]
