"""Looking into the ledger: accounts by kind and owner, the lines of one account, entries by what is known of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, or_, select

from engine.services.ledger import accounts
from engine.services.ledger.tables import account, journal, posting
from engine.services.ledger.views import EntryView, read_entries
from engine.storage.tables import instance


@dataclass(frozen=True)
class AccountRow:
    """One account with its balance in fen, positive on the side of its kind. A shard is an account of its own."""

    code: str
    kind: str
    owner_id: str | None
    balance_fen: int
    postings: int


@dataclass(frozen=True)
class AccountLine:
    """What one entry did to an account: a signed amount (debit positive); `balance_fen` after it, of this shard."""

    entry_id: str
    at: datetime
    rule: str
    order_ref: str
    instance_id: str | None
    element: str | None
    amount_fen: int
    balance_fen: int


@dataclass(frozen=True)
class EntryFilter:
    """Which entries: `text` is an order, the number or id of a case, or the id of an entry; empty does not narrow."""

    text: str = ""
    rule: str = ""
    since: datetime | None = None
    until: datetime | None = None


def list_accounts(
    connection: Connection, prefix: str, owner_id: str = "", after: str = "", limit: int = 50
) -> list[AccountRow]:
    """The accounts of a kind (`wallet`, `bank` ...) by code, of one owner if given; those never used are not there."""
    query = select(account).where(or_(account.c.code.startswith(f"{prefix}:"), account.c.code == prefix))
    if owner_id:
        query = query.where(account.c.owner_id == owner_id)
    if after:
        query = query.where(account.c.code > after)
    rows = connection.execute(query.order_by(account.c.code).limit(limit))
    return [AccountRow(row.code, row.kind, row.owner_id, row.balance_fen, row.last_seq) for row in rows]


def list_lines(connection: Connection, code: str, after: str = "", limit: int = 50) -> list[AccountLine]:
    """What happened on an account, newest first; of a sharded one in all its shards. `after` is an entry's id."""
    codes = accounts.shards_of(code) if accounts.is_hot(code) and "#" not in code else [code]
    query = (
        select(posting.c.amount_fen, posting.c.balance_fen, journal)
        .join(journal, journal.c.id == posting.c.journal_id)
        .where(posting.c.account.in_(codes))
        .order_by(posting.c.journal_id.desc())
        .limit(limit)
    )
    if after:
        query = query.where(posting.c.journal_id < after)
    return [
        AccountLine(
            entry_id=row.id,
            at=row.at,
            rule=row.rule,
            order_ref=row.order_ref,
            instance_id=row.instance_id,
            element=row.element,
            amount_fen=row.amount_fen,
            balance_fen=row.balance_fen,
        )
        for row in connection.execute(query)
    ]


def search_entries(connection: Connection, wanted: EntryFilter, after: str = "", limit: int = 50) -> list[EntryView]:
    """Entries that fit, newest first; `after` is the id of the last one of the page before."""
    query = select(journal).where(*_conditions(wanted)).order_by(journal.c.id.desc()).limit(limit)
    return read_entries(connection, query.where(journal.c.id < after) if after else query)


def fetch_entry(connection: Connection, entry_id: str) -> EntryView | None:
    """One entry; None if there is none with this id."""
    found = read_entries(connection, select(journal).where(journal.c.id == entry_id))
    return found[0] if found else None


def find_reversal(connection: Connection, entry_id: str) -> str | None:
    """The entry that took this one back; None if none did."""
    reversal: str | None = connection.execute(
        select(journal.c.id).where(journal.c.reverses_id == entry_id)
    ).scalar_one_or_none()
    return reversal


def _conditions(wanted: EntryFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.text:
        cases = select(instance.c.id).where(or_(instance.c.business_key == wanted.text, instance.c.id == wanted.text))
        yield or_(journal.c.order_ref == wanted.text, journal.c.id == wanted.text, journal.c.instance_id.in_(cases))
    if wanted.rule:
        yield journal.c.rule == wanted.rule
    if wanted.since is not None:
        yield journal.c.at >= wanted.since
    if wanted.until is not None:
        yield journal.c.at < wanted.until
