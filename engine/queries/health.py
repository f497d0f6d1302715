"""Whether the platform is well: somebody does what is due, and nothing that is due waits for long."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from engine.records.workers import read_pulse
from engine.runtime.engine import Engine
from engine.runtime.step import ACTIVE
from engine.storage.tables import instance, job

LATE = timedelta(minutes=5)  # what is due and waits for so long waits for nobody

_OLDEST_JOB = select(func.min(job.c.due_at))
_OLDEST_TIMER = select(func.min(instance.c.next_due_at)).where(instance.c.status == ACTIVE)


@dataclass(frozen=True)
class Health:
    """`overdue_seconds`: how long the oldest thing that is due has been waiting; `seen_seconds`: since when nobody has
    looked for work, None where nobody has lately.
    """

    workers: int
    seen_seconds: int | None
    overdue_seconds: int

    @property
    def is_well(self) -> bool:
        """Whether what is due is being done."""
        return self.workers > 0 and self.overdue_seconds < LATE.total_seconds()


def read_health(engine: Engine) -> Health:
    """How the platform is now. Raises what the database raises when it cannot be reached."""
    now = engine.clock()
    with engine.database.read() as connection:
        pulse = read_pulse(connection, now)
        oldest = [connection.execute(query).scalar_one() for query in (_OLDEST_JOB, _OLDEST_TIMER)]
    due = [at for at in oldest if at is not None]
    return Health(pulse.workers, _since(now, pulse.seen_at), _since(now, min(due, default=now)) or 0)


def _since(now: datetime, at: datetime | None) -> int | None:
    return None if at is None else max(0, int((now - at).total_seconds()))
