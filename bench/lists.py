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
    size = 10_000 if is_quick else 100_000
    with world.open_engine(pair()) as engine:
        browser = open_browser(engine, "platform_reviewer")
        person = add_crowd(engine, world.start(engine, "pair"), size)
        seconds = best_of(3, lambda: browser.get("/inbox"), 10)
        thousands = f"{size // 1000}k"
        yield Figure(
            f"inbox_{thousands}.cpu_ms",
            f"inbox page of a reviewer, {size:,} open tasks",
            seconds * 1e3,
            "ms",
            PAGE_BUDGET,
        )
        tag = browser.get("/inbox")[1]["ETag"]
        polled = best_of(3, lambda: browser.get("/inbox", if_none_match=tag), 10)
        what = "  polling it unchanged, the page = 1"
        yield Figure(f"inbox_{thousands}.poll_ratio", what, polled / seconds, "x", POLL_BUDGET)
        for key, name, actor in (("reviewer", "reviewer", REVIEWER), ("person", "person with eight tasks", person)):
            seconds = best_of(3, lambda: (list_tasks(engine, actor), count_tasks(engine, actor)), 10)  # noqa: B023
            yield Figure(f"inbox_{thousands}.{key}_queries_cpu_ms", f"  the queries alone, {name}", seconds * 1e3, "ms")
        seconds = best_of(3, lambda: fire_due_timers(engine), 20)
        what = f"due timers of {size:,} waiting instances, none due"
        yield Figure(f"due_pass_{thousands}.cpu_ms", what, seconds * 1e3, "ms", TIMER_BUDGET)
