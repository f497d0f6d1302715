"""The reconciliation of a day: read the provider's file, compare, book what came in unknown, open a case for the rest.

It runs every night for the day before and plans itself; days that were left out are made up for.
"""

import hashlib
from datetime import date, timedelta
from typing import cast

import orjson
from sqlalchemy import func, insert, select, update

from engine.commands.instances import start_instance
from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.records import jobs
from engine.runtime.engine import Engine
from engine.services.job_engine import engine_of
from engine.services.ledger import treasury
from engine.services.ledger.rules import Book, Origin
from engine.services.payments.orders import provider_of
from engine.services.payments.provider import CHARGE_BACK, FileLine
from engine.services.reconciliation.books import begin_of, find_orders, list_due, list_seen
from engine.services.reconciliation.compare import MISSING_THERE, Difference, compare
from engine.services.reconciliation.tables import difference, provider_file, provider_line
from engine.storage.actor import SYSTEM
from engine.storage.clock import format_instant, parse_instant
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

RECONCILE, OPEN_CASE = "reconciliation.day", "reconciliation.case"
PROCESS = "reconcile_difference"
ARRIVED_LATER = "difference.arrived"
OPEN = "open"
DAY, FILE_DELAY = timedelta(days=1), timedelta(hours=4)  # a file is there four hours after its day


def schedule_reconciliation(engine: Engine) -> None:
    """Makes sure that the next reconciliation is planned; once planned it plans itself."""

    def work(unit: UnitOfWork) -> None:
        newest = unit.connection.scalar(
            select(func.max(provider_file.c.day)).where(provider_file.c.provider == provider_of(engine).name)
        )
        day = date.fromisoformat(newest) + DAY if newest else unit.now.astimezone(engine.zone).date()
        end = begin_of(day + DAY, engine.zone)
        jobs.enqueue(unit.connection, unit.now, RECONCILE, {"day": day.isoformat()}, end + FILE_DELAY, RECONCILE)

    engine.database.transact(work)


@job_handler(RECONCILE)
def read_file(run: JobRun) -> Plain:
    """Fetches the provider's file of a day that is over."""
    engine, day = engine_of(run), date.fromisoformat(str(run.payload["day"]))
    provider = provider_of(engine)
    start, end, next_end = (begin_of(day + count * DAY, engine.zone) for count in range(3))
    return {
        "provider": provider.name,
        "lines": [line.as_plain() for line in provider.read_file(start, end)],
        "start": format_instant(start),
        "end": format_instant(end),
        "next_due": format_instant(next_end + FILE_DELAY),
    }


@read_file.finish
def compare_file(done: JobDone, result: Plain) -> None:
    """Compares the file with our books, writes down what differs, and plans the next day."""
    file = cast(PlainDict, result)
    provider, day = str(file["provider"]), str(done.payload["day"])
    lines = [FileLine.of(cast(PlainDict, line)) for line in cast(list[Plain], file["lines"])]
    start, end = parse_instant(str(file["start"])), parse_instant(str(file["end"]))
    due = list_due(done.connection, provider, start, end)
    known = {**find_orders(done.connection, lines), **due}
    keys = {*due, *((line.kind, line.reference) for line in lines)}
    outcome = compare(lines, known, list_seen(done.connection, provider, keys), due)
    _write_file(done, provider, day, lines, len(outcome.matched))
    for found in outcome.differences:
        _write_difference(done, provider, day, found)
    for line in outcome.matched:
        if line.kind == CHARGE_BACK:
            _charge_back(done, provider, line, known[line.kind, line.reference].party_id)
    _tell_arrived(done, provider, lines)
    following = (date.fromisoformat(day) + DAY).isoformat()
    done.enqueue(RECONCILE, {"day": following}, parse_instant(str(file["next_due"])), RECONCILE)


@job_handler(OPEN_CASE)
def open_case(run: JobRun) -> Plain:
    """Starts the case in which platform finance clears a difference up."""
    engine, difference_id = engine_of(run), str(run.payload["id"])
    with engine.database.read() as connection:
        row = connection.execute(select(difference).where(difference.c.id == difference_id)).one()
    values: PlainDict = {
        "difference_id": difference_id,
        "difference_kind": row.kind,
        "line_kind": row.line_kind,
        "provider": row.provider,
        "day": row.day,
        "reference": row.reference,
        "their_fen": row.their_fen,
        "our_fen": row.our_fen,
        "suspended_fen": row.suspended_fen,
        "party": row.party_id or "",
    }
    return start_instance(engine, SYSTEM, PROCESS, values, difference_id, f"RD-{difference_id[-8:].upper()}")


@open_case.finish
def note_case(done: JobDone, result: Plain) -> None:
    """Writes down which case it is."""
    row = update(difference).where(difference.c.id == str(done.payload["id"]))
    done.connection.execute(row.values(instance_id=str(result)))


def _write_file(done: JobDone, provider: str, day: str, lines: list[FileLine], matched: int) -> None:
    content = orjson.dumps([line.as_plain() for line in lines])
    row = {"provider": provider, "day": day, "sha256": hashlib.sha256(content).hexdigest(), "lines": len(lines)}
    done.connection.execute(insert(provider_file), {**row, "matched": matched, "read_at": done.now})
    rows = [
        {"provider": provider, "day": day, "number": number, **line.as_plain()}
        for number, line in enumerate(lines, start=1)
    ]
    if rows:
        done.connection.execute(insert(provider_line), rows)


def _write_difference(done: JobDone, provider: str, day: str, found: Difference) -> None:
    """Money nobody knows is put into suspense at once: it is there. What else to do a person decides."""
    difference_id = new_id()
    suspended_id = None
    if found.surplus_fen:
        book = Book(done.connection, done.keys, Origin("", done.now, SYSTEM.user_id))
        suspended_id = treasury.suspend(
            book,
            provider=provider,
            amount_fen=found.surplus_fen,
            reference=found.reference,
            difference_id=difference_id,
        )
    row = {
        "id": difference_id,
        "provider": provider,
        "day": day,
        "kind": found.kind,
        "line_kind": found.line_kind,
        "reference": found.reference,
        "their_fen": found.their_fen,
        "our_fen": found.our_fen,
        "party_id": found.party_id,
        "suspended_fen": found.surplus_fen,
        "suspended_id": suspended_id,
        "state": OPEN,
        "found_at": done.now,
    }
    done.connection.execute(insert(difference), row)
    done.enqueue(OPEN_CASE, {"id": difference_id}, key=f"{OPEN_CASE}:{difference_id}")


def _charge_back(done: JobDone, provider: str, line: FileLine, payer: str) -> None:
    book = Book(done.connection, done.keys, Origin("", done.now, SYSTEM.user_id))
    treasury.charge_back(book, provider=provider, payer=payer, amount_fen=line.amount_fen, reference=line.reference)


def _tell_arrived(done: JobDone, provider: str, lines: list[FileLine]) -> None:
    """Cases about orders that an earlier file lacked hear that this one has them."""
    references = sorted({line.reference for line in lines})
    waiting = select(difference.c.id).where(
        difference.c.provider == provider,
        difference.c.reference.in_(references),
        difference.c.kind == MISSING_THERE,
        difference.c.state == OPEN,
        difference.c.day < str(done.payload["day"]),
    )
    for difference_id in done.connection.execute(waiting).scalars():
        done.publish(ARRIVED_LATER, difference_id, {})
