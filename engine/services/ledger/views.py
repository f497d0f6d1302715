"""What people see of the ledger: a wallet, its statement, the entries of a case. Reading only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, literal, select

from engine.services.ledger import accounts
from engine.services.ledger.tables import account, journal, posting
from engine.storage.plain import PlainDict
from engine.storage.tables import instance

BATCH_IDS = 500


@dataclass(frozen=True)
class WalletView:
    """A party's money in fen: free, frozen for its own orders, held by disputes, on the way out; and what it owes."""

    available_fen: int
    frozen_fen: int
    held_fen: int
    pending_payout_fen: int
    owed_fen: int


@dataclass(frozen=True)
class StatementRow:
    """One movement of a wallet; `amount_fen` is positive when money came in. `seq` is the key for the next page.

    `number` is what people call the case it belongs to, of the process `process_key`; `gross_fen` and `fee_fen` are
    there where a fee was deducted.
    """

    seq: int
    at: datetime
    rule: str
    amount_fen: int
    balance_fen: int
    order_ref: str
    instance_id: str | None
    journal_id: str
    process_key: str
    number: str
    subject: tuple[str, str]
    gross_fen: int | None
    fee_fen: int | None


@dataclass(frozen=True)
class StatementFilter:
    """Which movements a statement lists: from `since`, before `until`, by one of `rules`, for an order; empty does not
    narrow.
    """

    since: datetime | None = None
    until: datetime | None = None
    rules: frozenset[str] = frozenset()
    order_ref: str = ""


ALL_MOVEMENTS = StatementFilter()


@dataclass(frozen=True)
class Frozen:
    """Money of a party that waits for a case, as `kind`: escrow, goods or guarantee."""

    instance_id: str
    process_key: str
    number: str
    subject: tuple[str, str]
    kind: str
    amount_fen: int


@dataclass(frozen=True)
class EntryView:
    """An entry with its lines (account without shard, signed fen: debit positive), in the order of the accounts."""

    id: str
    at: datetime
    rule: str
    rule_version: int
    actor_id: str
    instance_id: str | None
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
    frozen_fen = sum(sums.get(prefix, 0) for prefix in accounts.FROZEN)
    return WalletView(*(sums.get("wallet", 0), frozen_fen, *(sums.get(name, 0) for name in ("hold", "payout", "recv"))))


def statement(
    connection: Connection,
    party_id: str,
    after: int | None = None,
    limit: int = 50,
    wanted: StatementFilter = ALL_MOVEMENTS,
) -> list[StatementRow]:
    """Movements of the wallet, newest first; `after` is the `seq` of the last row of the page before."""
    code = accounts.wallet(party_id)
    query = (
        select(posting, journal.c.at, journal.c.rule, journal.c.order_ref, journal.c.instance_id, journal.c.facts)
        .add_columns(instance.c.process_key, instance.c.business_key, instance.c.subject_zh, instance.c.subject_en)
        .join(journal, journal.c.id == posting.c.journal_id)
        .outerjoin(instance, instance.c.id == journal.c.instance_id)
        .where(posting.c.account == code, *_conditions(wanted))
        .order_by(posting.c.seq.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(posting.c.seq < after)
    return [_statement_row(code, row) for row in connection.execute(query)]


def _conditions(wanted: StatementFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield journal.c.at >= wanted.since
    if wanted.until is not None:
        yield journal.c.at < wanted.until
    if wanted.order_ref:
        yield journal.c.order_ref == wanted.order_ref
    if wanted.rules:
        yield journal.c.rule.in_(sorted(wanted.rules))


def _statement_row(code: str, row: Row[Any]) -> StatementRow:
    amount_fen, facts = accounts.natural_fen(code, row.amount_fen), row.facts
    is_paid = amount_fen > 0 and facts.get("net_fen") == amount_fen and facts.get("fee_fen")
    return StatementRow(
        seq=row.seq,
        at=row.at,
        rule=row.rule,
        amount_fen=amount_fen,
        balance_fen=row.balance_fen,
        order_ref=row.order_ref,
        instance_id=row.instance_id,
        journal_id=row.journal_id,
        process_key=row.process_key or "",
        number=row.business_key or "",
        subject=(row.subject_zh or "", row.subject_en or ""),
        gross_fen=facts["gross_fen"] if is_paid else None,
        fee_fen=facts["fee_fen"] if is_paid else None,
    )


def balance_before(connection: Connection, party_id: str, at: datetime) -> int:
    """What the wallet held when an instant began, in fen; 0 before its first movement."""
    last = (
        select(posting.c.balance_fen)
        .join(journal, journal.c.id == posting.c.journal_id)
        .where(posting.c.account == accounts.wallet(party_id), journal.c.at < at)
        .order_by(posting.c.seq.desc())
        .limit(1)
    )
    return connection.execute(last).scalar_one_or_none() or 0


def sum_since(connection: Connection, party_id: str, since: datetime, rules: frozenset[str]) -> int:
    """What some rules put into the wallet from an instant on, in fen; what they took out of it does not count."""
    into = (
        select(func.coalesce(func.sum(-posting.c.amount_fen), 0))
        .join(journal, journal.c.id == posting.c.journal_id)
        .where(posting.c.account == accounts.wallet(party_id), posting.c.amount_fen < 0)
        .where(*_conditions(StatementFilter(since, None, rules)))
    )
    return int(connection.execute(into).scalar_one())


def first_movement(connection: Connection, party_id: str) -> datetime | None:
    """When the wallet was first used; None if it never was."""
    query = select(journal.c.at).join(posting, posting.c.journal_id == journal.c.id)
    first: datetime | None = connection.execute(
        query.where(posting.c.account == accounts.wallet(party_id), posting.c.seq == 1)
    ).scalar_one_or_none()
    return first


def list_frozen(connection: Connection, party_id: str, limit: int = 50) -> list[Frozen]:
    """What of a party's money is frozen, and for which case, the newest first."""
    columns = (instance.c.id, instance.c.process_key, instance.c.business_key)
    codes = [literal(f"{prefix}:").concat(instance.c.id) for prefix in accounts.FROZEN]
    query = (
        select(*columns, instance.c.subject_zh, instance.c.subject_en, account.c.code, account.c.balance_fen)
        .join(account, account.c.code.in_(codes))
        .where(account.c.owner_id == party_id, account.c.balance_fen != 0)
        .order_by(instance.c.id.desc(), account.c.code)
        .limit(limit)
    )
    return [
        Frozen(
            instance_id=row.id,
            process_key=row.process_key,
            number=row.business_key or "",
            subject=(row.subject_zh, row.subject_en),
            kind=row.code.partition(":")[0],
            amount_fen=row.balance_fen,
        )
        for row in connection.execute(query)
    ]


def ledger_of(connection: Connection, instance_id: str) -> list[EntryView]:
    """Every entry of a process instance, in the order they were written."""
    return read_entries(connection, select(journal).where(journal.c.instance_id == instance_id).order_by(journal.c.seq))


def read_entries(connection: Connection, query: Select[Any]) -> list[EntryView]:
    """The entries a query over the journal gives, in its order, with their lines."""
    entries = connection.execute(query).all()
    lines: dict[str, list[tuple[str, int]]] = {row.id: [] for row in entries}
    for start in range(0, len(entries), BATCH_IDS):
        ids = [row.id for row in entries[start : start + BATCH_IDS]]
        columns = (posting.c.journal_id, posting.c.account, posting.c.amount_fen)
        for row in connection.execute(
            select(*columns).where(posting.c.journal_id.in_(ids)).order_by(posting.c.account)
        ):
            lines[row.journal_id].append((accounts.unsharded(row.account), row.amount_fen))
    return [_entry_view(row, tuple(lines[row.id])) for row in entries]


def owner_of(connection: Connection, code: str) -> str | None:
    """The party whose money an account holds; None for an account nobody used yet, and for the platform's own."""
    owner_id: str | None = connection.execute(
        select(account.c.owner_id).where(account.c.code == code)
    ).scalar_one_or_none()
    return owner_id


def _entry_view(row: Row[tuple[object, ...]], lines: tuple[tuple[str, int], ...]) -> EntryView:
    return EntryView(
        id=row.id,
        at=row.at,
        rule=row.rule,
        rule_version=row.rule_version,
        actor_id=row.actor_id,
        instance_id=row.instance_id,
        element=row.element,
        order_ref=row.order_ref,
        reverses_id=row.reverses_id,
        facts=row.facts,
        lines=lines,
    )
