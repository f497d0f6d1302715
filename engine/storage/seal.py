"""Seals: a keyed MAC over every column of a row, so that a changed byte is found and its row named."""

import hmac
from collections.abc import Mapping

import orjson

from engine.storage.digests import authenticate, digest_hex

SEAL = "seal"


def canonical(table: str, row: Mapping[str, object], proof: str = SEAL) -> bytes:
    """A row as bytes that depend on names and values only; the column that holds their `proof` is left out."""
    covered = {str(k): v for k, v in row.items() if k != proof}
    return orjson.dumps([table, covered], default=_plain, option=orjson.OPT_SORT_KEYS)


def seal_row(key: bytes, table: str, row: Mapping[str, object]) -> bytes:
    """HMAC-SHA256 of the row. `row` must name every column of the table, those that are null included."""
    return authenticate(key, canonical(table, row))


def is_sealed(key: bytes, table: str, row: Mapping[str, object]) -> bool:
    """Whether the row carries the seal of exactly these values."""
    seal = row.get(SEAL)
    return isinstance(seal, bytes) and hmac.compare_digest(seal, seal_row(key, table, row))


def _plain(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return digest_hex(value)
    raise TypeError(f"Expected a value of a column, but got {type(value).__name__}")
