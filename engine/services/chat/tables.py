"""Tables of the chat rooms and of the phone between their sides."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from engine.storage.columns import APPEND_ONLY, Hex, Id, Instant, Json, metadata

chat_room = Table(
    "chat_room",
    metadata,
    Column("order_id", Id, primary_key=True),  # the case it belongs to
    Column("number", String(40), nullable=False),  # what people call the order
    Column("limits", Json, nullable=False),  # the policy of its case: see `rooms.LIMITS`
    Column("last_seq", Integer, nullable=False),  # of its newest message
    Column("opened_at", Instant, nullable=False),
    Column("until", Instant),  # from then on nobody writes any more; none as long as the order runs
    Column("forget_at", Instant),  # when its content is deleted
    Column("forgotten_at", Instant),
)
# A party at a side. Who leaves keeps his row, and what was said while he was there.
chat_member = Table(
    "chat_member",
    metadata,
    Column("order_id", Id, ForeignKey("chat_room.order_id"), primary_key=True),
    Column("side", String(20), primary_key=True),  # requester, courier ...
    Column("joined_seq", Integer, primary_key=True),  # he sees what came after it ...
    Column("left_seq", Integer),  # ... up to this one
    Column("party_id", Id, nullable=False, index=True),
    Column("read_seq", Integer, nullable=False),  # how far he has read
    Column("read_at", Instant),
)
chat_message = Table(
    "chat_message",
    metadata,
    Column("order_id", Id, ForeignKey("chat_room.order_id"), primary_key=True),
    Column("seq", Integer, primary_key=True),  # 1, 2, 3 ... without gaps
    Column("token", String(64), nullable=False),  # of the sender: what is sent again is answered, not repeated
    Column("kind", String(8), nullable=False),  # text, picture, voice, line
    Column("side", String(20), nullable=False),  # of who says it; "" for a line of the system
    Column("author_id", Id, nullable=False),
    Column("party_id", Id, nullable=False),
    Column("content", Json),  # text under the author's key; what a voice looks like; name and facts of a line
    Column("file_id", Id),
    Column("is_masked", Integer, nullable=False),  # a phone number was taken out
    Column("sent_at", Instant, nullable=False),
    UniqueConstraint("order_id", "token"),
)
# Who of the platform opened a room, and why; he may read it for a while.
chat_look = Table(
    "chat_look",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("chat_room.order_id"), nullable=False),
    Column("user_id", Id, nullable=False),
    Column("role", String(40), nullable=False),
    Column("reason", Json, nullable=False),  # in the vault
    Column("at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Index("ix_chat_look_order_id", "order_id", "user_id"),
    info=APPEND_ONLY,
)
# A message somebody reported; customer service handles it as a case of this id.
chat_report = Table(
    "chat_report",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("chat_room.order_id"), nullable=False, index=True),
    Column("seq", Integer, nullable=False),
    Column("reporter_id", Id, nullable=False),  # a party
    Column("reported_id", Id, nullable=False),  # a party
    Column("digest", Hex, nullable=False),  # SHA-256 of what was said, as it was said
    Column("at", Instant, nullable=False),
    UniqueConstraint("order_id", "seq", "reporter_id"),
    info=APPEND_ONLY,
)
# A number between two sides. The real ones are vault references, opened for the provider only.
phone_bond = Table(
    "phone_bond",
    metadata,
    Column("id", Id, primary_key=True),  # also the key of the order at the provider
    Column("order_id", Id, ForeignKey("chat_room.order_id"), nullable=False, index=True),
    Column("state", String(10), nullable=False),  # asked, bound, down, released
    Column("numbers", Json, nullable=False),  # side: reference
    Column("provider", String(20)),
    Column("provider_ref", String(80)),
    Column("number", String(20)),  # the one both dial; nobody's own
    Column("asked_at", Instant, nullable=False),
    Column("bound_at", Instant),
    Column("release_at", Instant),  # when it ends
    Column("released_at", Instant),
)
phone_call = Table(
    "phone_call",
    metadata,
    Column("id", Id, primary_key=True),
    Column("bond_id", Id, ForeignKey("phone_bond.id"), nullable=False),
    Column("token", String(64), nullable=False),  # of who wants to call: pressed twice, it is one call
    Column("side", String(20), nullable=False),  # who calls
    Column("outcome", String(10), nullable=False),  # begun, answered, missed, unknown
    Column("at", Instant, nullable=False),
    Column("seconds", Integer),  # how long they spoke
    UniqueConstraint("bond_id", "token"),
)
# How the embedded phone provider behaves.
phone_rules = Table(
    "phone_rules",
    metadata,
    Column("id", Integer, primary_key=True),  # one row
    Column("rules", Json, nullable=False),
)
simulated_bond = Table(
    "simulated_bond",
    metadata,
    Column("key", String(80), primary_key=True),
    Column("number", String(20), nullable=False),
    Column("requests", Integer, nullable=False),  # how often it was asked for
    Column("ready_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
)
