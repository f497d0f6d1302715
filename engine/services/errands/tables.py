"""Tables of errands. The id of an order is the id of its process instance; places are whole 1e-6 degrees."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from engine.storage.columns import Id, Instant, Json, metadata

errand = Table(
    "errand",
    metadata,
    Column("id", Id, primary_key=True),  # of its process instance
    Column("number", String(40), nullable=False, unique=True),  # what people call it
    Column("state", String(20), nullable=False),  # see states.py
    Column("outcome", String(20)),  # how it ended; see states.py
    Column("requester_id", Id, nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    # what everybody may know who may take it
    Column("category", String(16), nullable=False),  # fetch_parcel, buy, deliver, print, answer, other
    Column("order_class", String(12), nullable=False),  # ordinary, professional
    Column("description", Text, nullable=False),
    Column("images", Json, nullable=False),
    Column("weight_kg", Integer, nullable=False),
    Column("scheduled_at", Instant),  # when the courier shall be at the pickup; none: now
    Column("is_night", Boolean, nullable=False),  # it begins when the surcharge of the night holds
    Column("range_m", Integer, nullable=False),
    # where and to whom: vault references, for the two sides of a taken order only (see places.stored)
    Column("pickup", Json),
    Column("dropoff", Json),
    Column("recipient_name", Json),
    Column("recipient_phone", Json),
    Column("station_code", Json),  # what a parcel station asks for; the courier sees it
    # what belongs to the category, for the courier who has it: goods_list, shop, copies, question ...
    Column("details", Json, nullable=False),
    Column("files", Json, nullable=False),  # to be printed, or beside the question
    Column("declared_fen", BigInteger, nullable=False),
    Column("may_leave", Boolean, nullable=False),  # at the door, or with a neighbour or in a locker
    Column("needs_pickup_code", Boolean, nullable=False),
    Column("needs_delivery_code", Boolean, nullable=False),
    Column("is_insured", Boolean, nullable=False),
    # money, in fen; the fee is what the courier of now and those before him share
    Column("fee_fen", BigInteger, nullable=False),
    Column("tip_fen", BigInteger, nullable=False),
    Column("goods_cap_fen", BigInteger, nullable=False),
    Column("spent_fen", BigInteger, nullable=False),  # what the goods cost, as the courier's receipt says
    Column("legs_fen", BigInteger, nullable=False),  # of the fee, gross, paid to couriers before this one
    Column("fee_terms", Json),  # the platform's share: the row of fee_schedule that holds
    # the way, as the quote found it
    Column("metres", Integer),
    Column("seconds", Integer),
    Column("is_estimated", Boolean, nullable=False),
    # who carries it out
    Column("courier_id", Id, index=True),
    Column("lock_version", Integer, nullable=False),  # counts the takings, as the offer does
    Column("offered_at", Instant),
    Column("taken_at", Instant),
    Column("pickup_due", Instant),  # when the courier shall be at the pickup
    Column("promised_at", Instant),  # when it shall have arrived
    Column("picked_up_at", Instant),
    Column("handed_over_at", Instant),
    # what interrupted it; the reason is a vault reference
    Column("claim_kind", String(12)),  # release, cancel, dispute, exception
    Column("claimant_id", Id),
    Column("claim_reason", Json),
    Column("claim_fen", BigInteger),  # how much the claimant wants; everything where it does not say
    Column("resume_state", String(20)),  # where it goes on after an exception or a dispute
    Column("case_count", Integer, nullable=False),
    Column("closed_at", Instant),
    Index("ix_errand_state_offered_at", "state", "offered_at"),
)
# What was asked of the fee table and what it said; signed, so that only a quote of ours is paid.
errand_quote = Table(
    "errand_quote",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("errand.id"), nullable=False),
    Column("number", Integer, nullable=False),  # 1, and one more after every change
    Column("order_class", String(12), nullable=False),
    Column("facts", Json, nullable=False),  # category, metres, weight_kg, declared_fen, is_night
    Column("parts", Json, nullable=False),  # base_fen, distance_fen, weight_fen, night_fen, value_fen, rounding_fen
    Column("fee_fen", BigInteger, nullable=False),
    Column("is_estimated", Boolean, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("valid_until", Instant, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    UniqueConstraint("order_id", "number", name="uq_errand_quote_order_id_number"),
)
# Each courier who had the order, one row per taking. Who gave it back or lost it does not get it again.
errand_leg = Table(
    "errand_leg",
    metadata,
    Column("order_id", Id, ForeignKey("errand.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # the lock_version of the taking
    Column("courier_id", Id, nullable=False),
    Column("taken_at", Instant, nullable=False),
    Column("ended_at", Instant),
    # grace: given back at once, released: later, late: taken away, relay: handed to the next, finished, cancelled
    Column("end", String(12)),
    Column("gross_fen", BigInteger, nullable=False),  # of the fee, to this courier
    Index("ix_errand_leg_courier_id", "courier_id", "taken_at"),
)
# How often a code was tried; the code itself is nowhere.
errand_code = Table(
    "errand_code",
    metadata,
    Column("order_id", Id, ForeignKey("errand.id"), primary_key=True),
    Column("purpose", String(8), primary_key=True),  # pickup, delivery
    Column("tries_left", Integer, nullable=False),  # none left: locked, and only a photo proves
    Column("proved_at", Instant),
)
# What proves a stage. Notes are vault references.
errand_proof = Table(
    "errand_proof",
    metadata,
    Column("order_id", Id, ForeignKey("errand.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("stage", String(12), nullable=False),  # arrival, purchase, pickup, answer, delivery, return
    Column("method", String(12), nullable=False),  # code, photo, signature, receipt, text, place
    Column("courier_id", Id, nullable=False),
    Column("files", Json, nullable=False),
    Column("note", Json),
    Column("amount_fen", BigInteger),
    Column("place", Json),  # where the courier was, if his device told: {"lat", "lng"}
    Column("at", Instant, nullable=False),
)
# What went wrong, and what was decided about it.
errand_exception = Table(
    "errand_exception",
    metadata,
    Column("order_id", Id, ForeignKey("errand.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),  # see exceptions.py
    Column("state", String(20), nullable=False),  # of the order when it was reported
    Column("reported_by", Id, nullable=False),
    Column("reported_at", Instant, nullable=False),
    Column("note", Json),
    Column("place", Json),  # where the courier was: a relay begins there
    Column("decision", String(12)),  # continue, leave, move, relay, cancel, dispute
    Column("cause", String(16)),  # requester, courier, circumstances: what ending the errand over it costs
    Column("is_by_rule", Boolean, nullable=False),  # the requester said nothing in time
    Column("decided_at", Instant),
)
