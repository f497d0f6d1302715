"""What lists cost when there are a hundred thousand of everything."""

from collections.abc import Iterator

from bench import world
from bench.case import POLL_BUDGET, open_browser
from bench.crowd import add_crowd
from bench.diagrams import pair
from bench.measuring import Figure, best_of
from engine.commands.work import fire_due_timers
from engine.queries.inbox import count_tasks, list_tasks
from engine.storage.actor import PLATFORM, Actor

PAGE_BUDGET, TIMER_BUDGET = 10.0, 5.0
REVIEWER = Actor("reviewer-1", PLATFORM, "platform_reviewer", frozenset({"platform_reviewer"}), frozenset({"content"}))


def measure_inbox(is_quick: bool) -> Iterator[Figure]:
    """The inbox of somebody whose pool holds most tasks, and of somebody with eight."""
    for suffix, name, url in world.each_database(is_quick):
        yield from _measure(suffix, name, url, 10_000 if is_quick else 100_000)


def _measure(suffix: str, name: str, url: str, size: int) -> Iterator[Figure]:
    with world.open_engine(pair(), url) as engine:
        browser = open_browser(engine, "platform_reviewer")
        person = add_crowd(engine, world.start(engine, "pair"), size)
        if url:
            with engine.database.read() as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")  # as the server does by itself
        seconds = best_of(3, lambda: browser.get("/inbox"), 10)
        thousands = f"{size // 1000}k"
        yield Figure(
            f"inbox_{thousands}{suffix}.cpu_ms",
            f"inbox page of a reviewer, {size:,} open tasks, {name}",
            seconds * 1e3,
            "ms",
            PAGE_BUDGET,
        )
        tag = browser.get("/inbox")[1]["ETag"]
        polled = best_of(3, lambda: browser.get("/inbox", if_none_match=tag), 10)
        what = "  polling it unchanged, the page = 1"
        yield Figure(f"inbox_{thousands}{suffix}.poll_ratio", what, polled / seconds, "x", POLL_BUDGET)
        for key, who, actor in (("reviewer", "reviewer", REVIEWER), ("person", "person with eight tasks", person)):
            seconds = best_of(3, lambda: (list_tasks(engine, actor), count_tasks(engine, actor)), 10)  # noqa: B023
            key = f"inbox_{thousands}{suffix}.{key}_queries_cpu_ms"
            yield Figure(key, f"  the queries alone, {who}", seconds * 1e3, "ms")
        seconds = best_of(3, lambda: fire_due_timers(engine), 20)
        what = f"due timers of {size:,} waiting instances, none due, {name}"
        yield Figure(f"due_pass_{thousands}{suffix}.cpu_ms", what, seconds * 1e3, "ms", TIMER_BUDGET)
