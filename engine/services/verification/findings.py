"""What a verification finds, and what its parts share."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, select

from engine.records.packing import unpack_events
from engine.services.verification.raw_rows import read_rows
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import history

T = TypeVar("T")


@dataclass(frozen=True)
class Finding:
    """A row that is not what was written. `invariant` is the one of the ledger that it breaks, if it breaks one."""

    table: str
    row: str
    message: str
    invariant: str | None = None


def read_events(connection: Connection, stream: str) -> Iterator[tuple[dict[str, Any], PlainDict]]:
    """Each row of a stream with each of its events; a row that cannot be read is named by its chain already."""
    for row in read_rows(connection, history, history.c.stream == stream):
        for event in list_dicts(unpack_events(row["events"])):
            yield row, event


def find_missing(connection: Connection, column: Column[Any], names: Iterable[str]) -> list[str]:
    """Those of the names that no row has."""
    wanted = sorted(names)
    if not wanted:
        return []
    found = set(connection.execute(select(column).where(column.in_(wanted))).scalars())
    return [name for name in wanted if name not in found]


def take_chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items, `size` at a time."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def list_dicts(value: "Plain | list[PlainDict]") -> list[PlainDict]:
    """Those of a list that are dicts, whatever was put there."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
