"""The real processes, to be killed: `./run` alone, or web processes and workers on one PostgreSQL."""

import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from threading import Event
from time import monotonic

from web.demo.driver import Browser

START_SECONDS = 180  # on a machine that has much else to do
POLL_SECONDS = 0.05
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
ALONE = (("serve",),)
TOGETHER = (("web", "--processes", "2"), ("worker", "--jobs", "2"), ("worker", "--jobs", "2"))


class RunningServer:
    """The processes of one installation, each in a process group of its own; the first one serves the pages."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], verbs: tuple[tuple[str, ...], ...] = ALONE
    ) -> None:
        self.log = folder / "server.log"
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("BATON_", "PYTHON"))}
        own = {"BATON_DATA_DIR": str(folder), "BATON_PORT": str(port), "BATON_PASSWORD_COST": "1"}
        cache = {"PYTHONPYCACHEPREFIX": sys.pycache_prefix} if sys.pycache_prefix else {}  # compiled once for all
        self._environment = {**inherited, **cache, **own, **environment}
        self._verbs = verbs
        self._processes: dict[tuple[str, ...], list[subprocess.Popen[bytes]]] = {}

    def start(self) -> None:
        """Starts what does not run and waits until pages are answered. Raises RuntimeError with the last words."""
        self._start_missing()
        try:
            self.wait_until_ready()
        except RuntimeError:
            self.kill_all()
            raise

    def wait_until_ready(self) -> None:
        """Returns once a page is answered."""
        deadline, pause = monotonic() + START_SECONDS, Event()
        while not self._answers():
            if self._pages.poll() is not None or monotonic() > deadline:
                raise RuntimeError(f"Expected the server to answer, but its last words are {self.last_words()}")
            pause.wait(POLL_SECONDS)

    def kill_one(self, chance: random.Random) -> None:
        """Kills one process, like a crash: one that serves requests, which its master replaces, or a worker, which is
        started again as a supervisor would.
        """
        children = Path(f"/proc/{self._pages.pid}/task/{self._pages.pid}/children").read_text().split()
        workers = [one for one in self._all if one is not self._pages]
        number = chance.randrange(len(children) + len(workers) or 1)
        if number < len(children):
            with suppress(ProcessLookupError):
                os.kill(int(children[number]), signal.SIGKILL)
        elif workers:
            _kill_group(workers[number - len(children)])
            self._start_missing()

    def kill_all(self) -> None:
        """Kills everything at once: masters, servers, workers, sandboxes."""
        for process in self._all:
            _kill_group(process)

    def stop(self) -> None:
        """Ends it as an operator does."""
        for process in self._all:
            process.terminate()
        try:
            for process in self._all:
                process.wait(START_SECONDS)
        finally:
            self.kill_all()

    def measure_memory(self) -> int:
        """Resident bytes of all its processes, sandboxes included."""
        groups = {str(process.pid) for process in self._all}
        total = 0
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with suppress(OSError):  # it has just ended
                    state = (folder / "stat").read_text().rpartition(")")[2].split()
                    if state[2] in groups:
                        total += int(state[21]) * PAGE_BYTES
        return total

    def last_words(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-4000:]

    @property
    def _all(self) -> "list[subprocess.Popen[bytes]]":
        return [process for group in self._processes.values() for process in group]

    @property
    def _pages(self) -> "subprocess.Popen[bytes]":
        return self._processes[self._verbs[0]][0]

    def _start_missing(self) -> None:
        for verb in dict.fromkeys(self._verbs):
            alive = [one for one in self._processes.get(verb, []) if one.poll() is None]
            missing = self._verbs.count(verb) - len(alive)
            self._processes[verb] = alive + [self._start(verb) for _ in range(missing)]

    def _start(self, verb: tuple[str, ...]) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "web", *verb]
            return subprocess.Popen(command, env=self._environment, stdout=log, stderr=log, start_new_session=True)

    def _answers(self) -> bool:
        try:
            return Browser(self.url).get("/sign-in").status == 200
        except (OSError, HTTPException):
            return False


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
