"""Table of signatures."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from engine.storage.columns import APPEND_ONLY, Id, Instant, Json, metadata

signature = Table(
    "signature",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(120), nullable=False),  # the key of the agreement
    Column("definition_id", Id, ForeignKey("definition.id"), nullable=False),  # the very version
    Column("version", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),  # of its file, in both languages
    Column("language", String(8), nullable=False),  # in which it was read
    Column("party_id", Id, nullable=False),  # who is bound
    Column("user_id", Id, nullable=False),  # who signed
    Column("acting_role", String(40), nullable=False),
    Column("signer_name", Json, nullable=False),  # a vault reference
    Column("method", String(20), nullable=False),  # one_time_code
    Column("code_id", Id, nullable=False),
    Column("origin", Json),  # network address and browser: a vault reference; none outside a browser
    Column("instance_id", Id, nullable=False),
    Column("signed_at", Instant, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    UniqueConstraint("instance_id", "definition_id", "user_id"),
    Index("ix_signature_party_id", "party_id", "kind"),
    info=APPEND_ONLY,
)
