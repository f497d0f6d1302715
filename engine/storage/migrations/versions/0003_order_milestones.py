"""milestones of an order"""

import sqlalchemy as sa
from alembic import op

from engine.storage import columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "order_milestone",
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("share_bps", sa.Integer(), nullable=False),
        sa.Column("reward_fen", sa.BigInteger(), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=True),
        sa.Column("vat_fen", sa.BigInteger(), nullable=True),
        sa.Column("net_fen", sa.BigInteger(), nullable=True),
        sa.Column("paid_at", columns.Instant(), nullable=True),
        sa.Column("paid_to", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["hire_order.id"], name=op.f("fk_order_milestone_order_id_hire_order")),
        sa.PrimaryKeyConstraint("order_id", "number", name=op.f("pk_order_milestone")),
    )
    op.add_column("order_handover", sa.Column("milestone", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("order_handover", "milestone")
    op.drop_table("order_milestone")
