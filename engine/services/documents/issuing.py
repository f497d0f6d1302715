"""Issuing documents: once, when somebody who may have it first opens it; from then on it is what it is."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, insert, select

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.documents.agreements import draft_agreement
from engine.services.documents.confirmations import draft_confirmation
from engine.services.documents.content import draft_settlement, draft_statement
from engine.services.documents.drafting import Writer
from engine.services.documents.invoices import draft_invoice
from engine.services.documents.tables import document
from engine.services.documents.withholding import draft_withholding
from engine.storage.actor import Actor
from engine.storage.clock import format_instant
from engine.storage.database import UnitOfWork
from engine.storage.digests import authenticate
from engine.storage.ids import new_id
from engine.storage.keys import KeyRing
from engine.storage.plain import PlainDict
from engine.storage.seal import seal_row

STATEMENT, SETTLEMENT, CONFIRMATION = "statement", "settlement", "confirmation"
AGREEMENT, INVOICE, WITHHOLDING = "agreement", "invoice", "withholding"


@dataclass(frozen=True)
class Kind:
    """A kind of document: how its numbers begin, and who writes it."""

    prefix: str
    write: Writer


KINDS = {
    STATEMENT: Kind("ST", draft_statement),  # about a month, such as 2026-11
    SETTLEMENT: Kind("SL", draft_settlement),  # about an entry of the journal
    CONFIRMATION: Kind("CS", draft_confirmation),  # about a work task
    AGREEMENT: Kind("AG", draft_agreement),  # about a signature
    INVOICE: Kind("IN", draft_invoice),  # about an invoice that was asked for
    WITHHOLDING: Kind("TW", draft_withholding),  # about a month
}
_SUFFIX_LENGTH = 8


@dataclass(frozen=True)
class Document:
    """An issued document. `sha256` is that of `as_bytes(content)`, which is what one downloads as JSON."""

    id: str
    number: str
    kind: str
    content: PlainDict
    sha256: str
    issued_at: datetime


def as_bytes(content: PlainDict) -> bytes:
    """A document as it is handed out."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def issue(engine: Engine, actor: Actor, kind: str, about: str) -> Document:
    """The document of a kind about something, for who acts. Raises NotFound for whoever may not have it, and for what
    there is not yet: a month that is not over, a work task that has not ended.
    """
    if kind not in KINDS:
        raise NotFound("document", kind)

    def work(unit: UnitOfWork) -> Document:
        draft = KINDS[kind].write(unit, engine, actor, about)
        same = (document.c.kind == kind) & (document.c.subject == draft.subject)
        row = unit.connection.execute(select(document).where(same)).one_or_none()
        return _read(row) if row else _issue(unit, engine.keys, kind, draft.subject, draft.month, draft.content)

    return engine.database.transact(work)


def find_genuine(connection: Connection, number: str, sha256: str) -> Document | None:
    """The document with this number, if it has this hash as well: the number alone tells nothing."""
    row = connection.execute(select(document).where(document.c.number == number)).one_or_none()
    if row is None or not hmac.compare_digest(row.sha256, sha256.strip().lower()):
        return None
    return _read(row)


def _issue(unit: UnitOfWork, keys: KeyRing, kind: str, subject: str, month: date, content: PlainDict) -> Document:
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
    return Document(str(row["id"]), number, kind, whole, str(row["sha256"]), unit.now)


def _number(keys: KeyRing, kind: str, subject: str, month: date) -> str:
    """A number with the month the document is about, which nobody can guess from another one."""
    digest = authenticate(keys.mac, f"{kind}:{subject}".encode())
    suffix = base64.b32encode(digest).decode()[:_SUFFIX_LENGTH]
    return f"{KINDS[kind].prefix}-{month:%Y%m}-{suffix}"


def _read(row: Row[Any]) -> Document:
    return Document(row.id, row.number, row.kind, row.content, row.sha256, row.issued_at)
