"""The proof that runs every night: planned once, planning itself, writing down what it found."""

from sqlalchemy import func, select, text

from engine.commands.work import settle
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.services.ledger.nightly import KIND, STREAM, schedule_checks
from engine.storage.plain import PlainDict
from engine.storage.tables import job
from tests.support.clock import ManualClock


def _proofs(engine: Engine) -> list[PlainDict]:
    with engine.database.read() as connection:
        return [event for row in read_stream(connection, STREAM) for event in row.events]


def test_it_runs_once_a_night_and_names_what_is_wrong(any_engine: Engine, clock: ManualClock) -> None:
    schedule_checks(any_engine)
    schedule_checks(any_engine)
    settle(any_engine)
    assert _proofs(any_engine) == []
    for night in range(1, 3):
        clock.advance(days=1)
        settle(any_engine)
        assert [proof["findings"] for proof in _proofs(any_engine)] == [[]] * night
    any_engine.database.transact(
        lambda unit: unit.connection.execute(
            text(
                "INSERT INTO account (code, kind, has_floor, balance_fen, last_seq) "
                "VALUES ('wallet:nobody', 'liability', 1, 500, 0)"
            )
        )
    )
    clock.advance(days=1)
    settle(any_engine)
    findings = _proofs(any_engine)[-1]["findings"]
    assert isinstance(findings, list)
    assert any("wallet:nobody" in str(finding) for finding in findings)
    with any_engine.database.read() as connection:
        assert connection.scalar(select(func.count()).where(job.c.kind == KIND)) == 1
