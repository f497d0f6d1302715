"""Keyframes of long cases, and signed checkpoints of the ends of all streams."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Hex, Instant

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "keyframe",
        sa.Column("stream", sa.String(40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "seq", name="pk_keyframe"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_checkpoint"),
    )
    op.create_table(
        "checkpoint_head",
        sa.Column("stream", sa.String(40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("mac", Hex(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["checkpoint.number"], name="fk_checkpoint_head_number_checkpoint"),
        sa.PrimaryKeyConstraint("stream", "seq", name="pk_checkpoint_head"),
    )
    op.create_index("ix_checkpoint_head_number", "checkpoint_head", ["number"])


def downgrade() -> None:
    for name in ("checkpoint_head", "checkpoint", "keyframe"):
        op.drop_table(name)
