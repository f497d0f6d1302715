"""What is done outside the steps of cases: external tasks, batches, and jobs that fail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from engine.language.model import Element
from engine.queries.elements import find_element
from engine.runtime.engine import Engine
from engine.storage.outside import batch, batch_chunk, external_task
from engine.storage.plain import PlainDict
from engine.storage.tables import definition, instance, job

VISIBLE_ATTEMPTS = 2  # a job that failed once is mostly well the next time
MAX_ROWS = 200


@dataclass(frozen=True)
class CaseName:
    """What a list shows of a case."""

    instance_id: str
    business_key: str | None
    subject_zh: str
    subject_en: str
    process_zh: str
    process_en: str


@dataclass(frozen=True)
class ExternalTask:
    """A service task that waits for a worker; `worker` holds it until `locked_until`, none: anybody may take it."""

    task_id: str
    case: CaseName
    element: Element
    topic: str
    created_at: datetime
    worker: str | None
    token_id: str | None
    free_at: datetime
    retries: int | None
    error: str | None


@dataclass(frozen=True)
class TopicLoad:
    """How much waits for the workers of a topic: free now, held, and free later after a failure."""

    topic: str
    free: int
    held: int
    later: int
    oldest: datetime

    @property
    def total(self) -> int:
        return self.free + self.held + self.later


@dataclass(frozen=True)
class Batch:
    """How far a batch is, in chunks; `rejected` counts items, `given_up` chunks."""

    task_id: str
    case: CaseName
    element: Element
    topic: str
    items: int
    chunks: int
    done: int
    rejected: int
    given_up: int
    created_at: datetime


@dataclass(frozen=True)
class FailingJob:
    """A job that failed and will be tried again at `due_at`."""

    id: str
    kind: str
    payload: PlainDict
    attempts: int
    error: str
    due_at: datetime


def list_external_tasks(engine: Engine, connection: Connection, instance_id: str | None = None) -> list[ExternalTask]:
    """What waits for workers, of one case or of all, the oldest first; at most MAX_ROWS."""
    query = _with_case(select(external_task), external_task.c.instance_id)
    if instance_id is not None:
        query = query.where(external_task.c.instance_id == instance_id)
    rows = connection.execute(query.order_by(external_task.c.created_at, external_task.c.task_id).limit(MAX_ROWS))
    now = engine.clock()
    return [_read_external(engine, connection, row, now) for row in rows]


def count_topics(connection: Connection, now: datetime) -> list[TopicLoad]:
    """How much waits by topic, the longest wait first."""
    is_held = (external_task.c.free_at > now) & external_task.c.lock_id.is_not(None)
    is_later = (external_task.c.free_at > now) & external_task.c.lock_id.is_(None)
    counts = (func.count().filter(is_held), func.count().filter(is_later))
    rows = connection.execute(
        select(external_task.c.topic, func.count(), *counts, func.min(external_task.c.created_at))
        .group_by(external_task.c.topic)
        .order_by(func.min(external_task.c.created_at))
    )
    return [TopicLoad(topic, count - held - later, held, later, oldest) for topic, count, held, later, oldest in rows]


def list_batches(engine: Engine, connection: Connection, instance_id: str | None = None) -> list[Batch]:
    """Batches under way, of one case or of all, the oldest first; at most MAX_ROWS."""
    chunks = (
        select(batch_chunk.c.task_id, batch_chunk.c.rejected, batch_chunk.c.error)
        .where(batch_chunk.c.rejected.is_not(None) | batch_chunk.c.error.is_not(None))
        .order_by(batch_chunk.c.task_id)
    )
    query = _with_case(select(batch), batch.c.instance_id)
    if instance_id is not None:
        query = query.where(batch.c.instance_id == instance_id)
        chunks = chunks.join(batch, batch.c.task_id == batch_chunk.c.task_id).where(batch.c.instance_id == instance_id)
    rows = connection.execute(query.order_by(batch.c.created_at, batch.c.task_id).limit(MAX_ROWS)).all()
    rejected, given_up = dict.fromkeys((row.task_id for row in rows), 0), dict.fromkeys((r.task_id for r in rows), 0)
    for row in connection.execute(chunks) if rows else ():
        if row.task_id in rejected:
            rejected[row.task_id] += len(row.rejected or ())
            given_up[row.task_id] += row.error is not None
    return [_read_batch(engine, connection, row, rejected[row.task_id], given_up[row.task_id]) for row in rows]


def list_failing_jobs(connection: Connection) -> list[FailingJob]:
    """Jobs that failed at least VISIBLE_ATTEMPTS times, those tried most often first; at most MAX_ROWS."""
    query = (
        select(job)
        .where(job.c.error.is_not(None), job.c.attempts >= VISIBLE_ATTEMPTS)
        .order_by(job.c.attempts.desc(), job.c.id)
        .limit(MAX_ROWS)
    )
    return [FailingJob(r.id, r.kind, r.payload, r.attempts, r.error, r.due_at) for r in connection.execute(query)]


def _with_case(query: Select[Any], instance_id: Any) -> Select[Any]:
    named = (
        instance.c.business_key,
        instance.c.subject_zh,
        instance.c.subject_en,
        instance.c.process_key,
        instance.c.pin_set_id,
        definition.c.name_zh,
        definition.c.name_en,
    )
    joined = query.add_columns(*named).join(instance, instance.c.id == instance_id)
    return joined.join(definition, definition.c.id == instance.c.definition_id)


def _read_case(row: Row[Any]) -> CaseName:
    return CaseName(row.instance_id, row.business_key, row.subject_zh, row.subject_en, row.name_zh, row.name_en)


def _read_external(engine: Engine, connection: Connection, row: Row[Any], now: datetime) -> ExternalTask:
    is_held = row.lock_id is not None and row.free_at > now
    element = find_element(engine, connection, row.pin_set_id, row.process_key, row.element)
    worker, token_id = (row.worker, row.token_id) if is_held else (None, None)
    where = (row.task_id, _read_case(row), element, row.topic, row.created_at)
    return ExternalTask(*where, worker, token_id, row.free_at, row.retries, row.error)


def _read_batch(engine: Engine, connection: Connection, row: Row[Any], rejected: int, given_up: int) -> Batch:
    element = find_element(engine, connection, row.pin_set_id, row.process_key, row.element)
    counts = (row.total_items, row.chunks, row.done, rejected, given_up)
    return Batch(row.task_id, _read_case(row), element, row.topic, *counts, row.created_at)
