"""Crowds: instances of a multi-instance that wait for people, and that nobody has touched since they were saved.

A thousand of them would be read, made into tasks and written again by every step of their case. They sleep instead: a
frame holds some dozens of them as they were saved, and only the frame of one that is asked for is opened. Who goes
through all tasks of a scope wakes them all; who need not know them, because they wait for nothing but a person and
their body is open as well, goes through those that are `awake` (`engine.language.specs.task`).

A row of a frame is id, internal data, variables changed against what its crowd has in common, variables gone. What that
is counts against the data of the body, so that no row changes when the body takes over a result.
"""

from bisect import bisect_right
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from itertools import pairwise
from typing import Any

import orjson

from engine.language.deltas import apply_delta, make_row, read_row
from engine.language.specs.loops import MultiInstance
from engine.language.specs.merge import is_unchanged
from engine.language.specs.task import READY, Thawed, TracedTask, awake
from engine.storage.plain import PlainDict
from engine.storage.zstd import Codec

SMALLEST = 32  # so many instances are a crowd; fewer stay among the other tasks
FRAME_ROWS = 32
MAX_FRAME_BYTES = 64 * 1024 * 1024
_CODEC = Codec(level=3)


class Frame:
    """Some instances of a crowd. None of them has an id before `first`, and those of the next frame come later."""

    def __init__(self, first: str, packed: bytes) -> None:
        self.first, self.packed = first, packed
        self.is_open = False
        self.ids: list[str] = []  # once it is open: whom it held when it was saved
        self._asleep: dict[str, list[Any]] = {}

    def take(self, task_id: str) -> list[Any] | None:
        """The row of a task that wakes; none if it is not here, or awake already."""
        self._open()
        return self._asleep.pop(task_id, None)

    def take_all(self) -> list[list[Any]]:
        """The rows of all that sleep still; they wake."""
        self._open()
        rows, self._asleep = [*self._asleep.values()], {}
        return rows

    def repack(self, rested: Mapping[str, list[Any]]) -> "Frame | None":
        """With those that woke and rest again by now, without those that do not; none when nobody is left."""
        if not self.is_open:
            return self
        rows = [row for one in self.ids if (row := self._asleep.get(one) or rested.get(one)) is not None]
        return Frame(self.first, pack_rows(rows)) if rows else None

    def _open(self) -> None:
        if not self.is_open:
            self.is_open = True
            self._asleep = {row[0]: row for row in orjson.loads(_CODEC.decompress(self.packed, MAX_FRAME_BYTES))}
            self.ids = [*self._asleep]


def pack_rows(rows: list[list[Any]]) -> bytes:
    """The bytes of a frame."""
    return _CODEC.compress(orjson.dumps(rows))


def find_frame(frames: list[Frame], task_id: str) -> Frame | None:
    """The one that may hold a task."""
    place = bisect_right(frames, task_id, key=lambda frame: frame.first)
    return frames[place - 1] if place else None


class Crowd:
    """The instances of a body that sleep. `base` are the data they have in common."""

    def __init__(self, body: TracedTask, base: PlainDict, frames: list[Frame]) -> None:
        self.body, self.base, self.frames = body, base, frames

    def wake(self, task_id: str) -> TracedTask | None:
        """The task, if it sleeps here."""
        frame = find_frame(self.frames, task_id)
        row = None if frame is None else frame.take(task_id)
        return None if row is None else self._wake(row)

    def wake_all(self) -> None:
        for frame in self.frames:
            for row in frame.take_all():
                self._wake(row)

    def _wake(self, row: list[Any]) -> TracedTask:
        scope = self.body.workflow
        task = TracedTask(scope, scope.spec.task_specs[self.body.task_spec.task_spec], self.body, READY, row[0])
        task.internal_data, changed, gone = read_row(row, 1)
        task.data = apply_delta(self.base, changed, gone)
        task.thawed = Thawed(task.data, self.base, changed, gone)
        scope.top_workflow.task_woken(task)
        return task


class Tasks(dict[str, TracedTask]):
    """The tasks of a scope with crowds, by id."""

    def __init__(self, awake: Mapping[str, TracedTask], crowds: list[Crowd]) -> None:
        super().__init__(awake)
        self.crowds = crowds
        for crowd in crowds:
            crowd.body.crowd = crowd

    def wake(self) -> None:
        """All of them."""
        for crowd in self.crowds:
            crowd.wake_all()

    def __missing__(self, task_id: str) -> TracedTask:
        for crowd in self.crowds:
            if (task := crowd.wake(task_id)) is not None:
                return task
        raise KeyError(task_id)

    def __contains__(self, task_id: object) -> bool:
        return super().__contains__(task_id) or any(crowd.wake(str(task_id)) for crowd in self.crowds)

    def get(self, task_id: str | None, default: Any = None) -> Any:
        return self[task_id] if task_id is not None and task_id in self else default

    def __iter__(self) -> Iterator[str]:
        self.wake()
        return super().__iter__()

    def __len__(self) -> int:
        self.wake()
        return super().__len__()

    def keys(self) -> KeysView[str]:  # type: ignore[override]  # dict_keys cannot be named
        self.wake()
        return super().keys()

    def values(self) -> ValuesView[TracedTask]:  # type: ignore[override]
        self.wake()
        return super().values()

    def items(self) -> ItemsView[str, TracedTask]:  # type: ignore[override]
        self.wake()
        return super().items()


def settle_crowds(scope: Any) -> tuple[list[Crowd], set[str]]:
    """The crowds of a scope as they are to be saved, and which of those that are awake rest in them by then."""
    tasks: dict[str, TracedTask] = scope.tasks
    known = tasks.crowds if isinstance(tasks, Tasks) else []
    if not known and len(tasks) < SMALLEST:
        return [], set()
    resting: dict[str, list[TracedTask]] = {}
    for task in awake(tasks):
        if _is_resting(task):
            resting.setdefault(task._parent, []).append(task)
    crowds, inside = [], set[str]()
    for crowd in known:
        rows = {task.id: make_row([task.id], task, crowd.base) for task in resting.pop(crowd.body.id, ())}
        frames = [frame for one in crowd.frames if (frame := one.repack(rows)) is not None]
        if frames:
            crowds.append(Crowd(crowd.body, crowd.base, frames))
        inside |= {task_id for frame in crowd.frames for task_id in frame.ids if task_id in rows}
    for body_id, members in resting.items():
        if len(members) >= SMALLEST and all(one.id < other.id for one, other in pairwise(members)):
            crowds.append(_form_crowd(tasks[body_id], members))
            inside |= {task.id for task in members}
    return crowds, inside


def _is_resting(task: TracedTask) -> bool:
    """Whether it is an instance that waits for a person, and for nothing else."""
    if task._state != READY or not task.task_spec.manual or task._children:
        return False
    return task.parent is not None and isinstance(task.parent.task_spec, MultiInstance)


def _form_crowd(body: TracedTask, members: list[TracedTask]) -> Crowd:
    first, second = members[0].data, members[1].data
    base = {name: value for name, value in first.items() if name in second and is_unchanged(value, second[name])}
    rows = [make_row([task.id], task, base) for task in members]
    chunks = [rows[place : place + FRAME_ROWS] for place in range(0, len(rows), FRAME_ROWS)]
    return Crowd(body, base, [Frame(chunk[0][0], pack_rows(chunk)) for chunk in chunks])
