"""Connections that stay open: at most so many, none that is dead, none with a transaction of somebody else."""

import threading

import pytest
from sqlalchemy import Connection, Engine, insert, text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.storage.connections import BEGIN, DEFERRED, IMMEDIATE, Connections, Loan, SoleWriter
from engine.storage.database import Database
from engine.storage.tables import subject_key


@pytest.fixture
def writer(database_url: str) -> Engine:
    return Database(database_url).writer


def test_the_last_one_used_is_used_next_and_no_more_are_kept_than_wanted(writer: Engine) -> None:
    connections = Connections(writer, most=3, kept=2)
    first, second, third = (connections.take() for _ in range(3))
    for one in (first, second, third):
        connections.give_back(one)
    assert (first.closed, second.closed, third.closed) == (False, False, True)
    assert connections.take() is second
    assert connections.take() is first
    connections.close()


def test_who_finds_none_free_waits_for_one_and_hears_of_it_when_none_comes(writer: Engine) -> None:
    connections = Connections(writer, most=1, kept=1, wait_seconds=0.05)
    only = connections.take()
    with pytest.raises(PoolTimeout, match="one of 1 connections"):
        connections.take()
    patient = Connections(writer, most=1, kept=1)
    held, found = patient.take(), list[object]()
    waiting = threading.Thread(target=lambda: found.append(patient.take()))
    waiting.start()
    patient.give_back(held)
    waiting.join()
    assert found == [held]
    connections.give_back(only)
    assert connections.take() is only


def test_a_connection_that_could_not_be_opened_costs_nobody_his_turn(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("away")
    database = Database(f"sqlite:///{folder}/nowhere/baton.db")
    connections = Connections(database.writer, most=1, kept=1)
    for _ in range(2):
        with pytest.raises(Exception, match="unable to open"):
            connections.take()


def test_none_is_used_again_with_what_it_did_not_commit(writer: Engine) -> None:
    connections = Connections(writer, most=1, kept=1)
    connection = connections.take()
    connection.execute(insert(subject_key).values(subject_id="a"))
    connections.give_back(connection)
    assert not connection.in_transaction()
    assert connections.take().execute(subject_key.select()).all() == []
    connections.close()


def test_one_at_a_time_writes_on_the_connection_that_was_read_on_last(database_url: str) -> None:
    engine = Database(database_url).writer
    readers = Connections(engine, most=3, kept=3, begin=DEFERRED)
    writers, hasty = SoleWriter(readers), SoleWriter(readers, wait_seconds=0.05)
    with Loan(readers) as read_on:
        pass
    hasty.give_back(hasty.take())
    with Loan(hasty), pytest.raises(PoolTimeout, match="other writers"):
        hasty.take()
    with Loan(writers) as connection:
        assert connection is read_on
        assert connection.info[BEGIN] == IMMEDIATE
    with Loan(readers) as read_on:
        assert BEGIN not in read_on.info
        assert read_on.get_execution_options()[BEGIN] == DEFERRED
    with Loan(writers) as connection:
        connection.invalidate()  # what is lent may be lost
    scarce = Connections(engine, most=1, kept=1, wait_seconds=0.05)
    full = SoleWriter(scarce)
    with Loan(scarce), pytest.raises(PoolTimeout, match="one of 1 connections"):
        full.take()
    full.give_back(full.take())  # nobody lost his turn
    writers.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_reads_where_somebody_wrote_keeps_nobody_from_writing(database_url: str) -> None:
    database = Database(database_url)
    database.transact(lambda unit: unit.connection.execute(insert(subject_key).values(subject_id="a")))
    with database.read() as connection:
        assert len(connection.execute(subject_key.select()).all()) == 1
        database.transact(lambda unit: unit.connection.execute(insert(subject_key).values(subject_id="b")))
        assert len(connection.execute(subject_key.select()).all()) == 1, "it sees what was there when it began"
    with database.read() as connection:
        assert len(connection.execute(subject_key.select()).all()) == 2
    database.close()


def test_what_was_interrupted_before_sqlalchemy_heard_of_it_is_rolled_back(writer: Engine) -> None:
    connections = Connections(writer, most=1, kept=1)
    with pytest.raises(KeyboardInterrupt), Loan(connections) as connection:
        _begin_and_stop(connection)
    with Loan(connections) as again, again.begin():
        assert again is connection
        assert again.execute(subject_key.select()).all() == []
    connections.close()


def _begin_and_stop(connection: Connection) -> None:
    driver = connection.connection.cursor()
    driver.execute("BEGIN")
    driver.execute("INSERT INTO subject_key (subject_id) VALUES ('a')")
    raise KeyboardInterrupt


def test_those_from_before_the_database_was_away_are_forgotten(writer: Engine) -> None:
    connections = Connections(writer, most=3, kept=3)
    lost, idle, busy = (connections.take() for _ in range(3))
    connections.give_back(idle)
    lost.invalidate()
    writer.dispose()  # as whoever notices does
    connections.give_back(lost)
    connections.give_back(busy)
    assert (lost.closed, busy.closed) == (True, True)
    fresh = connections.take()
    assert fresh is not idle
    assert idle.closed
    assert fresh.execute(text("SELECT 1")).scalar() == 1
    connections.close()
