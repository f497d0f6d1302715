"""What happens to the tokens of a case during one step, as plain events that history keeps.

An event is a dict of `kind`, `task`, `element`, and where it is not empty `scope` (the task of the sub-process or
call activity it lives in), `index` (of a multi-instance or loop), `body` (the container of one), `base` (entered: the
task whose data the change is counted against; other kinds count against the task itself), `set` and `gone`
(variables), `grown` (variables that are long lists: what came in, by its place), `error`, `overrun` (failed: for lack
of time, so another run need not fail). Kinds: entered, data, fixed (an operator gave it values), failed (it stays
open), retried, completed, cancelled, joined.
"""

from typing import Any

from engine.language.errors import EngineError
from engine.language.sandbox import SandboxOverrun
from engine.language.specs.activities import EventSubProcess
from engine.language.specs.loops import LoopSpec
from engine.language.specs.task import COMPLETED, FINISHED, OPEN, TracedTask, awake
from engine.language.values import is_same
from engine.records.growth import find_growth
from engine.storage.plain import PlainDict

NOTHING: PlainDict = {}


class Recorder:
    """Lives for one step. It knows of each task only what was last written down."""

    def __init__(self) -> None:
        self.events: list[PlainDict] = []
        self._seen: dict[str, PlainDict] = {}
        self._open: dict[str, TracedTask] = {}

    def attach(self, case: Any) -> None:
        """Begin with a loaded case, before anything is done to it."""
        for scope in case.scopes:
            for task in awake(scope.tasks):
                self.task_woken(task)
        case.recorder = self

    def replace(self, case: Any) -> None:
        """Go on with another case in the place of this one: tokens of both, maybe under other names, some gone or new.

        None of either sleeps any more; the caller has woken those of the former.
        A token with another name is entered once more over its own data.
        """
        case.wake()
        before = self._open
        for task in [task for task in before.values() if not _is_open_in(case, task.id)]:
            self._leave(task, "cancelled")
        before, self._seen, self._open = dict(before), {}, {}
        self.attach(case)
        for task in self._open.values():
            former = before.get(task.id)
            if former is not None and _name(former) == _name(task):
                continue
            base = self._find_base(task) if former is None else task
            event = _describe_entry(task) | ({} if base is None else {"base": base.id})
            self._add(event, NOTHING if base is None else self._seen[base.id], task.data)
            if former is not None and "stalled" in task.internal_data:
                self.events.append(_describe("failed", task))

    def finish(self) -> list[PlainDict]:
        """The events of the step, with what has changed in the data of tasks that are still open."""
        for task in self._open.values():
            self._note_data(task)
        return self.events

    # --- told by the tasks -------------------------------------------------------------------------------------------
    def task_woken(self, task: TracedTask) -> None:
        """It is there as it was when the case was loaded."""
        if task.task_spec.bpmn_id is not None and task._state & (OPEN | FINISHED):
            self._seen[task.id] = task.data
            if task._state & OPEN:
                self._open[task.id] = task

    def state_changed(self, task: TracedTask, state: int) -> None:
        if task.task_spec.bpmn_id is None:
            return
        if state & OPEN and task.id not in self._open:
            self._enter(task)
        elif state & FINISHED and task.id in self._open:
            self._leave(task, "completed" if state == COMPLETED else "cancelled")

    def task_failed(self, task: TracedTask, error: Exception) -> None:
        if task.id in self._open:
            is_overrun = isinstance(error, SandboxOverrun) or isinstance(error.__cause__, SandboxOverrun)
            self._write(task, "failed", {"error": name_error(error), **({"overrun": True} if is_overrun else {})})

    def task_retried(self, task: TracedTask, facts: PlainDict) -> None:
        if task.id in self._open:
            self._write(task, "retried", facts)

    def data_fixed(self, task: TracedTask, facts: PlainDict) -> None:
        if task.id in self._open:
            self._write(task, "fixed", facts)

    def task_removed(self, task: TracedTask) -> None:
        if task.id in self._open:
            self._leave(task, "cancelled")

    # --- how they are written ----------------------------------------------------------------------------------------
    def _enter(self, task: TracedTask) -> None:
        base = self._find_base(task)
        event = _describe_entry(task)
        if base is not None:
            event["base"] = base.id
        self._add(event, NOTHING if base is None else self._seen[base.id], task.data)
        self._seen[task.id] = task.data
        self._open[task.id] = task

    def _leave(self, task: TracedTask, kind: str) -> None:
        self._write(task, "joined" if "joined" in task.internal_data else kind)
        del self._open[task.id]

    def _note_data(self, task: TracedTask) -> None:
        seen = self._seen[task.id]
        if task.data is not seen and not is_same(task.data, seen):
            self._write(task, "data")

    def _write(self, task: TracedTask, kind: str, facts: PlainDict = NOTHING) -> None:
        event = _describe(kind, task) | facts
        self._add(event, self._seen[task.id], task.data)
        self._seen[task.id] = task.data

    def _add(self, event: PlainDict, old: PlainDict, new: PlainDict) -> None:
        if new is not old:
            changed, grown = PlainDict(), PlainDict()
            is_given = event["kind"] == "fixed"  # told as it was given: a replay gives it again
            for name, value in new.items():
                if name not in old:
                    changed[name] = value
                elif old[name] is not value:
                    if not is_given and (added := find_growth(old[name], value)) is not None:
                        grown[name] = added
                    elif not is_same(old[name], value):
                        changed[name] = value
            gone = [name for name in old if name not in new]
            if changed:
                event["set"] = changed
            if grown:
                event["grown"] = grown
            if gone:
                event["gone"] = [*gone]
        self.events.append(event)

    def _find_base(self, task: TracedTask) -> TracedTask | None:
        """The nearest recorded ancestor in the scope, else the sub-process the scope belongs to, or its start event."""
        for ancestor in task.ancestors:
            if ancestor.id in self._seen:
                return ancestor
        holder = task.scope_task
        return holder.parent if holder is not None and isinstance(holder.task_spec, EventSubProcess) else holder


def name_error(error: Exception) -> str:
    """What history calls an error by."""
    return error.code if isinstance(error, EngineError) else type(error).__name__


def _is_open_in(case: Any, task_id: str) -> bool:
    found = next((scope.tasks[task_id] for scope in case.scopes if task_id in scope.tasks), None)
    return found is not None and bool(found._state & OPEN)


def _name(task: TracedTask) -> tuple[str, str]:
    """The process and element a token stands at."""
    return task.workflow.spec.process_key, task.task_spec.bpmn_id


def _describe_entry(task: TracedTask) -> PlainDict:
    event = _describe("entered", task)
    index = task.internal_data.get("index")
    if index is not None:
        event["index"] = index
    if isinstance(task.task_spec, LoopSpec):
        event["body"] = True
    return event


def _describe(kind: str, task: TracedTask) -> PlainDict:
    event: PlainDict = {"kind": kind, "task": task.id, "element": task.task_spec.bpmn_id}
    if task.workflow.parent_task_id is not None:
        event["scope"] = task.workflow.parent_task_id
    return event
