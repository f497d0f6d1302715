"""Prepared statements give what SQLAlchemy gives, on both databases."""

import gc
from datetime import timedelta
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from sqlalchemy import Float, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

import engine
from engine.runtime.engine import Engine
from engine.storage.database import UnitOfWork
from engine.storage.direct import MAX_PREPARED
from engine.storage.prepared import Prepared
from engine.storage.tables import job

ROW: dict[str, Any] = {
    "id": "1",
    "kind": "test",
    "key": "key",
    "payload": {"text": "一 100%"},
    "attempts": 0,
    "error": None,
}
INSERT = Prepared(insert(job))
IDS: Any = bindparam("ids", expanding=True)
SELECT = select(job, (job.c.due_at > bindparam("now", type_=job.c.due_at.type)).label("is_later")).where(
    job.c.id.in_(IDS), job.c.kind == "test"
)
RENAME = Prepared(update(job).where(job.c.id.in_(IDS)), columns=("error",))
DELETE = Prepared(delete(job).where(job.c.id.in_(IDS)))


def test_rows_are_those_of_sqlalchemy(any_engine: Engine) -> None:
    now = any_engine.clock()
    rows = [ROW | {"id": one, "key": one, "due_at": now + timedelta(days=int(one))} for one in "012"]
    any_engine.database.transact(lambda unit: INSERT.send_many(unit.connection, rows))
    for is_planned_once in (False, True):
        prepared = Prepared(SELECT.order_by(job.c.id), is_planned_once=is_planned_once)
        with any_engine.database.read() as connection:
            for ids in ([], ["1"], ["0", "1", "2"], ["1", "2"]):
                values = {"ids": ids, "now": now}
                expected = connection.execute(SELECT.order_by(job.c.id), values).all()
                found = prepared.all(connection, values)
                assert [row._asdict() for row in found] == [row._asdict() for row in expected]
                assert prepared.first(connection, values) == (expected[0] if expected else None)
                assert prepared.scalar(connection, values) == (ids[0] if ids else None)
            with pytest.raises(KeyError):
                prepared.all(connection, {"ids": ["1"]})


def test_constants_are_what_they_are_whether_they_stand_in_the_text_or_not(any_engine: Engine) -> None:
    odd = "it's 100%, \\ and $1 :x"
    row = ROW | {"due_at": any_engine.clock(), "attempts": 7, "error": odd}
    any_engine.database.transact(lambda unit: INSERT.run(unit.connection, row))
    fits = (job.c.kind == "test", job.c.attempts == 7, job.c.error == odd, job.c.id == bindparam("one"))
    prepared = Prepared(select(job.c.id).where(*fits).limit(1))
    with any_engine.database.read() as connection:
        assert prepared.scalar(connection, {"one": "1"}) == "1"
        text = prepared._compile(connection.dialect).text({"one": "1"})
    if not any_engine.database.is_sqlite:  # plain words and numbers, by which the server plans
        assert text.bind({"one": "1"}) == [odd, "1"]
        assert all(said in text.direct.sql for said in ("kind = 'test'", "attempts = 7", "LIMIT 1"))


def test_changes_tell_how_many_and_belong_to_their_transaction(any_engine: Engine) -> None:
    first, second = (ROW | {"id": one, "key": one, "due_at": any_engine.clock()} for one in "12")

    def write(unit: UnitOfWork) -> tuple[int, int]:
        INSERT.send_many(unit.connection, (first, second))
        renamed = RENAME.run(unit.connection, {"ids": ["1", "2", "3"], "error": "late"})
        return renamed, DELETE.run(unit.connection, {"ids": ["1"]})

    def fail(unit: UnitOfWork) -> None:
        DELETE.run(unit.connection, {"ids": ["2"]})
        INSERT.send_many(unit.connection, (first, first))

    assert any_engine.database.transact(write) == (2, 1)
    with pytest.raises(IntegrityError):
        any_engine.database.transact(fail)
    with any_engine.database.read() as connection:
        found = connection.execute(select(job.c.id, job.c.error)).all()
    assert [tuple(row) for row in found] == [("2", "late")]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_postgresql_understands_every_statement_without_being_told_types(any_engine: Engine) -> None:
    """Values go as text, so the type of each must follow from the statement."""
    for module in walk_packages(engine.__path__, "engine."):
        import_module(module.name)
    gc.unfreeze()  # those that were there when the tests were collected as well
    found = [one for one in gc.get_objects() if isinstance(one, Prepared)]
    gc.freeze()
    assert len(found) > 40
    with any_engine.database.read() as connection:
        driver: Any = connection.connection.driver_connection
        for number, prepared in enumerate(found):
            compiled = prepared._compile(connection.dialect)
            values = {name: [None, None] if bind.expanding else None for name, bind in compiled._compiled.binds.items()}
            sql = compiled._make_text(values).direct.sql
            assert not driver.pgconn.prepare(b"try_%d" % number, sql.encode()).error_message, sql


def test_a_fraction_is_not_taken_for_the_integers_beside_it(any_engine: Engine) -> None:
    weight: Any = bindparam("weight", type_=Float())
    prepared = Prepared(select(job.c.id).where(job.c.attempts * weight < 1.5))
    any_engine.database.transact(lambda unit: INSERT.run(unit.connection, ROW | {"attempts": 3, "due_at": unit.now}))
    with any_engine.database.read() as connection:
        found = [prepared.scalar(connection, {"weight": weight}) for weight in (0.4, 0.4, 0.6, 1, 0, 0.4)]
    assert found == ["1", "1", None, None, "1", "1"]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_snapshot_begins_as_it_was_asked_for(any_engine: Engine) -> None:
    """And at its end psycopg must not forget what was prepared."""
    query = select(job.c.id)
    count, row = Prepared(query), ROW | {"due_at": any_engine.clock()}
    with any_engine.database.reader.connect() as connection:
        for _ in range(7):
            assert count.all(connection) == list(connection.execute(query)) == []
    with any_engine.database.reader.connect() as connection:
        snapshot = connection.execution_options(isolation_level="REPEATABLE READ")
        for _ in range(3):
            assert count.all(snapshot) == []
        any_engine.database.transact(lambda unit: INSERT.send_many(unit.connection, [row]))
        assert count.all(snapshot) == []
    for _ in range(3):
        with any_engine.database.read() as connection:
            assert len(count.all(connection)) == 1


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_what_is_still_asked_is_prepared_however_many_came_before(any_engine: Engine) -> None:
    rare = [Prepared(select(job.c.id).where(job.c.key == bindparam("key")).limit(n)) for n in range(MAX_PREPARED)]
    common = Prepared(select(job.c.payload).where(job.c.key == bindparam("key")))
    with any_engine.database.read() as connection:
        for prepared in (*rare, common):
            assert [prepared.all(connection, {"key": "none"}) for _ in range(3)] == [[], [], []]
        kept = connection.exec_driver_sql("SELECT statement FROM pg_prepared_statements").scalars().all()
        assert sum("job.payload" in statement for statement in kept) == 1
        assert len(kept) <= MAX_PREPARED
        assert [prepared.all(connection, {"key": "none"}) for prepared in rare] == [[]] * MAX_PREPARED
