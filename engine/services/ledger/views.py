"""What people see of the ledger: a wallet, its statement, the entries of a case. Reading only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, select

from engine.services.ledger import accounts
from engine.services.ledger.tables import account, journal, posting
from engine.storage.plain import PlainDict


@dataclass(frozen=True)
class WalletView:
    """A party's money in fen: free, in escrows of its own orders, held by disputes, on the way out."""

    available_fen: int
    frozen_fen: int
    held_fen: int
    pending_payout_fen: int


@dataclass(frozen=True)
class StatementRow:
    """One movement of a wallet; `amount_fen` is positive when money came in. `seq` is the key for the next page."""

    seq: int
    at: datetime
    rule: str
    amount_fen: int
    balance_fen: int
    order_ref: str
    instance_id: str | None
    journal_id: str


@dataclass(frozen=True)
class EntryView:
    """An entry with its lines (account without shard, signed fen: debit positive), in the order of the accounts."""

    id: str
    at: datetime
    rule: str
    rule_version: int
    actor_id: str
    element: str | None
    order_ref: str
    reverses_id: str | None
    facts: PlainDict
    lines: tuple[tuple[str, int], ...]


def wallet_view(connection: Connection, party_id: str) -> WalletView:
    """The balances of the accounts a party owns; zeros for a party that never had money."""
    rows = connection.execute(
        select(account.c.code, account.c.balance_fen).where(account.c.owner_id == party_id, account.c.balance_fen != 0)
    )
    sums: dict[str, int] = {}
    for code, balance_fen in rows:
        prefix = code.partition(":")[0]
        sums[prefix] = sums.get(prefix, 0) + balance_fen
    return WalletView(sums.get("wallet", 0), sums.get("escrow", 0), sums.get("hold", 0), sums.get("payout", 0))


def statement(connection: Connection, party_id: str, after: int | None = None, limit: int = 50) -> list[StatementRow]:
    """Movements of the wallet, newest first; `after` is the `seq` of the last row of the page before."""
    code = accounts.wallet(party_id)
    query = (
        select(posting, journal.c.at, journal.c.rule, journal.c.order_ref, journal.c.instance_id)
        .join(journal, journal.c.id == posting.c.journal_id)
        .where(posting.c.account == code)
        .order_by(posting.c.seq.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(posting.c.seq < after)
    return [
        StatementRow(
            seq=row.seq,
            at=row.at,
            rule=row.rule,
            amount_fen=accounts.natural_fen(code, row.amount_fen),
            balance_fen=row.balance_fen,
            order_ref=row.order_ref,
            instance_id=row.instance_id,
            journal_id=row.journal_id,
        )
        for row in connection.execute(query)
    ]


def ledger_of(connection: Connection, instance_id: str) -> list[EntryView]:
    """Every entry of a process instance, in the order they were written."""
    entries = connection.execute(
        select(journal).where(journal.c.instance_id == instance_id).order_by(journal.c.seq)
    ).all()
    lines: dict[str, list[tuple[str, int]]] = {}
    for row in connection.execute(
        select(posting.c.journal_id, posting.c.account, posting.c.amount_fen)
        .join(journal, journal.c.id == posting.c.journal_id)
        .where(journal.c.instance_id == instance_id)
        .order_by(posting.c.account)
    ):
        lines.setdefault(row.journal_id, []).append((accounts.unsharded(row.account), row.amount_fen))
    return [_entry_view(row, tuple(lines[row.id])) for row in entries]


def escrow_owner(connection: Connection, escrow_ref: str) -> str | None:
    """The party whose money an escrow holds; None before its first freeze."""
    owner_id: str | None = connection.execute(
        select(account.c.owner_id).where(account.c.code == accounts.escrow(escrow_ref))
    ).scalar_one_or_none()
    return owner_id


def _entry_view(row: Row[tuple[object, ...]], lines: tuple[tuple[str, int], ...]) -> EntryView:
    return EntryView(
        id=row.id,
        at=row.at,
        rule=row.rule,
        rule_version=row.rule_version,
        actor_id=row.actor_id,
        element=row.element,
        order_ref=row.order_ref,
        reverses_id=row.reverses_id,
        facts=row.facts,
        lines=lines,
    )
