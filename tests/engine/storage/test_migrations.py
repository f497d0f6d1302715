"""A database of before keeps its rows: they are answered and proved as they were."""

import json
from datetime import timedelta
from typing import Any

from alembic import command
from sqlalchemy import text

from engine.commands.work import run_due_jobs
from engine.records.history import Head, append_row, event
from engine.records.messages import take_oldest
from engine.records.submissions import SubmissionKey, find_answer
from engine.runtime.engine import Engine
from engine.services.verification import verify
from engine.storage.actor import Actor
from engine.storage.clock import format_instant
from engine.storage.columns import EPOCH, metadata
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.schema import alembic_config, upgrade_schema
from engine.storage.seal import seal_row

PERSON = Actor("person", "person", "individual", frozenset({"individual"}))
KEY = SubmissionKey.of("task:1", "token", {"note": ["a word"]})


def test_submissions_sealed_in_their_own_row_are_proved_by_history(any_engine: Engine) -> None:
    case = new_id()
    any_engine.database.transact(lambda unit: _go_back(unit, "0001"))
    any_engine.database.transact(lambda unit: _submit_as_before(any_engine, unit, case))
    upgrade_schema(any_engine.database)
    assert [one for one in verify(any_engine) if one.table in ("history", "submission")] == []
    with any_engine.database.read() as connection:
        answer = find_answer(connection, KEY, PERSON)
    assert answer is not None
    assert (answer.is_same, answer.instance_id) == (True, case)


def test_messages_that_were_jobs_are_still_delivered(any_engine: Engine) -> None:
    expires_at = any_engine.clock() + timedelta(days=6)
    payload = {"name": "ping", "key": "k", "payload": {"n": 1}, "expires_at": format_instant(expires_at)}
    any_engine.database.transact(lambda unit: _go_back(unit, "0005"))
    insert = (
        "INSERT INTO job (id, kind, message_name, correlation_key, payload, due_at, attempts) "
        "VALUES ('m', 'message', 'ping', 'k', :payload, 0, 0)"
    )
    any_engine.database.transact(lambda unit: unit.connection.execute(text(insert), {"payload": json.dumps(payload)}))
    upgrade_schema(any_engine.database)
    assert run_due_jobs(any_engine) == 1, "nobody waits for it yet"
    found = any_engine.database.transact(lambda unit: take_oldest(unit.connection, unit.now, "ping", "k"))
    assert found is not None
    assert (found.id, found.payload, found.sender) == ("m", {"n": 1}, None)


def _go_back(unit: UnitOfWork, revision: str) -> None:
    """Empties the database and makes the tables of a revision."""
    metadata.drop_all(unit.connection)
    unit.connection.execute(text("DROP TABLE alembic_version"))
    command.upgrade(alembic_config(unit.connection), revision)


def _submit_as_before(engine: Engine, unit: UnitOfWork, case: str) -> None:
    row: dict[str, Any] = {
        "scope": KEY.scope,
        "token": KEY.token,
        "instance_id": case,
        "element": "fill",
        "form_id": None,
        "actor_id": PERSON.user_id,
        "acting_role": PERSON.role,
        "party_id": PERSON.party_id,
        "digest": KEY.digest,
        "content": {"note": "a word"},
        "result": case,
        "submitted_at": EPOCH,
    }
    seal = seal_row(engine.keys.mac, "submission", row)
    stored = row | {"content": '{"note":"a word"}', "result": f'"{case}"', "submitted_at": 0, "seal": seal}
    names = ", ".join(stored)
    places = ", ".join(f":{name}" for name in stored)
    unit.connection.execute(text(f"INSERT INTO submission ({names}) VALUES ({places})"), stored)
    told = event("submitted", scope=KEY.scope, token=KEY.token, seal=seal.hex())
    append_row(unit.connection, engine.keys, case, Head(), unit.now, PERSON, "complete", [told])
