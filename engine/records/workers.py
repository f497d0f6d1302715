"""Which workers are there: each process that does what is due says so while it looks for work."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from engine.storage.tables import worker

SILENT = timedelta(seconds=60)  # a worker that has not been seen for so long does not count
FORGOTTEN = timedelta(minutes=10)

_SEEN = update(worker).where(worker.c.id == bindparam("worker_id")).values(seen_at=bindparam("now"))
_GONE = delete(worker).where(worker.c.seen_at < bindparam("before"))
_LEAVE = delete(worker).where(worker.c.id == bindparam("worker_id"))
_PULSE = select(func.max(worker.c.seen_at), func.count().filter(worker.c.seen_at >= bindparam("since")))


@dataclass(frozen=True)
class Pulse:
    """How many workers are there, and when the last of them looked for work; never, where there was none lately."""

    workers: int
    seen_at: datetime | None


def note_worker(connection: Connection, now: datetime, worker_id: str) -> None:
    """A worker looks for work; those that have been silent for long were killed, and are forgotten."""
    if not connection.execute(_SEEN, {"worker_id": worker_id, "now": now}).rowcount:
        connection.execute(insert(worker), {"id": worker_id, "started_at": now, "seen_at": now})
        connection.execute(_GONE, {"before": now - FORGOTTEN})


def remove_worker(connection: Connection, worker_id: str) -> None:
    """A worker ends."""
    connection.execute(_LEAVE, {"worker_id": worker_id})


def read_pulse(connection: Connection, now: datetime) -> Pulse:
    """Whether anybody does what is due."""
    seen_at, workers = connection.execute(_PULSE, {"since": now - SILENT}).one()
    return Pulse(workers, seen_at)
