"""Who does what is due: a thread of the one process on a laptop, processes of their own beside a company's PostgreSQL.

The rows are the truth: jobs are claimed by lease, timers fire under the lock of their case. So any number of workers
may look at once, and whatever is killed, the next look finds it.
"""

import logging
import random
import signal
import threading
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.commands.work import is_work_due, run_due_work
from engine.records.workers import note_worker, remove_worker
from engine.runtime.engine import Engine
from engine.storage.changes import WORK
from engine.storage.ids import new_id
from engine.storage.settings import Settings
from web.live import start_relay

log = logging.getLogger(__name__)
IDLE_SECONDS = 0.5
FAILED_SECONDS = 1.0
SEEN_EVERY = timedelta(seconds=10)
MOST_FAILED_SECONDS = 10.0
STOP_SECONDS = 30.0
AWAY = (OperationalError, InterfaceError, PoolTimeout)  # a database that is away for a while


class Workers:
    """Threads that do what is due. One of them looks, woken by every step; who finds something does it while the next
    one looks. So an idle process asks one question, and a busy one uses all its threads.
    """

    def __init__(self, engine: Engine, threads: int = 1) -> None:
        self.id = new_id()
        self._engine = engine
        self._seen_at: datetime | None = None
        self._turn = threading.Lock()
        self._stop = threading.Event()
        self._news = engine.changes.add((WORK,))
        first = random.random()  # other processes begin elsewhere
        shares = [(first + number / threads) % 1 for number in range(threads)] if threads > 1 else [0.0]
        self._threads = [
            threading.Thread(target=self._work, args=(share,), name=f"due-work-{number}", daemon=True)
            for number, share in enumerate(shares)
        ]

    def start(self) -> "Workers":
        """Begins."""
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Ends after what each is doing now, and waits for it a while. What was not done stays due."""
        self._stop.set()
        self._engine.changes.remove(self._news)
        end = monotonic() + STOP_SECONDS  # for all of them together
        for thread in self._threads:
            thread.join(max(0.0, end - monotonic()))
        self._engine.database.transact(lambda unit: remove_worker(unit.connection, self.id))

    def _work(self, share: float) -> None:
        while not self._stop.is_set():
            try:
                with self._turn:
                    self._await_work()
                if not self._stop.is_set() and not run_due_work(self._engine, share):
                    self._stop.wait(IDLE_SECONDS)  # somebody else has done it, or it failed
            except AWAY as away:
                log.error("due work failed: %s", _in_a_line(away))
                self._stop.wait(FAILED_SECONDS)
            except Exception:  # whatever is wrong, the thread goes on
                log.exception("due work failed")
                self._stop.wait(FAILED_SECONDS)

    def _await_work(self) -> None:
        pause = FAILED_SECONDS
        while not self._stop.is_set():
            try:
                self._say_present()
                if is_work_due(self._engine):
                    return
            except AWAY as away:  # whoever looks waits for all: the others would find the same
                log.error("looking for work failed, again in %g s: %s", pause, _in_a_line(away))
                self._stop.wait(pause)
                pause = min(2 * pause, MOST_FAILED_SECONDS)
                continue
            pause = FAILED_SECONDS
            (self._stop if self._news.is_closed else self._news).wait(IDLE_SECONDS)

    def _say_present(self) -> None:
        now = self._engine.clock()
        if self._seen_at is None or now - self._seen_at >= SEEN_EVERY:
            self._engine.database.transact(lambda unit: note_worker(unit.connection, unit.now, self.id))
            self._seen_at = now


def _in_a_line(error: Exception) -> str:
    return " ".join(str(getattr(error, "orig", error)).split())


def run_worker(settings: Settings, threads: int) -> int:
    """A process that does nothing but what is due, until it is told to end."""
    engine = Engine(settings, may_be_new=False)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    workers, relay = Workers(engine, threads).start(), start_relay(engine)
    ended.wait()
    workers.stop()
    if relay is not None:
        relay.stop()
    engine.close()
    return 0
