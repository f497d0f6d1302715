"""Tables of payments, payouts, and the embedded simulator."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table

from engine.storage.columns import Id, Instant, Json, metadata

payment = Table(
    "payment",
    metadata,
    Column("id", Id, primary_key=True),  # also the key of the order at the provider
    Column("key", String(200), nullable=False, unique=True),  # idempotency key of whoever started it
    Column("party_id", Id, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("method", String(24), nullable=False),  # online, bank_transfer
    Column("status", String(16), nullable=False),  # started, succeeded, failed
    Column("provider", String(40)),  # known, with its reference, once the order has ended
    Column("provider_ref", String(80)),
    Column("failure", String(80)),
    Column("pay_code", String(500)),  # what the payer scans or opens while it is under way
    Column("actor_id", Id, nullable=False),
    Column("instance_id", Id, index=True),  # none: started in the wallet
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index("ix_payment_party_id_id", "party_id", "id"),
)
payout_method = Table(
    "payout_method",
    metadata,
    Column("id", Id, primary_key=True),
    Column("party_id", Id, nullable=False, index=True),
    Column("kind", String(16), nullable=False),  # bank, e_wallet
    Column("account", Json, nullable=False),  # vault reference
    Column("holder", Json, nullable=False),  # vault reference
    Column("is_verified", Integer, nullable=False),  # by a test amount
    Column("is_current", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("branch", String(80)),  # of the bank, where it was asked for
)
payout = Table(
    "payout",
    metadata,
    Column("id", Id, primary_key=True),  # also the key of the order at the provider
    Column("key", String(200), nullable=False, unique=True),
    Column("party_id", Id, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("payout_ref", String(80), nullable=False),
    Column("method_id", Id, ForeignKey("payout_method.id")),
    Column("status", String(16), nullable=False),  # held, sent, succeeded, failed, booked, reversed
    Column("provider", String(40)),  # known, with its reference, once the order has ended
    Column("provider_ref", String(80)),
    Column("failure", String(80)),
    Column("instance_id", Id, nullable=False, index=True),
    Column("held_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index("ix_payout_party_id_id", "party_id", "id"),
)
refund = Table(
    "refund",
    metadata,
    Column("id", Id, primary_key=True),  # also the key of the order at the provider
    Column("key", String(200), nullable=False, unique=True),
    Column("party_id", Id, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("payment_id", Id, ForeignKey("payment.id"), nullable=False, index=True),  # which it goes back on
    Column("order_ref", String(80), nullable=False),
    Column("status", String(16), nullable=False),  # started, succeeded, failed
    Column("provider", String(40)),  # known, with its reference, once the order has ended
    Column("provider_ref", String(80)),
    Column("failure", String(80)),
    Column("instance_id", Id, nullable=False, index=True),
    Column("element", String(120), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
)
spend_limit = Table(
    "spend_limit",
    metadata,
    Column("party_id", Id, ForeignKey("party.id"), primary_key=True),
    Column("user_id", Id, primary_key=True),  # an operator of the organisation, or `*` for everyone else
    Column("limit_fen", BigInteger, nullable=False),
)
simulated_order = Table(
    "simulated_order",
    metadata,
    Column("key", String(80), primary_key=True),
    Column("kind", String(8), nullable=False),  # payment, payout, refund
    Column("amount_fen", BigInteger, nullable=False),
    Column("failure", String(80)),  # how it will end; none: with success
    Column("is_answer_lost", Integer, nullable=False),  # the first answer never arrives
    Column("requests", Integer, nullable=False),  # how often it was ordered; more than once is a fault of ours
    Column("ready_at", Instant, nullable=False),  # until then it is pending
)
simulator_rules = Table(
    "simulator_rules",
    metadata,
    Column("id", Integer, primary_key=True),  # one row
    Column("rules", Json, nullable=False),
)
