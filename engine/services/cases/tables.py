"""Tables of the service cases."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from engine.storage.columns import Id, Instant, Json, metadata

CaseRef = String(60)

service_case = Table(
    "service_case",
    metadata,
    Column("ref", CaseRef, primary_key=True),
    Column("instance_id", Id, nullable=False, index=True),
    Column("subject_id", Id, nullable=False, index=True),  # the order, engagement ... it is about
    Column("category", String(24), nullable=False),  # process key of the subject
    Column("state", String(16), nullable=False),  # see cases.py
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
)
