"""Tables of one-time codes, and of what the embedded sender would have sent."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from engine.storage.columns import Hex, Id, Instant, Json, metadata

one_time_code = Table(
    "one_time_code",
    metadata,
    Column("id", Id, primary_key=True),
    Column("purpose", String(80), nullable=False),  # the case it was asked for in
    Column("user_id", Id, nullable=False),
    Column("digest", Hex, nullable=False),  # keyed, of the id and the digits
    Column("tries_left", Integer, nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("verified_at", Instant),  # when the right digits came
    Column("origin", Json),  # and from where: a vault reference
    Index("ix_one_time_code_user_id", "user_id", "sent_at"),
)
code_outbox = Table(
    "code_outbox",
    metadata,
    Column("code_id", Id, ForeignKey("one_time_code.id"), primary_key=True),
    Column("content", Json, nullable=False),  # the digits, sealed under the person's key
)
