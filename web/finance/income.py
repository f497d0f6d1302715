"""The quarterly report of workers' income: what it holds is chosen; then it is a table or data to download."""

import csv
import io

import orjson
from flask import Response, abort, g, render_template, request

from engine.runtime.engine import Engine
from engine.services.documents.income import COLUMNS, Export, Quarter, ReasonMissing, export_income
from web.security import current_actor
from web.texts import text

KINDS = ("csv", "json")
SHOWN_QUARTERS = 8
MAX_REASON = 500
BYTE_ORDER_MARK = "\ufeff"  # by which spreadsheets know UTF-8


class Income:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show(self) -> str:
        """What may be chosen."""
        return self._render(None)

    def export(self) -> Response | tuple[str, int]:
        """The file; without a reason where one is needed, the page again."""
        form = request.form
        kind = form.get("kind", "")
        if kind not in KINDS:
            abort(400)
        try:
            quarter = Quarter.read(form.get("quarter", ""))
        except ValueError:
            abort(400)
        columns = form.getlist("column")
        if not set(columns) & set(COLUMNS):
            return self._render(text("income.columns.missing")), 422
        is_unmasked, reason = "unmask" in form, form.get("reason", "")[:MAX_REASON]
        try:
            found = export_income(
                self.engine,
                current_actor(),
                quarter,
                columns,
                is_unmasked=is_unmasked,
                reason=reason,
            )
        except ReasonMissing as missing:
            return self._render(text("income.reason.missing", least=missing.facts["least"])), 422
        content = _write_csv(found) if kind == "csv" else orjson.dumps(found.rows, option=orjson.OPT_INDENT_2)
        response = Response(content, mimetype="text/csv" if kind == "csv" else "application/json")
        response.headers["Content-Disposition"] = f'attachment; filename="income-{quarter}.{kind}"'
        return response

    def _render(self, problem: str | None) -> str:
        quarters = [Quarter.of(g.fmt.now.astimezone(self.engine.zone).date())]
        while len(quarters) < SHOWN_QUARTERS:
            quarters.append(quarters[-1].before())
        chosen = request.form.getlist("column") if request.method == "POST" else [*COLUMNS]
        return render_template(
            "finance/income.html",
            columns=COLUMNS,
            quarters=[str(one) for one in quarters],
            chosen=chosen,
            quarter=request.form.get("quarter", str(quarters[1])),
            is_unmasked="unmask" in request.form,
            reason=request.form.get("reason", ""),
            problem=problem,
        )


def _write_csv(found: Export) -> str:
    out = io.StringIO()
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out)
    writer.writerow([text(f"income.column.{name}") for name in found.columns])
    for row in found.rows:
        writer.writerow([_as_cell(name, row[name]) for name in found.columns])
    return out.getvalue()


def _as_cell(name: str, value: object) -> str:
    """Amounts in yuan; numbers of documents as text, whatever a spreadsheet takes them for."""
    if isinstance(value, int):
        return f"{value / 100:.2f}" if name.endswith("_fen") else str(value)
    words = "" if value is None else str(value)
    return f"'{words}" if name == "id_no" or (words[:1] in tuple("=+-@") and words) else words
