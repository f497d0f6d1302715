"""Our side of a reconciliation: which orders we know, and what became of them."""

from collections.abc import Collection
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Table, select

from engine.services.payments.payments import FAILED, SUCCEEDED
from engine.services.payments.payouts import BOOKED, REVERSED
from engine.services.payments.provider import CHARGE_BACK, PAYMENT, PAYOUT, REFUND, FileLine
from engine.services.payments.tables import payment, payout, refund
from engine.services.reconciliation.compare import Key, OwnOrder
from engine.services.reconciliation.tables import provider_line

_TABLES: dict[str, Table] = {PAYMENT: payment, PAYOUT: payout, REFUND: refund}
_DONE = (SUCCEEDED, BOOKED)
_FAILED = (FAILED, REVERSED)  # by our books nothing moved


def begin_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a calendar day."""
    return datetime.combine(day, time(), zone)


def find_orders(connection: Connection, lines: Collection[FileLine]) -> dict[Key, OwnOrder]:
    """Our orders that the lines of a file name, ended or not; a charge-back names a payment."""
    found: dict[Key, OwnOrder] = {}
    for line_kind in (PAYMENT, PAYOUT, REFUND, CHARGE_BACK):
        table = _TABLES.get(line_kind, payment)
        wanted = {line.reference for line in lines if line.kind == line_kind}
        is_named = table.c.id.in_(sorted(wanted))
        found |= {(line_kind, key[1]): order for key, order in _read(connection, line_kind, table, is_named)}
    return found


def list_due(connection: Connection, provider: str, start: datetime, end: datetime) -> dict[Key, OwnOrder]:
    """Our orders that succeeded between two instants: the provider must know of them."""
    found: dict[Key, OwnOrder] = {}
    for line_kind, table in _TABLES.items():
        is_due = table.c.provider == provider
        is_due &= table.c.status.in_(_DONE) & (table.c.ended_at >= start) & (table.c.ended_at < end)
        found |= dict(_read(connection, line_kind, table, is_due))
    return found


def list_seen(connection: Connection, provider: str, keys: Collection[Key]) -> set[Key]:
    """Which of these orders earlier files had."""
    rows = connection.execute(
        select(provider_line.c.kind, provider_line.c.reference)
        .distinct()
        .where(provider_line.c.provider == provider, provider_line.c.reference.in_(sorted({key[1] for key in keys})))
    )
    return {(row.kind, row.reference) for row in rows}


def _read(
    connection: Connection, line_kind: str, table: Table, condition: ColumnElement[bool]
) -> list[tuple[Key, OwnOrder]]:
    columns = (table.c.id, table.c.amount_fen, table.c.party_id, table.c.status)
    rows = connection.execute(select(*columns).where(condition).order_by(table.c.id))
    return [
        ((line_kind, row.id), OwnOrder(0 if row.status in _FAILED else row.amount_fen, row.party_id)) for row in rows
    ]
