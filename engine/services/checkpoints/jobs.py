"""Checkpoints are taken every hour and plan themselves; each is shipped by a job of its own until it is taken."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Connection, Integer, Select, bindparam, func, insert, select

from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.records import jobs
from engine.records.access import is_there
from engine.runtime.engine import Engine
from engine.services.checkpoints.shipping import is_address, ship
from engine.services.checkpoints.statements import Head, make_checkpoint, read_checkpoint
from engine.services.job_engine import engine_of
from engine.storage.database import hold_name
from engine.storage.plain import Plain, PlainDict
from engine.storage.proving import checkpoint, checkpoint_head
from engine.storage.tables import history, job

TAKE, SHIP = "checkpoint.take", "checkpoint.ship"
PERIOD = timedelta(hours=1)
MAX_HEADS = 5_000  # of one checkpoint, so that its transaction stays short; the next follows at once


def schedule_checkpoints(engine: Engine) -> None:
    """Makes sure that the next checkpoint is planned; once planned it plans itself.

    Raises ValueError if they cannot be shipped to where the settings say.
    """
    is_address(engine.settings.checkpoints)
    engine.database.transact(lambda unit: jobs.enqueue(unit.connection, unit.now, TAKE, {}, unit.now, TAKE))


def _select_moved() -> Select[Any]:
    """The next streams, in order, whose ends are in no checkpoint: history is read once, as far as they are found."""
    rows = select(history.c.stream, func.max(history.c.seq).label("seq")).where(history.c.stream > bindparam("after"))
    ends = rows.group_by(history.c.stream).order_by(history.c.stream).subquery()
    known = (checkpoint_head.c.stream == ends.c.stream, checkpoint_head.c.seq >= ends.c.seq)
    is_known = is_there(select(checkpoint_head.c.seq).where(*known))
    moved = select(ends).where(~is_known).order_by(ends.c.stream).limit(bindparam("most", type_=Integer)).subquery()
    its_row = (history.c.stream == moved.c.stream) & (history.c.seq == moved.c.seq)
    return select(moved.c.stream, moved.c.seq, history.c.mac).join(history, its_row).order_by(moved.c.stream)


_MOVED = _select_moved()


@job_handler(TAKE)
def find_moved(run: JobRun) -> Plain:
    """The heads of streams that have moved since they were last in a checkpoint, and whether they are shipped."""
    engine = engine_of(run)
    with engine.database.read() as connection:
        found = connection.execute(_MOVED, {"after": run.payload.get("after", ""), "most": MAX_HEADS})
        heads: list[Plain] = [[row.stream, row.seq, row.mac.hex()] for row in found]
    return {"heads": heads, "is_shipped": bool(engine.settings.checkpoints)}


@find_moved.finish
def write_checkpoint(done: JobDone, result: Plain) -> None:
    """Signs and keeps it, and plans the next; also where nothing has moved, as a sign of life."""
    found = cast(PlainDict, result)
    heads = [cast(Head, tuple(cast(list[Plain], head))) for head in cast(list[Plain], found["heads"])]
    hold_name(done.connection, TAKE)
    last = done.connection.execute(select(checkpoint).order_by(checkpoint.c.number.desc()).limit(1)).one_or_none()
    number, previous = (1, "") if last is None else (last.number + 1, last.statement)
    made = make_checkpoint(done.keys, number, done.now, previous, heads)
    row = {"number": number, "at": done.now, "statement": made.statement, "signature": made.signature}
    done.connection.execute(insert(checkpoint), row)
    if heads:
        rows = [{"stream": stream, "seq": seq, "mac": mac, "number": number} for stream, seq, mac in made.heads]
        done.connection.execute(insert(checkpoint_head), rows)
    if found["is_shipped"]:
        done.enqueue(SHIP, {"number": number}, key=f"{SHIP}:{number}")
    if len(heads) < MAX_HEADS:
        done.enqueue(TAKE, {}, done.now + PERIOD, TAKE)
    else:
        done.enqueue(TAKE, {"after": heads[-1][0]}, done.now, TAKE)


@job_handler(SHIP)
def ship_checkpoint(run: JobRun) -> Plain:
    """Brings one to where the settings say; what fails is tried again with growing pauses."""
    engine, number = engine_of(run), cast(int, run.payload["number"])
    with engine.database.read() as connection:
        found = read_checkpoint(connection, number)
    ship(engine.settings.checkpoints, found.to_document(engine.keys), f"checkpoint-{number}")
    return None


@dataclass(frozen=True)
class LastCheckpoint:
    """When the last one was taken and how many streams had moved until then; `unshipped` are still on their way."""

    number: int
    at: datetime
    streams: int
    unshipped: int


def find_last(connection: Connection) -> LastCheckpoint | None:
    """The last checkpoint; none before the first."""
    row = connection.execute(select(checkpoint).order_by(checkpoint.c.number.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    unshipped = connection.execute(select(func.count()).select_from(job).where(job.c.kind == SHIP)).scalar_one()
    streams = select(func.count()).where(checkpoint_head.c.number == row.number)
    return LastCheckpoint(row.number, row.at, connection.execute(streams).scalar_one(), unshipped)
