"""Whether keyframes say what history says."""

from collections.abc import Iterator
from functools import partial

import orjson
from sqlalchemy import Connection, select

from engine.queries.keyframes import VERSION, Past
from engine.records.keyframes import unpack_keyframe
from engine.runtime.engine import Engine
from engine.services.verification.findings import Finding
from engine.services.verification.raw_rows import read_rows
from engine.storage.proving import keyframe
from engine.storage.seal import is_sealed
from engine.storage.tables import instance


def verify_keyframes(engine: Engine, connection: Connection, instance_id: str | None) -> Iterator[Finding]:
    """Each keyframe is sealed, and worked out once more it is the same."""
    of_case = () if instance_id is None else (keyframe.c.stream == instance_id,)
    for row in read_rows(connection, keyframe, *of_case, order_by=(keyframe.c.stream, keyframe.c.seq)):
        bad = partial(Finding, "keyframe", f"{row['stream']}/{row['seq']}")
        if not is_sealed(engine.keys.mac, "keyframe", row):
            yield bad("Expected the keyframe that was kept, but its seal does not fit")
        elif not _is_true(engine, connection, row["stream"], row["seq"], row["content"]):
            yield bad("Expected what history says up to this row, but it says something else")


def _is_true(engine: Engine, connection: Connection, stream: str, seq: int, packed: bytes) -> bool:
    """A history that was damaged may be impossible to tell at all."""
    process_key = connection.execute(select(instance.c.process_key).where(instance.c.id == stream)).scalar_one_or_none()
    if process_key is None:
        return False
    try:
        content = unpack_keyframe(packed)
        if content.get("version") != VERSION:
            return True  # nobody reads it any more
        past = Past(engine, connection, stream, process_key)
        return bool(orjson.loads(orjson.dumps(past.freeze_again(seq, content))) == content)
    except Exception:  # noqa: BLE001  # whatever a damaged history or diagram leads to
        return False
