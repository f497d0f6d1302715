"""Express tasks and their lines."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Instant, Json

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "express_task",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("enterprise_id", sa.String(32), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("title", sa.String(80), nullable=False, server_default=""),
        sa.Column("category", sa.String(20), nullable=False, server_default=""),
        sa.Column("content", sa.Text(), nullable=False, server_default=""),
        sa.Column("period_from", sa.String(10), nullable=True),
        sa.Column("period_to", sa.String(10), nullable=True),
        sa.Column("deliverable_source", sa.String(12), nullable=False, server_default="enterprise"),
        sa.Column("evidence", Json(), nullable=False, server_default="[]"),
        sa.Column("confirm_days", sa.Integer(), nullable=False, server_default="7"),
        sa.Column("confirm_by", Instant(), nullable=True),
        sa.Column("list_id", sa.String(32), nullable=True),
        sa.Column("fee", Json(), nullable=True),
        sa.Column("fee_bearer", sa.String(20), nullable=False),
        sa.Column("limits", Json(), nullable=False, server_default="{}"),
        sa.Column("is_drafted", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_express_task"),
    )
    op.create_index("ix_express_task_enterprise_id", "express_task", ["enterprise_id"])
    op.create_table(
        "express_line",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("task_id", sa.String(32), nullable=False),
        sa.Column("list_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("person", Json(), nullable=False),
        sa.Column("id_index", sa.String(64), nullable=False),
        sa.Column("phone_index", sa.String(64), nullable=False),
        sa.Column("pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("faults", Json(), nullable=False),
        sa.Column("case_id", sa.String(32), nullable=True),
        sa.Column("worker_id", sa.String(32), nullable=True),
        sa.Column("correction_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("problem", Json(), nullable=True),
        sa.Column("exclusion", sa.String(20), nullable=True),
        sa.Column("net_fen", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("listed_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["express_task.id"], name="fk_express_line_task_id_express_task"),
        sa.PrimaryKeyConstraint("id", name="pk_express_line"),
        sa.UniqueConstraint("list_id", "number", name="uq_express_line_list_id_number"),
    )
    op.create_index("ix_express_line_id_index", "express_line", ["id_index"])
    op.create_index("ix_express_line_worker_id", "express_line", ["worker_id"])
    op.create_index("ix_express_line_task_id_state", "express_line", ["task_id", "state"])
    op.create_table(
        "express_invitation",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("line_id", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["express_line.id"], name="fk_express_invitation_line_id_express_line"),
        sa.PrimaryKeyConstraint("id", name="pk_express_invitation"),
    )
    op.create_index("ix_express_invitation_line_id", "express_invitation", ["line_id"])


def downgrade() -> None:
    op.drop_table("express_invitation")
    op.drop_table("express_line")
    op.drop_table("express_task")
