"""Members of an enterprise: tasks for those in a role, members who are disabled, invitations, its own policy."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Instant, Json

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, column in (("task_candidate", "value"), ("reminder", "addressee")):
        with op.batch_alter_table(table) as batch_op:  # the triggers are made after all migrations
            batch_op.alter_column(column, type_=sa.String(length=80))
    op.add_column("membership", sa.Column("is_disabled", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "invitation",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("party_id", sa.String(length=32), nullable=False),
        sa.Column("login", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("roles", Json(), nullable=False),
        sa.Column("limit_fen", sa.BigInteger(), nullable=True),
        sa.Column("invited_by", sa.String(length=32), nullable=False),
        sa.Column("invited_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("accepted_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_invitation_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
    )
    op.create_index(op.f("ix_invitation_party_id"), "invitation", ["party_id"], unique=False)
    op.create_table(
        "enterprise_policy",
        sa.Column("party_id", sa.String(length=32), nullable=False),
        sa.Column("may_accept_own", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_enterprise_policy_party_id_party")),
        sa.PrimaryKeyConstraint("party_id", name=op.f("pk_enterprise_policy")),
    )


def downgrade() -> None:
    op.drop_table("enterprise_policy")
    op.drop_table("invitation")
    op.drop_column("membership", "is_disabled")
