"""Running cases that go over to another version: the trial and the step, each case with a decision to reconsider."""

from collections.abc import Callable, Iterator

from sqlalchemy import select

from bench import world
from bench.diagrams import pair
from bench.measuring import Figure, measure_cpu
from engine.commands.deployments import deploy
from engine.commands.migration_jobs import work_on_migration
from engine.commands.migrations import KIND, Draft, plan_migration, run_migration
from engine.records.jobs import claim_due
from engine.records.migrations import CLEAN, MIGRATED, PLANNED, Filters, count_items
from engine.runtime.engine import Engine
from engine.storage.actor import PLATFORM, Actor
from engine.storage.ids import new_id
from engine.storage.tables import definition

ANALYST = Actor("bench-analyst", PLATFORM, "analyst", frozenset({"analyst"}))
BUDGET_MS = 6.0  # of trial and step together: 10,000 cases in a minute


def measure_migration(is_quick: bool) -> Iterator[Figure]:
    """Cases behind a gateway whose condition has changed, so that every history is read and every answer compared."""
    cases = 1_000 if is_quick else 10_000
    files = pair()
    with world.open_engine(files) as engine:
        for _ in range(cases):
            world.complete_next(engine, world.start(engine, "pair"))
        source = _newest(engine)
        path = "bpmn/pair/pair.bpmn"
        deploy(engine, ANALYST, {path: files[path].replace(b"amount_fen &gt; 100", b"amount_fen &gt; 200")})
        draft = Draft((source,), _newest(engine), {}, Filters())
        plan = new_id()
        trial = measure_cpu(lambda: _work_off(engine, lambda: plan_migration(engine, ANALYST, plan, draft)))
        _expect(engine, plan, PLANNED, cases)
        step = measure_cpu(lambda: _work_off(engine, lambda: run_migration(engine, ANALYST, plan, (CLEAN,), None)))
        _expect(engine, plan, MIGRATED, cases)
    both = (trial + step) / cases * 1e3
    yield Figure("migrate.cpu_ms", f"trial and migration of a case, {cases:,} of them", both, "ms", BUDGET_MS)
    yield Figure("migrate.trial_cpu_ms", "  its trial, with a decision reconsidered", trial / cases * 1e3, "ms")
    yield Figure("migrate.step_cpu_ms", "  its step", step / cases * 1e3, "ms")


def _work_off(engine: Engine, begin: Callable[[], object]) -> None:
    begin()
    while jobs := engine.database.transact(lambda unit: claim_due(unit.connection, unit.now)):
        for one in jobs:
            assert one.kind == KIND
            work_on_migration(engine, one)


def _expect(engine: Engine, plan: str, state: str, cases: int) -> None:
    with engine.database.read() as connection:
        counts = count_items(connection, plan)
    if counts != {(state, CLEAN): cases}:
        raise RuntimeError(f"Expected {cases} cases to be {state}, but got {counts}")


def _newest(engine: Engine) -> str:
    query = select(definition.c.id).where(definition.c.kind == "process").order_by(definition.c.version.desc())
    with engine.database.read() as connection:
        return str(connection.execute(query.limit(1)).scalar_one())
