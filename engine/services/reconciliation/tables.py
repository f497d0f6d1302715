"""Tables of the reconciliation: the files of the providers, their lines, and where they differ from our books."""

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Integer, String, Table

from engine.storage.columns import APPEND_ONLY, Id, Instant, metadata

Day = String(10)  # ISO, in the zone of the settings

provider_file = Table(
    "provider_file",
    metadata,
    Column("provider", String(40), primary_key=True),
    Column("day", Day, primary_key=True),
    Column("sha256", String(64), nullable=False),  # of its lines as we read them
    Column("lines", Integer, nullable=False),
    Column("matched", Integer, nullable=False),
    Column("read_at", Instant, nullable=False),
    info=APPEND_ONLY,
)
provider_line = Table(
    "provider_line",
    metadata,
    Column("provider", String(40), primary_key=True),
    Column("day", Day, primary_key=True),
    Column("number", Integer, primary_key=True),  # 1, 2, 3 ... in its file
    Column("kind", String(16), nullable=False),  # payment, payout, refund, charge_back
    Column("reference", String(80), nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    ForeignKeyConstraint(["provider", "day"], ["provider_file.provider", "provider_file.day"]),
    Index("ix_provider_line_reference", "provider", "kind", "reference"),
    info=APPEND_ONLY,
)
difference = Table(
    "difference",
    metadata,
    Column("id", Id, primary_key=True),
    Column("provider", String(40), nullable=False),
    Column("day", Day, nullable=False),
    Column("kind", String(20), nullable=False),  # missing_here, missing_there, different_amount, duplicate
    Column("line_kind", String(16), nullable=False),
    Column("reference", String(80), nullable=False),
    Column("their_fen", BigInteger, nullable=False),  # 0 where the file has no such line
    Column("our_fen", BigInteger, nullable=False),  # 0 where we know nothing of it
    Column("party_id", Id),  # whose it is by our books
    Column("suspended_fen", BigInteger, nullable=False),  # of this difference, put into suspense when it was found
    Column("suspended_id", Id),  # the entry that did
    Column("state", String(16), nullable=False),  # open, credited, sent_back, corrected, explained, arrived
    Column("instance_id", Id),  # the case in which it is cleared up
    Column("found_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Index("ix_difference_state", "state", "found_at"),
    Index("ix_difference_reference", "provider", "line_kind", "reference"),
)
