"""The state of a case as bytes, without its specs, and its compaction.

A task is a row: id, row of its parent, state, spec, internal data, variables changed against its parent, variables
gone. Rows are in the order the tasks were made, so parents come first; the order must not be changed. Process data are
kept as they are: no key of theirs means anything here.

What is stored is a zstandard frame of JSON text. Behind it follow the frames of its crowds, of which a step opens only
those it needs (`engine.language.crowds`).
"""

from typing import Any

import orjson

from engine.language.crowds import Crowd, Frame, Tasks, find_frame, settle_crowds
from engine.language.deltas import apply_delta, find_delta, make_row, read_row
from engine.language.repairs import repairs
from engine.language.specs.task import COMPLETED, FINISHED, READY, UNFINISHED, Host, Listener, Thawed, TracedTask, awake
from engine.language.workflow import Case, InnerCase, Specs
from engine.storage.plain import PlainDict
from engine.storage.zstd import Codec

VERSION = 4
READABLE = (1, 2, 3, VERSION)  # 2 knows no crowds, 3 keeps what a multi-instance collected twice
MAX_BYTES = 64 * 1024 * 1024
HEAD = 4  # values of a row before the internal data
_CODEC = Codec(level=3)


def freeze(case: Case) -> bytes:
    """The state as it is stored."""
    frames: list[bytes] = []
    state = _freeze_scope(case, frames) | {"version": VERSION}
    if case.outcome is not None:
        state["outcome"] = case.outcome
    inner = [_freeze_scope(scope, frames) | {"task": task_id} for task_id, scope in case.subprocesses.items()]
    if inner:
        state["inner"] = inner
    return b"".join((_CODEC.compress(orjson.dumps(state)), *frames))


@repairs("typename-in-data", "Data with a key `typename` make a case unloadable, or become an object of that type.")
def thaw(state: bytes, specs: Specs, script_engine: Any, host: Host, recorder: Listener | None = None) -> Case:
    """The case again. `specs` must be those it was started with, or compatible ones."""
    content = _read_content(state)
    case = Case(specs, script_engine, host)
    case.outcome = content.get("outcome")
    _thaw_scope(case, content)
    for inner in content.get("inner", []):
        task = case.get_task_from_id(inner["task"])
        scope = case.subprocesses[task.id] = InnerCase(case.subprocess_specs[task.task_spec.spec], task.id, case)
        _thaw_scope(scope, inner)
    for scope in case.scopes:
        case.queue.extend(task for task in awake(scope.tasks) if task._state == READY and not task.task_spec.manual)
    if recorder is not None:
        recorder.attach(case)
    return case


def _read_content(state: bytes) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(_CODEC.decompress(state, MAX_BYTES))
    if content["version"] not in READABLE:
        raise ValueError(f"Expected a state of version {VERSION}, but got {content['version']!r}")
    if content["version"] == 1:
        _upgrade(content)
    crowds = [crowd for scope in _list_scopes(content) for crowd in scope.get("crowds", ())]
    place = len(state) - sum(size for crowd in crowds for _, size in crowd["frames"])
    for crowd in crowds:
        frames = []
        for first, size in crowd["frames"]:
            frames.append(Frame(first, state[place : place + size]))
            place += size
        crowd["frames"] = frames
    return content


def _list_scopes(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [content, *content.get("inner", [])]


def _upgrade(content: dict[str, Any]) -> None:
    """Version 1 kept of what had ended one value that the others hold, in the place of all of them."""
    for scope in _list_scopes(content):
        scope["ended"] = {name: [[held], new] for name, (held, new) in scope.get("ended", {}).items()}


def compact(case: Case) -> None:
    """Drop what has finished and nobody needs any more, so that a step costs the same after a thousand turns.

    Kept are open tasks, the parent of each (their data count against it), the forks that joins merge against, and
    instances whose result could not be taken over, for the retry.
    """
    for task_id in list(case.subprocesses):
        task = next((scope.tasks[task_id] for scope in case.scopes if task_id in scope.tasks), None)
        if task is None or task._state & FINISHED:
            del case.subprocesses[task_id]
    for scope in case.scopes:
        _compact_scope(scope)


def _compact_scope(scope: Any) -> None:
    root = scope.task_tree
    branches: dict[str, set[str]] = {}
    keep = {root.id}
    for task in awake(scope.tasks):
        if not task._state & UNFINISHED and not _is_left_over(task):
            continue
        keep.add(task.id)
        if task.parent is not None:
            keep.add(task.parent.id)
        while task.parent is not None:
            known = branches.setdefault(task.parent.id, set())
            is_new = not known
            known.add(task.id)
            if not is_new:
                break
            task = task.parent
    keep |= {task_id for task_id, children in branches.items() if len(children) > 1}
    parents = {task_id: _find_kept(scope.tasks, scope.tasks[task_id]._parent, keep) for task_id in keep}
    for task in [task for task in awake(scope.tasks) if task.id not in keep]:
        del scope.tasks[task.id]
    for task in awake(scope.tasks):
        task._children = []
    for task in awake(scope.tasks):
        task._parent = parents[task.id]
        if task._parent is not None:
            scope.tasks[task._parent]._children.append(task.id)
    scope.last_task = None


def _is_left_over(task: TracedTask) -> bool:
    """Whether it is an instance that completed while its body could not go on."""
    body = task.parent
    if task._state != COMPLETED or body is None or "taken" in task.internal_data:
        return False
    return "stalled" in body.internal_data and getattr(body.task_spec, "task_spec", None) == task.task_spec.name


def _find_kept(tasks: dict[str, TracedTask], ancestor: str | None, keep: set[str]) -> str | None:
    while ancestor is not None and ancestor not in keep:
        ancestor = tasks[ancestor]._parent
    return ancestor


def _freeze_scope(scope: Any, frames: list[bytes]) -> dict[str, Any]:
    crowds, inside = settle_crowds(scope)
    tasks = [task for task in awake(scope.tasks) if task.id not in inside]
    places = {task.id: place for place, task in enumerate(tasks)}
    state: dict[str, Any] = {"tasks": [_freeze_task(task, places) for task in tasks]}
    if crowds:
        state["crowds"] = [_freeze_crowd(crowd, places, frames) for crowd in crowds]
    if scope.ended:
        state["ended"] = scope.ended
    if scope.data:
        state["data"] = scope.data
    if scope.completed:
        state |= {"completed": True, "success": scope.success}
    return state


def _freeze_task(task: TracedTask, places: dict[str, int]) -> list[Any]:
    parent = task.parent
    head = [task.id, None if parent is None else places[parent.id], task._state, task.task_spec.name]
    return make_row(head, task, {} if parent is None else parent.data)


def _freeze_crowd(crowd: Crowd, places: dict[str, int], frames: list[bytes]) -> dict[str, Any]:
    frames += [frame.packed for frame in crowd.frames]
    return {
        "body": places[crowd.body.id],
        "base": find_delta(crowd.body.data, crowd.base),
        "frames": [[frame.first, len(frame.packed)] for frame in crowd.frames],
    }


def _thaw_scope(scope: Any, content: dict[str, Any]) -> None:
    tasks: list[TracedTask] = []
    for row in content["tasks"]:
        task_id, place, state, name = row[:HEAD]
        internal, changed, gone = read_row(row, HEAD)
        parent = None if place is None else tasks[place]
        task = TracedTask(scope, scope.spec.task_specs[name], parent, state, task_id)
        task.internal_data = internal
        base = {} if parent is None else parent.data
        task.data = apply_delta(base, changed, gone)
        task.thawed = Thawed(task.data, base, changed, gone)
        tasks.append(task)
    if "crowds" in content:
        scope.tasks = Tasks(scope.tasks, [_thaw_crowd(tasks[crowd["body"]], crowd) for crowd in content["crowds"]])
    scope.task_tree = tasks[0]
    scope.ended = content.get("ended", {})
    scope.completed, scope.success = content.get("completed", False), content.get("success", True)
    scope.data = content.get("data", {})


def _thaw_crowd(body: TracedTask, content: dict[str, Any]) -> Crowd:
    return Crowd(body, apply_delta(body.data, *content["base"]), content["frames"])


def read_task_data(state: bytes, task_id: str) -> PlainDict:
    """The data of one task, without bringing the case to life. Raises LookupError."""
    content = _read_content(state)
    for scope in _list_scopes(content):
        found = next((row for row in scope["tasks"] if row[0] == task_id), None)
        if found is not None:
            return _read_data(scope["tasks"], found)
    for scope in _list_scopes(content):
        for crowd in scope.get("crowds", ()):
            frame = find_frame(crowd["frames"], task_id)
            found = None if frame is None else frame.take(task_id)
            if found is not None:
                base = apply_delta(_read_data(scope["tasks"], scope["tasks"][crowd["body"]]), *crowd["base"])
                return apply_delta(base, *read_row(found, 1)[1:])
    raise LookupError(f"Expected task {task_id} in the case, but it is gone")


def _read_data(rows: list[list[Any]], row: list[Any]) -> PlainDict:
    """The data of a row: what those above it changed, the first of them first."""
    line = [row]
    while line[-1][1] is not None:
        line.append(rows[line[-1][1]])
    data: PlainDict = {}
    for one in reversed(line):
        data = apply_delta(data, *read_row(one, HEAD)[1:])
    return data
