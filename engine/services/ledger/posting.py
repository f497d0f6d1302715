"""Writing one entry: balanced, idempotent, floors kept, chained and sealed. Only `rules` calls `post`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import Connection, Row, RowMapping, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlalchemy.exc import IntegrityError

from engine.services.ledger.accounts import (
    has_floor,
    is_frozen,
    is_hot,
    kind_of,
    natural_fen,
    owner_in,
    shard,
    shards_of,
)
from engine.services.ledger.tables import account, journal, posting
from engine.storage.ids import new_id
from engine.storage.keys import KeyRing
from engine.storage.plain import PlainDict
from engine.storage.seal import canonical, seal_row


class InsufficientFunds(Exception):
    """An account with a floor holds less than the entry takes."""

    def __init__(self, account_code: str, missing_fen: int) -> None:
        super().__init__(f"Expected {missing_fen} fen more on {account_code}, but the money is not there")
        self.account = account_code
        self.missing_fen = missing_fen


class PostingConflict(Exception):
    """The idempotency key was used before for an entry with other content (I8)."""


class UnbalancedEntry(ValueError):
    """The lines do not sum to zero, or there are none (I1)."""


@dataclass(frozen=True)
class Entry:
    """What to post. `lines`: account code → signed fen, debit positive; zero lines are dropped."""

    key: str
    rule: str
    lines: Mapping[str, int]
    order_ref: str
    instance_id: str | None
    element: str | None
    actor_id: str
    at: datetime
    facts: PlainDict = field(default_factory=dict)
    rule_version: int = 1
    owner_id: str | None = None  # whose money a new account of frozen money holds
    reverses_id: str | None = None


_SELECT_KEY = select(journal.c.id, journal.c.digest).where(journal.c.key == bindparam("key"))
_SELECT_TAIL = select(journal).where(journal.c.stream == bindparam("stream")).order_by(journal.c.seq.desc()).limit(1)
_MOVE = (
    update(account)
    .where(
        account.c.code == bindparam("moved"),
        or_(account.c.has_floor == 0, account.c.balance_fen + bindparam("change_fen") >= 0),
    )
    .values(balance_fen=account.c.balance_fen + bindparam("change_fen"), last_seq=account.c.last_seq + 1)
    .returning(account.c.balance_fen, account.c.last_seq)
)
_SELECT_BALANCE = select(account.c.balance_fen).where(account.c.code == bindparam("code"))
_SUM_SHARDS = select(func.coalesce(func.sum(account.c.balance_fen), 0)).where(
    account.c.code.in_(bindparam("codes", expanding=True))
)
_INSERT_ACCOUNT = {
    "sqlite": insert_on_sqlite(account).on_conflict_do_nothing(),
    "postgresql": insert_on_postgresql(account).on_conflict_do_nothing(),
}


def post(connection: Connection, keys: KeyRing, entry: Entry) -> str:
    """Writes the entry and moves the balances; gives the id of the journal row.

    A key posted before with the same content gives the first entry and changes nothing (I7).
    Raises PostingConflict (same key, other content), InsufficientFunds, UnbalancedEntry; then nothing has moved.
    """
    lines = {code: amount_fen for code, amount_fen in sorted(entry.lines.items()) if amount_fen}
    digest = digest_of(entry.rule, entry.order_ref, lines)
    if first := _find_first(connection, entry.key, digest):
        return first
    if not lines or sum(lines.values()) != 0:
        raise UnbalancedEntry(f"Expected lines that sum to 0, but {entry.rule} has {lines}")
    try:
        with connection.begin_nested():
            return _write(connection, keys, entry, digest, lines)
    except IntegrityError:
        # On PostgreSQL the same key may have been written by another transaction since we looked.
        if first := _find_first(connection, entry.key, digest):
            return first
        raise


def _find_first(connection: Connection, key: str, digest: str) -> str | None:
    first = connection.execute(_SELECT_KEY, {"key": key}).one_or_none()
    if first is not None and first.digest != digest:
        raise PostingConflict(f"Expected key {key} to be new, but another entry has it")
    return None if first is None else str(first.id)


def _write(connection: Connection, keys: KeyRing, entry: Entry, digest: str, lines: Mapping[str, int]) -> str:
    # Balances first: their row locks, taken in sorted order, also guard the tail of the stream.
    sharded = sorted((shard(code, entry.key), amount_fen) for code, amount_fen in lines.items())
    moved = [_move(connection, entry, code, amount_fen) for code, amount_fen in sharded]
    row = _journal_row(connection, entry, digest, lines)
    connection.execute(insert(journal).values(**row, seal=seal_row(keys.mac, journal.name, row)))
    connection.execute(insert(posting), [{"journal_id": row["id"], **line} for line in moved])
    return str(row["id"])


def balance_of(connection: Connection, code: str) -> int:
    """The balance in fen, positive on the side of its kind; the sum of its shards for a hot account; 0 if unused."""
    if is_hot(code):
        return int(connection.execute(_SUM_SHARDS, {"codes": shards_of(code)}).scalar_one())
    return int(connection.execute(_SELECT_BALANCE, {"code": code}).scalar_one_or_none() or 0)


def digest_of(rule: str, order_ref: str, lines: Mapping[str, int]) -> str:
    """SHA-256 of what an entry does; accounts without their shards."""
    return hashlib.sha256(orjson.dumps([rule, order_ref, sorted(lines.items())])).hexdigest()


def plain_row(row: RowMapping) -> dict[str, object]:
    """A journal row with its values by name (SQLAlchemy's own names are no plain strings)."""
    return {str(name): value for name, value in row.items()}


def entry_hash(row: Mapping[str, object]) -> str:
    """SHA-256 of a journal row, which the next entry of its stream names."""
    return hashlib.sha256(canonical(journal.name, row)).hexdigest()


def _move(connection: Connection, entry: Entry, code: str, amount_fen: int) -> dict[str, object]:
    change_fen = natural_fen(code, amount_fen)
    moved = _try_move(connection, code, change_fen)
    if moved is None:  # no such account yet, unless another transaction opens it right now; or too little on it
        _open_account(connection, entry, code)
        moved = _try_move(connection, code, change_fen)
    if moved is None:
        raise InsufficientFunds(code, -change_fen - balance_of(connection, code))
    return {"account": code, "amount_fen": amount_fen, "seq": moved.last_seq, "balance_fen": moved.balance_fen}


def _try_move(connection: Connection, code: str, change_fen: int) -> Row[tuple[int, int]] | None:
    return connection.execute(_MOVE, {"moved": code, "change_fen": change_fen}).one_or_none()


def _open_account(connection: Connection, entry: Entry, code: str) -> None:
    row = {
        "code": code,
        "kind": kind_of(code),
        "has_floor": int(has_floor(code)),
        "owner_id": entry.owner_id if is_frozen(code) else owner_in(code),
        "balance_fen": 0,
        "last_seq": 0,
    }
    connection.execute(_INSERT_ACCOUNT[connection.dialect.name], row)


def _journal_row(connection: Connection, entry: Entry, digest: str, lines: Mapping[str, int]) -> dict[str, object]:
    stream = entry.instance_id or f"system:{min((code for code in lines if not is_hot(code)), default='ledger')}"
    tail = connection.execute(_SELECT_TAIL, {"stream": stream}).mappings().one_or_none()
    return {
        "id": new_id(),
        "key": entry.key,
        "digest": digest,
        "rule": entry.rule,
        "rule_version": entry.rule_version,
        "at": entry.at,
        "instance_id": entry.instance_id,
        "element": entry.element,
        "actor_id": entry.actor_id,
        "order_ref": entry.order_ref,
        "facts": entry.facts,
        "reverses_id": entry.reverses_id,
        "stream": stream,
        "seq": tail["seq"] + 1 if tail else 1,
        "previous_sha256": entry_hash(plain_row(tail)) if tail else "",
    }
