"""Errands."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Instant, Json

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "errand",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=True),
        sa.Column("requester_id", sa.String(32), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("category", sa.String(16), nullable=False),
        sa.Column("order_class", sa.String(12), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("images", Json(), nullable=False),
        sa.Column("weight_kg", sa.Integer(), nullable=False),
        sa.Column("scheduled_at", Instant(), nullable=True),
        sa.Column("is_night", sa.Boolean(), nullable=False),
        sa.Column("range_m", sa.Integer(), nullable=False),
        sa.Column("pickup", Json(), nullable=True),
        sa.Column("dropoff", Json(), nullable=True),
        sa.Column("recipient_name", Json(), nullable=True),
        sa.Column("recipient_phone", Json(), nullable=True),
        sa.Column("station_code", Json(), nullable=True),
        sa.Column("details", Json(), nullable=False),
        sa.Column("files", Json(), nullable=False),
        sa.Column("declared_fen", sa.BigInteger(), nullable=False),
        sa.Column("may_leave", sa.Boolean(), nullable=False),
        sa.Column("needs_pickup_code", sa.Boolean(), nullable=False),
        sa.Column("needs_delivery_code", sa.Boolean(), nullable=False),
        sa.Column("is_insured", sa.Boolean(), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("tip_fen", sa.BigInteger(), nullable=False),
        sa.Column("goods_cap_fen", sa.BigInteger(), nullable=False),
        sa.Column("spent_fen", sa.BigInteger(), nullable=False),
        sa.Column("legs_fen", sa.BigInteger(), nullable=False),
        sa.Column("fee_terms", Json(), nullable=True),
        sa.Column("metres", sa.Integer(), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("is_estimated", sa.Boolean(), nullable=False),
        sa.Column("courier_id", sa.String(32), nullable=True),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("offered_at", Instant(), nullable=True),
        sa.Column("taken_at", Instant(), nullable=True),
        sa.Column("pickup_due", Instant(), nullable=True),
        sa.Column("promised_at", Instant(), nullable=True),
        sa.Column("picked_up_at", Instant(), nullable=True),
        sa.Column("handed_over_at", Instant(), nullable=True),
        sa.Column("claim_kind", sa.String(12), nullable=True),
        sa.Column("claimant_id", sa.String(32), nullable=True),
        sa.Column("claim_reason", Json(), nullable=True),
        sa.Column("claim_fen", sa.BigInteger(), nullable=True),
        sa.Column("resume_state", sa.String(20), nullable=True),
        sa.Column("case_count", sa.Integer(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_errand"),
        sa.UniqueConstraint("number", name="uq_errand_number"),
    )
    op.create_index("ix_errand_courier_id", "errand", ["courier_id"])
    op.create_index("ix_errand_requester_id", "errand", ["requester_id"])
    op.create_index("ix_errand_state_offered_at", "errand", ["state", "offered_at"])
    op.create_table(
        "errand_quote",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("order_class", sa.String(12), nullable=False),
        sa.Column("facts", Json(), nullable=False),
        sa.Column("parts", Json(), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("is_estimated", sa.Boolean(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("valid_until", Instant(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["errand.id"], name="fk_errand_quote_order_id_errand"),
        sa.PrimaryKeyConstraint("id", name="pk_errand_quote"),
        sa.UniqueConstraint("order_id", "number", name="uq_errand_quote_order_id_number"),
    )
    op.create_table(
        "errand_leg",
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("courier_id", sa.String(32), nullable=False),
        sa.Column("taken_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("end", sa.String(12), nullable=True),
        sa.Column("gross_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["errand.id"], name="fk_errand_leg_order_id_errand"),
        sa.PrimaryKeyConstraint("order_id", "number", name="pk_errand_leg"),
    )
    op.create_index("ix_errand_leg_courier_id", "errand_leg", ["courier_id", "taken_at"])
    op.create_table(
        "errand_code",
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("purpose", sa.String(8), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("proved_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["errand.id"], name="fk_errand_code_order_id_errand"),
        sa.PrimaryKeyConstraint("order_id", "purpose", name="pk_errand_code"),
    )
    op.create_table(
        "errand_proof",
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(12), nullable=False),
        sa.Column("method", sa.String(12), nullable=False),
        sa.Column("courier_id", sa.String(32), nullable=False),
        sa.Column("files", Json(), nullable=False),
        sa.Column("note", Json(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("place", Json(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["errand.id"], name="fk_errand_proof_order_id_errand"),
        sa.PrimaryKeyConstraint("order_id", "number", name="pk_errand_proof"),
    )
    op.create_table(
        "errand_exception",
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reported_by", sa.String(32), nullable=False),
        sa.Column("reported_at", Instant(), nullable=False),
        sa.Column("note", Json(), nullable=True),
        sa.Column("place", Json(), nullable=True),
        sa.Column("decision", sa.String(12), nullable=True),
        sa.Column("cause", sa.String(16), nullable=True),
        sa.Column("is_by_rule", sa.Boolean(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["errand.id"], name="fk_errand_exception_order_id_errand"),
        sa.PrimaryKeyConstraint("order_id", "number", name="pk_errand_exception"),
    )


def downgrade() -> None:
    op.drop_table("errand_exception")
    op.drop_table("errand_proof")
    op.drop_table("errand_code")
    op.drop_table("errand_leg")
    op.drop_table("errand_quote")
    op.drop_table("errand")
