"""Tables of the service cases."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table

from engine.storage.columns import APPEND_ONLY, Id, Instant, Json, metadata

CaseRef = String(60)

service_case = Table(
    "service_case",
    metadata,
    Column("ref", CaseRef, primary_key=True),
    Column("instance_id", Id, nullable=False, index=True),  # of the process that handles it; "" until it has begun
    Column("subject_id", Id, nullable=False, index=True),  # the order, engagement ... it is about
    Column("category", String(24), nullable=False),  # process key of the subject
    Column("state", String(16), nullable=False),  # see states.py
    Column("party_a", Id, nullable=False),  # who claims
    Column("party_b", Id, nullable=False),
    Column("payer", Id, nullable=False),  # whose money is disputed
    Column("payee", Id, nullable=False),  # who would get it
    Column("disputed_fen", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    # what the decision rests on, as it was collected, and its SHA-256
    Column("context", Json),
    Column("context_sha256", String(64)),
    # the decision; its texts are vault references, shown to both parties
    Column("arbiter_id", Id),
    Column("decided_at", Instant),
    Column("is_resumed", Integer),
    Column("pay_fen", BigInteger),
    Column("refund_fen", BigInteger),
    Column("fee_waived", Integer),
    Column("goodwill_fen", BigInteger),
    Column("goodwill_to", Id),
    Column("fault", String(12)),
    Column("reasons", Json),
    Column("rule_refs", Json),
    Column("closed_at", Instant),
    # what was asked, and where the case stands; added later, so old cases have none of it
    Column("number", String(48)),  # what people call it
    Column("kind", String(12)),  # question, complaint, dispute, safety: what its opener called it
    Column("claim_fen", BigInteger),  # how much of the disputed money the payee should get, as party A sees it
    Column("turn", String(20)),  # whose answer is awaited and to what, see turns.py
    Column("turn_party", Id),  # whose, where it is one party's alone
    Column("turn_due_at", Instant),  # when silence counts
    Column("outcome", String(24)),  # answered, settled_by_agreement, mediated, decided, withdrawn
    Column("round", Integer),  # of the arbitration: 1, and 2 after an appeal
    Index("ix_service_case_party_a", "party_a", "opened_at"),
    Index("ix_service_case_party_b", "party_b", "opened_at"),
)
# What both parties read, in this order: claim, answers, offers, evidence, decisions. Texts are vault references.
case_entry = Table(
    "case_entry",
    metadata,
    Column("case_ref", CaseRef, ForeignKey("service_case.ref"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("kind", String(24), nullable=False),  # see entries.py
    Column("party_id", Id),  # who says it; none where the platform does
    Column("text", Json),
    Column("files", Json, nullable=False),
    Column("pay_fen", BigInteger),  # of an offer, proposal or decision: to the payee ...
    Column("refund_fen", BigInteger),  # ... and back to the payer
    info=APPEND_ONLY,
)
# What a decision took from a party's score, or gave it.
score_effect = Table(
    "score_effect",
    metadata,
    Column("case_ref", CaseRef, ForeignKey("service_case.ref"), primary_key=True),
    Column("party_id", Id, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("points", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_score_effect_party_id", "party_id"),
    info=APPEND_ONLY,
)
