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


class Places:
    """The open tokens of a case, as its events tell of them."""

    def __init__(self) -> None:
        self._paths: dict[str, Path] = {}
        self._tasks: dict[Path, list[str]] = {}

    def follow(self, events: Iterable[PlainDict]) -> None:
        """Takes more events into account; those of kinds that move no token are passed over."""
        for event in events:
            if event["kind"] == "entered":
                self._enter(event)
            elif event["kind"] in ENDED:
                task = str(event["task"])
                self._tasks[self._paths.pop(task)].remove(task)

    def path(self, task: str) -> Path | None:
        """Where a task stands; None unless it is open."""
        return self._paths.get(task)

    def place(self, task: str) -> Place | None:
        """The place of a task; None unless it is open."""
        path = self._paths.get(task)
        return None if path is None else Place(path, self._tasks[path].index(task))

    def find(self, place: Place) -> str | None:
        """The open task at a place."""
        tasks = self._tasks.get(place.path, [])
        return tasks[place.nth] if place.nth < len(tasks) else None

    def elements(self) -> list[str]:
        """The open elements, each once."""
        return sorted({path[-1][0] for path in self._paths.values()})

    def _enter(self, event: PlainDict) -> None:
        task, scope, index = str(event["task"]), event.get("scope"), event.get("index")
        own = BODY if "body" in event else index if isinstance(index, int) else None
        path = (*(() if scope is None else self._paths[str(scope)]), (str(event["element"]), own))
        self._paths[task] = path
        self._tasks.setdefault(path, []).append(task)


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
