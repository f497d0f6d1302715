"""Certification of persons: who they are, what the identity register said, what they may act as."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Instant, Json

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person_certification",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("party_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.Column("id_type", sa.String(length=20), nullable=True),
        sa.Column("name", Json(), nullable=True),
        sa.Column("id_no", Json(), nullable=True),
        sa.Column("birth_date", Json(), nullable=True),
        sa.Column("phone", Json(), nullable=True),
        sa.Column("email", Json(), nullable=True),
        sa.Column("city", sa.String(length=40), nullable=True),
        sa.Column("id_images", Json(), nullable=True),
        sa.Column("id_index", sa.String(length=64), nullable=True),
        sa.Column("claimed_index", sa.String(length=64), nullable=True),
        sa.Column("verified_by", sa.String(length=12), nullable=True),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("phone_confirmed_at", Instant(), nullable=True),
        sa.Column("certified_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("claimed_index"),
    )
    op.create_index("ix_person_certification_id_index", "person_certification", ["id_index"])
    op.create_index("ix_person_certification_party_id", "person_certification", ["party_id", "opened_at"])
    op.create_table(
        "identity_check",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("certification_id", sa.String(length=32), sa.ForeignKey("person_certification.id"), nullable=False),
        sa.Column("party_id", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("register", sa.String(length=40), nullable=True),
        sa.Column("register_ref", sa.String(length=80), nullable=True),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_identity_check_party_id", "identity_check", ["party_id", "asked_at"])
    op.create_table(
        "capacity",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("certification_id", sa.String(length=32), sa.ForeignKey("person_certification.id"), nullable=False),
        sa.Column("party_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("stated", Json(), nullable=False),
        sa.Column("files", Json(), nullable=False),
        sa.Column("applied_at", Instant(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("certification_id", "kind"),
    )
    op.create_index("ix_capacity_party_id", "capacity", ["party_id"])
    op.create_table(
        "person_skill",
        sa.Column("capacity_id", sa.String(length=32), sa.ForeignKey("capacity.id"), nullable=False),
        sa.Column("skill", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("certificate", sa.String(length=80), nullable=True),
        sa.Column("expires_on", sa.String(length=10), nullable=True),
        sa.PrimaryKeyConstraint("capacity_id", "skill"),
    )
    op.create_table(
        "quiz_attempt",
        sa.Column("certification_id", sa.String(length=32), sa.ForeignKey("person_certification.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("is_passed", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("certification_id", "number"),
    )
    op.create_table(
        "register_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rules", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("payout_method", sa.Column("branch", sa.String(length=80), nullable=True))


def downgrade() -> None:
    op.drop_column("payout_method", "branch")
    for name in (
        *("register_rules", "quiz_attempt", "person_skill", "capacity"),
        *("identity_check", "person_certification"),
    ):
        op.drop_table(name)
