"""Work tasks of enterprises: sign-ups, offers, awards, engagements, deliveries and how they were accepted."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Instant, Json

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "work_task",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("enterprise_id", sa.String(length=32), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("deliverable_spec", sa.Text(), nullable=False),
        sa.Column("qualification_reqs", sa.Text(), nullable=False),
        sa.Column("place_mode", sa.String(length=8), nullable=False),
        sa.Column("district", sa.String(length=60), nullable=False),
        sa.Column("address", Json(), nullable=True),
        sa.Column("attachments", Json(), nullable=False),
        sa.Column("is_confidential", sa.Integer(), nullable=False),
        sa.Column("is_insured", sa.Integer(), nullable=False),
        sa.Column("signup_deadline", Instant(), nullable=False),
        sa.Column("start_by", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("headcount", sa.Integer(), nullable=False),
        sa.Column("rework_limit", sa.Integer(), nullable=False),
        sa.Column("acceptance_days", sa.Integer(), nullable=False),
        sa.Column("award_preference", sa.String(length=12), nullable=False),
        sa.Column("award_strategy", sa.String(length=12), nullable=False),
        sa.Column("award_method", sa.String(length=12), nullable=True),
        sa.Column("award_nonce", sa.String(length=64), nullable=True),
        sa.Column("award_commitment", sa.String(length=64), nullable=True),
        sa.Column("publication_sha256", sa.String(length=64), nullable=True),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("fee_bearer", sa.String(length=20), nullable=False),
        sa.Column("fee", Json(), nullable=True),
        sa.Column("pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("guarantee_bps", sa.Integer(), nullable=False),
        sa.Column("price_min_fen", sa.BigInteger(), nullable=True),
        sa.Column("price_max_fen", sa.BigInteger(), nullable=True),
        sa.Column("unit_name", sa.String(length=20), nullable=False),
        sa.Column("unit_price_fen", sa.BigInteger(), nullable=False),
        sa.Column("cap_total", sa.Integer(), nullable=False),
        sa.Column("cap_per_worker", sa.Integer(), nullable=False),
        sa.Column("min_batch", sa.Integer(), nullable=False),
        sa.Column("quality_rule", sa.Text(), nullable=False),
        sa.Column("reject_policy", sa.String(length=8), nullable=False),
        sa.Column("terms_version", sa.Integer(), nullable=False),
        sa.Column("application_count", sa.Integer(), nullable=False),
        sa.Column("seats_taken", sa.Integer(), nullable=False),
        sa.Column("quantity_taken", sa.Integer(), nullable=False),
        sa.Column("extension_count", sa.Integer(), nullable=False),
        sa.Column("published_at", Instant(), nullable=True),
        sa.Column("list_closed_at", Instant(), nullable=True),
        sa.Column("cancel_reason", Json(), nullable=True),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_work_task_enterprise_id", "work_task", ["enterprise_id"])
    op.create_index("ix_work_task_state_signup_deadline", "work_task", ["state", "signup_deadline"])
    op.create_table(
        "application",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("task_id", sa.String(length=32), sa.ForeignKey("work_task.id"), nullable=False),
        sa.Column("worker_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("message", Json(), nullable=True),
        sa.Column("qualifications", Json(), nullable=False),
        sa.Column("offer_fen", sa.BigInteger(), nullable=True),
        sa.Column("offer_version", sa.Integer(), nullable=False),
        sa.Column("agreed_fen", sa.BigInteger(), nullable=True),
        sa.Column("agreed_until", Instant(), nullable=True),
        sa.Column("available_from", Instant(), nullable=True),
        sa.Column("quantity_wish", sa.Integer(), nullable=False),
        sa.Column("quantity_cap", sa.Integer(), nullable=False),
        sa.Column("terms_version", sa.Integer(), nullable=False),
        sa.Column("applied_at", Instant(), nullable=False),
        sa.Column("waiting_rank", sa.Integer(), nullable=True),
        sa.Column("award_reason", Json(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("task_id", "worker_id"),
    )
    op.create_index("ix_application_task_id_sequence", "application", ["task_id", "sequence"])
    op.create_index("ix_application_worker_id", "application", ["worker_id"])
    op.create_table(
        "offer",
        sa.Column("application_id", sa.String(length=32), sa.ForeignKey("application.id"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("message", Json(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("valid_until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("application_id", "version"),
    )
    op.create_table(
        "award_run",
        sa.Column("task_id", sa.String(length=32), sa.ForeignKey("work_task.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("strategy", sa.String(length=12), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("inputs", Json(), nullable=False),
        sa.Column("weights", Json(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("result", Json(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "number"),
    )
    op.create_table(
        "engagement",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("task_id", sa.String(length=32), sa.ForeignKey("work_task.id"), nullable=False),
        sa.Column("application_id", sa.String(length=32), sa.ForeignKey("application.id"), nullable=False),
        sa.Column("worker_id", sa.String(length=32), nullable=False),
        sa.Column("enterprise_id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("quantity_cap", sa.Integer(), nullable=False),
        sa.Column("offered_at", Instant(), nullable=False),
        sa.Column("is_started", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("start_by", Instant(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("overdue_at", Instant(), nullable=True),
        sa.Column("delivered_at", Instant(), nullable=True),
        sa.Column("acceptance_due", Instant(), nullable=True),
        sa.Column("rework_count", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("is_last_batch", sa.Integer(), nullable=False),
        sa.Column("gross_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("net_fen", sa.BigInteger(), nullable=False),
        sa.Column("payment_blocked_at", Instant(), nullable=True),
        sa.Column("claim_kind", sa.String(length=12), nullable=True),
        sa.Column("claimant_id", sa.String(length=32), nullable=True),
        sa.Column("claim_reason", Json(), nullable=True),
        sa.Column("claim_progress_bps", sa.Integer(), nullable=True),
        sa.Column("resume_state", sa.String(length=24), nullable=True),
        sa.Column("case_count", sa.Integer(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("application_id"),
        sa.UniqueConstraint("task_id", "worker_id"),
    )
    op.create_index(
        "ix_engagement_enterprise_id_payment_blocked_at", "engagement", ["enterprise_id", "payment_blocked_at"]
    )
    op.create_index("ix_engagement_instance_id", "engagement", ["instance_id"])
    op.create_index("ix_engagement_task_id_state", "engagement", ["task_id", "state"])
    op.create_index("ix_engagement_worker_id", "engagement", ["worker_id"])
    op.create_table(
        "deliverable",
        sa.Column("engagement_id", sa.String(length=32), sa.ForeignKey("engagement.id"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("statement", Json(), nullable=False),
        sa.Column("links", sa.Text(), nullable=False),
        sa.Column("files", Json(), nullable=False),
        sa.Column("submitted_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("engagement_id", "version"),
    )
    op.create_table(
        "acceptance_record",
        sa.Column("engagement_id", sa.String(length=32), sa.ForeignKey("engagement.id"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(length=12), nullable=False),
        sa.Column("proposed_fen", sa.BigInteger(), nullable=True),
        sa.Column("reasons", Json(), nullable=False),
        sa.Column("note", Json(), nullable=True),
        sa.Column("is_automatic", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.String(length=32), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("engagement_id", "version"),
    )
    op.create_table(
        "work_quantity",
        sa.Column("engagement_id", sa.String(length=32), sa.ForeignKey("engagement.id"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("rework", sa.Integer(), nullable=False),
        sa.Column("scrap", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("engagement_id", "version"),
    )


def downgrade() -> None:
    for name in (
        "work_quantity",
        "acceptance_record",
        "deliverable",
        "engagement",
        "award_run",
        "offer",
        "application",
        "work_task",
    ):
        op.drop_table(name)
