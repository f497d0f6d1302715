"""Tables of the ledger. Entries are never changed or deleted: a correction is another entry (C.1.4)."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from engine.storage.columns import APPEND_ONLY, Id, Instant, Json, metadata

AccountCode = String(120)

account = Table(
    "account",
    metadata,
    Column("code", AccountCode, primary_key=True),
    Column("kind", String(10), nullable=False),  # asset, liability, income, expense
    Column("has_floor", Integer, nullable=False),  # 1: the balance may not fall below zero
    Column("owner_id", Id, index=True),  # whose money it is; for an escrow the payer; none for the platform's own
    Column("balance_fen", BigInteger, nullable=False),  # positive on the side of its kind
    Column("last_seq", Integer, nullable=False),  # number of its postings
    CheckConstraint("has_floor = 0 OR balance_fen >= 0", name="floor"),
)
journal = Table(
    "journal",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(200), nullable=False, unique=True),  # idempotency key
    Column("digest", String(64), nullable=False),  # SHA-256 of rule, order and lines
    Column("rule", String(24), nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("instance_id", Id, index=True),
    Column("element", String(120)),
    Column("actor_id", Id, nullable=False),
    Column("order_ref", String(80), nullable=False, index=True),
    Column("facts", Json, nullable=False),  # what the amounts were computed from
    Column("reverses_id", Id, ForeignKey("journal.id"), unique=True),
    Column("stream", String(140), nullable=False),  # chain it belongs to: its instance, else system:<account>
    Column("seq", Integer, nullable=False),  # 1, 2, 3 ... in its stream
    Column("previous_sha256", String(64), nullable=False),  # of the entry before it in its stream; empty for the first
    Column("seal", LargeBinary, nullable=False),
    UniqueConstraint("stream", "seq"),
    info=APPEND_ONLY,
)
posting = Table(
    "posting",
    metadata,
    Column("journal_id", Id, ForeignKey("journal.id"), primary_key=True),
    Column("account", AccountCode, ForeignKey("account.code"), primary_key=True),
    Column("amount_fen", BigInteger, nullable=False),  # signed: debit positive, credit negative
    Column("seq", Integer, nullable=False),  # 1, 2, 3 ... in its account
    Column("balance_fen", BigInteger, nullable=False),  # of the account after it
    CheckConstraint("amount_fen <> 0", name="amount"),
    Index("ix_posting_account_seq", "account", "seq", unique=True),
    info=APPEND_ONLY,
)
