"""How much of the past one CPU second proves."""

from collections.abc import Iterator

from sqlalchemy import func, select

from bench import world
from bench.diagrams import five_steps
from bench.measuring import Figure, measure_cpu
from engine.records.history import read_stream
from engine.services.verification import verify
from engine.storage.tables import instance


def measure_verify(is_quick: bool) -> Iterator[Figure]:
    """`./run verify` over finished cases."""
    with world.open_engine(five_steps()) as engine:
        cases = 30 if is_quick else 200
        for _ in range(cases):
            world.complete_next(engine, world.start(engine, "five"), 5)
        with engine.database.read() as connection:
            streams = connection.execute(select(instance.c.id)).scalars().all()
            events = sum(len(row.events) for stream in streams for row in read_stream(connection, stream))
            total = connection.scalar(select(func.count()).select_from(instance))
        findings: list[object] = []
        seconds = measure_cpu(lambda: findings.extend(verify(engine)))
        if findings:
            raise RuntimeError(f"Expected an intact database, but {findings[0]}")
        yield Figure("verify.events_per_second", f"events proved per CPU second ({total} cases)", events / seconds, "")
