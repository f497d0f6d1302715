"""Tables of the work tasks. The id of a work task is the id of its process instance."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from engine.storage.columns import Id, Instant, Json, metadata

work_task = Table(
    "work_task",
    metadata,
    Column("id", Id, primary_key=True),  # of its process instance
    Column("number", String(40), nullable=False, unique=True),  # what people call it
    Column("state", String(20), nullable=False),  # see states.py
    Column("enterprise_id", Id, nullable=False, index=True),
    Column("operator_id", Id, nullable=False),  # who filled it in
    Column("created_at", Instant, nullable=False),
    # what is published
    Column("title", String(60), nullable=False),
    Column("category", String(20), nullable=False),
    Column("description", Text, nullable=False),
    Column("deliverable_spec", Text, nullable=False),
    Column("deliverable_types", Json, nullable=False, server_default="[]"),  # text, file, link, location, quantity
    Column("qualification_reqs", Text, nullable=False),
    Column("place_mode", String(8), nullable=False),  # remote, on_site
    Column("district", String(60), nullable=False),
    Column("address", Json),  # vault reference, for those who were awarded
    Column("position", Json),  # vault reference: latitude and longitude of the place
    Column("contact", Json),  # vault reference: whom the worker may call
    Column("contact_visibility", String(12), nullable=False, server_default="after_award"),  # see eligibility.py
    Column("attachments", Json, nullable=False),
    Column("is_confidential", Integer, nullable=False),
    Column("is_insured", Integer, nullable=False),
    Column("insurance_policy", String(60), nullable=False, server_default=""),  # its number
    Column("signup_deadline", Instant, nullable=False),
    Column("start_by", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("headcount", Integer, nullable=False),
    Column("rework_limit", Integer, nullable=False),
    Column("acceptance_days", Integer, nullable=False),  # working days
    # award
    Column("award_preference", String(12), nullable=False),  # manual, automatic: as the enterprise wishes
    Column("award_strategy", String(12), nullable=False),  # first_come, score, lottery
    Column("award_method", String(12)),  # as the table award_method decided
    Column("award_nonce", String(64)),  # kept until the award, see awards.py
    Column("award_commitment", String(64)),
    Column("publication_sha256", String(64)),
    # money
    Column("mode", String(16), nullable=False),  # prepayment, on_completion, negotiable, piecework
    Column("fee_bearer", String(20), nullable=False),
    Column("fee", Json),  # the row of fee_schedule that holds for it
    Column("pay_fen", BigInteger, nullable=False),  # of one seat; of piecework the pay of a full cap; negotiable: none
    Column("guarantee_bps", Integer, nullable=False),
    Column("price_min_fen", BigInteger),
    Column("price_max_fen", BigInteger),
    Column("is_offer_required", Integer, nullable=False, server_default="0"),
    Column("negotiable_settlement", String(16), nullable=False, server_default="at_award"),  # or on_completion
    Column("unit_name", String(20), nullable=False),
    Column("unit_price_fen", BigInteger, nullable=False),
    Column("price_tiers", Json, nullable=False, server_default="[]"),  # [{from_quantity, unit_price_fen}]
    Column("cap_total", Integer, nullable=False),
    Column("cap_per_worker", Integer, nullable=False),
    Column("min_batch", Integer, nullable=False),
    Column("is_frozen_by_batch", Integer, nullable=False, server_default="0"),  # min_batch pieces at a time
    Column("quality_rule", Text, nullable=False),
    Column("reject_policy", String(8), nullable=False),  # rework, scrap
    # counters, changed by guarded updates only
    Column("terms_version", Integer, nullable=False),
    Column("application_count", Integer, nullable=False),
    Column("seats_taken", Integer, nullable=False),
    Column("quantity_taken", Integer, nullable=False),
    Column("extension_count", Integer, nullable=False),
    Column("published_at", Instant),
    Column("list_closed_at", Instant),
    Column("improvement", Json),  # better terms that were asked for, see improving.py
    Column("cancel_reason", Json),  # vault reference
    Column("cancelled_at", Instant),
    Column("closed_at", Instant),
    Index("ix_work_task_state_signup_deadline", "state", "signup_deadline"),
)
# Sign-ups: one of each worker for each work task. Texts are vault references.
application = Table(
    "application",
    metadata,
    Column("id", Id, primary_key=True),
    Column("task_id", Id, ForeignKey("work_task.id"), nullable=False),
    Column("worker_id", Id, nullable=False, index=True),
    Column("user_id", Id, nullable=False),  # who sent it
    Column("sequence", Integer, nullable=False),  # the server's order of arrival
    Column("state", String(12), nullable=False),  # applied, withdrawn, awarded, waiting, closed
    Column("message", Json),
    Column("qualifications", Json, nullable=False),
    Column("offer_fen", BigInteger),
    Column("offer_version", Integer, nullable=False),
    Column("agreed_fen", BigInteger),
    Column("agreed_until", Instant),
    Column("available_from", Instant),
    Column("distance_m", Integer),  # from where he was when he signed up
    Column("quantity_wish", Integer, nullable=False),
    Column("quantity_cap", Integer, nullable=False),  # as awarded
    Column("terms_version", Integer, nullable=False),
    Column("applied_at", Instant, nullable=False),
    Column("waiting_rank", Integer),
    Column("award_reason", Json),
    UniqueConstraint("task_id", "worker_id"),
    Index("ix_application_task_id_sequence", "task_id", "sequence"),
    Index("ix_application_task_id_state", "task_id", "state"),
)
# Offers of a negotiation; every one has a version, and an answer names it.
offer = Table(
    "offer",
    metadata,
    Column("application_id", Id, ForeignKey("application.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("side", String(12), nullable=False),  # worker, enterprise
    Column("amount_fen", BigInteger, nullable=False),
    Column("days", Integer, nullable=False),
    Column("message", Json),
    Column("state", String(12), nullable=False),  # open, accepted, countered, declined, replaced, expired
    Column("made_at", Instant, nullable=False),
    Column("valid_until", Instant, nullable=False),
)
# Each automatic award with all it rests on, so that anybody can compute it again.
award_run = Table(
    "award_run",
    metadata,
    Column("task_id", Id, ForeignKey("work_task.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("strategy", String(12), nullable=False),
    Column("seats", Integer, nullable=False),
    Column("inputs", Json, nullable=False),
    Column("weights", Json, nullable=False),
    Column("seed", String(64), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("result", Json, nullable=False),
    Column("at", Instant, nullable=False),
)
engagement = Table(
    "engagement",
    metadata,
    Column("id", Id, primary_key=True),
    Column("task_id", Id, ForeignKey("work_task.id"), nullable=False),
    Column("application_id", Id, ForeignKey("application.id"), nullable=False, unique=True),
    Column("worker_id", Id, nullable=False, index=True),
    Column("enterprise_id", Id, nullable=False),
    Column("instance_id", Id, index=True),  # once its process has begun
    Column("state", String(24), nullable=False),  # see states.py
    Column("pay_fen", BigInteger, nullable=False),  # gross; of piecework that of the whole cap
    Column("quantity_cap", Integer, nullable=False),
    Column("offered_at", Instant, nullable=False),
    Column("is_started", Integer, nullable=False),  # whether engagement.start was sent
    Column("terms_version", Integer, nullable=False, server_default="1"),
    Column("terms", Json),  # what was published when the seat was offered, see terms.py
    Column("check_in_m", Integer),  # how far from the place he checked in
    Column("confirmed_at", Instant),
    Column("started_at", Instant),
    Column("start_by", Instant),
    Column("due_at", Instant),
    Column("overdue_at", Instant),
    Column("delivered_at", Instant),
    Column("acceptance_due", Instant),
    Column("rework_count", Integer, nullable=False),
    Column("version", Integer, nullable=False),  # of the deliverable
    Column("batch", Integer, nullable=False),
    Column("is_last_batch", Integer, nullable=False),
    Column("gross_fen", BigInteger, nullable=False),  # what the next settlement pays
    Column("paid_fen", BigInteger, nullable=False),  # gross, so far
    Column("net_fen", BigInteger, nullable=False),
    Column("payment_blocked_at", Instant),  # unpaid for too long: the enterprise publishes nothing
    # the request under way that interrupted the work; the reason is a vault reference
    Column("claim_kind", String(12)),  # cancel, dispute, non_payment
    Column("claimant_id", Id),
    Column("claim_reason", Json),
    Column("claim_progress_bps", Integer),
    Column("claim_fen", BigInteger),  # how much the claimant wants for itself; everything where it does not say
    Column("resume_state", String(24)),
    Column("case_count", Integer, nullable=False),
    Column("closed_at", Instant),
    UniqueConstraint("task_id", "worker_id"),
    Index("ix_engagement_task_id_state", "task_id", "state"),
    Index("ix_engagement_task_id_is_started", "task_id", "is_started"),
    Index("ix_engagement_enterprise_id_payment_blocked_at", "enterprise_id", "payment_blocked_at"),
)
deliverable = Table(
    "deliverable",
    metadata,
    Column("engagement_id", Id, ForeignKey("engagement.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("batch", Integer, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("statement", Json, nullable=False),  # vault reference; empty where no text was asked for
    Column("links", Text, nullable=False),
    Column("files", Json, nullable=False),
    Column("location", Json),  # vault reference
    Column("note", Json),  # vault reference
    Column("submitted_at", Instant, nullable=False),
)
acceptance_record = Table(
    "acceptance_record",
    metadata,
    Column("engagement_id", Id, ForeignKey("engagement.id"), primary_key=True),
    Column("version", Integer, primary_key=True),  # of the deliverable
    Column("result", String(12), nullable=False),  # accept, partial, rework, reject
    Column("proposed_fen", BigInteger),
    Column("reasons", Json, nullable=False),
    Column("note", Json),
    Column("evidence", Json, nullable=False, server_default="[]"),  # files
    Column("is_automatic", Integer, nullable=False),
    Column("actor_id", Id, nullable=False),
    Column("at", Instant, nullable=False),
)
# Piecework: how the pieces of each delivery were judged.
work_quantity = Table(
    "work_quantity",
    metadata,
    Column("engagement_id", Id, ForeignKey("engagement.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("batch", Integer, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("rework", Integer, nullable=False),
    Column("scrap", Integer, nullable=False),
)
