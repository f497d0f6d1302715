"""Many who take the same order at the same moment, over HTTP, from several processes."""

import multiprocessing
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from time import perf_counter

from web.demo.acts import TAKE_FORM
from web.demo.driver import Browser

MAX_PROCESSES = 4
START_SECONDS = 60


@dataclass(frozen=True)
class Tab:
    """A taker's browser: who sits at it, and the cookies that prove it."""

    login: str
    cookies: Mapping[str, str]


@dataclass(frozen=True)
class Attempt:
    """How one taker fared: 303 is the winner's answer, 409 everybody else's; `seconds` is how long he waited."""

    login: str
    status: int
    seconds: float


def race(url: str, order_id: str, tabs: Sequence[Tab]) -> list[Attempt]:
    """Every tab opens the order's page; once all have it open, all press the button."""
    count = min(MAX_PROCESSES, len(tabs))
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(count), context.Queue()
    shares = [list(tabs[number::count]) for number in range(count)]
    clients = [
        context.Process(target=_run_client, args=(url, order_id, share, barrier, results), daemon=True)
        for share in shares
    ]
    for client in clients:
        client.start()
    attempts = [attempt for _ in clients for attempt in results.get(timeout=2 * START_SECONDS)]
    for client in clients:
        client.join(START_SECONDS)
    return attempts


def percentile(attempts: Sequence[Attempt], share: float) -> float:
    """The waiting time in milliseconds that this share of the attempts did not exceed."""
    waits = sorted(attempt.seconds for attempt in attempts)
    return 1000 * waits[min(int(share * len(waits)), len(waits) - 1)]


def _run_client(url: str, order_id: str, tabs: list[Tab], barrier: Barrier, results: "Queue[list[Attempt]]") -> None:
    together = threading.Barrier(len(tabs), action=lambda: _meet(barrier))

    def press(tab: Tab) -> Attempt:
        browser = Browser(url, tab.cookies)
        request = browser.get(f"/orders/{order_id}").fill(TAKE_FORM, {})
        together.wait(START_SECONDS)
        begun = perf_counter()
        status = browser.send(request).status
        return Attempt(tab.login, status, perf_counter() - begun)

    with ThreadPoolExecutor(len(tabs)) as pool:
        results.put(list(pool.map(press, tabs)))


def _meet(barrier: Barrier) -> None:
    barrier.wait(START_SECONDS)
