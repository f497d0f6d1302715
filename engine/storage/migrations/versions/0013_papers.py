"""Signatures of agreements, one-time codes, consent to confirmation sheets, invoices, codes to pay with."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Hex, Instant, Json

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "one_time_code",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=80), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("digest", Hex(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("verified_at", Instant(), nullable=True),
        sa.Column("origin", Json(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_code")),
    )
    op.create_index("ix_one_time_code_user_id", "one_time_code", ["user_id", "sent_at"])
    op.create_table(
        "code_outbox",
        sa.Column("code_id", sa.String(length=32), nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.ForeignKeyConstraint(["code_id"], ["one_time_code.id"], name=op.f("fk_code_outbox_code_id_one_time_code")),
        sa.PrimaryKeyConstraint("code_id", name=op.f("pk_code_outbox")),
    )
    op.create_table(
        "signature",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=120), nullable=False),
        sa.Column("definition_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("party_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("acting_role", sa.String(length=40), nullable=False),
        sa.Column("signer_name", Json(), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("code_id", sa.String(length=32), nullable=False),
        sa.Column("origin", Json(), nullable=True),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("signed_at", Instant(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_signature_definition_id_definition")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
        sa.UniqueConstraint(
            "instance_id", "definition_id", "user_id", name=op.f("uq_signature_instance_id_definition_id_user_id")
        ),
    )
    op.create_index("ix_signature_party_id", "signature", ["party_id", "kind"])
    op.create_table(
        "document_consent",
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("acting_role", sa.String(length=40), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_consent_document_id_document")
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_document_consent")),
    )
    op.create_table(
        "invoice",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("party_id", sa.String(length=32), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("tax_number", sa.String(length=20), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("vat_fen", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("issuer_ref", sa.String(length=80), nullable=True),
        sa.Column("requested_by", sa.String(length=32), nullable=False),
        sa.Column("requested_at", Instant(), nullable=False),
        sa.Column("issued_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("party_id", "month", name=op.f("uq_invoice_party_id_month")),
    )
    op.add_column("payment", sa.Column("pay_code", sa.String(length=500), nullable=True))
