"""What platform finance sees of the reconciliation: the days, and where they differ."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from engine.services.reconciliation.jobs import OPEN
from engine.services.reconciliation.tables import difference, provider_file

MAX_ROWS = 200


@dataclass(frozen=True)
class FileView:
    """A day of a provider; `different` counts what was found, `still_open` what nobody has cleared up yet."""

    provider: str
    day: str
    lines: int
    matched: int
    different: int
    still_open: int


@dataclass(frozen=True)
class DifferenceView:
    """A difference; see the table for its parts."""

    id: str
    provider: str
    day: str
    kind: str
    line_kind: str
    reference: str
    their_fen: int
    our_fen: int
    suspended_fen: int
    party_id: str | None
    state: str
    instance_id: str | None
    found_at: datetime
    closed_at: datetime | None


def list_files(connection: Connection, limit: int) -> list[FileView]:
    """The last days that were reconciled, newest first."""
    same = (difference.c.provider == provider_file.c.provider) & (difference.c.day == provider_file.c.day)
    counted = select(func.count()).where(same)
    different, still_open = counted.scalar_subquery(), counted.where(difference.c.state == OPEN).scalar_subquery()
    query = select(provider_file, different.label("different"), still_open.label("still_open"))
    rows = connection.execute(query.order_by(provider_file.c.day.desc(), provider_file.c.provider).limit(limit))
    return [FileView(r.provider, r.day, r.lines, r.matched, r.different, r.still_open) for r in rows]


def list_differences(connection: Connection, is_open: bool, limit: int = MAX_ROWS) -> list[DifferenceView]:
    """Those that are open, the oldest first, or those that were closed, the latest first."""
    query = select(difference).limit(limit)
    if is_open:
        query = query.where(difference.c.state == OPEN).order_by(difference.c.found_at, difference.c.id)
    else:
        query = query.where(difference.c.state != OPEN).order_by(difference.c.closed_at.desc(), difference.c.id)
    fields = DifferenceView.__dataclass_fields__
    return [DifferenceView(**{name: getattr(row, name) for name in fields}) for row in connection.execute(query)]


def count_open(connection: Connection) -> int:
    """How many differences nobody has cleared up yet."""
    return connection.scalar(select(func.count()).where(difference.c.state == OPEN)) or 0
