"""The state of a case as bytes, without its specs, and its compaction.

A task is a row: id, row of its parent, state, spec, whether it was triggered, internal data, variables changed
against its parent, variables gone. Rows are in the order the tasks were made, so parents come first; the order must
not be changed. Process data are kept as they are: no key of theirs means anything here.
"""

from typing import Any

import orjson

from engine.language.repairs import repairs
from engine.language.specs.merge import is_unchanged
from engine.language.specs.task import FINISHED, READY, UNFINISHED, Host, Listener, Thawed, TracedTask
from engine.language.workflow import Case, InnerCase, Specs
from engine.storage.plain import PlainDict

VERSION = 2


def freeze(case: Case) -> bytes:
    """The state as JSON text."""
    state = _freeze_scope(case) | {"version": VERSION}
    if case.outcome is not None:
        state["outcome"] = case.outcome
    inner = [_freeze_scope(scope) | {"task": task_id} for task_id, scope in case.subprocesses.items()]
    if inner:
        state["inner"] = inner
    return orjson.dumps(state)


@repairs("typename-in-data", "Data with a key `typename` make a case unloadable, or become an object of that type.")
def thaw(state: bytes, specs: Specs, script_engine: Any, host: Host, recorder: Listener | None = None) -> Case:
    """The case again. `specs` must be those it was started with, or compatible ones."""
    content = orjson.loads(state)
    if content["version"] == 1:
        _upgrade(content)
    elif content["version"] != VERSION:
        raise ValueError(f"Expected a state of version {VERSION}, but got {content['version']!r}")
    case = Case(specs, script_engine, host)
    case.outcome = content.get("outcome")
    _thaw_scope(case, content)
    for inner in content.get("inner", []):
        task = case.get_task_from_id(inner["task"])
        scope = case.subprocesses[task.id] = InnerCase(case.subprocess_specs[task.task_spec.spec], task.id, case)
        _thaw_scope(scope, inner)
    for scope in case.scopes:
        case.queue.extend(task for task in scope.tasks.values() if task._state == READY and not task.task_spec.manual)
    if recorder is not None:
        recorder.attach(case)
    return case


def _upgrade(content: dict[str, Any]) -> None:
    """Version 1 kept of what had ended one value that the others hold, in the place of all of them."""
    for scope in [content, *content.get("inner", [])]:
        scope["ended"] = {name: [[held], new] for name, (held, new) in scope.get("ended", {}).items()}


def compact(case: Case) -> None:
    """Drop what has finished and nobody needs any more, so that a step costs the same after a thousand turns.

    Kept are open tasks, the parent of each (their data count against it) and the forks that joins merge against.
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
    for task in scope.tasks.values():
        if not task._state & UNFINISHED:
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
    scope.tasks = {task_id: task for task_id, task in scope.tasks.items() if task_id in keep}
    for task in scope.tasks.values():
        task._children = []
    for task in scope.tasks.values():
        task._parent = parents[task.id]
        if task._parent is not None:
            scope.tasks[task._parent]._children.append(task.id)
    scope.last_task = None


def _find_kept(tasks: dict[str, TracedTask], ancestor: str | None, keep: set[str]) -> str | None:
    while ancestor is not None and ancestor not in keep:
        ancestor = tasks[ancestor]._parent
    return ancestor


def _freeze_scope(scope: Any) -> dict[str, Any]:
    places = {task_id: place for place, task_id in enumerate(scope.tasks)}
    state: dict[str, Any] = {"tasks": [_freeze_task(task, places) for task in scope.tasks.values()]}
    if scope.ended:
        state["ended"] = scope.ended
    if scope.data:
        state["data"] = scope.data
    if scope.completed:
        state |= {"completed": True, "success": scope.success}
    return state


def _freeze_task(task: TracedTask, places: dict[str, int]) -> list[Any]:
    parent = task.parent
    base: PlainDict = {} if parent is None else parent.data
    if task.thawed is not None and task.thawed.data is task.data and task.thawed.base is base:
        changed, gone = task.thawed.changed, task.thawed.gone  # nobody has touched it: one of a thousand that wait
    else:
        # sorted, so that a case saved twice is the same to the byte: a merge brings variables in an order of its own
        changed = {k: v for k, v in sorted(task.data.items()) if k not in base or not is_unchanged(base[k], v)}
        gone = sorted(name for name in base if name not in task.data)
    row: list[Any] = [task.id, None if parent is None else places[parent.id], task._state, task.task_spec.name]
    row += [task.internal_data, changed, gone]
    while not row[-1]:
        row.pop()
    return row


def _thaw_scope(scope: Any, content: dict[str, Any]) -> None:
    tasks: list[TracedTask] = []
    for row in content["tasks"]:
        task_id, place, state, name = row[:4]
        internal, changed, gone = _read_rest(row)
        parent = None if place is None else tasks[place]
        task = TracedTask(scope, scope.spec.task_specs[name], parent, state, task_id)
        task.internal_data = internal
        base = {} if parent is None else parent.data
        task.data = _apply(base, changed, gone)
        task.thawed = Thawed(task.data, base, changed, gone)
        tasks.append(task)
    scope.task_tree = tasks[0]
    scope.ended = content.get("ended", {})
    scope.completed, scope.success = content.get("completed", False), content.get("success", True)
    scope.data = content.get("data", {})


def read_task_data(state: bytes, task_id: str) -> PlainDict:
    """The data of one task, without bringing the case to life. Raises LookupError."""
    content = orjson.loads(state)
    for scope in [content, *content.get("inner", [])]:
        found = next((row for row in scope["tasks"] if row[0] == task_id), None)
        if found is not None:
            return _read_data(scope["tasks"], found)
    raise LookupError(f"Expected task {task_id} in the case, but it is gone")


def _read_data(rows: list[list[Any]], row: list[Any]) -> PlainDict:
    """The data of a row: what those above it changed, the first of them first."""
    line = [row]
    while line[-1][1] is not None:
        line.append(rows[line[-1][1]])
    data: PlainDict = {}
    for one in reversed(line):
        _, changed, gone = _read_rest(one)
        data = _apply(data, changed, gone)
    return data


def _read_rest(row: list[Any]) -> tuple[PlainDict, PlainDict, list[str]]:
    """Internal data, changed and gone variables; empty ones at the end of a row are left out."""
    rest: list[Any] = [*row[4:], *({}, {}, [])[len(row) - 4 :]]
    return rest[0], rest[1], rest[2]


def _apply(base: PlainDict, changed: PlainDict, gone: list[str]) -> PlainDict:
    if gone:
        base = {name: value for name, value in base.items() if name not in gone}
    return {**base, **changed} if changed else base
