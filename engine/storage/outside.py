"""Tables of work that is done outside the step: by workers of other programs, and in chunks."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from engine.storage.columns import Hex, Id, Instant, Json, metadata

# Service tasks whose topic nobody registered: workers outside fetch them. Gone with the task.
external_task = Table(
    "external_task",
    metadata,
    Column("task_id", Id, primary_key=True),
    Column("instance_id", Id, ForeignKey("instance.id"), nullable=False, index=True),
    Column("element", String(120), nullable=False),
    Column("topic", String(120), nullable=False),
    Column("inputs", Json, nullable=False),  # what the diagram maps, nothing else
    Column("created_at", Instant, nullable=False),
    Column("free_at", Instant, nullable=False),  # from when on anybody may lock it: now, after a lock, after a failure
    Column("lock_id", Id),  # proof of the lock; none once it was given back
    Column("worker", String(80)),  # who holds or held it, in his own words
    Column("token_id", Id),  # and by which token
    Column("retries", Integer),  # left after a failure; none before the first
    Column("error", Text),
    Index("ix_external_task_topic_free_at", "topic", "free_at"),
)
# With what workers outside prove who they are.
worker_token = Table(
    "worker_token",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("digest", Hex, nullable=False, unique=True),  # SHA-256 of the secret
    Column("topics", Json, nullable=False),
    Column("created_by", Id, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),  # to the minute
    Column("revoked_at", Instant),
)
# Service tasks that are done in chunks, each in a transaction of its own. Gone with the task.
batch = Table(
    "batch",
    metadata,
    Column("task_id", Id, primary_key=True),
    Column("instance_id", Id, ForeignKey("instance.id"), nullable=False, index=True),
    Column("element", String(120), nullable=False),
    Column("topic", String(120), nullable=False),
    Column("total_items", Integer, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("done", Integer, nullable=False),  # chunks
    Column("created_at", Instant, nullable=False),
)
batch_chunk = Table(
    "batch_chunk",
    metadata,
    Column("task_id", Id, ForeignKey("batch.task_id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),  # 1, 2, 3 ...
    Column("content", Json, nullable=False),
    Column("result", Json),
    Column("rejected", Json),  # items it could not do, with the reasons
    Column("done_at", Instant),
    Column("error", Text),  # why it was given up
)
