"""What a step may cost, counted: statements, commits, bytes, calls. Times are measured by `./run bench`."""

import ast
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from types import FrameType

from sqlalchemy import select

from bench import world
from bench.diagrams import five_steps, loop, many_people, many_services, pair
from bench.multi_instance import TOPIC, begin, list_waiting
from bench.steps import count_completion, find_growth, find_largest_state
from engine.definitions.catalogue import Catalogue
from engine.language.parser import spec_fingerprint
from engine.records.history import read_stream
from engine.runtime.tasks import fetch_task
from engine.storage.tables import instance
from tests.support.stage import ROOT

MAX_STATEMENTS = 12
MAX_WAITS = 2  # of them, for the server of PostgreSQL; and once more when all is committed
MAX_STATE_BYTES = 1_000
MAX_CASE_BYTES = 6_000
SOURCES = sorted(
    path for folder in ("engine", "web") for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts
)


def test_a_completed_task_costs_few_statements_and_one_commit(database_url: str) -> None:
    counts = count_completion(database_url)
    assert counts.commits == 1
    assert len(counts.statements) <= MAX_STATEMENTS, "\n".join(counts.statements)
    assert len(counts.statements) - counts.sent <= MAX_WAITS or database_url.startswith("sqlite")


def test_the_state_of_an_open_case_is_small() -> None:
    with world.open_engine(five_steps()) as engine:
        assert find_largest_state(engine) <= MAX_STATE_BYTES


def test_a_finished_case_leaves_few_bytes(database_url: str) -> None:
    with world.open_engine(five_steps(), database_url) as engine:
        assert find_growth(engine, cases=60) <= MAX_CASE_BYTES


def test_a_late_turn_of_a_loop_costs_what_an_early_one_does() -> None:
    with world.open_engine(loop()) as engine:
        instance_id = world.start(engine, "loop")
        world.complete_next(engine, instance_id, 4)
        early = _count_calls(partial(world.complete_next, engine, instance_id))
        world.complete_next(engine, instance_id, 95)
        late = _count_calls(partial(world.complete_next, engine, instance_id))
    assert early > 1_000  # something was counted
    assert abs(late - early) < early / 50


def test_the_items_of_a_multi_instance_cost_the_same_however_many_there_are() -> None:
    with world.open_engine(many_services(TOPIC)) as engine:
        begin(engine, 10, "completed")
        few, some, many = (_count_calls(partial(begin, engine, count, "completed")) for count in (10, 50, 250))
    assert (many - some) / 200 <= 1.02 * (some - few) / 40


def test_one_of_a_thousand_open_siblings_is_completed_like_one_of_a_hundred() -> None:
    with world.open_engine(many_people()) as engine:
        instances = [begin(engine, count, "active") for count in (100, 1_000)]
        world.complete(engine, list_waiting(engine, instances[0])[5])
        few, many = (_count_calls(partial(world.complete, engine, list_waiting(engine, one)[50])) for one in instances)
    assert many <= 1.2 * few  # two calls for each frame of thirty-two


def _count_calls(work: Callable[[], object]) -> int:
    """Calls of Python functions, of those as well that are written in C."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    former = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(former)
    return calls


def test_running_cases_changes_no_spec() -> None:
    with world.open_engine(pair()) as engine:
        instances = [world.start(engine, "pair") for _ in range(3)]
        for instance_id in instances:
            world.complete_next(engine, instance_id, 2)
        with engine.database.read() as connection:
            pin_set_id = connection.execute(select(instance.c.pin_set_id).limit(1)).scalar_one()
            used, fresh = (
                spec_fingerprint(catalogue.process(connection, catalogue.pins(connection, pin_set_id), "pair"))
                for catalogue in (engine.catalogue, Catalogue())
            )
    assert used == fresh


def test_many_threads_read_states_and_history_at_once() -> None:
    """zstandard's objects are not safe for threads: shared ones took the whole process down."""
    with world.open_engine(pair()) as engine:
        tasks = {world.find_task(engine, one): one for one in (world.start(engine, "pair") for _ in range(8))}

        def read(task_id: str) -> set[str]:
            found = set[str]()
            for _ in range(25):
                fetch_task(engine, world.PERSON, task_id)
                with engine.database.read() as connection:
                    found |= {row.kind for row in read_stream(connection, tasks[task_id])}
            return found

        with ThreadPoolExecutor(len(tasks)) as pool:
            assert list(pool.map(read, tasks)) == [{"start"}] * len(tasks)


def test_only_the_unit_of_work_commits() -> None:
    named = [f"{path.relative_to(ROOT)}:{line}" for path in SOURCES for line in _find_attributes(path, {"commit"})]
    assert named == []
    writing = {str(path.relative_to(ROOT)) for path in SOURCES if _find_attributes(path, {"writer"})}
    assert writing == {"engine/storage/database.py", "engine/storage/schema.py"}


def test_the_host_runs_no_text_as_code() -> None:
    found = []
    for path in SOURCES:
        for node in _list_named(path):
            if isinstance(node, ast.Name) and node.id in {"eval", "exec", "compile", "__import__"}:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


@cache
def _list_named(path: Path) -> list[ast.Name | ast.Attribute]:
    """The names and attributes of a file, which is read once for all that is asked of it."""
    tree = ast.walk(ast.parse(path.read_bytes()))
    return [node for node in tree if isinstance(node, ast.Name | ast.Attribute)]


def _find_attributes(path: Path, names: set[str]) -> list[int]:
    found = [node for node in _list_named(path) if isinstance(node, ast.Attribute) and node.attr in names]
    return [node.lineno for node in found if ast.unparse(node) != "csv.writer"]
