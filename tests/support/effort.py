"""What a piece of work takes of a processor, told so that a slow machine or a busy one makes no difference."""

import gc
import time
from collections.abc import Callable

from lxml import etree

_SAMPLE = b"<a>" + b'<b c="d" e="f">text</b>' * 12_000 + b"</a>"
_SAMPLE_SECONDS = 0.01
_READS = 2  # the first may find nothing in the caches


def takes_at_most(seconds: float, act: Callable[[], object], tries: int = 1) -> bool:
    """Whether `act` stays, in one of the tries, within so many seconds of a processor that reads the sample in a
    hundredth of a second.
    """
    return any(_measure(act) * _SAMPLE_SECONDS < seconds * _measure_sample() for _ in range(tries))


def _measure_sample() -> float:
    return min(_measure(_read_sample) for _ in range(_READS))


def _read_sample() -> int:
    return sum(len(part.attrib) + len(part.text or "") for part in etree.fromstring(_SAMPLE).iter("b"))


def _measure(act: Callable[[], object]) -> float:
    """In seconds of this thread alone, and without the collector, which looks at what other tests left as well."""
    gc.disable()
    try:
        began = time.thread_time()
        act()
        return time.thread_time() - began
    finally:
        gc.enable()
