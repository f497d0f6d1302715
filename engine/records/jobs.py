"""The job table: work that waits for its time, written in the transaction that wants it, claimed by lease."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import job

LEASE_SECONDS = 60
MAX_DELAY_SECONDS = 3600

_INSERT = insert(job)
_DUE = select(job.c.id).where(job.c.due_at <= bindparam("now")).order_by(job.c.due_at).limit(bindparam("limit"))
_OPEN_BY_KEY = select(job.c.id).where(job.c.key == bindparam("job_key"))
_EMPTY = {"key": None, "attempts": 0, "error": None}
_DELETE = delete(job).where(job.c.id == bindparam("job_id"), job.c.attempts == bindparam("attempt"))


class LeaseLost(Exception):
    """Another worker has taken the job over: whatever was done for it here is rolled back."""


@dataclass(frozen=True)
class Job:
    """A claimed job. `attempt` counts from 1 and is the proof of the lease."""

    id: str
    kind: str
    payload: PlainDict
    attempt: int


def enqueue(
    connection: Connection,
    now: datetime,
    kind: str,
    payload: Plain,
    due_at: datetime | None = None,
    key: str | None = None,
) -> str:
    """Adds a job; with a key, an open job of that key is left as it is and its id given."""
    if key is not None and (found := connection.execute(_OPEN_BY_KEY, {"job_key": key}).scalar_one_or_none()):
        return str(found)
    return _add(connection, {"kind": kind, "key": key, "payload": payload, "due_at": due_at or now})


def enqueue_new(connection: Connection, now: datetime, kind: str, jobs: Mapping[str, Plain]) -> None:
    """Adds many jobs at once, payloads by keys of which none is open yet."""
    rows: list[dict[str, Any]] = [
        {**_EMPTY, "id": new_id(), "kind": kind, "key": key, "payload": payload, "due_at": now}
        for key, payload in jobs.items()
    ]
    connection.execute(_INSERT, rows)


def _add(connection: Connection, values: dict[str, Any]) -> str:
    job_id = new_id()
    connection.execute(_INSERT, _EMPTY | values | {"id": job_id})
    return job_id


def claim_due(connection: Connection, now: datetime, limit: int = 10) -> list[Job]:
    """Takes due jobs for LEASE_SECONDS; whoever dies with them loses them to the next claim."""
    due = _DUE.with_for_update(skip_locked=True)
    ids = connection.execute(due, {"now": now, "limit": limit}).scalars().all()
    if not ids:
        return []
    rows = connection.execute(
        update(job)
        .where(job.c.id.in_(ids))
        .values(due_at=now + timedelta(seconds=LEASE_SECONDS), attempts=job.c.attempts + 1)
        .returning(job.c.id, job.c.kind, job.c.payload, job.c.attempts)
    )
    return sorted((Job(*row) for row in rows), key=lambda claimed: claimed.id)


def settle_job(connection: Connection, claimed: Job) -> None:
    """Deletes a job in the transaction of its effects. Raises LeaseLost."""
    if not finish_job(connection, claimed):
        raise LeaseLost(claimed.id)


def finish_job(connection: Connection, claimed: Job) -> bool:
    """Deletes a job in the transaction of its effects; False if the lease was lost and they must be rolled back."""
    return connection.execute(_DELETE, {"job_id": claimed.id, "attempt": claimed.attempt}).rowcount == 1


def postpone_job(connection: Connection, claimed: Job, due_at: datetime, error: str | None) -> None:
    """Gives a job back for later, with what went wrong."""
    connection.execute(
        update(job).where(job.c.id == claimed.id, job.c.attempts == claimed.attempt).values(due_at=due_at, error=error)
    )


def retry_delay(attempt: int) -> timedelta:
    """How long to wait after a failed attempt: 2, 4, 8 … seconds, at most an hour."""
    return timedelta(seconds=min(MAX_DELAY_SECONDS, 2**attempt))
