"""Who wants to know that something changed: told after the commit, in the process that committed.

What is told is a topic, never what changed: whoever hears of it asks again, and is shown what he may see.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

WORK = "work"  # some work list


def case_topic(instance_id: str) -> str:
    """The topic of one case."""
    return f"case:{instance_id}"


@dataclass
class Listener:
    """Collects what was told until it is asked for. Without `topics` it hears of everything."""

    topics: frozenset[str] | None
    _told: set[str] = field(default_factory=set)
    _ready: threading.Condition = field(default_factory=threading.Condition)
    _is_closed: bool = False

    @property
    def is_closed(self) -> bool:
        """Whether there is nothing to wait for any more."""
        return self._is_closed

    def wait(self, timeout_seconds: float) -> frozenset[str]:
        """What was told since the last call; waits for it, empty if nothing came in that time."""
        with self._ready:
            self._ready.wait_for(lambda: self._told or self._is_closed, timeout_seconds)
            told, self._told = frozenset(self._told), set()
        return told

    def pause(self, seconds: float) -> None:
        """Lets notes gather for a while; cut short when the listener is closed."""
        with self._ready:
            self._ready.wait_for(lambda: self._is_closed, seconds)

    def tell(self, topics: Iterable[str]) -> None:
        """Notes what concerns this listener."""
        heard = set(topics) if self.topics is None else self.topics.intersection(topics)
        if heard:
            with self._ready:
                self._told |= heard
                self._ready.notify_all()

    def close(self) -> None:
        """Wakes whoever waits, for good."""
        with self._ready:
            self._is_closed = True
            self._ready.notify_all()


class Changes:
    """The listeners of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._is_closed = False

    @contextmanager
    def listen(self, topics: Iterable[str] | None) -> Iterator[Listener]:
        """A listener for as long as the block runs."""
        listener = self.add(topics)
        try:
            yield listener
        finally:
            self.remove(listener)

    def add(self, topics: Iterable[str] | None) -> Listener:
        """A listener that hears of what is published from now on, until it is removed."""
        listener = Listener(None if topics is None else frozenset(topics))
        with self._lock:
            self._listeners.append(listener)
            if self._is_closed:
                listener.close()
        return listener

    def remove(self, listener: Listener) -> None:
        """Ends a listener."""
        listener.close()
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def publish(self, topics: Iterable[str], sender: Listener | None = None) -> None:
        """Tells every listener but the sender."""
        told = frozenset(topics)
        with self._lock:
            listeners = [one for one in self._listeners if one is not sender]
        for listener in listeners:
            listener.tell(told)

    def publish_all(self, sender: Listener | None = None) -> None:
        """Tells every listener that anything may have changed."""
        with self._lock:
            listeners = [one for one in self._listeners if one is not sender]
        for listener in listeners:
            listener.tell(listener.topics or ())

    def close(self) -> None:
        """Ends every listener, also those still to come."""
        with self._lock:
            self._is_closed = True
            listeners = list(self._listeners)
        for listener in listeners:
            listener.close()
