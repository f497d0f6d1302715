"""Inquiries at registers and banks that are simulated: each is put once, pending until its instant, then answered."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Column, Connection, Integer, Row, String, Table, insert, select, update

from engine.records.jobs import enqueue
from engine.services.simulation import Chance
from engine.storage.columns import Instant, metadata
from engine.storage.database import Database, UnitOfWork

simulated_inquiry = Table(
    "simulated_inquiry",
    metadata,
    Column("key", String(80), primary_key=True),
    Column("kind", String(10), nullable=False),  # company, transfer, identity
    Column("answer", String(40), nullable=False),  # how it will end
    Column("is_answer_lost", Integer, nullable=False),  # the first answer never arrives
    Column("requests", Integer, nullable=False),  # how often it was sent; more than once is a fault of ours
    Column("ready_at", Instant, nullable=False),  # until then it is pending
)


@dataclass(frozen=True)
class Outcome:
    """How an inquiry ends, after how many seconds; how often the asker does not hear of it, or hears twice."""

    answer: str
    seconds: int
    lost_answer_bps: int
    duplicate_bps: int


class AnswerLost(Exception):
    """The inquiry has arrived, but whoever sent it never hears of it."""


class Inquiries:
    """The inquiries of one kind. Each call is a transaction of its own, as if the other side were elsewhere.

    `poll_job` asks how one stands, when the other side reports its end by itself.
    """

    def __init__(self, database: Database, chance: Chance, kind: str, poll_job: str) -> None:
        self.database, self.chance = database, chance
        self.kind, self.poll_job = kind, poll_job

    def start(self, key: str, judge: Callable[[Connection], Outcome]) -> None:
        """Puts an inquiry; one that is known is only counted. Raises AnswerLost."""

        def work(unit: UnitOfWork) -> bool:
            known = update(simulated_inquiry).where(simulated_inquiry.c.key == key)
            if unit.connection.execute(known.values(requests=simulated_inquiry.c.requests + 1)).rowcount:
                return False
            outcome = judge(unit.connection)
            is_lost = self.chance.happens("lost", key, outcome.lost_answer_bps)
            row = {
                "key": key,
                "kind": self.kind,
                "answer": outcome.answer,
                "is_answer_lost": int(is_lost),
                "requests": 1,
                "ready_at": unit.now + timedelta(seconds=outcome.seconds),
            }
            unit.connection.execute(insert(simulated_inquiry), row)
            if self.chance.happens("twice", key, outcome.duplicate_bps):
                enqueue(unit.connection, unit.now, self.poll_job, {"id": key}, due_at=unit.now)
            return is_lost

        if self.database.transact(work):
            raise AnswerLost(f"Expected an answer to {self.kind} {key}, but none came")

    def find(self, key: str) -> Row[Any] | None:
        """An inquiry; None if it never arrived."""
        query = select(simulated_inquiry).where(simulated_inquiry.c.key == key, simulated_inquiry.c.kind == self.kind)
        with self.database.read() as connection:
            return connection.execute(query).one_or_none()

    def is_pending(self, row: Row[Any]) -> bool:
        """Whether its end is not known yet."""
        return bool(self.database.clock() < row.ready_at)
