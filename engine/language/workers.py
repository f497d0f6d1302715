"""The worker processes of a sandbox: starting them, waiting for one, and how long a piece of work may take in it.

A thin adapter over pydantic-monty, which is pinned exactly: its interface still moves.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from pydantic_monty import (
    CollectString,
    Monty,
    MontyCrashedError,
    MontyError,
    MontyRuntimeError,
    MontySession,
    OSPolicy,
    ResourceLimits,
)

from engine.language.errors import TryAgain
from engine.language.worker_clock import WorkerClock

CHECKOUT_SECONDS = 1.0
GRACE_SECONDS = 0.25  # what cannot be interrupted is ended with its worker
TRIES, MORE_TIME = 2, 3
MAX_MEMORY_BYTES = 32_000_000
MAX_DEAD_WORKERS = 8
MAX_PRINTED_BYTES = 10_000
# A host call costs a round trip; `call_host` without a handler means: refused.
WORLD = OSPolicy(datetime="call_host", sleep="call_host", random_start="call_host")

Function = Callable[..., object]

# Monty looks for this package before every piece of work; searching all folders in vain costs more than the work.
if find_spec("opentelemetry") is None:
    for name in ("opentelemetry", "opentelemetry.context"):
        sys.modules[name] = None  # type: ignore[assignment]


class SandboxBusy(TryAgain):
    """No worker came free in time. Nothing is wrong with the expression: try again later."""


_is_monty_started = False
_is_forked = False


def _mark_forked() -> None:
    """Monty hangs in a process that was forked from one that runs it, even with a new pool."""
    global _is_forked
    _is_forked = _is_monty_started


os.register_at_fork(after_in_child=_mark_forked)


class WorkerPool:
    """At most so many workers, started at the first use: not before the process has forked. Safe for threads."""

    def __init__(self, max_processes: int) -> None:
        self._max_processes = max_processes
        self._free = threading.BoundedSemaphore(max_processes)
        self._starting = threading.Lock()
        self._pool: Monty | None = None

    def run(
        self, code: str, inputs: dict[str, object], functions: dict[str, Function], seconds: float
    ) -> tuple[Any, float]:
        """What the last line of the code gives, and the seconds of work it took.

        `seconds` are time of work. A machine under load that lets a worker wait spends none of it: the code, which
        changes nothing outside, is run again with more time on the wall. Raises SandboxBusy, WorkFailed.
        """
        wall = seconds
        for tries in range(TRIES):
            with self.reserve(), self._open_session(wall) as session:
                clock = WorkerClock(session.worker_pid)
                try:
                    printed = CollectString(MAX_PRINTED_BYTES)
                    result = session.feed_run(code, inputs=inputs, external_lookup=functions, print_callback=printed)
                    return result, clock.used_seconds
                except MontyError as error:
                    is_late = is_timeout(error)
                    if not is_late or tries == TRIES - 1 or clock.is_known_to_have_used(seconds / 2):
                        raise WorkFailed(error, seconds if is_late else clock.used_seconds) from None
            wall *= MORE_TIME
        raise AssertionError("the last try ends the loop")

    @contextmanager
    def reserve(self) -> Iterator[None]:
        """Hold a place for one worker. Raises SandboxBusy when none comes free in time."""
        if not self._free.acquire(timeout=CHECKOUT_SECONDS):
            raise SandboxBusy(f"Expected a free worker within {CHECKOUT_SECONDS:g} s, but all are busy")
        try:
            yield
        finally:
            self._free.release()

    def close(self) -> None:
        """End the workers. A later piece of work would start new ones."""
        if _is_forked:
            return  # the workers belong to the parent
        with self._starting:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.__exit__(None, None, None)

    @contextmanager
    def _open_session(self, seconds: float) -> Iterator[MontySession]:
        """A fresh session: it sees nothing of earlier ones."""
        limits = ResourceLimits(
            max_feed_duration_secs=max(seconds, 0.001),
            max_memory=MAX_MEMORY_BYTES,
            max_recursion_depth=100,
            max_suspensions=100,
            max_total_sleep_secs=0.1,
        )
        session = _enter_session(self._start(), limits)
        try:
            yield session
        finally:
            session.__exit__(None, None, None)

    def _start(self) -> Monty:
        global _is_monty_started
        if _is_forked:
            raise RuntimeError("Expected a process that started no sandbox before it was forked, but its parent had")
        with self._starting:
            if self._pool is None:
                _is_monty_started = True
                pool = Monty(
                    min_processes=1,
                    max_processes=self._max_processes,
                    checkout_timeout=CHECKOUT_SECONDS,
                    request_timeout=2.0,
                    feed_duration_limit_grace=GRACE_SECONDS,
                    max_checkouts_per_worker=10_000,
                )
                pool.__enter__()
                self._pool = pool
            return self._pool


class WorkFailed(Exception):
    """A piece of work failed with `error`, after so many seconds of work."""

    def __init__(self, error: MontyError, used_seconds: float) -> None:
        super().__init__(str(error))
        self.error = error
        self.used_seconds = used_seconds


def is_timeout(error: MontyError) -> bool:
    """Whether the work took longer than it might."""
    if isinstance(error, MontyCrashedError):
        return error.timed_out
    return isinstance(error, MontyRuntimeError) and isinstance(error.exception(), TimeoutError)


def _enter_session(pool: Monty, limits: ResourceLimits) -> MontySession:
    """A worker that died while it was idle is found out only here; the pool replaces it."""
    for _ in range(MAX_DEAD_WORKERS + 1):
        session = pool.checkout(script_name="script", limits=limits, os_policy=WORLD)
        try:
            return session.__enter__()
        except MontyCrashedError:
            continue
        except TimeoutError:
            break
    raise SandboxBusy("Expected a free worker, but there is none")
