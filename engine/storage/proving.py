"""Tables of what proves and shortens history: keyframes, and the signed checkpoints of its heads."""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from engine.storage.columns import APPEND_ONLY, Hex, Instant, metadata

# What a later rebuild of a long stream may begin with instead of its first row; see engine.queries.keyframes.
keyframe = Table(
    "keyframe",
    metadata,
    Column("stream", String(40), primary_key=True),
    Column("seq", Integer, primary_key=True),  # of the row after which it was so
    Column("content", LargeBinary, nullable=False),  # zstd of JSON
    Column("seal", LargeBinary, nullable=False),
    info=APPEND_ONLY,
)
# Signed statements of how far the streams had come, each linked to the one before; see engine.services.checkpoints.
checkpoint = Table(
    "checkpoint",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 ...
    Column("at", Instant, nullable=False),
    Column("statement", Text, nullable=False),  # exactly what was signed
    Column("signature", LargeBinary, nullable=False),  # Ed25519
    info=APPEND_ONLY,
)
# The ends of the streams that had moved since the checkpoint before. The statement names the hash of all of them.
checkpoint_head = Table(
    "checkpoint_head",
    metadata,
    Column("stream", String(40), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("mac", Hex, nullable=False),  # of that history row
    Column("number", Integer, ForeignKey("checkpoint.number"), nullable=False, index=True),
    info=APPEND_ONLY,
)
