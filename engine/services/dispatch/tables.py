"""Tables of the dispatch. The id of an offer is the id of its errand's process instance."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, text

from engine.storage.columns import Id, Instant, Json, metadata

_IS_OPEN = text("state = 'open'")
_IS_TAKEN = text("state = 'taken'")

# What a courier has set for himself.
courier = Table(
    "courier",
    metadata,
    Column("id", Id, ForeignKey("user_account.id"), primary_key=True),
    Column("range_m", Integer, nullable=False),
    Column("categories", Json, nullable=False),  # those he pulls; an empty list is all of them
    Column("vehicle", String(12), nullable=False),  # empty: on foot
    Column("courier_class", String(12), nullable=False),  # as certified when he went on duty: ordinary, professional
    Column("on_duty_since", Instant),  # none while he is off duty
)
# Where a courier is; a row only while he is on duty and has told. Class and range stand here once more, so that one
# index finds who is near and one table tells whether he is meant.
courier_place = Table(
    "courier_place",
    metadata,
    Column("courier_id", Id, ForeignKey("courier.id"), primary_key=True),
    Column("courier_class", String(12), nullable=False),
    Column("range_m", BigInteger, nullable=False),
    Column("lat", BigInteger, nullable=False),  # 1e-6 degree, as lng
    Column("lng", BigInteger, nullable=False),
    # the h3 cells he is in, see cells.py
    Column("cell_9", BigInteger, nullable=False),
    Column("cell_8", BigInteger, nullable=False),
    Column("cell_7", BigInteger, nullable=False),
    Column("seen_at", Instant, nullable=False),
    # each holds all that a search looks at
    *(
        Index(f"ix_courier_place_{cell}", "courier_class", cell, "range_m", "lat", "lng", "courier_id")
        for cell in ("cell_9", "cell_8", "cell_7")
    ),
)
# An order that looks for a courier, has one, or is over. Exact places are gone once it is over.
offer = Table(
    "errand_offer",
    metadata,
    Column("order_id", Id, primary_key=True),
    Column("number", String(40), nullable=False),
    Column("state", String(8), nullable=False),  # open, taken, closed
    Column("lock_version", Integer, nullable=False),  # counts the takings, so that each is won once
    Column("requester_id", Id, nullable=False),
    Column("taker_id", Id),
    Column("order_class", String(12), nullable=False),  # ordinary, professional
    Column("category", String(20), nullable=False),
    Column("fee_fen", BigInteger, nullable=False),
    Column("tip_fen", BigInteger, nullable=False),
    Column("distance_m", Integer),  # of the route; none where there is no route
    Column("weight_g", Integer, nullable=False),
    Column("is_dedicated", Integer, nullable=False),  # its courier takes nothing beside it
    Column("open_limit", Integer, nullable=False),  # orders a courier may hold, as the order's policy says
    Column("scheduled_at", Instant),  # when the courier shall be at the pickup; none: now
    Column("range_m", BigInteger, nullable=False),
    Column("widen_count", Integer, nullable=False),
    # where it begins; none for an order without a place
    Column("lat", BigInteger),
    Column("lng", BigInteger),
    Column("cell_7", BigInteger),
    # what couriers see before they take it: {"lat", "lng"} on a grid of about 200 m
    Column("pickup_area", Json),
    Column("dropoff_area", Json),
    Column("round", Integer, nullable=False),  # counts the openings with new terms: each is told anew
    Column("opened_at", Instant, nullable=False),
    Column("taken_at", Instant),
    Index("ix_errand_offer_open", "cell_7", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
    Index("ix_errand_offer_taker_id", "taker_id", sqlite_where=_IS_TAKEN, postgresql_where=_IS_TAKEN),
)
# Whom an open offer was pushed to, and in which round; gone when it is taken.
errand_push = Table(
    "errand_push",
    metadata,
    Column("order_id", Id, ForeignKey("errand_offer.order_id"), primary_key=True),
    Column("courier_id", Id, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("pushed_at", Instant, nullable=False),
    Index("ix_errand_push_courier_id", "courier_id"),
)
# Who does not get an order (again).
errand_exclusion = Table(
    "errand_exclusion",
    metadata,
    Column("order_id", Id, ForeignKey("errand_offer.order_id"), primary_key=True),
    Column("courier_id", Id, primary_key=True),
    Column("reason", String(12), nullable=False),  # released: gave it back or lost it; named: the order says so
    Column("at", Instant, nullable=False),
)
