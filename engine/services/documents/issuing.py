"""Issuing documents: once, when somebody who may have it first opens it; from then on it is what it is."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, Row, insert, select

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.documents.content import write_settlement, write_statement
from engine.services.documents.tables import document
from engine.services.ledger.views import first_movement
from engine.storage.actor import Actor
from engine.storage.clock import format_instant, parse_instant
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.keys import KeyRing
from engine.storage.plain import PlainDict
from engine.storage.seal import seal_row

STATEMENT, SETTLEMENT = "statement", "settlement"
_PREFIXES = {STATEMENT: "ST", SETTLEMENT: "SL"}
_SUFFIX_LENGTH = 8


@dataclass(frozen=True)
class Document:
    """An issued document. `sha256` is that of `as_bytes(content)`, which is what one downloads as JSON."""

    number: str
    kind: str
    content: PlainDict
    sha256: str
    issued_at: datetime


def as_bytes(content: PlainDict) -> bytes:
    """A document as it is handed out."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def issue_statement(engine: Engine, actor: Actor, month: date) -> Document:
    """The statement of the acting party's wallet for a calendar month that is over, given by its first day.

    Raises NotFound for a month that is not over, or before the wallet was first used.
    """
    since, until = (_begin_of(first, engine.zone) for first in (month, next_month(month)))

    def work(unit: UnitOfWork) -> Document:
        first = first_movement(unit.connection, actor.party_id)
        if until > unit.now or first is None or first >= until:
            raise NotFound("statement", f"{month:%Y-%m}")
        subject = f"{actor.party_id}:{month:%Y-%m}"
        if known := _find(unit.connection, STATEMENT, subject):
            return known
        content = write_statement(unit.connection, actor.party_id, since, until)
        return _issue(unit, engine.keys, STATEMENT, subject, f"{month:%Y%m}", content)

    return engine.database.transact(work)


def issue_settlement(engine: Engine, actor: Actor, entry_id: str) -> Document:
    """The slip of a settlement, for its two sides. Raises NotFound for anybody else."""

    def work(unit: UnitOfWork) -> Document:
        content = write_settlement(unit.connection, entry_id)
        if content is None or actor.party_id not in (content["payer_id"], content["payee_id"]):
            raise NotFound("settlement", entry_id)
        if known := _find(unit.connection, SETTLEMENT, entry_id):
            return known
        month = f"{parse_instant(str(content['at'])).astimezone(engine.zone):%Y%m}"
        return _issue(unit, engine.keys, SETTLEMENT, entry_id, month, content)

    return engine.database.transact(work)


def find_genuine(connection: Connection, number: str, sha256: str) -> Document | None:
    """The document with this number, if it has this hash as well: the number alone tells nothing."""
    row = connection.execute(select(document).where(document.c.number == number)).one_or_none()
    if row is None or not hmac.compare_digest(row.sha256, sha256.strip().lower()):
        return None
    return _read(row)


def next_month(first: date) -> date:
    """The first day of the month after."""
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _begin_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), zone)


def _find(connection: Connection, kind: str, subject: str) -> Document | None:
    same = (document.c.kind == kind) & (document.c.subject == subject)
    row = connection.execute(select(document).where(same)).one_or_none()
    return _read(row) if row else None


def _issue(unit: UnitOfWork, keys: KeyRing, kind: str, subject: str, month: str, content: PlainDict) -> Document:
    number = _number(keys, kind, subject, month)
    whole: PlainDict = {"number": number, "kind": kind, "issued_at": format_instant(unit.now), **content}
    row = {
        "id": new_id(),
        "number": number,
        "kind": kind,
        "subject": subject,
        "content": whole,
        "sha256": hashlib.sha256(as_bytes(whole)).hexdigest(),
        "issued_at": unit.now,
    }
    unit.connection.execute(insert(document).values(**row, seal=seal_row(keys.mac, document.name, row)))
    return Document(number, kind, whole, str(row["sha256"]), unit.now)


def _number(keys: KeyRing, kind: str, subject: str, month: str) -> str:
    """A number with the month the document is about, which nobody can guess from another one."""
    digest = hmac.digest(keys.mac, f"{kind}:{subject}".encode(), hashlib.sha256)
    suffix = base64.b32encode(digest).decode()[:_SUFFIX_LENGTH]
    return f"{_PREFIXES[kind]}-{month}-{suffix}"


def _read(row: Row[Any]) -> Document:
    return Document(row.number, row.kind, row.content, row.sha256, row.issued_at)
