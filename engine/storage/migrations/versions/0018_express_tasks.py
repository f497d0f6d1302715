"""Express tasks and their lines."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Instant, Json

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "express_task",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("enterprise_id", sa.String(32), nullable=False),
        sa.Column("list_id", sa.String(32), nullable=True),
        sa.Column("fee", Json(), nullable=False),
        sa.Column("fee_bearer", sa.String(20), nullable=False),
        sa.Column("limits", Json(), nullable=False, server_default="{}"),
        sa.Column("is_drafted", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("created_at", Instant(), nullable=False),
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
        sa.Column("listed_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["express_task.id"], name="fk_express_line_task_id_express_task"),
        sa.PrimaryKeyConstraint("id", name="pk_express_line"),
        sa.UniqueConstraint("list_id", "number", name="uq_express_line_list_id_number"),
    )
    op.create_index("ix_express_line_id_index", "express_line", ["id_index"])
    op.create_index("ix_express_line_task_id_state", "express_line", ["task_id", "state"])


def downgrade() -> None:
    op.drop_table("express_line")
    op.drop_table("express_task")
