"""Tables of places: the addresses people keep, and how the embedded route provider behaves."""

from sqlalchemy import Column, Integer, String, Table, UniqueConstraint

from engine.storage.columns import Id, Instant, Json, metadata

# An address somebody keeps for the next time.
saved_place = Table(
    "saved_place",
    metadata,
    Column("id", Id, primary_key=True),
    Column("party_id", Id, nullable=False),
    Column("address", Json, nullable=False),  # vault reference under the party: an address with its coordinates
    Column("address_index", String(64), nullable=False),  # blind index of the same
    Column("used_at", Instant, nullable=False),
    UniqueConstraint("party_id", "address_index"),
)
route_rules = Table(
    "route_rules",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("rules", Json, nullable=False),
)
