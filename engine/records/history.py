"""History: one row per step, chained by keyed MACs, one chain per stream.

A stream is an instance, or `system:<name>` for what belongs to none. A row's MAC covers the row and the MAC before it,
so a change, an insertion, a swap or a gap is found and the first bad row named.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import zstandard
from sqlalchemy import Connection, RowMapping, bindparam, insert, select

from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict
from engine.storage.seal import canonical
from engine.storage.tables import history

GENESIS = b"\0" * 32
MAX_EVENT_BYTES = 64 * 1024 * 1024
COMPRESSION_LEVEL = 3
# What events are made of: a row is a third smaller for it. Rows were written with it, so it must never change.
_USUAL = zstandard.ZstdCompressionDict(
    b'","error":"","message":"","values":{},"table":"","inputs":{},"matched":[],"result":{"kind":"decision","index":0,'
    b'"body":true,"due_at":"","name":"","key":"","payload":{},"kind":"timer","kind":"message","kind":"published",'
    b'"kind":"service","topic":"","gone":[],"user":"","kind":"assigned"{"kind":"joined","kind":"cancelled",'
    b'"kind":"failed","kind":"data","scope":"01","set":{[{"kind":"started","process":"","pins":"01","values":{"'
    b'[{"kind":"completed_task","task":"01","element":"},{"kind":"completed","task":"01","element":"},'
    b'{"kind":"entered","task":"01","element":"","base":"01","set":{"'
    b'},{"kind":"submitted","scope":"task:01","token":"01","seal":"'
    b'"},{"kind":"state","version":1,"status":"active","sha256":"',
    dict_type=zstandard.DICT_TYPE_RAWCONTENT,
)

_INSERT = insert(history)
_LAST = (
    select(history.c.seq, history.c.mac)
    .where(history.c.stream == bindparam("stream"))
    .order_by(history.c.seq.desc())
    .limit(1)
)
_STREAM = select(history).where(history.c.stream == bindparam("stream")).order_by(history.c.seq)


@dataclass(frozen=True)
class HistoryRow:
    """What one step wrote down."""

    stream: str
    seq: int
    at: datetime
    actor_id: str
    acting_role: str
    kind: str
    events: list[PlainDict]


@dataclass(frozen=True)
class Head:
    """The end of a stream: how many rows it has, and the MAC of the last."""

    seq: int = 0
    mac: bytes = GENESIS


def append_row(
    connection: Connection,
    keys: KeyRing,
    stream: str,
    head: Head,
    at: datetime,
    actor: Actor,
    kind: str,
    events: Sequence[PlainDict],
) -> Head:
    """Adds a row to a stream whose head the caller holds locked; gives the new head."""
    row: dict[str, Any] = {
        "stream": stream,
        "seq": head.seq + 1,
        "at": at,
        "actor_id": actor.user_id,
        "acting_role": actor.role,
        "kind": kind,
        "events": _pack(orjson.dumps(events)),
    }
    mac = _mac(keys, head.mac, row)
    connection.execute(_INSERT, row | {"mac": mac})
    return Head(head.seq + 1, mac)


def append_system(unit: UnitOfWork, keys: KeyRing, stream: str, actor: Actor, kind: str, facts: PlainDict) -> None:
    """Adds one event to a `system:…` stream."""
    if not stream.startswith("system:"):
        raise ValueError(f"Expected a system stream, but got {stream}")
    if unit.connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        unit.connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext(%s))", (stream,))
    head = read_head(unit.connection, stream)
    append_row(unit.connection, keys, stream, head, unit.now, actor, kind, [{"kind": kind, **facts}])


def read_head(connection: Connection, stream: str) -> Head:
    """Where a stream ends."""
    row = connection.execute(_LAST, {"stream": stream}).one_or_none()
    return Head(row.seq, row.mac) if row else Head()


def read_stream(connection: Connection, stream: str) -> list[HistoryRow]:
    """Every row of a stream, oldest first. The chain is not checked here, see `check_stream`."""
    return [_read(row) for row in connection.execute(_STREAM, {"stream": stream}).mappings()]


def check_stream(rows: Iterable[RowMapping], keys: KeyRing) -> Iterator[tuple[int, str]]:
    """The rows of one stream, raw and in order: (seq, what is wrong) for each that does not fit the one before."""
    before, expected = GENESIS, 1
    for row in rows:
        if row["seq"] != expected:
            yield row["seq"], f"Expected row {expected}, but row {row['seq']} follows"
        elif not hmac.compare_digest(row["mac"], _mac(keys, before, row)):
            yield row["seq"], "Expected the MAC of this row and the one before it, but it differs"
        before, expected = row["mac"], row["seq"] + 1


def _mac(keys: KeyRing, before: bytes, row: RowMapping | dict[str, Any]) -> bytes:
    covered = {name: value for name, value in row.items() if name != "mac"}
    return hmac.digest(keys.mac, before + canonical("history", covered), hashlib.sha256)


def _read(row: RowMapping) -> HistoryRow:
    events = decode_events(row["events"])
    return HistoryRow(row["stream"], row["seq"], row["at"], row["actor_id"], row["acting_role"], row["kind"], events)


def decode_events(packed: bytes) -> list[PlainDict]:
    """The events of a row; none if the bytes were damaged, which its MAC shows."""
    try:
        events = orjson.loads(_unpack(packed))
    except (zstandard.ZstdError, orjson.JSONDecodeError):
        return []
    return events if isinstance(events, list) else []


def _pack(content: bytes) -> bytes:
    """Compressors are not safe for threads, and making one costs microseconds."""
    return zstandard.ZstdCompressor(COMPRESSION_LEVEL, dict_data=_USUAL).compress(content)


def _unpack(packed: bytes) -> bytes:
    return zstandard.ZstdDecompressor(dict_data=_USUAL).decompress(packed, MAX_EVENT_BYTES)


def event(kind: str, **facts: Plain) -> PlainDict:
    """An event without what is empty."""
    return {"kind": kind, **{name: value for name, value in facts.items() if value not in (None, {}, [], "")}}
