"""`./run test`: every check, in the order of how fast it finds a fault."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from time import monotonic

from tests.support.browser import ensure_chromium
from web.assets.build import AssetsUnavailable, build

WORKERS = 3  # on two processors: who drives a browser, or waits for a killed process, leaves one free
MEMORY_DISK, MEMORY_DISK_BYTES = Path("/dev/shm"), 4 * 1024**3


def main(arguments: list[str]) -> int:
    """Runs every check; the first that fails ends the run with its exit code."""
    python = sys.executable
    checks = [
        ("Format", [python, "-m", "ruff", "format", "--check", "--quiet", "."]),
        ("Lint", [python, "-m", "ruff", "check", "--quiet", "."]),
        ("Types", [python, "-m", "mypy"]),
        ("Import contracts", [python, "-c", "from importlinter.cli import lint_imports_command as c; c()"]),
    ]
    for name, command in checks:
        if code := run(name, command):
            return code
    try:
        build()
    except AssetsUnavailable as problem:
        print(f"{problem}\nTests that need icons or drawn diagrams will fail.", flush=True)
    ensure_chromium()
    use_memory_disk()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # to compile takes half a start, and dozens start
    return run("Tests", [python, "-m", "pytest", "-q", "-n", str(WORKERS), "--dist", "worksteal", *arguments])


def use_memory_disk() -> None:
    """Puts what tests write where a commit does not wait for a disk, if there is room; a kill loses nothing there."""
    if MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free >= MEMORY_DISK_BYTES:
        os.environ["TMPDIR"] = str(MEMORY_DISK)


def run(name: str, command: list[str]) -> int:
    """One check as a process of its own, with its time."""
    print(f"== {name}", flush=True)
    started = monotonic()
    code = subprocess.call(command)
    print(f"   {'ok' if code == 0 else 'failed'} in {monotonic() - started:.0f} s", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
