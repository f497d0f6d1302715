"""The real server as a process of its own, to be killed."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from threading import Event
from time import monotonic

from web.demo.driver import Browser

START_SECONDS = 90
POLL_SECONDS = 0.05


class RunningServer:
    """`./run` on a data folder, in a process group of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.log = folder / "server.log"
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("BATON_", "PYTHON"))}
        own = {"BATON_DATA_DIR": str(folder), "BATON_PORT": str(port), "BATON_PASSWORD_COST": "1"}
        cache = {"PYTHONPYCACHEPREFIX": str(folder.parent / "bytecode")}  # the second start must not compile again
        self._environment = inherited | cache | own | environment
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it answers. Raises RuntimeError with its last words if it does not."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "web.cli", "serve"],
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Returns once a page is answered."""
        deadline, pause = monotonic() + START_SECONDS, Event()
        while not self._answers():
            if self._running.poll() is not None or monotonic() > deadline:
                raise RuntimeError(f"Expected the server to answer, but its last words are {self.last_words()}")
            pause.wait(POLL_SECONDS)

    def kill_worker(self) -> None:
        """Kills the process that serves requests, like a crash; its master starts another one."""
        children = Path(f"/proc/{self._running.pid}/task/{self._running.pid}/children")
        for pid in children.read_text().split():
            os.kill(int(pid), signal.SIGKILL)

    def kill_group(self) -> None:
        """Kills everything at once: master, worker, sandbox workers."""
        with suppress(ProcessLookupError):
            os.killpg(self._running.pid, signal.SIGKILL)
        self._running.wait()

    def stop(self) -> None:
        """Ends it as an operator does."""
        self._running.terminate()
        try:
            self._running.wait(START_SECONDS)
        finally:
            self.kill_group()

    def last_words(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-4000:]

    @property
    def _running(self) -> "subprocess.Popen[bytes]":
        assert self.process is not None, "it was not started"
        return self.process

    def _answers(self) -> bool:
        try:
            return Browser(self.url).get("/sign-in").status == 200
        except (OSError, HTTPException):
            return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
