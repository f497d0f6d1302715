"""Tables of the documents that were issued, of the consent to some, and of the invoices that were asked for."""

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, String, Table, UniqueConstraint

from engine.storage.columns import APPEND_ONLY, Id, Instant, Json, metadata

document = Table(
    "document",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number", String(40), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),  # see issuing.KINDS
    Column("subject", String(80), nullable=False),  # <party>:<month>, or the id of what it is about
    Column("content", Json, nullable=False),
    Column("sha256", String(64), nullable=False),  # of the content as it is handed out
    Column("issued_at", Instant, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    UniqueConstraint("kind", "subject"),
    info=APPEND_ONLY,
)
# That the enterprise agrees to a confirmation sheet as it was issued.
document_consent = Table(
    "document_consent",
    metadata,
    Column("document_id", Id, ForeignKey("document.id"), primary_key=True),
    Column("sha256", String(64), nullable=False),  # of the sheet
    Column("user_id", Id, nullable=False),
    Column("acting_role", String(40), nullable=False),
    Column("confirmed_at", Instant, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    info=APPEND_ONLY,
)
# One for each party and month at most, over the platform's fees it bore.
invoice = Table(
    "invoice",
    metadata,
    Column("id", Id, primary_key=True),
    Column("party_id", Id, nullable=False),
    Column("month", String(7), nullable=False),  # 2026-11
    Column("tax_number", String(20), nullable=False),  # of an organisation; empty where none was given
    Column("fee_fen", BigInteger, nullable=False),  # with the VAT contained in it
    Column("vat_fen", BigInteger, nullable=False),
    Column("status", String(12), nullable=False),  # requested, issued
    Column("issuer_ref", String(80)),
    Column("requested_by", Id, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("issued_at", Instant),
    UniqueConstraint("party_id", "month"),
)
