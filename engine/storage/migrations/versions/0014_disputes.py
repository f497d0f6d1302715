"""Service cases in full: the timeline both parties read, whose turn it is, and what a decision does to a score.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Instant, Json

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_CASE = (
    ("number", sa.String(length=48)),
    ("kind", sa.String(length=12)),
    ("claim_fen", sa.BigInteger()),
    ("turn", sa.String(length=20)),
    ("turn_party", sa.String(length=32)),
    ("turn_due_at", Instant()),
    ("outcome", sa.String(length=24)),
    ("round", sa.Integer()),
)


def upgrade() -> None:
    for name, kind in _CASE:
        op.add_column("service_case", sa.Column(name, kind, nullable=True))
    for table in ("hire_order", "engagement"):
        op.add_column(table, sa.Column("claim_fen", sa.BigInteger(), nullable=True))
    op.create_index("ix_service_case_party_a", "service_case", ["party_a", "opened_at"])
    op.create_index("ix_service_case_party_b", "service_case", ["party_b", "opened_at"])
    op.create_table(
        "case_entry",
        sa.Column("case_ref", sa.String(length=60), sa.ForeignKey("service_case.ref"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("party_id", sa.String(length=32), nullable=True),
        sa.Column("text", Json(), nullable=True),
        sa.Column("files", Json(), nullable=False),
        sa.Column("pay_fen", sa.BigInteger(), nullable=True),
        sa.Column("refund_fen", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("case_ref", "number"),
    )
    op.create_table(
        "score_effect",
        sa.Column("case_ref", sa.String(length=60), sa.ForeignKey("service_case.ref"), nullable=False),
        sa.Column("party_id", sa.String(length=32), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("case_ref", "party_id", "round"),
    )
    op.create_index("ix_score_effect_party_id", "score_effect", ["party_id"])


def downgrade() -> None:
    op.drop_table("score_effect")
    op.drop_table("case_entry")
    op.drop_index("ix_service_case_party_b", "service_case")
    op.drop_index("ix_service_case_party_a", "service_case")
    for table in ("hire_order", "engagement"):
        op.drop_column(table, "claim_fen")
    for name, _ in reversed(_CASE):
        op.drop_column("service_case", name)
