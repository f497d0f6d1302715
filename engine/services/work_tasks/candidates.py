"""What an award knows of its applicants, in numbers: bps, 0 worst and 10000 best."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, func, select

from engine.definitions.registry import TopicCall
from engine.services.ledger.fees import BPS
from engine.services.ratings.tables import rating
from engine.services.work_tasks.awards import Candidate
from engine.services.work_tasks.notes import NEGOTIABLE
from engine.services.work_tasks.tables import engagement

NEUTRAL = BPS // 2
MOST_STARS = 5
_DONE = ("settled", "settled_partially")
_ENDED = (*_DONE, "no_show", "cancelled_by_worker", "disputed_paid", "disputed_refunded")


def list_candidates(call: TopicCall, task: RowMapping, rows: Sequence[RowMapping]) -> list[Candidate]:
    """The applications as an award judges them. Of a negotiation only offers inside the published range take part."""
    return [
        Candidate(row["id"], row["sequence"], read_features(call.connection, task, row))
        for row in rows
        if task["mode"] != NEGOTIABLE or is_in_range(task, row["agreed_fen"] or row["offer_fen"])
    ]


def is_in_range(task: RowMapping, amount_fen: int | None) -> bool:
    """Whether a price is one the enterprise published as acceptable."""
    if not amount_fen:
        return False
    low, high = task["price_min_fen"], task["price_max_fen"]
    return (low is None or low <= amount_fen) and (high is None or amount_fen <= high)


def read_features(connection: Connection, task: RowMapping, row: RowMapping) -> dict[str, int]:
    """What is known of an applicant. What is not known counts neither for nor against him."""
    ended = _count(connection, row["worker_id"], _ENDED)
    done = _count(connection, row["worker_id"], _DONE)
    required = [line for line in task["qualification_reqs"].splitlines() if line.strip()]
    stated = len(row["qualifications"])
    return {
        "qualification": BPS if not required else min(BPS, stated * BPS // len(required)),
        "rating": _read_rating(connection, row["worker_id"]),
        "completion": done * BPS // ended if ended else NEUTRAL,
        "on_time": _read_punctuality(connection, row["worker_id"]),
        "distance": NEUTRAL,
        "price": _read_price(task, row),
        "newcomer": 0 if ended else BPS,
    }


def _count(connection: Connection, worker_id: str, among: Sequence[str]) -> int:
    query = select(func.count()).where(engagement.c.worker_id == worker_id, engagement.c.state.in_(among))
    return int(connection.execute(query).scalar_one())


def _read_rating(connection: Connection, worker_id: str) -> int:
    query = select(func.sum(rating.c.stars), func.count()).where(
        rating.c.ratee_id == worker_id, rating.c.published_at.is_not(None)
    )
    stars, count = connection.execute(query).one()
    return (int(stars) - count) * BPS // (count * (MOST_STARS - 1)) if count else NEUTRAL


def _read_punctuality(connection: Connection, worker_id: str) -> int:
    query = select(engagement.c.delivered_at, engagement.c.due_at).where(
        engagement.c.worker_id == worker_id, engagement.c.delivered_at.is_not(None)
    )
    rows = connection.execute(query).all()
    return sum(row.delivered_at <= row.due_at for row in rows) * BPS // len(rows) if rows else NEUTRAL


def _read_price(task: RowMapping, row: RowMapping) -> int:
    low, high, amount_fen = task["price_min_fen"], task["price_max_fen"], row["agreed_fen"] or row["offer_fen"]
    if not amount_fen or low is None or high is None or low == high:
        return NEUTRAL
    return int(max(0, min(BPS, (high - amount_fen) * BPS // (high - low))))
