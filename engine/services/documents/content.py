"""Statements and settlement slips: plain JSON, by ids and in fen, so that the same bytes serve every reader."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.documents.drafting import Draft, read_past_month
from engine.services.documents.settled import find_sides
from engine.services.ledger.settling import RULES
from engine.services.ledger.tables import account, journal, posting
from engine.services.ledger.views import StatementFilter, StatementRow, balance_before, first_movement, statement
from engine.storage.actor import Actor
from engine.storage.clock import format_instant, parse_instant
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import instance

BATCH_ROWS = 500
_AMOUNTS = ("gross_fen", "fee_fen", "vat_fen", "tax_fen", "net_fen")
_DETAILS = ("milestone", "batch", "quantity", "unit_price_fen", "tip_fen", "spent_fen", "guarantee_fen", "fee_bearer")


def draft_statement(unit: UnitOfWork, engine: Engine, actor: Actor, text: str) -> Draft:
    """The statement of the acting party's wallet for a month that is over, from the one in which it was first used."""
    month = read_past_month(unit, engine, text)
    first = first_movement(unit.connection, actor.party_id)
    if first is None or first >= month.until:
        raise NotFound("statement", text)
    content = write_statement(unit.connection, actor.party_id, month.since, month.until)
    return Draft(f"{actor.party_id}:{month}", month.first, content)


def draft_settlement(unit: UnitOfWork, engine: Engine, actor: Actor, entry_id: str) -> Draft:
    """The slip of a settlement, for its two sides."""
    content = write_settlement(unit.connection, entry_id)
    if content is None or actor.party_id not in (content["payer_id"], content["payee_id"]):
        raise NotFound("settlement", entry_id)
    day = parse_instant(str(content["at"])).astimezone(engine.zone).date()
    return Draft(entry_id, day.replace(day=1), content)


def write_statement(connection: Connection, party_id: str, since: datetime, until: datetime) -> PlainDict:
    """A wallet between two instants: what it held before, every movement in order, what it held then."""
    rows = list(_read_movements(connection, party_id, StatementFilter(since, until)))[::-1]
    movements: list[Plain] = [_write_movement(row) for row in rows]
    return {
        "party_id": party_id,
        "since": format_instant(since),
        "until": format_instant(until),
        "opening_fen": balance_before(connection, party_id, since),
        "in_fen": sum(row.amount_fen for row in rows if row.amount_fen > 0),
        "out_fen": sum(-row.amount_fen for row in rows if row.amount_fen < 0),
        "closing_fen": balance_before(connection, party_id, until),
        "movements": movements,
    }


def _read_movements(connection: Connection, party_id: str, wanted: StatementFilter) -> Iterator[StatementRow]:
    after: int | None = None
    while rows := statement(connection, party_id, after, BATCH_ROWS, wanted):
        yield from rows
        after = rows[-1].seq


def _write_movement(row: StatementRow) -> PlainDict:
    movement: PlainDict = {
        "entry_id": row.journal_id,
        "at": format_instant(row.at),
        "rule": row.rule,
        "amount_fen": row.amount_fen,
        "balance_fen": row.balance_fen,
        "number": row.number,
        "subject_zh": row.subject[0],
        "subject_en": row.subject[1],
    }
    if row.fee_fen is not None:
        movement |= {"gross_fen": row.gross_fen, "fee_fen": row.fee_fen}
    return movement


def write_settlement(connection: Connection, entry_id: str) -> PlainDict | None:
    """How one settlement was made up, and between whom; None if the entry is no settlement."""
    entry = connection.execute(
        select(journal.c.id, journal.c.at, journal.c.rule, journal.c.facts)
        .add_columns(instance.c.business_key, instance.c.process_key, instance.c.subject_zh, instance.c.subject_en)
        .outerjoin(instance, instance.c.id == journal.c.instance_id)
        .where(journal.c.id == entry_id, journal.c.rule.in_(RULES))
    ).one_or_none()
    if entry is None:
        return None
    payer_id, payee_id = _find_sides(connection, entry)
    amounts: PlainDict = {name: entry.facts[name] for name in _AMOUNTS}
    details: PlainDict = {name: entry.facts[name] for name in _DETAILS if entry.facts.get(name)}
    terms = entry.facts.get("terms")
    return {
        "entry_id": entry.id,
        "at": format_instant(entry.at),
        "rule": entry.rule,
        "payer_id": payer_id,
        "payee_id": payee_id,
        "process_key": entry.process_key or "",
        "order_number": entry.business_key or "",
        "subject_zh": entry.subject_zh or "",
        "subject_en": entry.subject_en or "",
        "rate_bps": terms.get("rate_bps") if isinstance(terms, dict) else None,
        **amounts,
        **details,
    }


def _find_sides(connection: Connection, entry: Row[Any]) -> tuple[str, str]:
    lines = connection.execute(
        select(posting.c.account, account.c.owner_id)
        .join(account, account.c.code == posting.c.account)
        .where(posting.c.journal_id == entry.id, account.c.owner_id.is_not(None))
    ).all()
    return find_sides(entry.facts, [(line.account, line.owner_id) for line in lines])
