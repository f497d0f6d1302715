"""Keyframes: what a case had come to after some of its steps, so that a later one can be told without the first.

What they hold follows from history and is worked out outside the step, by a job. One that is missing, or whose seal
does not fit, only means that more rows are read.
"""

from collections.abc import Collection
from typing import Any

import orjson
import zstandard
from sqlalchemy import Connection, bindparam, insert, select

from engine.storage.keys import KeyRing
from engine.storage.plain import PlainDict
from engine.storage.prepared import Prepared
from engine.storage.proving import keyframe
from engine.storage.seal import is_sealed, seal_row

KEYFRAME = "keyframe"  # the kind of the job
EVERY_ROWS = 100
MAX_BYTES = 64 * 1024 * 1024
COMPRESSION_LEVEL = 9

_LIST = Prepared(select(keyframe.c.seq).where(keyframe.c.stream == bindparam("stream")).order_by(keyframe.c.seq))
_READ = Prepared(select(keyframe).where(keyframe.c.stream == bindparam("stream"), keyframe.c.seq == bindparam("seq")))


def is_due(seq: int) -> bool:
    """Whether a keyframe follows the row of this number."""
    return seq % EVERY_ROWS == 0


def plan_keyframe(instance_id: str, seq: int, tasks: Collection[str]) -> PlainDict:
    """The payload of its job. `tasks`: those in the saved state, against which later changes may count."""
    return {"instance": instance_id, "seq": seq, "tasks": [*sorted(tasks)]}


def add_keyframe(connection: Connection, keys: KeyRing, stream: str, seq: int, content: PlainDict) -> None:
    """Keeps it, sealed."""
    packed = zstandard.compress(orjson.dumps(content), COMPRESSION_LEVEL)
    row: dict[str, Any] = {"stream": stream, "seq": seq, "content": packed}
    connection.execute(insert(keyframe), row | {"seal": seal_row(keys.mac, keyframe.name, row)})


def list_keyframes(connection: Connection, stream: str) -> list[int]:
    """After which rows of a stream there is one."""
    return [row.seq for row in _LIST.all(connection, {"stream": stream})]


def read_keyframe(connection: Connection, keys: KeyRing, stream: str, seq: int) -> PlainDict | None:
    """What it holds; None if there is none, or not the one that was kept."""
    row = _READ.first(connection, {"stream": stream, "seq": seq})
    if row is None or not is_sealed(keys.mac, keyframe.name, row._asdict()):
        return None
    return unpack_keyframe(row.content)


def unpack_keyframe(packed: bytes) -> PlainDict:
    """What the bytes of a keyframe hold. Raises ValueError, zstandard.ZstdError for what is none."""
    content: PlainDict = orjson.loads(zstandard.decompress(packed, MAX_BYTES))
    return content
