"""Tables of the members of an enterprise; the members themselves are in `engine.storage.tables`."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table

from engine.storage.columns import Id, Instant, Json, metadata

# Who was asked to join an enterprise. The secret of its link is made of its id and a key, so nothing of it is stored.
invitation = Table(
    "invitation",
    metadata,
    Column("id", String(64), primary_key=True),  # the token of its form: a repeated request writes nothing
    Column("party_id", Id, ForeignKey("party.id"), nullable=False, index=True),
    Column("login", String(80), nullable=False),  # whose account it is for, there already or still to be made
    Column("name", String(60), nullable=False),
    Column("roles", Json, nullable=False),
    Column("limit_fen", BigInteger),
    Column("invited_by", Id, nullable=False),
    Column("invited_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("accepted_at", Instant),
    Column("revoked_at", Instant),
)
# What an enterprise decides for itself.
enterprise_policy = Table(
    "enterprise_policy",
    metadata,
    Column("party_id", Id, ForeignKey("party.id"), primary_key=True),
    Column("may_accept_own", Integer, nullable=False),  # who published a task may accept its deliverables
)
