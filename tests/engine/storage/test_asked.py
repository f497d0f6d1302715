"""Several questions that are asked before anybody looks at an answer."""

from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Integer, bindparam, cast, insert, literal, select
from sqlalchemy.exc import DBAPIError

from bench.measuring import count_sql
from engine.storage.database import Database, UnitOfWork
from engine.storage.prepared import Prepared
from engine.storage.tables import subject_key

ADD = Prepared(insert(subject_key), columns=("subject_id",))
NAMES = Prepared(select(subject_key.c.subject_id).order_by(subject_key.c.subject_id))
NAMED = Prepared(select(subject_key.c.subject_id).where(subject_key.c.subject_id == bindparam("name")))
DIVIDED = Prepared(select((literal(12) // cast(bindparam("by"), Integer)).label("quotient")))


@pytest.fixture
def database(database_url: str) -> Any:
    database = Database(database_url)
    database.transact(lambda unit: ADD.send_many(unit.connection, [{"subject_id": name} for name in "abc"]))
    yield database
    database.close()


def read(database: Database) -> list[Any]:
    with database.read() as connection:
        return NAMES.all(connection)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0)])
def test_each_question_has_its_own_answer_in_whatever_order_one_looks(
    database: Database, order: tuple[int, ...]
) -> None:
    for _ in range(3):  # unknown to the server, prepared, known
        with database.read() as connection:
            asked = [NAMED.ask(connection, {"name": name}) for name in "ba"]
            asked += [NAMES.ask(connection), NAMED.ask(connection, {"name": "z"})]
            seen = {place: [row.subject_id for row in asked[place].all()] for place in order}
            assert [asked[place].scalar() for place in order] == [next(iter(seen[place]), None) for place in order]
    assert seen == {0: ["b"], 1: ["a"], 2: ["a", "b", "c"], 3: []}


def test_they_wait_for_the_server_together(database: Database) -> None:
    def work(unit: UnitOfWork) -> None:
        asked = [NAMED.ask(unit.connection, {"name": name}) for name in "abz"]
        found = NAMES.all(unit.connection)
        assert [row.scalar() for row in asked] == ["a", "b", None]
        assert len(found) == 3

    with count_sql(database) as counts:
        database.transact(work)
    assert len(counts.statements) == 4
    assert counts.sent == (0 if database.is_sqlite else 3)


def test_an_answer_tells_of_the_moment_in_which_it_was_asked_for(database: Database) -> None:
    def work(unit: UnitOfWork) -> None:
        before = NAMES.ask(unit.connection)
        ADD.send(unit.connection, {"subject_id": "d"})
        after = NAMES.ask(unit.connection)
        by_sqlalchemy = unit.connection.execute(select(subject_key.c.subject_id)).all()
        assert (len(before.all()), len(after.all()), len(by_sqlalchemy)) == (3, 4, 4)

    database.transact(work)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_question_that_fails_is_heard_and_leaves_the_connection_whole(database: Database) -> None:
    for _ in range(3):
        with database.read() as connection:
            assert [DIVIDED.scalar(connection, {"by": by}) for by in (4, 6)] == [
                3,
                2,
            ]  # now it is known
            fine = NAMES.ask(connection)
            wrong, unheard = (DIVIDED.ask(connection, {"by": by}) for by in (0, 3))
            with pytest.raises(DBAPIError, match="division by zero"):
                wrong.all()
            assert len(fine.all()) == 3
            for _ in range(2):
                with pytest.raises(DBAPIError):  # nobody answered it, which is not: no rows
                    unheard.all()
            assert DIVIDED.scalar(connection, {"by": 3}) == 4


def test_what_nobody_looked_at_is_gone_with_the_loan(database: Database) -> None:
    for _ in range(3):
        with database.read() as connection:
            NAMES.ask(connection)
            if not database.is_sqlite:
                DIVIDED.ask(connection, {"by": 0})
        assert len(read(database)) == 3
        with suppress(LookupError), database.read() as connection:
            NAMES.ask(connection)
            raise LookupError
        assert len(read(database)) == 3
    assert len(database.transact(lambda unit: NAMES.ask(unit.connection).all())) == 3
