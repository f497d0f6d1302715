"""What one step costs: SQL, bytes, and whether the thousandth turn costs more than the fifth."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sqlalchemy import func, select

from bench import world
from bench.diagrams import five_steps, loop
from bench.measuring import Counts, Figure, compare, count_sql, measure_cpu
from engine.runtime.engine import Engine
from engine.storage.tables import instance

LOOP_BUDGET, STATE_BUDGET, CASE_BUDGET, STATEMENT_BUDGET, COMMIT_BUDGET = 1.2, 1000, 6000, 12, 1
YOUNG, STEPS, TURNS = 5, 5, 10
_TABLE_BYTES = (
    "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
    "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)


def measure_loop(is_quick: bool) -> Iterator[Figure]:
    """Turns of a young loop and of an old one, in turn."""
    for suffix, name, url in world.each_database(is_quick):
        yield from _measure_loop(suffix, name, url, *((3, (200,)) if is_quick else (11, (200, 1000))))


def _measure_loop(suffix: str, name: str, url: str, rounds: int, ages: tuple[int, ...]) -> Iterator[Figure]:
    with world.open_engine(loop(), url) as engine:
        veteran, turns = world.start(engine, "loop"), 0

        def make_young() -> str:
            fresh = world.start(engine, "loop")
            world.complete_next(engine, fresh, YOUNG - 1)
            return fresh

        for age in ages:
            world.complete_next(engine, veteran, age - turns)
            turns = age + rounds * TURNS
            ratio, base, aged = compare(
                rounds,
                lambda: measure_cpu(partial(world.complete_next, engine, make_young()), TURNS),
                lambda: measure_cpu(partial(world.complete_next, engine, veteran), TURNS),
            )
            what = f"completing a task at turn {age:,}, {name}, at turn {YOUNG} = 1"
            yield Figure(f"loop{suffix}.ratio_{age}_to_{YOUNG}", what, ratio, "x", LOOP_BUDGET)
            yield Figure(f"loop{suffix}.cpu_ms_at_{age}", f"  at turn {age:,}", aged * 1e3, "ms")
            yield Figure(f"loop{suffix}.cpu_ms_at_{YOUNG}", f"  at turn {YOUNG}", base * 1e3, "ms")


def measure_size(is_quick: bool) -> Iterator[Figure]:
    """The largest state of an open case of five steps, and what one that is over has left in the database."""
    with world.open_engine(five_steps()) as engine:
        state = find_largest_state(engine)
        yield Figure("case.state_bytes", "stored state of an open 5-step case", state, "bytes", STATE_BUDGET)
        grown = find_growth(engine, 60 if is_quick else 300)
        yield Figure("case.bytes", "database bytes of a finished 5-step case", grown, "bytes", CASE_BUDGET)


def find_largest_state(engine: Engine) -> int:
    """Bytes of the state of a case of five steps when it is largest."""
    instance_id, sizes = world.start(engine, "five"), list[int]()
    query = select(func.length(instance.c.state)).where(instance.c.id == instance_id)
    for _ in range(STEPS):
        with engine.database.read() as connection:
            sizes.append(int(connection.execute(query).scalar_one()))
        world.complete_next(engine, instance_id)
    return max(sizes)


def find_growth(engine: Engine, cases: int) -> float:
    """By how many bytes a case of five steps makes the database grow, indexes and empty space included."""
    _run_cases(engine, 5)  # it grows by whole pages: none of them for the first rows of a table
    before = _find_size(engine)
    _run_cases(engine, cases)
    return (_find_size(engine) - before) / cases


def _run_cases(engine: Engine, cases: int) -> None:
    for _ in range(cases):
        world.complete_next(engine, world.start(engine, "five"), STEPS)


def _find_size(engine: Engine) -> int:
    """Bytes of the database. On PostgreSQL without the former versions of rows, which vacuuming clears away."""
    with engine.database.read() as connection:
        if engine.database.is_sqlite:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            return Path(str(engine.database.writer.url.database)).stat().st_size
        connection.exec_driver_sql("VACUUM FULL")
        return int(connection.exec_driver_sql(_TABLE_BYTES).scalar_one())


def measure_sql(is_quick: bool) -> Iterator[Figure]:
    """Statements and commits of a completed task that is followed by another one."""
    for suffix, name, url in world.each_database(is_quick):
        yield from _tell_sql(f"step{suffix}", name, count_completion(url))


def count_completion(url: str = "") -> Counts:
    """What completing a task sends to the database."""
    with world.open_engine(five_steps(), url) as engine:
        instance_id = world.start(engine, "five")
        world.complete_next(engine, instance_id)  # now definitions are parsed
        task_id = world.find_task(engine, instance_id)
        with count_sql(engine.database) as counts:
            world.complete(engine, task_id)
        return counts


def _tell_sql(key: str, name: str, counts: Counts) -> Iterator[Figure]:
    what = f"of a completed task, {name}"
    yield Figure(f"{key}.statements", f"SQL statements {what}", len(counts.statements), "", STATEMENT_BUDGET)
    if counts.sent:
        yield Figure(f"{key}.sent", "  of these, nobody waits for", counts.sent, "")
    yield Figure(f"{key}.commits", f"commits {what}", counts.commits, "", COMMIT_BUDGET)
