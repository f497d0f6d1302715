"""A parallel multi-instance of a hundred and of a thousand: what one item costs must not grow with their number."""

import math
from collections.abc import Callable, Iterator

from sqlalchemy import select

from bench import world
from bench.diagrams import many_people, many_services
from bench.measuring import Figure, compare, measure_cpu
from engine.commands.instances import start_instance
from engine.definitions.registry import TopicCall, topic
from engine.runtime.engine import Engine
from engine.storage.ids import new_token
from engine.storage.plain import PlainDict
from engine.storage.tables import instance, task

TOPIC = "bench.double"
FEW, MANY = 100, 1_000
SAMPLE = 20  # of those completed one by one, how many are measured
RATIO_BUDGET, STEP_BUDGET, EXPONENT_BUDGET = 1.5, 2, 1.2


def measure_multi_instance(is_quick: bool) -> Iterator[Figure]:
    """All done in one step by services; begun for people; completed by them one by one, each in a step of its own."""
    rounds = 1 if is_quick else 5
    with world.open_engine(many_services(TOPIC)) as engine:
        yield from _compare_starts(engine, rounds, "services", "of services, done in one step", "completed")
    with world.open_engine(many_people()) as engine:
        yield from _compare_starts(engine, rounds, "people", "of user tasks, begun in one step", "active")
        ratio, few, many = compare(rounds, lambda: _complete_some(engine, FEW), lambda: _complete_some(engine, MANY))
        what = f"completing one of {MANY:,} open siblings, of {FEW} = 1"
        yield Figure("multi_instance.step_ratio", what, ratio, "x", STEP_BUDGET)
        yield Figure(f"multi_instance.step_cpu_ms_of_{FEW}", f"  one of {FEW}", few * 1e3, "ms")
        yield Figure(f"multi_instance.step_cpu_ms_of_{MANY}", f"  one of {MANY:,}", many * 1e3, "ms")
        if not is_quick:
            ratio, _, _ = compare(3, lambda: _complete_all(engine, FEW), lambda: _complete_all(engine, MANY))
            what = f"completing all of {MANY:,} one by one: exponent of their number from {FEW} on"
            yield Figure("multi_instance.exponent", what, math.log(ratio, MANY / FEW), "", EXPONENT_BUDGET)


@topic(TOPIC)
def double(_call: TopicCall, *, item: int) -> PlainDict:
    """What each instance does."""
    return {"doubled": 2 * item}


def _compare_starts(engine: Engine, rounds: int, key: str, what: str, status: str) -> Iterator[Figure]:
    begin(engine, FEW, status)
    ratio, _, many = compare(
        rounds,
        lambda: measure_cpu(lambda: begin(engine, FEW, status)) / FEW,
        lambda: measure_cpu(lambda: begin(engine, MANY, status)) / MANY,
    )
    what = f"multi-instance {what}: one of {MANY:,}, of {FEW} = 1"
    yield Figure(f"multi_instance.{key}_ratio", what, ratio, "x", RATIO_BUDGET)
    yield Figure(f"multi_instance.{key}_cpu_ms", f"  one of {MANY:,}", many * 1e3, "ms")


def begin(engine: Engine, count: int, status: str) -> str:
    """Starts a case of so many items and gives its id; afterwards it is as expected. Raises RuntimeError."""
    values: PlainDict = {"who": world.PERSON.party_id, "items": list(range(count))}
    instance_id = start_instance(engine, world.PERSON, "many", values, new_token())
    with engine.database.read() as connection:
        found = connection.execute(select(instance.c.status).where(instance.c.id == instance_id)).scalar_one()
    if found != status:
        raise RuntimeError(f"Expected a case of {count} items to be {status}, but it is {found}")
    return instance_id


def _complete_some(engine: Engine, count: int) -> float:
    """CPU seconds of one of the first completions."""
    waiting = list_waiting(engine, begin(engine, count, "active"))
    complete: Callable[[], None] = lambda: world.complete(engine, waiting.pop(0))  # noqa: E731
    return measure_cpu(complete, SAMPLE)


def _complete_all(engine: Engine, count: int) -> float:
    """CPU seconds of all completions of a case."""
    waiting = list_waiting(engine, begin(engine, count, "active"))
    return count * measure_cpu(lambda: world.complete(engine, waiting.pop(0)), count)


def list_waiting(engine: Engine, instance_id: str) -> list[str]:
    """The open tasks of a case, in the order of its items."""
    query = select(task.c.id).where(task.c.instance_id == instance_id).order_by(task.c.id)
    with engine.database.read() as connection:
        return list(connection.execute(query).scalars())
