"""The statement of a wallet: which months and kinds one may ask for, and the same rows as a table for a spreadsheet."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from urllib.parse import urlencode

from flask import g, url_for
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict

from engine.services.ledger.views import StatementFilter, StatementRow, first_movement, statement
from web.formatting import Formatter
from web.texts import text

# kind of movement: the posting rules that make it
KINDS: dict[str, frozenset[str]] = {
    "top_up": frozenset({"P-TOPUP"}),
    "secured": frozenset({"P-FREEZE", "P-INCREASE"}),
    "returned": frozenset({"P-RELEASE"}),
    "earned": frozenset({"P-SETTLE", "P-MILESTONE"}),
    "decided": frozenset({"P-CANCEL", "P-DISPUTE", "P-HOLD", "P-UNHOLD"}),
    "payout": frozenset({"P-WITHDRAW", "P-PAYOUT-FAIL"}),
}
# rule: icon; the words are `wallet.rule.<rule>`, with `.in` or `.out` where it depends on the side
RULE_ICONS = {
    "P-TOPUP": "plus",
    "P-FREEZE": "lock",
    "P-INCREASE": "lock",
    "P-RELEASE": "lock-open",
    "P-SETTLE": "circle-check",
    "P-MILESTONE": "flag",
    "P-CANCEL": "circle-x",
    "P-HOLD": "scale",
    "P-UNHOLD": "scale",
    "P-DISPUTE": "scale",
    "P-WITHDRAW": "banknote",
    "P-PAYOUT-FAIL": "undo-2",
    "P-REVERSE": "undo-2",
}
MAX_MONTHS = 36
BATCH_ROWS = 500
_COLUMNS = ("time", "what", "order", "subject", "gross", "fee", "amount", "balance")
_BYTE_ORDER_MARK = "\ufeff"  # by which spreadsheets know UTF-8


@dataclass(frozen=True)
class Extract:
    """A part of a statement as it was asked for; `month` is like 2026-11. Empty: everything."""

    month: str
    kind: str
    wanted: StatementFilter

    def url(self, endpoint: str, **more: object) -> str:
        """A page about this part."""
        parameters = {"month": self.month, "kind": self.kind, **more}
        kept = urlencode({name: value for name, value in parameters.items() if value})
        return url_for(endpoint) + (f"?{kept}" if kept else "")


def read_extract(arguments: MultiDict[str, str]) -> Extract:
    """The part of the statement an address asks for; what it does not know it leaves out."""
    kind = arguments.get("kind", "")
    kind = kind if kind in KINDS else ""
    first = _first_day(arguments.get("month", ""))
    since, until = (_begin_of(first), _begin_of(_next_month(first))) if first else (None, None)
    month = f"{first:%Y-%m}" if first else ""
    return Extract(month, kind, StatementFilter(since, until, KINDS.get(kind, frozenset())))


def _first_day(month: str) -> date | None:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        return None


def _next_month(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time(), g.fmt.zone)


def list_months(connection: Connection, party_id: str, now: datetime) -> list[date]:
    """The months in which the wallet was in use, each by its first day, newest first."""
    first = first_movement(connection, party_id)
    months: list[date] = []
    if first is not None:
        month, last = (at.astimezone(g.fmt.zone).date().replace(day=1) for at in (first, now))
        while month <= last:
            months.append(month)
            month = _next_month(month)
    return months[::-1][:MAX_MONTHS]


def name_rule(row: StatementRow) -> str:
    """The key of the words for a movement; a rule without words of its own is shown as a posting."""
    if row.rule not in RULE_ICONS:
        return "wallet.rule.other"
    if row.rule in {"P-CANCEL", "P-DISPUTE", "P-REVERSE"}:
        return f"wallet.rule.{row.rule}.{'in' if row.amount_fen > 0 else 'out'}"
    return f"wallet.rule.{row.rule}"


def write_table(connection: Connection, party_id: str, wanted: StatementFilter, fmt: Formatter) -> str:
    """A statement as comma separated values, newest first, amounts in yuan."""
    out = io.StringIO()
    out.write(_BYTE_ORDER_MARK)
    writer = csv.writer(out)
    writer.writerow([text(f"wallet.column.{name}") for name in _COLUMNS])
    for row in _read_all(connection, party_id, wanted):
        at = row.at.astimezone(fmt.zone).strftime("%Y-%m-%d %H:%M")
        words = (at, text(name_rule(row)), row.number, _as_text(fmt.name(*row.subject)))
        amounts = (row.gross_fen, row.fee_fen, row.amount_fen, row.balance_fen)
        writer.writerow([*words, *("" if amount is None else f"{amount / 100:.2f}" for amount in amounts)])
    return out.getvalue()


def _read_all(connection: Connection, party_id: str, wanted: StatementFilter) -> Iterator[StatementRow]:
    after: int | None = None
    while rows := statement(connection, party_id, after, BATCH_ROWS, wanted):
        yield from rows
        after = rows[-1].seq


def _as_text(words: str) -> str:
    """Words of other people as spreadsheets may open them: never as a formula."""
    return f"'{words}" if words[:1] in "=+-@\t\r" and words else words
