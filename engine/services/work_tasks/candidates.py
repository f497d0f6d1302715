"""What an award knows of its applicants, in numbers: bps, 0 worst and 10000 best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, case, func, select

from engine.definitions.registry import TopicCall
from engine.services.ledger.fees import BPS
from engine.services.ratings.tables import rating
from engine.services.work_tasks.awards import Candidate
from engine.services.work_tasks.notes import NEGOTIABLE
from engine.services.work_tasks.tables import engagement

NEUTRAL = BPS // 2
MOST_STARS = 5
FAR_M = 50_000
"""From here on a place is as far as can be."""
_DONE = ("settled", "settled_partially")
_ENDED = (*_DONE, "no_show", "cancelled_by_worker", "disputed_paid", "disputed_refunded")


@dataclass(frozen=True)
class Record:
    """What is known of a worker's earlier work: how many engagements ended, were done, delivered, delivered in time."""

    ended: int = 0
    done: int = 0
    delivered: int = 0
    in_time: int = 0
    stars: int = 0
    ratings: int = 0


def list_candidates(call: TopicCall, task: RowMapping, rows: Sequence[RowMapping]) -> list[Candidate]:
    """The applications as an award judges them. Of a negotiation only offers inside the published range take part."""
    able = [
        row for row in rows if task["mode"] != NEGOTIABLE or is_in_range(task, row["agreed_fen"] or row["offer_fen"])
    ]
    records = read_records(call.connection, [row["worker_id"] for row in able])
    return [Candidate(row["id"], row["sequence"], find_features(task, row, records[row["worker_id"]])) for row in able]


def is_in_range(task: RowMapping, amount_fen: int | None) -> bool:
    """Whether a price is one the enterprise published as acceptable."""
    if not amount_fen:
        return False
    low, high = task["price_min_fen"], task["price_max_fen"]
    return (low is None or low <= amount_fen) and (high is None or amount_fen <= high)


def find_features(task: RowMapping, row: RowMapping, record: Record) -> dict[str, int]:
    """An applicant in numbers. What is not known counts neither for nor against him."""
    return {
        "qualification": _match(task, row),
        "rating": (record.stars - record.ratings) * BPS // (record.ratings * (MOST_STARS - 1))
        if record.ratings
        else NEUTRAL,
        "completion": record.done * BPS // record.ended if record.ended else NEUTRAL,
        "on_time": record.in_time * BPS // record.delivered if record.delivered else NEUTRAL,
        "distance": NEUTRAL if row["distance_m"] is None else max(0, BPS - row["distance_m"] * BPS // FAR_M),
        "price": _read_price(task, row),
        "newcomer": 0 if record.ended else BPS,
    }


def required_qualifications(task: RowMapping) -> list[str]:
    """What a work task asks of its workers, line by line."""
    return [line.strip() for line in task["qualification_reqs"].splitlines() if line.strip()]


def _match(task: RowMapping, row: RowMapping) -> int:
    required = required_qualifications(task)
    stated = set(row["qualifications"])
    return sum(one in stated for one in required) * BPS // len(required) if required else BPS


def read_records(connection: Connection, worker_ids: Sequence[str]) -> Mapping[str, Record]:
    """The records of workers, in two queries however many they are."""
    counts = {row.worker_id: row for row in connection.execute(_count_work(worker_ids))}
    rated = {row.ratee_id: row for row in connection.execute(_sum_ratings(worker_ids))}
    found = {}
    for worker_id in worker_ids:
        work, stars = counts.get(worker_id), rated.get(worker_id)
        found[worker_id] = Record(
            *((int(work.ended), int(work.done), int(work.delivered), int(work.in_time)) if work else (0, 0, 0, 0)),
            *((int(stars.stars), int(stars.ratings)) if stars else (0, 0)),
        )
    return found


def _count_work(worker_ids: Sequence[str]) -> Select[Any]:
    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    state, delivered_at = engagement.c.state, engagement.c.delivered_at
    return (
        select(
            engagement.c.worker_id,
            count(state.in_(_ENDED)).label("ended"),
            count(state.in_(_DONE)).label("done"),
            count(delivered_at.is_not(None)).label("delivered"),
            count(delivered_at <= engagement.c.due_at).label("in_time"),
        )
        .where(engagement.c.worker_id.in_(worker_ids))
        .group_by(engagement.c.worker_id)
    )


def _sum_ratings(worker_ids: Sequence[str]) -> Select[Any]:
    return (
        select(rating.c.ratee_id, func.sum(rating.c.stars).label("stars"), func.count().label("ratings"))
        .where(rating.c.ratee_id.in_(worker_ids), rating.c.published_at.is_not(None))
        .group_by(rating.c.ratee_id)
    )


def _read_price(task: RowMapping, row: RowMapping) -> int:
    low, high, amount_fen = task["price_min_fen"], task["price_max_fen"], row["agreed_fen"] or row["offer_fen"]
    if not amount_fen or low is None or high is None or low == high:
        return NEUTRAL
    return int(max(0, min(BPS, (high - amount_fen) * BPS // (high - low))))
