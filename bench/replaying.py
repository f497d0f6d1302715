"""How many recorded cases one CPU second plays again, reading their history and the workers of the sandbox included."""

from collections.abc import Iterator

from bench import world
from bench.diagrams import ten_steps
from bench.measuring import Figure, measure_cpu
from engine.queries.replays import list_last_cases, replay_cases
from engine.runtime.replay import Target
from engine.storage.actor import SYSTEM

CASE_BUDGET_MS = 1000 / 150
STEPS = 10


def measure_replay(is_quick: bool) -> Iterator[Figure]:
    """Finished cases of ten steps, with a decision and a condition decided anew."""
    cases, rounds = (30, 1) if is_quick else (150, 5)
    with world.open_engine(ten_steps()) as engine:
        for _ in range(cases):
            world.complete_next(engine, world.start(engine, "ten"), STEPS)

        def play() -> None:
            ids = list_last_cases(engine, SYSTEM, "ten", cases)
            results = [*replay_cases(engine, SYSTEM, ids, Target(engine))]
            if len(results) != cases or not all(one.is_same and one.steps == STEPS + 1 for one in results):
                raise RuntimeError(f"Expected {cases} cases that are the same, but {results[0]}")

        play()  # definitions are parsed and the worker has started
        seconds = min(measure_cpu(play) for _ in range(rounds)) / cases
        yield Figure("replay.cpu_ms", "a recorded case of ten steps, replayed", seconds * 1e3, "ms", CASE_BUDGET_MS)
        yield Figure("replay.cases_per_second", "  cases per CPU second", 1 / seconds, "")
