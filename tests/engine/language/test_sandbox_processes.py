"""The pool of workers: forks, deaths, threads and waiting."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.language.sandbox import Sandbox, SandboxBusy, SandboxError
from engine.language.worker_clock import WorkerClock
from engine.language.workers import WorkerPool

ROOT = Path(__file__).parents[3]


others: set[int] = set()  # workers of what other tests share


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    others.clear()
    others.update(find_workers())
    sandbox = Sandbox(max_processes=2)
    yield sandbox
    sandbox.close()


def find_workers() -> list[int]:
    """The processes named monty whose parent is this one, of the sandbox under test."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = path.read_text().rsplit(")", 1)
        except OSError:
            continue  # it ended meanwhile
        if "(monty" in name and int(rest.split()[1]) == os.getpid():
            found.append(int(path.parent.name))
    return [pid for pid in found if pid not in others]


def run_python(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


FORK_AFTER_START = """
import os, sys
from engine.language.sandbox import Sandbox
sandbox = Sandbox(max_processes=1)
print(sandbox.evaluate("n + 1", {"n": 1}), flush=True)
if (child := os.fork()) == 0:
    for tried in (sandbox, Sandbox(max_processes=1)):
        try:
            tried.evaluate("n", {"n": 1})
        except RuntimeError as error:
            print("child:", error, flush=True)
        tried.close()
    sys.exit(0)
print("exit", os.waitpid(child, 0)[1], flush=True)
print(sandbox.evaluate("n + 2", {"n": 1}))
sandbox.close()
"""


def test_a_forked_child_is_told_and_the_parent_goes_on() -> None:
    reason = "child: Expected a process that started no sandbox before it was forked, but its parent had"
    assert run_python(FORK_AFTER_START).splitlines() == ["2", reason, reason, "exit 0", "3"]


FORK_BEFORE_START = """
import os, sys
from engine.language.sandbox import Sandbox
sandbox = Sandbox(max_processes=1)
child = os.fork()
value = sandbox.evaluate("n + 1", {"n": 1})
sandbox.close()
if child == 0:
    sys.exit(value)
print(value, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_pool_starts_after_the_fork() -> None:
    assert run_python(FORK_BEFORE_START).split() == ["2", "2"]


def test_the_next_evaluation_works_after_a_worker_was_killed(sandbox: Sandbox) -> None:
    assert sandbox.evaluate("n", {"n": 1}) == 1
    (worker,) = find_workers()
    os.kill(worker, signal.SIGKILL)
    assert sandbox.evaluate("n", {"n": 2}) == 2


def test_a_worker_killed_at_work_is_an_error_and_replaced(sandbox: Sandbox) -> None:
    def kill() -> None:
        os.kill(find_workers()[0], signal.SIGKILL)

    with pytest.raises(SandboxError, match="the worker stopped"):
        sandbox.execute("kill()\nwhile True:\n    pass", {}, {"kill": kill})
    assert sandbox.evaluate("n", {"n": 2}) == 2


def test_close_ends_the_workers(sandbox: Sandbox) -> None:
    sandbox.evaluate("n", {"n": 1})
    assert find_workers()
    sandbox.close()
    assert not find_workers()


def test_threads_get_their_own_answers(sandbox: Sandbox) -> None:
    def ask(number: int) -> bool:
        doubled = sandbox.evaluate("[n, n * 2, f(n)]", {"n": number}, {"f": lambda n: n + 1})
        return doubled == [number, number * 2, number + 1]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(160)))
    assert len(find_workers()) <= 2


def test_waiting_for_a_worker_ends() -> None:
    workers, is_held, may_end = WorkerPool(max_processes=1), threading.Event(), threading.Event()

    def hold() -> None:
        with workers.reserve():
            is_held.set()
            may_end.wait(10)

    with ThreadPoolExecutor(1) as threads:
        holder = threads.submit(hold)
        is_held.wait(10)
        with pytest.raises(SandboxBusy, match="free worker"):
            workers.run("1", {}, {}, 0.1)
        may_end.set()
        holder.result()
    assert workers.run("n + 1", {"n": 2}, {}, 0.1)[0] == 3
    workers.close()


COUNT = "begin()\nn = 0\nfor i in range(500_000):\n    n += 1\nn"


def test_work_that_a_busy_machine_lets_wait_is_given_more_time() -> None:
    """Only work counts: a worker that stood still for longer than it may run has spent nothing."""
    others.clear()
    others.update(find_workers())
    workers, is_begun, is_over = WorkerPool(max_processes=1), threading.Event(), threading.Event()
    workers.run("1", {}, {}, 0.1)
    (pid,) = find_workers()

    def stop_while_it_works() -> bool:
        """Whether it was still at work when it was stopped."""
        is_begun.wait(10)
        clock = WorkerClock(pid)
        while clock.used_seconds < 0.002:
            pass
        is_in_time = not is_over.is_set()
        os.kill(pid, signal.SIGSTOP)
        threading.Event().wait(0.8)
        os.kill(pid, signal.SIGCONT)
        return is_in_time

    begun: list[bool] = []

    def begin() -> None:
        begun.append(True)
        is_begun.set()

    with ThreadPoolExecutor(1) as threads:
        stopped = threads.submit(stop_while_it_works)
        result, used = workers.run(COUNT, {}, {"begin": begin}, 0.6)
        is_over.set()
    workers.close()
    assert (result, len(begun)) == (500_000, 2 if stopped.result() else 1)
    assert used < 0.6


def test_of_a_worker_that_is_gone_nobody_knows_what_it_has_done() -> None:
    """A worker that stood still is ended with a signal: seconds on the wall are not held against its code."""
    worker = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    clock = WorkerClock(worker.pid)
    while not clock.is_known_to_have_used(0.01):
        pass
    worker.kill()
    worker.wait()
    assert clock.used_seconds > 0.01
    assert not clock.is_known_to_have_used(0.01)
