"""Batches: the items of one service task in chunks, each with a job of its own. Gone with the task.

What a chunk did, its result and the count of chunks that are done are written in one transaction, the one that deletes
its job; so whatever is killed and when, a chunk is done once, and exactly one of them is the last.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engine.records.jobs import enqueue, enqueue_new
from engine.storage.outside import batch, batch_chunk
from engine.storage.plain import Plain, PlainDict

RUN_CHUNK = "batch.chunk"
END_BATCH = "batch.end"

_CHUNK = (
    select(batch, batch_chunk.c.number, batch_chunk.c.content, batch_chunk.c.done_at)
    .join(batch_chunk, batch_chunk.c.task_id == batch.c.task_id)
    .where(batch.c.task_id == bindparam("task_id_"), batch_chunk.c.number == bindparam("number_"))
)
_COUNT = (
    update(batch)
    .where(batch.c.task_id == bindparam("task_id_"))
    .values(done=batch.c.done + 1)
    .returning(batch.c.done, batch.c.chunks)
)
_GIVEN_UP = select(batch_chunk.c.number).where(
    batch_chunk.c.task_id == bindparam("task_id_"), batch_chunk.c.error.is_not(None)
)


@dataclass(frozen=True)
class Chunk:
    """Some items of a batch, as many as its topic does at a time. `number` counts from 1."""

    task_id: str
    instance_id: str
    element: str
    topic: str
    number: int
    chunks: int
    items: list[Plain]
    is_done: bool

    @property
    def key(self) -> str:
        """The idempotency key, the same at every attempt."""
        return f"{self.instance_id}:{self.element}:{self.task_id}:{self.number}"


def add_batch(
    connection: Connection,
    now: datetime,
    task_id: str,
    instance_id: str,
    element: str,
    topic: str,
    items: list[Plain],
    chunk_items: int,
) -> int:
    """Writes the chunks of a service task down, with a job for each; gives how many there are."""
    chunks = [items[start : start + chunk_items] for start in range(0, len(items), chunk_items)]
    row = {"task_id": task_id, "instance_id": instance_id, "element": element, "topic": topic}
    counts = {"total_items": len(items), "chunks": len(chunks), "done": 0, "created_at": now}
    connection.execute(insert(batch), row | counts)
    rows = [{"task_id": task_id, "number": number, "content": part} for number, part in enumerate(chunks, 1)]
    connection.execute(insert(batch_chunk), rows)
    jobs = [_job(task_id, number) for number in range(1, len(chunks) + 1)]
    enqueue_new(connection, now, RUN_CHUNK, dict(jobs))
    return len(chunks)


def reopen_batch(connection: Connection, now: datetime, task_id: str) -> bool:
    """Gives the chunks that were given up another job; False if the task has no batch. What is done stays done."""
    if connection.execute(select(batch.c.task_id).where(batch.c.task_id == task_id)).first() is None:
        return False
    numbers = connection.execute(_GIVEN_UP, {"task_id_": task_id}).scalars().all()
    connection.execute(update(batch_chunk).where(batch_chunk.c.task_id == task_id).values(error=None))
    for number in numbers:
        key, payload = _job(task_id, number)
        enqueue(connection, now, RUN_CHUNK, payload, key=key)
    return True


def find_chunk(connection: Connection, task_id: str, number: int) -> Chunk | None:
    """A chunk; none once its task is gone."""
    row = connection.execute(_CHUNK, {"task_id_": task_id, "number_": number}).one_or_none()
    if row is None:
        return None
    where = (row.task_id, row.instance_id, row.element, row.topic, row.number, row.chunks)
    return Chunk(*where, row.content, row.done_at is not None)


def finish_chunk(connection: Connection, now: datetime, chunk: Chunk, result: Plain, rejected: list[Plain]) -> bool:
    """Keeps what a chunk gave; the last one of its batch asks for the end of the task. False if the task is gone.

    Counting locks the row of the batch, so that two chunks that end at once do not both miss being the last.
    """
    counted = connection.execute(_COUNT, {"task_id_": chunk.task_id}).one_or_none()
    if counted is None:
        return False
    values = {"result": result, "rejected": rejected, "done_at": now}
    _change_chunk(connection, chunk, values)
    if counted.done == counted.chunks:
        enqueue(connection, now, END_BATCH, {"task": chunk.task_id, "instance": chunk.instance_id})
    return True


def give_up_chunk(connection: Connection, chunk: Chunk, error: str) -> None:
    """Keeps why a chunk could not be done; `reopen_batch` takes it up again."""
    _change_chunk(connection, chunk, {"error": error})


def collect_results(connection: Connection, task_id: str) -> PlainDict:
    """What the chunks gave, in their order: `results` one each, `rejected` item by item, `items` how many."""
    rows = connection.execute(
        select(batch_chunk).where(batch_chunk.c.task_id == task_id).order_by(batch_chunk.c.number)
    ).all()
    rejected: list[Plain] = [one for row in rows for one in row.rejected or ()]
    return {"results": [row.result for row in rows], "rejected": rejected, "items": sum(len(r.content) for r in rows)}


def remove_batches(connection: Connection, task_ids: list[str]) -> None:
    """Forgets batches whose tasks are gone; chunks that are still to come find nothing to do."""
    if task_ids:
        connection.execute(delete(batch).where(batch.c.task_id.in_(task_ids)))


def _change_chunk(connection: Connection, chunk: Chunk, values: dict[str, object]) -> None:
    is_this = (batch_chunk.c.task_id == chunk.task_id, batch_chunk.c.number == chunk.number)
    connection.execute(update(batch_chunk).where(*is_this).values(values))


def _job(task_id: str, number: int) -> tuple[str, Plain]:
    """Key and payload of the job that does a chunk."""
    return f"{RUN_CHUNK}:{task_id}:{number}", {"task": task_id, "number": number}
