"""Tracks side by side: lines that would lie on each other get tracks of their own, others share one."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

PITCH = 10  # between lines
CLEARANCE = 10  # between two lines in one track


@dataclass
class Channel:
    """The room between two rows or columns. `size` is what its tracks take; `place` tells where each line runs."""

    spans: list[list[tuple[float, float]]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    tracks: dict[Hashable, int] = field(default_factory=dict)

    def add(self, lines: Iterable[tuple[Hashable, float, float, int]]) -> None:
        """Lines with their beginning, their end and the room they need; each takes the first track that is free."""
        for key, begin, end, size in sorted(lines, key=lambda line: (line[1], line[2])):
            low, high = min(begin, end) - CLEARANCE, max(begin, end) + CLEARANCE
            free = (n for n, last in enumerate(self.spans) if last[-1][1] < low)
            track = next(free, len(self.spans))
            if track == len(self.spans):
                self.spans.append([])
                self.sizes.append(0)
            self.spans[track].append((low, high))
            self.sizes[track] = max(self.sizes[track], size, PITCH)
            self.tracks[key] = track

    @property
    def size(self) -> int:
        return sum(self.sizes)

    def place(self, key: Hashable) -> int:
        """How far behind the beginning of the channel the line runs: at the end of its track, labels stand before."""
        return sum(self.sizes[: self.tracks[key] + 1])
