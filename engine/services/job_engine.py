"""What job handlers of services need: the engine they run on, and how they ask again."""

from datetime import datetime, timedelta
from typing import Protocol, cast

from engine.definitions.registry import JobDone, JobRun
from engine.runtime.engine import Engine

MIN_POLL_DELAY, MAX_POLL_DELAY = timedelta(minutes=1), timedelta(hours=1)


class EngineRun(JobRun, Protocol):
    """A job run as the engine hands it out: with the engine itself, which the registry must not know."""

    @property
    def engine(self) -> Engine: ...


def engine_of(run: JobRun) -> Engine:
    """The engine a job runs on."""
    return cast(EngineRun, run).engine


def ask_again_later(
    done: JobDone, kind: str, row_id: str, since: datetime, soonest: timedelta = MIN_POLL_DELAY
) -> None:
    """What was asked outside is still pending: one poll at a time, the rarer the longer it takes."""
    delay = min(max((done.now - since) / 4, soonest), MAX_POLL_DELAY)
    done.enqueue(f"{kind}.poll", {"id": row_id}, due_at=done.now + delay, key=f"{kind}.poll:{row_id}")
