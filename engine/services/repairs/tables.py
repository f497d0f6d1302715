"""Tables of the repair orders. Process data hold ids; what people wrote is here."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from engine.storage.columns import APPEND_ONLY, Hex, Id, Instant, Json, metadata

repair_order = Table(
    "repair_order",
    metadata,
    Column("id", Id, primary_key=True),  # of its case
    Column("number", String(20), nullable=False, unique=True),
    Column("state", String(16), nullable=False, index=True),  # see `states.py`
    Column("source", String(10), nullable=False),  # manual, customer, todo
    Column("source_ref", String(100), nullable=False),
    Column("customer_id", Id, index=True),  # a party; none for work of the company's own
    Column("title", String(100), nullable=False),
    Column("content", Json, nullable=False),  # description, site, contact, equipment, safety, parts, position
    Column("is_daily", Integer, nullable=False),  # a merged report each day
    Column("round", Integer, nullable=False),  # 0 until the team begins
    Column("is_warranty", Integer, nullable=False),  # the customer sent it back
    Column("due_at", Instant, nullable=False),
    Column("created_by", Id, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("closed_at", Instant),
)
repair_line = Table(
    "repair_line",
    metadata,
    Column("order_id", Id, ForeignKey("repair_order.id"), primary_key=True),
    Column("key", String(4), primary_key=True),  # 01, 02 …: as people and reports call it
    Column("system", String(100), nullable=False),
    Column("equipment", String(100), nullable=False),
    Column("symptom", Text, nullable=False),
    Column("priority", String(8), nullable=False),  # low, usual, urgent
    Column("owners", Json, nullable=False),  # ids of members
)
# A place in the team. Who leaves keeps his row and what he sent; who comes in his stead has one of his own.
repair_member = Table(
    "repair_member",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("repair_order.id"), nullable=False, index=True),
    Column("user_id", Id, nullable=False, index=True),
    Column("role", String(10), nullable=False),  # leader, assistant
    Column("is_deputy", Integer, nullable=False),  # chosen to stand in for the leader
    Column("appointed_at", Instant),  # since when the deputy may submit
    Column("joined_at", Instant, nullable=False),
    Column("left_at", Instant),
    Column("left_reason", Text),
    Column("successor_id", Id),
)
# What one place in the team has to send in one round: information to the leader, photos to the server.
repair_turn = Table(
    "repair_turn",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("repair_order.id"), nullable=False),
    Column("member_id", Id, ForeignKey("repair_member.id"), nullable=False),  # who has it now
    Column("round", Integer, nullable=False),
    Column("info_state", String(10), nullable=False),  # waiting, sent, returned, closed
    Column("question", Text),  # of the leader, who returned it
    Column("close_reason", Text),  # why the leader went on without it
    Column("photos_state", String(10), nullable=False),  # waiting, sent
    Column("no_photo_reason", Text),
    Column("answer", String(10)),  # to the merged text: agree, dissent, silent
    UniqueConstraint("order_id", "round", "member_id"),
)
repair_info = Table(
    "repair_info",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("repair_order.id"), nullable=False, index=True),
    Column("turn_id", Id, ForeignKey("repair_turn.id"), nullable=False),
    Column("member_id", Id, ForeignKey("repair_member.id"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", Json, nullable=False),  # a list of statements, see `content.py`
    Column("is_addendum", Integer, nullable=False),  # came after the leader had gone on
    Column("is_opened", Integer, nullable=False),  # the leader lets the others read it
    Column("sent_at", Instant, nullable=False),
    UniqueConstraint("turn_id", "version"),
)
repair_photo = Table(
    "repair_photo",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("repair_order.id"), nullable=False),
    Column("turn_id", Id, ForeignKey("repair_turn.id"), nullable=False, index=True),
    Column("member_id", Id, ForeignKey("repair_member.id"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("file_id", Id, ForeignKey("file.id"), nullable=False, unique=True),
    Column("sha256", Hex, nullable=False),
    Column("line", String(4), nullable=False),  # empty: of none in particular
    Column("equipment", String(100), nullable=False),
    Column("stage", String(8), nullable=False),  # before, during, after; empty: not said
    Column("caption", Text, nullable=False),
    Column("submitted_at", Instant, nullable=False),
    Index("ix_repair_photo_order_id", "order_id", "round"),
    info=APPEND_ONLY,
)
# What the file of a photo says of itself, see `photos`: what it looks like, time, place, what is odd about them.
repair_photo_facts = Table(
    "repair_photo_facts",
    metadata,
    Column("photo_id", Id, ForeignKey("repair_photo.id"), primary_key=True),
    Column("content", Json, nullable=False),
    Column("examined_at", Instant, nullable=False),
    info=APPEND_ONLY,
)
repair_report = Table(
    "repair_report",
    metadata,
    Column("order_id", Id, ForeignKey("repair_order.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("kind", String(10), nullable=False),  # submitted, merged, daily, final, partial
    Column("content", LargeBinary, nullable=False),  # the same inputs give the same bytes
    Column("sha256", Hex, nullable=False),
    Column("made_by", Id, nullable=False),
    Column("made_at", Instant, nullable=False),
    info=APPEND_ONLY,
)
# What the leader decided of pairs, conflicts, texts and gaps; the newest counts, and it goes on from the one before.
repair_decision = Table(
    "repair_decision",
    metadata,
    Column("order_id", Id, ForeignKey("repair_order.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("content", Json, nullable=False),
    Column("made_by", Id, nullable=False),
    Column("made_at", Instant, nullable=False),
    info=APPEND_ONLY,
)
repair_dissent = Table(
    "repair_dissent",
    metadata,
    Column("turn_id", Id, ForeignKey("repair_turn.id"), primary_key=True),
    Column("order_id", Id, ForeignKey("repair_order.id"), nullable=False, index=True),
    Column("member_id", Id, ForeignKey("repair_member.id"), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Instant, nullable=False),
    info=APPEND_ONLY,
)
# What the verifier and the customer said of a version of the report; a signature is drawn or typed.
repair_verdict = Table(
    "repair_verdict",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("repair_order.id"), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("kind", String(10), nullable=False),  # verify, sign_off
    Column("verdict", String(10), nullable=False),  # accepted, returned, silent
    Column("note", Text, nullable=False),
    Column("signature", Json),
    Column("by_id", Id),  # none for silence
    Column("at", Instant, nullable=False),
    info=APPEND_ONLY,
)
