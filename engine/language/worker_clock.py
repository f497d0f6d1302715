"""How much time a sandbox worker has spent, as told by the system."""

import ctypes
import time
from collections.abc import Callable


class WorkerClock:
    """Measures the work of another process from now on.

    CPU time, so that a loaded machine exhausts nobody's budget; wall time where the system does not tell the CPU time
    of other processes (POSIX `clock_getcpuclockid`), or no longer because the process has died.
    """

    def __init__(self, pid: int | None) -> None:
        self._read = _find_cpu_clock(pid)
        self._wall_start = time.perf_counter()
        self._start = self._read()

    @property
    def wall_seconds(self) -> float:
        """Seconds on the wall."""
        return time.perf_counter() - self._wall_start

    @property
    def used_seconds(self) -> float:
        """Seconds of work."""
        try:
            return self._read() - self._start
        except OSError:
            return self.wall_seconds

    def is_known_to_have_used(self, seconds: float) -> bool:
        """Whether it has worked for so long. Of a worker that is gone nobody knows: it may have stood still."""
        try:
            return self._read() - self._start >= seconds
        except OSError:
            return False


def _find_clock_finder() -> Callable[..., int] | None:
    try:
        return ctypes.CDLL(None).clock_getcpuclockid
    except (AttributeError, OSError):
        return None


_FIND_CLOCK = _find_clock_finder()


def _find_cpu_clock(pid: int | None) -> Callable[[], float]:
    clock = ctypes.c_int()
    if pid is None or _FIND_CLOCK is None or _FIND_CLOCK(pid, ctypes.byref(clock)) != 0:
        return time.perf_counter
    return lambda: time.clock_gettime(clock.value)
