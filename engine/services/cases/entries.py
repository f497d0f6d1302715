"""The timeline of a case: what was claimed, answered, offered, shown and decided. Both parties read the same."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, insert, select

from engine.services.cases.tables import case_entry
from engine.storage.plain import PlainDict

OPENED, EVIDENCE, DECISION, WITHDRAWN = "opened", "evidence", "decision", "withdrawn"
SILENT = "silent"
_OFFERS = ("respond.offer", "offer.counter")


def add_entry(connection: Connection, at: datetime, case_ref: str, kind: str, **values: object) -> int:
    """Adds what was said or done; gives its number.

    `kind`: one of the words above, or `<turn>.<answer>`. `values`: party_id (none: the platform), text (a vault
    reference), files, pay_fen and refund_fen.
    """
    last = select(func.coalesce(func.max(case_entry.c.number), 0)).where(case_entry.c.case_ref == case_ref)
    number = int(connection.execute(last).scalar_one()) + 1
    row = {"case_ref": case_ref, "number": number, "at": at, "kind": kind, "files": [], **values}
    connection.execute(insert(case_entry).values(row))
    return number


def list_entries(connection: Connection, case_ref: str) -> list[RowMapping]:
    """The timeline, oldest first."""
    query = select(case_entry).where(case_entry.c.case_ref == case_ref).order_by(case_entry.c.number)
    return list(connection.execute(query).mappings())


def list_offers(connection: Connection, case_ref: str) -> list[RowMapping]:
    """The offers of the two parties to each other, oldest first."""
    return [entry for entry in list_entries(connection, case_ref) if entry["kind"] in _OFFERS]


def last_terms(connection: Connection, case_ref: str) -> PlainDict:
    """The amounts last named in a case: pay_fen and refund_fen, 0 where none were."""
    named = [entry for entry in list_entries(connection, case_ref) if entry["pay_fen"] is not None]
    if not named:
        return {"pay_fen": 0, "refund_fen": 0}
    return {"pay_fen": named[-1]["pay_fen"], "refund_fen": named[-1]["refund_fen"]}
