"""Plays the scenarios beside the diagrams on whichever database a test brings, and reads what came of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

import orjson
from sqlalchemy import func, select

from engine.commands.deployments import deploy
from engine.records.history import read_stream
from engine.scenarios.definitions import Definitions
from engine.scenarios.model import Scenario
from engine.scenarios.playing import play
from engine.scenarios.stage import Stage as ScenarioStage
from engine.services.ledger.checks import check_books, trial_balance
from engine.services.ledger.tables import account, journal, posting
from engine.services.ratings.tables import rating
from engine.storage.actor import SYSTEM
from engine.storage.plain import Plain
from engine.storage.tables import instance
from tests.support.clock import ManualClock
from tests.support.stage import ROOT, Stage
from web.repository import read_definitions
from web.scenarios import read_shipped

STATE_NOTES = frozenset({"work_task_state", "engagement_state", "order_state", "errand_state"})


@cache
def read_known() -> Definitions:
    """The repository's definitions."""
    return Definitions(read_definitions())


@cache
def read_scenario(name: str, process: str = "normal_task") -> Scenario:
    """A scenario of a process, by the name of its file."""
    return read_shipped(read_known(), [ROOT / "bpmn" / process / "scenarios" / f"{name}.yaml"])[0]


class Played:
    """A scenario that was played on a stage, with all it continues; every one of its expectations held."""

    def __init__(self, stage: Stage, name: str, process: str = "normal_task") -> None:
        definitions, self.engine = read_known(), stage.engine
        lineage = [read_scenario(name, process)]
        while (before := lineage[0].continues) is not None:
            lineage.insert(0, before)
        if policy := lineage[0].policy:
            assert definitions.policy_path is not None
            changed = {definitions.policy_path: orjson.dumps({**definitions.policy, **policy})}
            deploy(stage.engine, SYSTEM, changed)
        assert isinstance(stage.clock, ManualClock)
        case_id = None
        for one in lineage:
            players = ScenarioStage(stage.engine, stage.clock, definitions, lineage[0].process, case_id)
            play(players, one)
            case_id = players.case_id
        self.check()

    def check(self) -> None:
        """The books are right, whatever happened."""
        with self.engine.database.read() as connection:
            assert check_books(connection) == []
            assert trial_balance(connection).difference_fen == 0

    def entries(self, rule: str) -> list[int]:
        """What the entries of a posting rule moved, in fen, in the order they were written."""
        moved = func.sum(posting.c.amount_fen).label("moved_fen")
        query = (
            select(moved)
            .join(journal, journal.c.id == posting.c.journal_id)
            .where(journal.c.rule == rule, posting.c.amount_fen > 0)
            .group_by(journal.c.id, journal.c.at)
            .order_by(journal.c.at, journal.c.id)
        )
        with self.engine.database.read() as connection:
            return [int(amount_fen) for amount_fen in connection.execute(query).scalars()]

    def balance(self, code: str) -> int:
        """What an account of people holds, in fen; of `escrow:%` all together."""
        query = select(func.coalesce(func.sum(account.c.balance_fen), 0)).where(account.c.code.like(code))
        with self.engine.database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def count_ratings(self) -> int:
        """How many ratings everybody may read."""
        with self.engine.database.read() as connection:
            query = select(func.count()).select_from(rating).where(rating.c.published_at.is_not(None))
            return int(connection.execute(query).scalar_one())

    def transitions(self) -> Counter[int]:
        """Of every service task that was done: how often it moved one and the same object to another state."""
        with self.engine.database.read() as connection:
            ids = connection.execute(select(instance.c.id)).scalars().all()
            streams = [read_stream(connection, one) for one in ids]
        return Counter(most for stream in streams for row in stream for most in _moves(row.events))


def _moves(events: Sequence[Mapping[str, Plain]]) -> list[int]:
    """For each service call of a step, the most moves of one object."""
    found: list[int] = []
    moved = Counter[str]()
    for event in events:
        if event["kind"] in STATE_NOTES:
            moved[str(event.get("engagement_id") or event.get("task_id") or event.get("order_id"))] += 1
        elif event["kind"] in ("service", "batch"):
            found.append(max(moved.values(), default=0))
            moved.clear()
    return found
