"""The nightly proof of the books (C.1.2, C.5): what no single entry can show is checked over all of them."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Connection

from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.records import jobs
from engine.records.history import append_system, read_newest
from engine.runtime.engine import Engine
from engine.services.job_engine import engine_of
from engine.services.ledger.checks import check_books, check_seals
from engine.services.ledger.custody import prove_custody
from engine.storage.actor import SYSTEM
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict

log = logging.getLogger(__name__)
KIND = "ledger.check"
STREAM = "system:ledger"
PERIOD = timedelta(days=1)
MAX_KEPT = 50


def schedule_checks(engine: Engine) -> None:
    """Makes sure that the next proof is planned; once planned it plans itself."""

    def work(unit: UnitOfWork) -> None:
        jobs.enqueue(unit.connection, unit.now, KIND, {}, unit.now + PERIOD, KIND)

    engine.database.transact(work)


@job_handler(KIND)
def check_ledger(run: JobRun) -> Plain:
    """Everything that is wrong with the books, in words, and the custody proof; each is an error in the log as well."""
    engine = engine_of(run)
    with engine.database.read() as connection:
        findings = [*check_books(connection), *check_seals(connection, engine.keys)]
        proof = prove_custody(connection)
    for finding in findings:
        log.error("ledger: %s %s: %s", finding.invariant, finding.subject, finding.message)
    told = [f"{finding.invariant} {finding.subject}: {finding.message}" for finding in findings[:MAX_KEPT]]
    custody: PlainDict = {"there_fen": proof.there_fen, "owed_fen": proof.owed_fen, "own_fen": proof.own_fen}
    return {"findings": [*told], "custody": custody}


@check_ledger.finish
def write_result(done: JobDone, result: Plain) -> None:
    """Writes the proof into the ledger's own stream and plans the next."""
    unit, facts = UnitOfWork(done.connection, done.now), cast(PlainDict, result)
    append_system(unit, done.keys, STREAM, SYSTEM, "checked", facts)
    done.enqueue(KIND, {}, done.now + PERIOD, KIND)


@dataclass(frozen=True)
class NightlyProof:
    """What one night found. `there_fen` lay in custody, `owed_fen` of it belonged to others."""

    at: datetime
    findings: tuple[str, ...]
    there_fen: int
    owed_fen: int


def list_proofs(connection: Connection, limit: int) -> list[NightlyProof]:
    """The proofs of the last nights, newest first."""
    proofs = []
    for row in read_newest(connection, STREAM, limit):
        [event] = row.events
        custody = cast(dict[str, int], event["custody"])
        findings = tuple(str(one) for one in cast(list[Plain], event["findings"]))
        proofs.append(NightlyProof(row.at, findings, custody["there_fen"], custody["owed_fen"]))
    return proofs
