"""Documents of the acting party: what there is, to download as PDF and as the data their hash is of."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import abort, g, redirect, render_template, request, url_for
from sqlalchemy import Connection, exists, select
from werkzeug.wrappers import Response

from engine.definitions.forms.typed import fold_width
from engine.runtime.engine import Engine
from engine.services.agreements.signatures import find_outdated, list_signatures
from engine.services.agreements.texts import fetch_version
from engine.services.documents.confirmations import CONFIRMERS, Consent, confirm_sheet, find_consent
from engine.services.documents.drafting import Month
from engine.services.documents.invoices import list_invoices, request_invoice, sum_fees
from engine.services.documents.issuing import as_bytes, issue
from engine.services.documents.settled import Settled, list_settled
from engine.services.documents.tables import document
from engine.services.work_tasks.tables import engagement, work_task
from web.auditor.names import Names
from web.market.statements import list_closed
from web.papers import PaperUnavailable
from web.security import current_actor

ENDINGS = ("pdf", "json")
SLIPS_SINCE = timedelta(days=92)
SHOWN_MONTHS, SHOWN_SLIPS, SHOWN_SHEETS = 12, 20, 30
DONE = ("confirmed", "asked")
TAX_NUMBER = re.compile(r"([0-9A-Z]{15,20})?")


@dataclass(frozen=True)
class MonthLine:
    """What there is of one month: the statement always, the rest where there was something to tell."""

    first: date
    fees_fen: int
    was_paid: bool
    invoice_id: str | None
    invoice_status: str | None

    @property
    def about(self) -> str:
        return f"{self.first:%Y-%m}"


@dataclass(frozen=True)
class Sheet:
    """A work task that has ended, and the consent to its sheet."""

    task_id: str
    number: str
    title: str
    closed_at: datetime
    consent: Consent | None


class Papers:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show(self) -> str:
        """Everything the party can have, newest first."""
        actor, done = current_actor(), request.args.get("done")
        with self.engine.database.read() as connection:
            months = [self._describe_month(connection, actor.party_id, first) for first in self._months(connection)]
            slips = self._list_slips(connection, actor.party_id)
            signed = list_signatures(connection, actor.party_id)
            return render_template(
                "market/papers.html",
                months=months,
                slips=slips,
                sheets=_list_sheets(connection, actor.party_id),
                signatures=[(row, fetch_version(connection, row.definition_id).text.name) for row in signed],
                outdated=find_outdated(connection, actor.party_id),
                names=Names(connection, {one for slip in slips for one in (slip.payer_id, slip.payee_id)}, g.fmt),
                may_confirm=actor.role in CONFIRMERS,
                is_organisation=actor.party_id != actor.user_id,
                done=done if done in DONE else None,
            )

    def download(self, kind: str, about: str, ending: str) -> Response:
        """A document: in PDF, or as the data its hash is of."""
        from web.papers.layouts import render_pdf  # the library takes a quarter of a server's start

        actor = current_actor()
        found = issue(self.engine, actor, kind, about)
        if ending == "json":
            content, media_type = as_bytes(found.content), "application/json"
        else:
            try:
                content, media_type = render_pdf(self.engine, found, g.fmt, actor.party_id), "application/pdf"
            except PaperUnavailable:
                abort(503)
        response = Response(content, mimetype=media_type)
        response.headers["Content-Disposition"] = f'attachment; filename="{found.number}.{ending}"'
        return response

    def confirm(self, task_id: str) -> Response:
        """The enterprise agrees to a confirmation sheet, which is issued by this at the latest."""
        actor = current_actor()
        issue(self.engine, actor, "confirmation", task_id)
        confirm_sheet(self.engine, actor, task_id)
        return redirect(url_for("market.papers", done="confirmed"), 303)

    def ask_invoice(self) -> Response:
        """Asks for the invoice of a month."""
        tax_number = fold_width(request.form.get("tax_number", "")).upper()
        if not TAX_NUMBER.fullmatch(tax_number):
            abort(400)
        request_invoice(self.engine, current_actor(), request.form.get("month", ""), tax_number)
        return redirect(url_for("market.papers", done="asked"), 303)

    def _months(self, connection: Connection) -> list[date]:
        return list_closed(connection, current_actor().party_id, self.engine.clock(), self.engine.zone)[:SHOWN_MONTHS]

    def _describe_month(self, connection: Connection, party_id: str, first: date) -> MonthLine:
        month = Month.read(f"{first:%Y-%m}", self.engine.zone)
        asked = {row.month: row for row in list_invoices(connection, party_id)}.get(str(month))
        settled = list_settled(connection, month.since, month.until, party_id)
        was_paid = any(one.payee_id == party_id for one in settled)
        fees_fen, _ = sum_fees(connection, party_id, month)
        return MonthLine(first, fees_fen, was_paid, asked.id if asked else None, asked.status if asked else None)

    def _list_slips(self, connection: Connection, party_id: str) -> list[Settled]:
        """The newest settlements of the last days, so that no page reads everything there ever was."""
        now = self.engine.clock()
        found = [*list_settled(connection, now - SLIPS_SINCE, now + timedelta(seconds=1), party_id)]
        return found[::-1][:SHOWN_SLIPS]


def _list_sheets(connection: Connection, party_id: str) -> list[Sheet]:
    """Of work tasks that ended; where nobody had a seat there is nothing to confirm."""
    has_engagement = exists().where(engagement.c.task_id == work_task.c.id)
    query = (
        select(
            work_task.c.id, work_task.c.number, work_task.c.title, work_task.c.closed_at, document.c.id.label("sheet")
        )
        .outerjoin(document, (document.c.subject == work_task.c.id) & (document.c.kind == "confirmation"))
        .where(work_task.c.enterprise_id == party_id, work_task.c.closed_at.is_not(None), has_engagement)
        .order_by(work_task.c.closed_at.desc())
        .limit(SHOWN_SHEETS)
    )
    rows = connection.execute(query).all()
    return [
        Sheet(row.id, row.number, row.title, row.closed_at, find_consent(connection, row.sheet) if row.sheet else None)
        for row in rows
    ]
