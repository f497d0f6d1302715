"""The nightly proof of the books (C.1.2, C.5): what no single entry can show is checked over all of them."""

import logging
from datetime import timedelta

from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.records import jobs
from engine.records.history import append_system
from engine.runtime.engine import Engine
from engine.services.job_engine import engine_of
from engine.services.ledger.checks import check_books, check_seals
from engine.storage.actor import SYSTEM
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain

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
    """Everything that is wrong with the books, in words; each is an error in the log as well."""
    engine = engine_of(run)
    with engine.database.read() as connection:
        findings = [*check_books(connection), *check_seals(connection, engine.keys)]
    for finding in findings:
        log.error("ledger: %s %s: %s", finding.invariant, finding.subject, finding.message)
    return [f"{finding.invariant} {finding.subject}: {finding.message}" for finding in findings[:MAX_KEPT]]


@check_ledger.finish
def write_result(done: JobDone, result: Plain) -> None:
    """Writes the proof into the ledger's own stream and plans the next."""
    append_system(UnitOfWork(done.connection, done.now), done.keys, STREAM, SYSTEM, "checked", {"findings": result})
    done.enqueue(KIND, {}, done.now + PERIOD, KIND)
