"""Messages are rows of their own; what begins cases by itself has its next due instant."""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from engine.storage.clock import parse_instant
from engine.storage.columns import Instant, Json

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WAITING = sa.text("delivered_at IS NULL")
LIFE = timedelta(days=7)


def upgrade() -> None:
    message = op.create_table(
        "message",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("sender_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("correlation_key", sa.String(length=200), nullable=False),
        sa.Column("payload", Json(), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("delivered_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_message")),
        sa.UniqueConstraint("sender_id", "id", name=op.f("uq_message_sender_id_id")),
    )
    op.create_index(op.f("ix_message_expires_at"), "message", ["expires_at"])
    op.create_index(
        "ix_message_waiting",
        "message",
        ["name", "correlation_key", "number"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_table(
        "process_start",
        sa.Column("process_key", sa.String(length=120), nullable=False),
        sa.Column("element", sa.String(length=120), nullable=False),
        sa.Column("definition_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("cycle", Json(), nullable=True),
        sa.Column("next_due_at", Instant(), nullable=True),
        sa.Column("fired_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_process_start_definition_id_definition")
        ),
        sa.PrimaryKeyConstraint("process_key", "element", name=op.f("pk_process_start")),
    )
    op.create_index(op.f("ix_process_start_next_due_at"), "process_start", ["next_due_at"])
    op.create_index("ix_process_start_name", "process_start", ["name", "kind"])
    op.create_table(
        "message_turn",
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("correlation_key", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_message_turn_instance_id_instance")),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_message_turn")),
        sa.UniqueConstraint("name", "correlation_key", name=op.f("uq_message_turn_name_correlation_key")),
    )
    _move_messages(message)
    op.drop_index("ix_job_message_name_correlation_key", table_name="job")
    op.drop_column("job", "message_name")
    op.drop_column("job", "correlation_key")


def _move_messages(message: sa.Table) -> None:
    """A message was a job; its job stays, and looks who waits for what is now in a row."""
    job = sa.table("job", sa.column("id"), sa.column("kind"), sa.column("payload", Json()))
    rows = op.get_bind().execute(sa.select(job).where(job.c.kind == "message").order_by(job.c.id)).all()
    for row in rows:
        expires_at = parse_instant(row.payload["expires_at"])
        op.execute(
            message.insert().values(
                id=row.id,
                sender_id="system",
                kind="message",
                name=row.payload["name"],
                correlation_key=row.payload["key"],
                payload=row.payload["payload"],
                published_at=expires_at - LIFE,
                expires_at=expires_at,
            )
        )


def downgrade() -> None:
    """Messages that wait would be lost."""
    raise RuntimeError("Expected the database of before from a copy: its messages cannot be put back")
