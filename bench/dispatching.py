"""A city at work: 2,000 couriers who move and tell where they are, 200 orders a minute that look for one of them.

One process as the server has it: positions are written once a second, jobs are done by the worker, pages of couriers
listen, and ask for their list when they are told to. What HTTP costs besides is not in it.
"""

import math
import resource
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from time import perf_counter

from sqlalchemy import select

from bench import world
from bench.city import scatter, settle_couriers, shift
from bench.courier_pages import measure_pages
from bench.measuring import Figure, cpu_seconds
from engine.commands.instances import start_instance
from engine.commands.messages import correlate_message
from engine.language.errors import EngineError
from engine.runtime.engine import Engine
from engine.services.dispatch.courier_classes import PROFESSIONAL, ROLES
from engine.services.dispatch.nearest import Search, find_nearest
from engine.services.dispatch.pushing import PUSH_COUNT
from engine.services.dispatch.queries import list_pushed
from engine.services.dispatch.rows import courier_topic
from engine.services.dispatch.tables import courier_place
from engine.services.dispatch.taking import take_offer
from engine.services.places.geometry import Place
from engine.services.tracking.batch import Fix, PositionBatch
from engine.storage.actor import SYSTEM, Actor
from engine.storage.clock import system_clock
from engine.storage.ids import new_token
from tests.engine.services.dispatch.town import ENDED, TERMS, search
from web.serving import start_worker

COURIERS, PROFESSIONAL_SHARE = 2_000, 0.3
ORDERS_PER_MINUTE, RANGE_M = 200, 3_000
SECONDS, QUICK_SECONDS = 60.0, 12.0
TELL_SECONDS, METRES_PER_SECOND = 5, 6
TAKEN_SECONDS, CARRIED_SECONDS = (2.0, 12.0), 15.0  # after an order was told of, and after it was taken
TICK_SECONDS, SETTLE_SECONDS = 0.1, 3.0
PAGES = 4  # so many ask for their list at once
REQUESTER = Actor("rita", "rita", "individual", frozenset({"individual"}))


@dataclass
class Tally:
    """What happened."""

    reported: int = 0
    written: int = 0
    orders: int = 0
    near: int = 0  # couriers who were in both ranges of an order when it came
    taken: int = 0
    lists: int = 0
    list_seconds: float = 0.0
    told_seconds: list[float] = field(default_factory=list)  # of each of them, from the order to the note at his page


class City:
    """Couriers, orders and pages: threads that keep to their own pace until the time is over."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.random = engine, Random(2)
        settle_couriers(engine, COURIERS, PROFESSIONAL_SHARE)
        with engine.database.read() as connection:
            rows = connection.execute(select(courier_place)).all()
        self.places = {row.courier_id: Place(row.lat, row.lng) for row in rows}
        self.professionals = [row.courier_id for row in rows if row.courier_class == PROFESSIONAL]
        self.batch = PositionBatch(engine)
        self.tally, self.lock = Tally(), threading.Lock()
        self.last_order, self.stop = threading.Event(), threading.Event()
        self.waiting: dict[str, dict[str, float]] = {}  # by the number of an order: who is to be told, since when
        self.asked: list[Future[None]] = []
        self.due: list[tuple[float, str, str]] = []  # when, which order, and who takes it; nobody: it ends

    def run(self, seconds: float) -> float:
        """Everything at once, new orders for so many seconds; gives how many it were. Raises what a thread raised."""
        pages = [self.engine.changes.add([courier_topic(one)]) for one in self.professionals]
        worker = start_worker(self.engine)
        works = (self._move, self._write, self._order, self._carry, self._read)
        with ThreadPoolExecutor(len(works)) as pool:
            began, running = perf_counter(), [pool.submit(work) for work in works]
            wait(running, timeout=seconds, return_when=FIRST_EXCEPTION)
            self.last_order.set()
            self.stop.wait(SETTLE_SECONDS)  # for those who are still to be told
            self.stop.set()
            seconds = perf_counter() - began
        worker.set()
        for page in pages:
            self.engine.changes.remove(page)
        for one in (*running, *self.asked):
            one.result()
        return seconds

    def _move(self) -> None:
        """A part of the couriers at each tick, so that each tells where he is every few seconds."""
        order, share = sorted(self.places), math.ceil(COURIERS * TICK_SECONDS / TELL_SECONDS)
        for number in self._tick(TICK_SECONDS):
            for one in (order[(number * share + place) % COURIERS] for place in range(share)):
                turn, metres = self.random.random() * 2 * math.pi, METRES_PER_SECOND * TELL_SECONDS
                self.places[one] = shift(self.places[one], math.cos(turn) * metres, math.sin(turn) * metres)
                self.batch.report(one, [Fix(number, self.engine.clock(), self.places[one], 10)])
            self.tally.reported += share

    def _write(self) -> None:
        for _ in self._tick(1.0):
            self.tally.written += self.batch.flush()

    def _order(self) -> None:
        """An order somewhere; noted is who is near at that moment."""
        for number in map(str, self._tick(60 / ORDERS_PER_MINUTE)):
            if self.last_order.is_set():
                return
            pickup, end = scatter(self.random), scatter(self.random)
            wanted = Search(number, 1, REQUESTER.party_id, PROFESSIONAL, RANGE_M, PUSH_COUNT)
            with self.engine.database.read() as connection:
                near = [one.courier_id for one in find_nearest(connection, pickup, wanted)]
            with self.lock:
                self.waiting[number] = dict.fromkeys(near, perf_counter())
            terms = {**TERMS, "range_m": RANGE_M, "pickup": pickup.as_plain(), "dropoff": end.as_plain()}
            start_instance(self.engine, REQUESTER, "search", terms, new_token(), number)
            self.tally.orders += 1
            self.tally.near += len(near)

    def _read(self) -> None:
        """The pages: who is told asks for his list. Of the first ones told of an order one will take it."""
        with self.engine.changes.listen(None) as ear, ThreadPoolExecutor(PAGES) as pages:
            while not self.stop.is_set():
                told = [topic.partition(":")[2] for topic in ear.wait(1.0) if topic.startswith(courier_topic(""))]
                heard_at = perf_counter()
                self.asked += [pages.submit(self._ask, courier_id, heard_at) for courier_id in told]

    def _ask(self, courier_id: str, heard_at: float) -> None:
        began = perf_counter()
        cards = list_pushed(self.engine, _act(courier_id))
        with self.lock:
            self.tally.lists += 1
            self.tally.list_seconds += perf_counter() - began
            for card in cards:
                since = self.waiting[card.number].pop(courier_id, None)
                if since is not None:  # else he knows it, or came near later
                    self.tally.told_seconds.append(heard_at - since)
                    heappush(self.due, (heard_at + self.random.uniform(*TAKEN_SECONDS), card.order_id, courier_id))

    def _carry(self) -> None:
        """Couriers take orders, the first of each has it, and end them after a while."""
        for _ in self._tick(TICK_SECONDS):
            while act := self._next_act():
                order_id, courier_id = act
                with suppress(EngineError):
                    if not courier_id:
                        correlate_message(self.engine, SYSTEM, ENDED, order_id, {})
                        continue
                    take_offer(self.engine, _act(courier_id), order_id, new_token())
                    self.tally.taken += 1
                    with self.lock:
                        heappush(self.due, (perf_counter() + CARRIED_SECONDS, order_id, ""))

    def _next_act(self) -> tuple[str, str] | None:
        with self.lock:
            return heappop(self.due)[1:] if self.due and self.due[0][0] <= perf_counter() else None

    def _tick(self, period_seconds: float) -> Iterator[int]:
        """0, 1, 2 … one each period, sooner after a late one, until it stops."""
        number, began = 0, perf_counter()
        while not self.stop.wait(max(0.0, began + number * period_seconds - perf_counter())):
            yield number
            number += 1


def _act(courier_id: str) -> Actor:
    return Actor(courier_id, courier_id, ROLES[PROFESSIONAL])


def measure_dispatch(is_quick: bool) -> Iterator[Figure]:
    """Positions a second, how soon couriers are told, and what it takes."""
    seconds = QUICK_SECONDS if is_quick else SECONDS
    with world.open_engine(search(), clock=system_clock) as engine:
        city = City(engine)
        spent = cpu_seconds()
        seconds = city.run(seconds)
        spent = cpu_seconds() - spent
        tally = city.tally
        told = sorted(tally.told_seconds)
        somebody = city.professionals[0]
        pages = [*measure_pages(engine, somebody, city.places[somebody])]
    what = f"dispatch: {COURIERS:,} couriers, {ORDERS_PER_MINUTE} orders a minute: positions written"
    lost = tally.reported - tally.written
    yield Figure("dispatch.positions_per_second", what, tally.written / seconds, "/s", note=f"{lost} not yet")
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        told_ms = told[int(len(told) * share)] * 1e3
        yield Figure(f"dispatch.push_{name}_ms", f"  order to the courier's page, {name}", told_ms, "ms")
    yield Figure(
        "dispatch.told", "  couriers told of an order", len(told), "", note=f"of {tally.near:,} in both ranges"
    )
    list_ms = tally.list_seconds / tally.lists * 1e3
    yield Figure("dispatch.list_ms", "  one list of what is pushed", list_ms, "ms", note=f"{tally.lists:,} of them")
    yield Figure("dispatch.orders", "  orders", tally.orders, "", note=f"{tally.taken:,} taken by now")
    yield Figure("dispatch.cpu_share", "  CPU, one core = 1", spent / seconds, "x")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure("dispatch.peak_mb", "  most memory", peak, "MB")
    yield from pages
