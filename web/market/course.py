"""How a balance went: a line of steps over the last days, drawn by the server."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from engine.services.ledger.views import StatementFilter, balance_before, statement

PERIOD = timedelta(days=30)
MAX_POINTS = 200
WIDTH, HEIGHT, MARGIN = 300, 72, 6


@dataclass(frozen=True)
class Course:
    """The balance in fen from the begin of a period to its end: where it was, and each change as (share of the period
    that had passed, balance after it).
    """

    opening_fen: int
    changes: list[tuple[float, int]]


@dataclass(frozen=True)
class Drawing:
    """The line, and the area below it, as paths in a view box of WIDTH by HEIGHT."""

    line: str
    area: str


def read_course(connection: Connection, party_id: str, now: datetime) -> Course | None:
    """The course of a wallet; None where nothing happened in the period."""
    since = now - PERIOD
    rows = statement(connection, party_id, None, MAX_POINTS, StatementFilter(since))[::-1]
    if not rows:
        return None
    opening_fen = rows[0].balance_fen - rows[0].amount_fen
    is_whole = len(rows) < MAX_POINTS
    opening_fen = balance_before(connection, party_id, since) if is_whole else opening_fen
    return Course(opening_fen, [((row.at - since) / PERIOD, row.balance_fen) for row in rows])


def draw_course(course: Course) -> Drawing:
    """Steps: a balance stays until something happens. The lowest point of the drawing is 0."""
    most = max(course.opening_fen, *(fen for _, fen in course.changes), 1)

    def y(fen: int) -> str:
        return f"{HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * fen / most:.1f}"

    steps = "".join(f"H{share * WIDTH:.1f}V{y(fen)}" for share, fen in course.changes)
    line = f"M0 {y(course.opening_fen)}{steps}H{WIDTH}"
    return Drawing(line, f"{line}V{HEIGHT}H0z")
