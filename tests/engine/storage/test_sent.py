"""Statements that nobody waits for: what goes wrong with them is heard before the commit, and leaves nothing."""

import threading
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from engine.storage.database import ATTEMPTS, Database, UnitOfWork
from engine.storage.prepared import Prepared
from engine.storage.tables import subject_key

INSERT = Prepared(insert(subject_key), columns=("subject_id",))
NAMES = Prepared(select(subject_key.c.subject_id).order_by(subject_key.c.subject_id))


@pytest.fixture
def database(database_url: str) -> Any:
    database = Database(database_url)
    yield database
    database.close()


def add(unit: UnitOfWork, *names: str) -> None:
    INSERT.send_many(unit.connection, [{"subject_id": name} for name in names])


def read(connection: Connection) -> list[str]:
    return [name for (name,) in NAMES.all(connection)]


def stored(database: Database) -> list[str]:
    with database.read() as connection:
        return read(connection)


def test_what_was_sent_is_seen_by_whatever_comes_next(database: Database) -> None:
    def work(unit: UnitOfWork) -> None:
        add(unit, "a", "b")
        assert read(unit.connection) == ["a", "b"]
        add(unit, "c")
        assert unit.connection.execute(select(subject_key.c.subject_id)).scalars().all() == ["a", "b", "c"]
        add(unit, "d")

    database.transact(work)
    assert stored(database) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("ending", ["nothing", "a statement", "a statement of SQLAlchemy"])
def test_an_error_is_heard_whatever_comes_next_and_leaves_nothing(database: Database, ending: str) -> None:
    attempts = []

    def work(unit: UnitOfWork) -> None:
        attempts.append(1)
        add(unit, "a", "a", "b")
        if ending == "a statement":
            read(unit.connection)
        elif ending == "a statement of SQLAlchemy":
            unit.connection.execute(select(subject_key.c.subject_id))

    for _ in range(3):
        with pytest.raises(IntegrityError, match="subject_key"):
            database.transact(work)
    assert len(attempts) == 3 * (1 if database.is_sqlite else ATTEMPTS), "two that began at once try again"
    assert stored(database) == []
    database.transact(lambda unit: add(unit, "a"))
    assert stored(database) == ["a"]


def test_an_error_of_the_work_itself_comes_before_what_was_sent(database: Database) -> None:
    def work(unit: UnitOfWork) -> None:
        if database.is_sqlite:
            add(unit, "a")
        else:
            add(unit, "a", "a")
        raise LookupError("of its own")

    for _ in range(3):
        with pytest.raises(LookupError, match="of its own"):
            database.transact(work)
    assert stored(database) == []


def test_a_savepoint_takes_back_what_was_sent_within_it(database: Database) -> None:
    def work(unit: UnitOfWork) -> None:
        add(unit, "a")
        with pytest.raises(IntegrityError), unit.connection.begin_nested():
            add(unit, "b", "a")
        with suppress(LookupError), unit.connection.begin_nested():
            add(unit, "c")
            raise LookupError
        with unit.connection.begin_nested():
            add(unit, "d")

    for name in ("first", "again"):
        database.transact(work)
        assert stored(database) == ["a", "d"], name
        database.transact(lambda unit: unit.connection.execute(subject_key.delete()))


def test_a_key_that_somebody_else_wrote_meanwhile_is_tried_again(database: Database) -> None:
    tried: list[list[str]] = []

    def work(unit: UnitOfWork) -> None:
        present = read(unit.connection)
        tried.append(present)
        add(unit, "b" if present else "a")
        if not database.is_sqlite and not present:
            other = Database(database.url)
            other.transact(lambda unit: INSERT.run(unit.connection, {"subject_id": "a"}))
            other.close()

    if database.is_sqlite:
        database.transact(lambda unit: add(unit, "a"))
    database.transact(work)
    assert tried[-1] == ["a"]
    assert stored(database) == ["a", "b"]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_who_waits_for_the_lock_of_another_thread_lets_it_go_on(database: Database) -> None:
    """And what is sent meanwhile may be more than a socket takes."""
    has_written = threading.Event()

    def hold(unit: UnitOfWork) -> None:
        INSERT.run(unit.connection, {"subject_id": "a"})
        has_written.set()
        while not unit.connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar():
            continue  # until the other one waits for it

    def follow(unit: UnitOfWork) -> None:
        if "a" not in read(unit.connection):
            add(unit, "a")
        add(unit, *[f"{number:06}" for number in range(3_000)])

    first = threading.Thread(target=lambda: database.transact(hold))
    first.start()
    has_written.wait()
    database.transact(follow)
    first.join()
    assert len(stored(database)) == 3_001


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_server_that_went_away_meanwhile_is_an_error_once(database: Database) -> None:
    def end_itself(unit: UnitOfWork) -> None:
        process = unit.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        other = Database(database.url)
        with other.read() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": process})
        other.close()
        add(unit, "a", "b")

    database.transact(lambda unit: add(unit, "z"))
    with pytest.raises(DBAPIError) as lost:
        database.transact(end_itself)
    assert lost.value.connection_invalidated or "closed" in str(lost.value) or "terminat" in str(lost.value)
    assert stored(database) == ["z"]
    database.transact(lambda unit: add(unit, "c"))
    assert stored(database) == ["c", "z"]
