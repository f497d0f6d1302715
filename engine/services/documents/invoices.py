"""Invoices for the platform's fees of a month: asked for by who bore them, issued through a port after the step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from sqlalchemy import Connection, Row, insert, select, update

from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.records.jobs import enqueue
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.documents.drafting import Draft, Month, read_past_month
from engine.services.documents.settled import list_settled
from engine.services.documents.tables import invoice
from engine.services.job_engine import engine_of
from engine.storage.actor import Actor
from engine.storage.clock import format_instant
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

ISSUE = "invoice.issue"
OWN = "pdf"
REQUESTED, ISSUED = "requested", "issued"


@dataclass(frozen=True)
class InvoiceOrder:
    """What an issuer is asked for. `key` is ours: a second order with it must never make a second invoice."""

    key: str
    party_id: str
    tax_number: str
    fee_fen: int
    vat_fen: int


class InvoiceIssuer(Protocol):
    """An issuer of electronic invoices."""

    def issue(self, order: InvoiceOrder) -> str:
        """Issues an invoice, or finds the one issued under the key; gives the issuer's number of it.

        Any exception: to be asked again later.
        """


class OwnIssuer:
    """Issues nothing elsewhere: the document in PDF is the invoice."""

    def issue(self, order: InvoiceOrder) -> str:
        """See `InvoiceIssuer`."""
        return order.key


def issuer_of(engine: Engine) -> InvoiceIssuer:
    """The issuer the settings name. Raises ValueError for an unknown one."""
    if engine.settings.invoices == OWN:
        return OwnIssuer()
    raise ValueError(f"Expected an issuer of invoices we have, but the settings name {engine.settings.invoices!r}")


def request_invoice(engine: Engine, actor: Actor, text: str, tax_number: str = "") -> str:
    """Asks for the invoice over the fees the acting party bore in a month that is over; gives its id, the same one to
    who asks again. Raises NotFound where there were none.
    """

    def work(unit: UnitOfWork) -> str:
        month = read_past_month(unit, engine, text)
        known = select(invoice.c.id).where(invoice.c.party_id == actor.party_id, invoice.c.month == str(month))
        if (found := unit.connection.execute(known).scalar()) is not None:
            return str(found)
        fee_fen, vat_fen = sum_fees(unit.connection, actor.party_id, month)
        if not fee_fen:
            raise NotFound("fees", text)
        row = {
            "id": new_id(),
            "party_id": actor.party_id,
            "month": str(month),
            "tax_number": tax_number,
            "fee_fen": fee_fen,
            "vat_fen": vat_fen,
            "status": REQUESTED,
            "requested_by": actor.user_id,
            "requested_at": unit.now,
        }
        unit.connection.execute(insert(invoice), row)
        enqueue(unit.connection, unit.now, ISSUE, {"id": str(row["id"])}, key=f"{ISSUE}:{row['id']}")
        return str(row["id"])

    return engine.database.transact(work)


def sum_fees(connection: Connection, party_id: str, month: Month) -> tuple[int, int]:
    """The fees a party bore in a month, and the VAT contained in them."""
    settled = list_settled(connection, month.since, month.until, party_id)
    borne = [one for one in settled if one.fee_payer_id == party_id]
    return sum(one.fee_fen for one in borne), sum(one.vat_fen for one in borne)


@job_handler(ISSUE)
def issue_invoice(run: JobRun) -> Plain:
    """Asks the issuer."""
    engine = engine_of(run)
    with engine.database.read() as connection:
        row = connection.execute(select(invoice).where(invoice.c.id == run.payload["id"])).one()
    order = InvoiceOrder(row.id, row.party_id, row.tax_number, row.fee_fen, row.vat_fen)
    return issuer_of(engine).issue(order)


@issue_invoice.finish
def note_issued(done: JobDone, result: Plain) -> None:
    """Writes down what the issuer said."""
    values = {"status": ISSUED, "issuer_ref": str(result), "issued_at": done.now}
    done.connection.execute(update(invoice).where(invoice.c.id == done.payload["id"]).values(values))


def draft_invoice(unit: UnitOfWork, engine: Engine, actor: Actor, invoice_id: str) -> Draft:
    """An invoice that was issued, for who asked for it."""
    row = unit.connection.execute(select(invoice).where(invoice.c.id == invoice_id)).one_or_none()
    if row is None or row.party_id != actor.party_id or row.status != ISSUED:
        raise NotFound("invoice", invoice_id)
    content: PlainDict = {
        "party_id": row.party_id,
        "month": row.month,
        "tax_number": row.tax_number,
        "fee_fen": row.fee_fen,
        "vat_fen": row.vat_fen,
        "issuer": engine.settings.invoices,
        "issuer_ref": row.issuer_ref,
        "requested_at": format_instant(row.requested_at),
    }
    return Draft(row.id, date.fromisoformat(f"{row.month}-01"), content)


def list_invoices(connection: Connection, party_id: str) -> Sequence[Row[Any]]:
    """The invoices of a party, newest month first."""
    query = select(invoice).where(invoice.c.party_id == party_id).order_by(invoice.c.month.desc())
    return connection.execute(query).all()
