"""Limits on how often somebody may try: counted in the memory of this process, forgotten when the window has passed.

With several web processes each counts for itself: what somebody may try in all is so many times the limit.
"""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from math import ceil

from werkzeug.exceptions import TooManyRequests

from engine.storage.clock import Clock

MAX_KEYS = 20_000


class Throttle:
    """At most `limit` attempts per key within `window`. Thread-safe; at most `MAX_KEYS` keys, the oldest go first."""

    def __init__(self, clock: Clock, limit: int, window: timedelta) -> None:
        self.limit = limit
        self.window = window
        self._clock = clock
        self._attempts: OrderedDict[str, list[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def count_attempt(self, key: str) -> None:
        """Counts an attempt, or raises TooManyRequests (429, with Retry-After in seconds) at the limit."""
        now = self._clock()
        with self._lock:
            recent = [at for at in self._attempts.get(key, []) if now - at < self.window]
            if len(recent) >= self.limit:
                raise TooManyRequests(retry_after=ceil((recent[0] + self.window - now).total_seconds()))
            self._attempts[key] = [*recent, now]
            self._attempts.move_to_end(key)
            while len(self._attempts) > MAX_KEYS:
                self._attempts.popitem(last=False)

    def take_back(self, key: str) -> None:
        """Takes an attempt back that succeeded: many people behind one address sign in without closing its door."""
        with self._lock:
            recent = self._attempts.get(key)
            if recent:
                recent.pop()

    def forget_key(self, key: str) -> None:
        """Starts a key anew, after a success."""
        with self._lock:
            self._attempts.pop(key, None)
