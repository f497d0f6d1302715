"""Work outside the step: external tasks with the tokens of their workers, batches; incidents say more."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Hex, Instant, Json

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "external_task",
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("element", sa.String(length=120), nullable=False),
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("inputs", Json(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("free_at", Instant(), nullable=False),
        sa.Column("lock_id", sa.String(length=32), nullable=True),
        sa.Column("worker", sa.String(length=80), nullable=True),
        sa.Column("token_id", sa.String(length=32), nullable=True),
        sa.Column("retries", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_external_task_instance_id_instance")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_external_task")),
    )
    op.create_index(op.f("ix_external_task_instance_id"), "external_task", ["instance_id"])
    op.create_index("ix_external_task_topic_free_at", "external_task", ["topic", "free_at"])
    op.create_table(
        "worker_token",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("digest", Hex(), nullable=False),
        sa.Column("topics", Json(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_worker_token_digest")),
    )
    op.create_table(
        "batch",
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("element", sa.String(length=120), nullable=False),
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("total_items", sa.Integer(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_batch_instance_id_instance")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_batch")),
    )
    op.create_index(op.f("ix_batch_instance_id"), "batch", ["instance_id"])
    op.create_table(
        "batch_chunk",
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.Column("result", Json(), nullable=True),
        sa.Column("rejected", Json(), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id"], ["batch.task_id"], name=op.f("fk_batch_chunk_task_id_batch"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "number", name=op.f("pk_batch_chunk")),
    )
    op.add_column("incident", sa.Column("process_key", sa.String(length=120), nullable=True))
    op.add_column("incident", sa.Column("code", sa.String(length=60), nullable=True))
    op.add_column("incident", sa.Column("facts", Json(), nullable=True))
    op.create_index("ix_incident_task_id", "incident", ["task_id"])


def downgrade() -> None:
    op.drop_index("ix_incident_task_id", "incident")
    for name in ("facts", "code", "process_key"):
        op.drop_column("incident", name)
    for name in ("batch_chunk", "batch", "worker_token", "external_task"):
        op.drop_table(name)
