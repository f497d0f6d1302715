"""Where tokens stand, said without their ids: two runs of a case, and two versions of a diagram, have no ids in common.

A path names the element of a token and those it is inside of, the outermost first, each with its index in a
multi-instance or loop. What asks for the same path twice gets the tokens in the order in which they came.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from engine.language.specs.loops import LoopSpec
from engine.language.specs.task import TracedTask
from engine.storage.plain import PlainDict

Path: TypeAlias = tuple[tuple[str, int | None], ...]
BODY = -1  # in the place of an index: the container of a multi-instance or loop
ENDED = frozenset({"completed", "cancelled", "joined"})


@dataclass(frozen=True)
class Place:
    """An open token: `nth` of those that stand at the same path, the oldest one is 0."""

    path: Path
    nth: int

    @property
    def element(self) -> str:
        """The id of the element."""
        return self.path[-1][0]


@dataclass(frozen=True)
class _Open:
    """An open token: its element with its index, and the task it is inside of."""

    own: tuple[str, int | None]
    scope: str | None


class Places:
    """The open tokens of a case in the order they came, as its events tell of them.

    Paths are put together when they are asked for: a migration may give what tokens are inside of another name.
    """

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def follow(self, events: Iterable[PlainDict]) -> None:
        """Takes more events into account; those of kinds that move no token are passed over."""
        for event in events:
            if event["kind"] == "entered":
                index, scope = event.get("index"), event.get("scope")
                own = BODY if "body" in event else index if isinstance(index, int) else None
                is_inside = None if scope is None else str(scope)
                self._open[str(event["task"])] = _Open((str(event["element"]), own), is_inside)
            elif event["kind"] in ENDED:
                del self._open[str(event["task"])]

    def path(self, task: str) -> Path | None:
        """Where a task stands; None unless it is open."""
        found = self._open.get(task)
        if found is None:
            return None
        around = None if found.scope is None else self.path(found.scope)
        return (*(around or ()), found.own)

    def place(self, task: str) -> Place | None:
        """The place of a task; None unless it is open."""
        path = self.path(task)
        return None if path is None else Place(path, self._list(path).index(task))

    def find(self, place: Place) -> str | None:
        """The open task at a place."""
        tasks = self._list(place.path)
        return tasks[place.nth] if place.nth < len(tasks) else None

    def elements(self) -> list[str]:
        """The open elements, each once."""
        return sorted({found.own[0] for found in self._open.values()})

    def _list(self, path: Path) -> list[str]:
        own = path[-1]
        return [task for task, found in self._open.items() if found.own == own and self.path(task) == path]


def path_of(task: TracedTask) -> Path:
    """Where a live task stands or is about to."""
    path: list[tuple[str, int | None]] = []
    found: TracedTask | None = task
    while found is not None:
        index = found.internal_data.get("index")
        own = BODY if isinstance(found.task_spec, LoopSpec) else index if isinstance(index, int) else None
        path.append((str(found.task_spec.bpmn_id), own))
        found = found.scope_task
    return tuple(reversed(path))
