"""The statement of a wallet: which months and kinds one may ask for, and the same rows as a table for a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import g, url_for
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict

from engine.services.documents.drafting import next_month
from engine.services.ledger.settling import RULES
from engine.services.ledger.views import StatementFilter, StatementRow, first_movement, statement
from engine.storage.plain import PlainDict
from web.formatting import Formatter
from web.texts import text

# kind of movement: the posting rules that make it
KINDS: dict[str, frozenset[str]] = {
    "top_up": frozenset({"P-TOPUP"}),
    "secured": frozenset({"P-FREEZE", "P-INCREASE", "P-FREEZE-GOODS", "P-GUARANTEE"}),
    "returned": frozenset({"P-RELEASE"}),
    "earned": frozenset(RULES),
    "decided": frozenset({"P-CANCEL", "P-CANCEL-ERRAND", "P-DISPUTE", "P-HOLD", "P-UNHOLD"}),
    "payout": frozenset({"P-WITHDRAW", "P-PAYOUT-FAIL", "P-REFUND-ORIG"}),
    "corrected": frozenset({"P-REVERSE", "P-MANUAL", "P-MATCH", "P-CHARGEBACK"}),
}
# rule: icon; the words are `wallet.rule.<rule>`, with `.in` or `.out` where it depends on the side
RULE_ICONS = {
    "P-TOPUP": "plus",
    "P-FREEZE": "lock",
    "P-INCREASE": "lock",
    "P-FREEZE-GOODS": "shopping-bag",
    "P-GUARANTEE": "lock",
    "P-RELEASE": "lock-open",
    "P-SETTLE": "circle-check",
    "P-SETTLE-ONTOP": "circle-check",
    "P-SETTLE-COMPLETION": "circle-check",
    "P-SETTLE-PIECE": "package-check",
    "P-SETTLE-ERRAND": "bike",
    "P-MILESTONE": "flag",
    "P-CANCEL": "circle-x",
    "P-CANCEL-ERRAND": "circle-x",
    "P-HOLD": "scale",
    "P-UNHOLD": "scale",
    "P-DISPUTE": "scale",
    "P-WITHDRAW": "banknote",
    "P-PAYOUT-FAIL": "undo-2",
    "P-REFUND-ORIG": "undo-2",
    "P-REVERSE": "undo-2",
    "P-MANUAL": "pen-line",
    "P-MATCH": "search",
    "P-CHARGEBACK": "landmark",
}
BOTH_WAYS = frozenset(
    {
        *("P-CANCEL", "P-CANCEL-ERRAND", "P-DISPUTE", "P-REVERSE", "P-MANUAL"),
        *("P-SETTLE-COMPLETION", "P-SETTLE-ERRAND"),
    }
)
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
    since, until = (_begin_of(first), _begin_of(next_month(first))) if first else (None, None)
    month = f"{first:%Y-%m}" if first else ""
    return Extract(month, kind, StatementFilter(since, until, KINDS.get(kind, frozenset())))


def _first_day(month: str) -> date | None:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        return None


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time(), g.fmt.zone)


def begin_of_month(fmt: Formatter) -> datetime:
    """When the reader's present month began."""
    return fmt.now.astimezone(fmt.zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def list_months(connection: Connection, party_id: str, now: datetime) -> list[date]:
    """The months in which the wallet was in use, each by its first day, newest first."""
    return _months_of(connection, party_id, now, g.fmt.zone)[:MAX_MONTHS]


def list_closed(connection: Connection, party_id: str, now: datetime, zone: ZoneInfo) -> list[date]:
    """The months that are over, for each of which there is a statement, newest first."""
    return _months_of(connection, party_id, now, zone)[1:MAX_MONTHS]


def _months_of(connection: Connection, party_id: str, now: datetime, zone: ZoneInfo) -> list[date]:
    first = first_movement(connection, party_id)
    months: list[date] = []
    if first is not None:
        month, last = (at.astimezone(zone).date().replace(day=1) for at in (first, now))
        while month <= last:
            months.append(month)
            month = next_month(month)
    return months[::-1]


def name_rule(row: StatementRow) -> str:
    """The key of the words for a movement."""
    return name_movement(row.rule, row.amount_fen)


def name_movement(rule: str, amount_fen: int) -> str:
    """The key of the words for what a rule did to a wallet; a rule without words of its own is shown as a posting."""
    if rule not in RULE_ICONS:
        return "wallet.rule.other"
    return f"wallet.rule.{rule}.{'in' if amount_fen > 0 else 'out'}" if rule in BOTH_WAYS else f"wallet.rule.{rule}"


def write_table(connection: Connection, party_id: str, wanted: StatementFilter, fmt: Formatter) -> str:
    """A statement as comma separated values, newest first, amounts in yuan."""
    rows = _read_all(connection, party_id, wanted)
    return _write(
        fmt,
        (
            (
                row.at,
                name_rule(row),
                row.number,
                row.subject,
                row.gross_fen,
                row.fee_fen,
                row.amount_fen,
                row.balance_fen,
            )
            for row in rows
        ),
    )


def write_movements(statement: PlainDict, fmt: Formatter) -> str:
    """The movements of an issued statement as comma separated values, oldest first, amounts in yuan."""
    movements = cast(list[dict[str, Any]], statement["movements"])
    return _write(
        fmt,
        (
            (
                datetime.fromisoformat(one["at"]),
                name_movement(one["rule"], one["amount_fen"]),
                one["number"],
                (one["subject_zh"], one["subject_en"]),
                *(one.get(name) for name in ("gross_fen", "fee_fen", "amount_fen", "balance_fen")),
            )
            for one in movements
        ),
    )


def _write(fmt: Formatter, rows: Iterable[tuple[Any, ...]]) -> str:
    out = io.StringIO()
    out.write(_BYTE_ORDER_MARK)
    writer = csv.writer(out)
    writer.writerow([text(f"wallet.column.{name}") for name in _COLUMNS])
    for at, words, number, subject, *amounts in rows:
        told = (at.astimezone(fmt.zone).strftime("%Y-%m-%d %H:%M"), text(words), number, _as_text(fmt.name(*subject)))
        writer.writerow([*told, *("" if amount is None else f"{amount / 100:.2f}" for amount in amounts)])
    return out.getvalue()


def _read_all(connection: Connection, party_id: str, wanted: StatementFilter) -> Iterator[StatementRow]:
    after: int | None = None
    while rows := statement(connection, party_id, after, BATCH_ROWS, wanted):
        yield from rows
        after = rows[-1].seq


def _as_text(words: str) -> str:
    """Words of other people as spreadsheets may open them: never as a formula."""
    return f"'{words}" if words[:1] in "=+-@\t\r" and words else words
