"""Identifiers: UUID version 7 as 32 hexadecimal digits, so that rows lie on disk in the order they were made."""

import secrets
from datetime import datetime, timedelta
from threading import Lock

from uuid_utils import uuid7

from engine.storage.columns import EPOCH

TOKEN_BYTES = 9
MOMENT_DIGITS = 16
_START_DIGITS = 12
_MILLISECOND = timedelta(milliseconds=1)


def new_id() -> str:
    """A new identifier; two made one after the other by one process sort in that order."""
    return uuid7().hex


def new_token() -> str:
    """A token of a form: twelve characters, because it need only differ among those who do the same to the same."""
    return secrets.token_urlsafe(TOKEN_BYTES)


class _Counter:
    """Tells apart, and keeps in order, what one process makes in the same millisecond."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._at, self._count = 0, 0

    def next(self, at: int) -> int:
        with self._lock:
            self._count = self._count + 1 if at == self._at else secrets.randbits(11)
            self._at = at
            return self._count


_cases = _Counter()


def new_case_id(at: datetime) -> str:
    """An identifier that begins with the instant a case starts at, so that the order of cases is that of their ids and
    a range of days is one of ids.
    """
    milliseconds = (at - EPOCH) // _MILLISECOND
    count = _cases.next(milliseconds)
    rest = f"7{count % 4096:03x}{secrets.randbits(62) | 1 << 63:016x}"
    return f"{milliseconds + count // 4096:012x}{rest}"


def moment_of(case_id: str) -> int:
    """The first digits of a case's id as a number: it grows with the ids, and hardly two cases share it."""
    return int(case_id[:MOMENT_DIGITS], 16)


def first_id_at(at: datetime) -> str:
    """What every id of a case that starts at this instant or later is equal to or comes after."""
    return f"{max(0, (at - EPOCH) // _MILLISECOND):012x}"


def start_of(case_id: str) -> datetime:
    """The instant that an id, or its first digits, begins with."""
    return EPOCH + int(case_id[:_START_DIGITS], 16) * _MILLISECOND
