"""History: one row per step, chained by keyed MACs, one chain per stream.

A stream is an instance, or `system:<name>` for what belongs to none. A row's MAC covers the row and the MAC before it,
so a change, an insertion, a swap or a gap is found and the first bad row named.
"""

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from engine.records.packing import pack_events, unpack_events
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork, hold_name
from engine.storage.digests import authenticate
from engine.storage.frozen import frozen
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict
from engine.storage.prepared import Prepared
from engine.storage.seal import canonical
from engine.storage.tables import history, instance

GENESIS = b"\0" * 32
LAST = 2**31 - 1  # no stream is longer

_INSERT = Prepared(insert(history))
_LAST = Prepared(
    select(history.c.seq, history.c.mac)
    .where(history.c.stream == bindparam("stream"))
    .order_by(history.c.seq.desc())
    .limit(1)
)
_STREAM = Prepared(select(history).where(history.c.stream == bindparam("stream")).order_by(history.c.seq))

_NEWEST = Prepared(
    select(history)
    .where(history.c.stream == bindparam("stream"))
    .order_by(history.c.seq.desc())
    .limit(bindparam("limit"))
)

_BETWEEN = Prepared(
    select(history)
    .where(
        history.c.stream == bindparam("stream"),
        history.c.seq > bindparam("after"),
        history.c.seq <= bindparam("until"),
    )
    .order_by(history.c.seq)
)
_LENGTH = select(instance.c.history_seq).where(instance.c.id == bindparam("case_id")).scalar_subquery()
_SHORT = Prepared(
    select(history)
    .where(history.c.stream == bindparam("case_id"), bindparam("most") >= _LENGTH)
    .order_by(history.c.seq)
)
_LINES = Prepared(
    select(history.c.seq, history.c.at, history.c.kind, history.c.acting_role)
    .where(history.c.stream == bindparam("stream"))
    .order_by(history.c.seq)
)


@frozen
class HistoryRow:
    """What one step wrote down."""

    stream: str
    seq: int
    at: datetime
    actor_id: str
    acting_role: str
    kind: str
    events: list[PlainDict]


@frozen
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
    events: list[PlainDict],
) -> Head:
    """Adds a row to a stream whose head the caller holds locked; gives the new head."""
    row: dict[str, Any] = {
        "stream": stream,
        "seq": head.seq + 1,
        "at": at,
        "actor_id": actor.user_id,
        "acting_role": actor.role,
        "kind": kind,
        "events": pack_events(events),
    }
    mac = _mac(keys, head.mac, row)
    _INSERT.send(connection, row | {"mac": mac})
    return Head(head.seq + 1, mac)


def append_system(unit: UnitOfWork, keys: KeyRing, stream: str, actor: Actor, kind: str, facts: PlainDict) -> None:
    """Adds one event to a `system:…` stream."""
    if not stream.startswith("system:"):
        raise ValueError(f"Expected a system stream, but got {stream}")
    hold_name(unit.connection, stream)
    head = read_head(unit.connection, stream)
    append_row(unit.connection, keys, stream, head, unit.now, actor, kind, [{"kind": kind, **facts}])


def read_head(connection: Connection, stream: str) -> Head:
    """Where a stream ends."""
    row = _LAST.first(connection, {"stream": stream})
    return Head(row.seq, row.mac) if row else Head()


def read_stream(connection: Connection, stream: str) -> list[HistoryRow]:
    """Every row of a stream, oldest first. The chain is not checked here, see `check_stream`."""
    return [_read(row) for row in _STREAM.all(connection, {"stream": stream})]


def read_between(connection: Connection, stream: str, after: int, until: int) -> list[HistoryRow]:
    """The rows of a stream behind one number and up to another, oldest first."""
    return [_read(row) for row in _BETWEEN.all(connection, {"stream": stream, "after": after, "until": until})]


def ask_short(connection: Connection, case_id: str, most: int) -> Callable[[], list[HistoryRow]]:
    """Every row of a case that has no more than so many, oldest first, and of a longer one none; to be called for when
    other questions were asked as well.
    """
    asked = _SHORT.ask(connection, {"case_id": case_id, "most": most})
    return lambda: [_read(row) for row in asked.all()]


def read_lines(connection: Connection, stream: str) -> list[Any]:
    """Number, instant, kind and acting role of every row, oldest first; what happened in them is not read."""
    return _LINES.all(connection, {"stream": stream})


def read_newest(connection: Connection, stream: str, limit: int) -> list[HistoryRow]:
    """The last rows of a stream, newest first."""
    return [_read(row) for row in _NEWEST.all(connection, {"stream": stream, "limit": limit})]


def check_stream(rows: Iterable[Mapping[str, Any]], keys: KeyRing) -> Iterator[tuple[int, str]]:
    """The rows of one stream, raw and in order: (seq, what is wrong) for each that does not fit the one before."""
    before, expected = GENESIS, 1
    for row in rows:
        if row["seq"] != expected:
            yield row["seq"], f"Expected row {expected}, but row {row['seq']} follows"
        elif not hmac.compare_digest(row["mac"], _mac(keys, before, row)):
            yield row["seq"], "Expected the MAC of this row and the one before it, but it differs"
        before, expected = row["mac"], row["seq"] + 1


def _mac(keys: KeyRing, before: bytes, row: Mapping[str, Any]) -> bytes:
    return authenticate(keys.mac, before + canonical("history", row, proof="mac"))


def _read(row: Any) -> HistoryRow:
    events = unpack_events(row.events)
    return HistoryRow(row.stream, row.seq, row.at, row.actor_id, row.acting_role, row.kind, events)


def event(kind: str, **facts: Plain) -> PlainDict:
    """An event without what is empty."""
    return {"kind": kind, **{name: value for name, value in facts.items() if value not in (None, {}, [], "")}}
