"""Statements and settlement slips: pages to read and print, files to keep."""

from datetime import date, timedelta

from flask import g, render_template
from werkzeug.wrappers import Response

from engine.runtime.engine import Engine
from engine.services.documents.drafting import next_month
from engine.services.documents.issuing import SETTLEMENT, STATEMENT, Document, as_bytes, issue
from engine.storage.clock import parse_instant
from web.auditor.names import Names
from web.formatting import Formatter
from web.market.statements import name_movement, write_movements
from web.security import current_actor

FORMATS = ("json", "csv")


class Documents:
    """The views, over one engine. Times are those of the platform's zone: a document is the same for every reader."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_statement(self, month: str) -> str:
        """The statement of a month that is over."""
        found = self._statement(month)
        first_day = date.fromisoformat(f"{month}-01")
        last_day = next_month(first_day) - timedelta(days=1)
        return self._show("market/statement.html", found, first_day=first_day, last_day=last_day)

    def export_statement(self, month: str, kind: str) -> Response:
        """The same as a file: the document itself as JSON, or its movements as a table."""
        found = self._statement(month)
        if kind == "json":
            return _file(found, as_bytes(found.content), "application/json", kind)
        return _file(found, write_movements(found.content, self._formatter).encode(), "text/csv", kind)

    def show_settlement(self, entry_id: str) -> str:
        """The slip of a settlement."""
        return self._show("market/settlement.html", issue(self.engine, current_actor(), SETTLEMENT, entry_id))

    def export_settlement(self, entry_id: str) -> Response:
        """The slip as JSON."""
        found = issue(self.engine, current_actor(), SETTLEMENT, entry_id)
        return _file(found, as_bytes(found.content), "application/json", "json")

    def _statement(self, month: str) -> Document:
        return issue(self.engine, current_actor(), STATEMENT, month)

    def _show(self, template: str, found: Document, **facts: object) -> str:
        told = found.content
        with self.engine.database.read() as connection:
            ids = {str(told[name]) for name in ("party_id", "payer_id", "payee_id") if name in told}
            names = Names(connection, ids, g.fmt)
        return render_template(
            template,
            document=found,
            told=told,
            names=names,
            fmt=self._formatter,
            name_movement=name_movement,
            instant=parse_instant,
            **facts,
        )

    @property
    def _formatter(self) -> Formatter:
        return Formatter(g.fmt.language, self.engine.zone, g.fmt.now)


def _file(found: Document, content: bytes, media_type: str, ending: str) -> Response:
    response = Response(content, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{found.number}.{ending}"'
    return response
