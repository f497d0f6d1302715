"""Table of the documents that were issued."""

from sqlalchemy import Column, LargeBinary, String, Table, UniqueConstraint

from engine.storage.columns import APPEND_ONLY, Id, Instant, Json, metadata

document = Table(
    "document",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number", String(40), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),  # statement, settlement
    Column("subject", String(80), nullable=False),  # <party>:<month>, or the entry it is about
    Column("content", Json, nullable=False),
    Column("sha256", String(64), nullable=False),  # of the content as it is handed out
    Column("issued_at", Instant, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    UniqueConstraint("kind", "subject"),
    info=APPEND_ONLY,
)
