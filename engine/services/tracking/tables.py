"""Tables of the tracking. A track is one courier's part in one order: a relay makes two."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, text

from engine.storage.columns import Id, Instant, Json, metadata

_IS_OPEN = text("closed_at IS NULL")
track = Table(
    "track",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, nullable=False, index=True),
    Column("courier_id", Id, nullable=False),
    Column("requester_id", Id, nullable=False),
    Column("vehicle", String(16), nullable=False),
    Column("stage", String(12), nullable=False),  # to_pickup, to_dropoff, closed
    Column("outcome", String(24)),  # how it was closed, in the words of the process
    Column("pickup", Json),  # a place with lat and lng, or a vault reference, as the process has it
    Column("dropoff", Json),
    Column("routes", Json, nullable=False, server_default="[]"),  # the ways still to go when they were asked for
    Column("asked_at", Instant),  # when the ways were last asked for
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    # where the courier was last, exactly
    Column("last_lat", Integer),
    Column("last_lng", Integer),
    Column("last_at", Instant),
    # what the requester sees of it: rounded, and not the newest (ER-23)
    Column("shown_lat", Integer),
    Column("shown_lng", Integer),
    Column("shown_at", Instant),  # when the courier was there
    Column("shown_bearing", Integer),  # degrees from north
    Column("told_at", Instant),  # when it was shown
    Index("ix_track_courier_id_closed_at", "courier_id", "closed_at"),
    Index("uq_track_open", "order_id", unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
)
# The trail, kept for disputes, then deleted.
position = Table(
    "position",
    metadata,
    Column("track_id", Id, ForeignKey("track.id"), primary_key=True),
    Column("token", BigInteger, primary_key=True),  # the sender's own: milliseconds of his clock; sent again, kept once
    Column("at", Instant, nullable=False),  # by our clock
    Column("lat", Integer, nullable=False),
    Column("lng", Integer, nullable=False),
    Column("accuracy_m", Integer, nullable=False),
)
