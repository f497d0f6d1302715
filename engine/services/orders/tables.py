"""Tables of the hire orders. The id of an order is the id of its process instance."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from engine.storage.columns import Id, Instant, Json, metadata

hire_order = Table(
    "hire_order",
    metadata,
    Column("id", Id, primary_key=True),  # of its process instance
    Column("number", String(40), nullable=False, unique=True),  # what people call it
    Column("state", String(20), nullable=False),  # see states.py
    Column("publisher_id", Id, nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    # what was published
    Column("category", String(20), nullable=False),
    Column("title", String(60), nullable=False),
    Column("content", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("safety_notes", Text, nullable=False),
    Column("result_spec", Text, nullable=False),
    Column("qualification_reqs", Text, nullable=False),
    Column("place_mode", String(8), nullable=False),  # on_site, remote
    Column("district", String(60), nullable=False),  # the place as precisely as everybody may know it
    Column("service_from", Instant, nullable=False),
    Column("service_to", Instant, nullable=False),
    Column("taker_kinds", String(16), nullable=False),  # any, person, organisation
    Column("attachments", Json, nullable=False),
    Column("search_text", Text, nullable=False),  # what a search looks into, case folded
    # vault references; only the taker of the order sees what is behind them
    Column("address", Json),
    Column("contact_name", Json),
    Column("contact_phone", Json),
    # money; fee and net as fixed at the listing. An order given back between two milestones offers what is left.
    Column("reward_fen", BigInteger, nullable=False),
    Column("fee_fen", BigInteger),
    Column("vat_fen", BigInteger),
    Column("net_fen", BigInteger),
    # listing and lock
    Column("listed_at", Instant),
    Column("expires_at", Instant, nullable=False),
    Column("lock_limit", Integer, nullable=False),  # open orders a taker may hold, as the order's policy says
    Column("lock_version", Integer, nullable=False),  # counts the locks, so that a take wins once
    Column("release_count", Integer, nullable=False),
    Column("taker_id", Id, index=True),
    Column("locked_at", Instant),
    # fulfilment
    Column("start_by", Instant),
    Column("started_at", Instant),
    Column("handover_due", Instant),
    Column("overdue_at", Instant),
    Column("rework_count", Integer, nullable=False),
    # the request under way that interrupted the fulfilment; the reason is a vault reference
    Column("claim_kind", String(8)),  # release, cancel, dispute
    Column("claimant_id", Id),
    Column("claim_reason", Json),
    Column("claim_progress_bps", Integer),
    Column("claim_fen", BigInteger),  # how much the claimant wants for itself; everything where it does not say
    Column("resume_state", String(20)),  # where a disputed order goes on if the decision says so
    Column("case_count", Integer, nullable=False),
    Column("closed_at", Instant),
    Index("ix_hire_order_state_listed_at", "state", "listed_at"),
    Index("ix_hire_order_state_reward_fen", "state", "reward_fen"),
    Index("ix_hire_order_state_expires_at", "state", "expires_at"),
)
# Takers who gave an order back or lost it: they do not get the same one again.
order_exclusion = Table(
    "order_exclusion",
    metadata,
    Column("order_id", Id, ForeignKey("hire_order.id"), primary_key=True),
    Column("party_id", Id, primary_key=True),
    Column("reason", String(12), nullable=False),  # grace: given back at once, released: later, withdrawn: taken away
    Column("at", Instant, nullable=False),
    Index("ix_order_exclusion_party_id", "party_id"),
)
# The parts of a reward that are released one after the other (HO-21); an order without has none.
order_milestone = Table(
    "order_milestone",
    metadata,
    Column("order_id", Id, ForeignKey("hire_order.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # 1, 2 ... in the order of the work
    Column("title", String(60), nullable=False),
    Column("share_bps", Integer, nullable=False),
    # its part of the reward; fee and net as fixed at the listing
    Column("reward_fen", BigInteger, nullable=False),
    Column("fee_fen", BigInteger),
    Column("vat_fen", BigInteger),
    Column("net_fen", BigInteger),
    Column("paid_at", Instant),
    Column("paid_to", Id),
)
# What was handed over, one row per round; summary and receiver are vault references.
order_handover = Table(
    "order_handover",
    metadata,
    Column("order_id", Id, ForeignKey("hire_order.id"), primary_key=True),
    Column("round", Integer, primary_key=True),  # 1, and one more after each rework
    Column("milestone", Integer),  # what it is of; none where the order has no milestones
    Column("taker_id", Id, nullable=False),
    Column("summary", Json, nullable=False),
    Column("receiver", Json, nullable=False),
    Column("files", Json, nullable=False),
    Column("handed_over_at", Instant, nullable=False),  # as the taker states it
    Column("submitted_at", Instant, nullable=False),
)
