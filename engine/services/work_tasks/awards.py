"""How seats are awarded automatically (B.6.5). Pure functions: the same inputs give the same result, always."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.services.work_tasks.notes import FIRST_COME, LOTTERY, SCORE
from engine.storage.plain import PlainDict

FEATURES = ("qualification", "rating", "completion", "on_time", "distance", "price", "newcomer")
"""What an applicant is judged by, each in bps: 0 is worst, 10000 best."""


@dataclass(frozen=True)
class Candidate:
    """An application as an award sees it. `sequence` is the order in which the server received them."""

    application: str
    sequence: int
    features: Mapping[str, int]

    def as_plain(self) -> PlainDict:
        """As it is kept with the award."""
        return {"application": self.application, "sequence": self.sequence, "features": dict(self.features)}


@dataclass(frozen=True)
class Rank:
    """Where a candidate came in, of how many. `decisive` is the feature in which one who got no seat was furthest
    behind the last who did; `score` is that of the strategy: bps, or the ticket of a lottery as a number.
    """

    application: str
    rank: int
    of: int
    score: int
    is_awarded: bool
    decisive: str | None

    def as_plain(self) -> PlainDict:
        """As it is kept, and shown to the applicant."""
        return {
            "application": self.application,
            "rank": self.rank,
            "of": self.of,
            "score": str(self.score),
            "is_awarded": self.is_awarded,
            "decisive": self.decisive,
        }


def commit_seed(task_id: str, publication_sha256: str, nonce: str) -> str:
    """The seed of a lottery: fixed once the nonce was committed, known to nobody else before it is revealed."""
    return hashlib.sha256(f"{task_id}:{publication_sha256}:{nonce}".encode()).hexdigest()


def rank(
    strategy: str, candidates: Sequence[Candidate], seats: int, weights: Mapping[str, int], seed: str
) -> list[Rank]:
    """The candidates in the order in which seats are offered to them. Raises ValueError for an unknown strategy."""
    if strategy not in (FIRST_COME, SCORE, LOTTERY):
        raise ValueError(f"Expected first_come, score or lottery, but got {strategy!r}")
    scores = {one.application: _score(strategy, one, weights, seed) for one in candidates}
    ordered = sorted(candidates, key=lambda one: (-scores[one.application], one.sequence))
    last = ordered[min(seats, len(ordered)) - 1] if ordered and seats else None
    return [
        Rank(
            one.application,
            number,
            len(ordered),
            scores[one.application],
            number <= seats,
            None if number <= seats or last is None else _find_decisive(strategy, one, last, weights),
        )
        for number, one in enumerate(ordered, 1)
    ]


def _score(strategy: str, one: Candidate, weights: Mapping[str, int], seed: str) -> int:
    if strategy == FIRST_COME:
        return -one.sequence
    if strategy == LOTTERY:
        return int(hashlib.sha256(f"{seed}:{one.application}".encode()).hexdigest()[:15], 16)
    whole = sum(weights.values())
    return sum(one.features[name] * weights[name] for name in FEATURES) // whole if whole else 0


def _find_decisive(strategy: str, one: Candidate, last: Candidate, weights: Mapping[str, int]) -> str:
    if strategy != SCORE:
        return {FIRST_COME: "sequence", LOTTERY: "ticket"}[strategy]
    behind = {name: (last.features[name] - one.features[name]) * weights[name] for name in FEATURES}
    furthest = max(FEATURES, key=lambda name: behind[name])
    return furthest if behind[furthest] > 0 else "sequence"
