"""Certification of enterprises: what they stated, what the company register and the bank said."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Instant, Json

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "enterprise_certification",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("party_id", sa.String(length=32), nullable=False),
        sa.Column("applicant_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.Column("legal_name", sa.String(length=100), nullable=True),
        sa.Column("credit_code", sa.String(length=18), nullable=True),
        sa.Column("register_country", sa.String(length=8), nullable=True),
        sa.Column("licence_files", Json(), nullable=True),
        *(sa.Column(name, Json(), nullable=True) for name in ("rep_name", "rep_id_no", "rep_phone")),
        sa.Column("registered_address", sa.String(length=200), nullable=True),
        sa.Column("industry", sa.String(length=24), nullable=True),
        sa.Column("bank_name", sa.String(length=80), nullable=True),
        *(
            sa.Column(name, Json(), nullable=True)
            for name in ("bank_account", "contact_name", "contact_phone", "contact_email")
        ),
        sa.Column("invoice_title", sa.String(length=100), nullable=True),
        sa.Column("tax_rate_type", sa.String(length=12), nullable=True),
        *(sa.Column(name, Json(), nullable=True) for name in ("authorisation_files", "changes")),
        sa.Column("rep_index", sa.String(length=64), nullable=True),
        sa.Column("account_index", sa.String(length=64), nullable=True),
        sa.Column("claimed_code", sa.String(length=18), nullable=True),
        sa.Column("opened_at", Instant(), nullable=False),
        *(
            sa.Column(name, Instant(), nullable=True)
            for name in ("phone_confirmed_at", "certified_at", "certified_until", "closed_at", "retry_at")
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("claimed_code"),
    )
    for name, columns in (
        ("party_id", ["party_id", "opened_at"]),
        ("credit_code", ["credit_code"]),
        ("rep_index", ["rep_index"]),
        ("account_index", ["account_index"]),
    ):
        op.create_index(f"ix_enterprise_certification_{name}", "enterprise_certification", columns)
    _create_questions()
    op.create_table(
        "simulated_inquiry",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.String(length=40), nullable=False),
        sa.Column("is_answer_lost", sa.Integer(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("ready_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "company_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rules", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _create_questions() -> None:
    of = "enterprise_certification.id"
    op.create_table(
        "company_check",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("certification_id", sa.String(length=32), sa.ForeignKey(of), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("differences", Json(), nullable=True),
        sa.Column("register", sa.String(length=40), nullable=True),
        sa.Column("register_ref", sa.String(length=80), nullable=True),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_company_check_certification_id", "company_check", ["certification_id"])
    op.create_table(
        "test_transfer",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("certification_id", sa.String(length=32), sa.ForeignKey(of), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(length=40), nullable=True),
        sa.Column("bank", sa.String(length=40), nullable=True),
        sa.Column("bank_ref", sa.String(length=80), nullable=True),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_test_transfer_certification_id", "test_transfer", ["certification_id"])


def downgrade() -> None:
    for name in ("company_rules", "simulated_inquiry", "test_transfer", "company_check", "enterprise_certification"):
        op.drop_table(name)
