"""One process instance in memory, and everything that can be done to it.

Each operation runs what follows until the case rests. Nothing reads a clock, the database or the network but through
the host of the step. A task is named by its id; the operations take the task itself, which `get_task_from_id` finds.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow

from engine.language.crowds import Tasks
from engine.language.errors import BpmnError, StepLimitExceeded, TaskNotWaiting
from engine.language.repairs import repairs
from engine.language.specs.activities import ServiceTask
from engine.language.specs.conditions import find_fulfilled
from engine.language.specs.events import throw_error
from engine.language.specs.gateways import JoiningSpec
from engine.language.specs.loops import LoopSpec
from engine.language.specs.process import ProcessSpec
from engine.language.specs.task import OPEN, READY, STARTED, UNFINISHED, WAITING, Host, Listener, TracedTask, awake
from engine.storage.clock import parse_instant
from engine.storage.plain import PlainDict

__all__ = ["OPEN", "Case", "Host", "InnerCase", "Listener", "Specs", "TracedTask"]

STEP_LIMIT = 10_000


class Specs(Protocol):
    """What a case is made of; shared between cases and never changed."""

    @property
    def spec(self) -> ProcessSpec: ...

    @property
    def subprocess_specs(self) -> dict[str, ProcessSpec]: ...


class CaseMixin:
    """What a case and the sub-processes in it have in common."""

    tasks: dict[str, TracedTask]
    task_tree: TracedTask
    spec: ProcessSpec
    top_workflow: Any
    completed: bool
    success: bool
    data: PlainDict
    last_task: TracedTask | None
    start_event: str | None = None
    payload: PlainDict | None = None

    def plant(self, data: PlainDict) -> None:
        """Make the first task."""
        self.task_tree = TracedTask(self, self.spec.start)
        self.task_tree.data = dict(data)
        self.task_tree._set_state(READY)

    def update_waiting_tasks(self) -> None:
        """Joins may go on when another branch has ended; whatever else waits is told when it has happened."""
        if not self.spec.has_joins:
            return
        for task in [t for t in awake(self.tasks) if t._state == WAITING and isinstance(t.task_spec, JoiningSpec)]:
            if task._state == WAITING:
                task.task_spec._update(task)

    @repairs(
        "depth-limit",
        "Beyond a depth of 1,000 tasks nothing is found any more, and a case with open work counts as completed.",
    )
    def is_completed(self) -> bool:
        self.completed = self.completed or not any(t._state & UNFINISHED for t in awake(self.tasks))
        return self.completed

    def end_at(self, task: TracedTask) -> None:
        """A terminate or error end event: nothing else goes on."""
        for other in list(self.tasks.values()):
            other.cancel()
        self.data = dict(task.data)
        self.completed = True

    def cancel(self) -> None:
        self.success, self.completed = False, True
        for task in list(self.tasks.values()):
            task.cancel()

    def _task_completed_notify(self, task: TracedTask) -> None:
        self.last_task = task
        if task.task_spec.name == "End":
            self.data = dict(task.data)
            self.completed = True
        if self.completed:
            self.has_completed()
        else:
            self.update_waiting_tasks()

    def has_completed(self) -> None:
        """Called when the last task has completed."""

    def _remove_task(self, task_id: str) -> None:
        """Take a task and all under it out of the tree. Stock forgets its sub-process and recurses."""
        task = self.tasks[task_id]
        if task.parent is not None:
            task.parent._children.remove(task_id)
        stack = [task]
        while stack:
            task = stack.pop()
            stack.extend(task.children)
            del self.tasks[task.id]
            if (inner := self.top_workflow.subprocesses.pop(task.id, None)) is not None:
                inner.cancel()
            if self.top_workflow.recorder is not None:
                self.top_workflow.recorder.task_removed(task)


class InnerCase(CaseMixin, BpmnSubWorkflow):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """A sub-process or called process that runs."""

    def __init__(self, spec: ProcessSpec, parent_task_id: str, case: "Case") -> None:
        super().__init__(spec, parent_task_id, case, deserializing=True)
        self.ended: dict[str, Any] = {}

    def has_completed(self) -> None:
        task = self.top_workflow.get_task_from_id(self.parent_task_id)
        if task._state == STARTED:
            task._set_state(READY)


class Case(CaseMixin, BpmnWorkflow):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """`outcome` is the id of the end event of the process reached last; `data` are those the case ended with."""

    def __init__(self, specs: Specs, script_engine: Any, host: Host, recorder: Listener | None = None) -> None:
        self.host, self.recorder = host, recorder
        self.queue: deque[TracedTask] = deque()
        self.ended: dict[str, Any] = {}
        self.outcome: str | None = None
        self.woken: set[str] = set()  # tasks that slept when the case was loaded, and do not any more
        self.has_conditions = any(s.has_conditions for s in (specs.spec, *specs.subprocess_specs.values()))
        self.seen_by: dict[str, PlainDict] = {}  # by conditional event: what it was last looked at with in this step
        super().__init__(specs.spec, specs.subprocess_specs, script_engine, deserializing=True)

    # --- what is done to it -----------------------------------------------------------------------------------------
    def start(self, data: PlainDict, start_event: str | None = None, payload: PlainDict | None = None) -> None:
        """Begin; with a start event other than the one without a trigger when it is named.

        `payload` is what its message, signal or timer brought, of which its output parameters take over what they map.
        """
        self.start_event, self.payload = start_event, payload
        self.plant(data)
        self.do_engine_steps()

    def complete(self, task: TracedTask, values: PlainDict) -> None:
        """A person has done a user task. Raises TaskNotWaiting unless it is open."""
        self._require(task._state == READY and task.task_spec.manual, task, "open")
        task.data = {**task.data, **values}
        task.run()
        self.do_engine_steps()

    def complete_service(self, task: TracedTask, result: PlainDict) -> None:
        """A service task that waited has its result. Raises TaskNotWaiting unless it waits."""
        self._require(self._is_service_waiting(task), task, "a service task that waits")
        task.internal_data["result"] = result
        task._set_state(READY)
        self.do_engine_steps()

    def throw(self, task: TracedTask, error: BpmnError) -> None:
        """A service task that waited has failed with a business error. Raises TaskNotWaiting unless it waits."""
        self._require(self._is_service_waiting(task), task, "a service task that waits")
        try:
            throw_error(task, error)
        except BpmnError:
            task.stall("run", error)
        self.do_engine_steps()

    def fail_service(self, task: TracedTask, error: Exception) -> None:
        """A service task that waited could not be done: an incident, after which `retry` calls its topic again.

        Once more for a task that has failed already is an incident more. Raises TaskNotWaiting if it does not wait.
        """
        is_waiting = task._state == STARTED and isinstance(task.task_spec, ServiceTask)
        self._require(is_waiting and "result" not in task.internal_data, task, "a service task that waits")
        task.stall("run", error)

    def fix(self, task: TracedTask, values: PlainDict, facts: PlainDict) -> None:
        """Give what could not go on other values, ahead of `retry`. Raises TaskNotWaiting unless it failed.

        `facts` are written down with the change. Where tokens meet, all that wait there get the values.
        """
        self._require(self._is_stalled(task), task, "an element that failed")
        for one in task.task_spec.tokens_at(task):
            one.data = {**one.data, **values}
            one.internal_data["given"] = True
            if self.recorder is not None:
                self.recorder.data_fixed(one, facts)

    def fire_timer(self, task: TracedTask) -> None:
        """A timer is due. Raises TaskNotWaiting unless it is armed."""
        self._require(task._state == WAITING and "due" in task.internal_data, task, "a timer that is armed")
        task.task_spec.fire(task, {})
        self.do_engine_steps()

    def deliver(self, task: TracedTask, payload: PlainDict) -> None:
        """A message or signal has come. Raises TaskNotWaiting unless the task waits for one."""
        self._require(task._state == WAITING and "wait" in task.internal_data, task, "waiting for a message or signal")
        task.task_spec.fire(task, payload)
        self.do_engine_steps()

    def release(self, task: TracedTask) -> None:
        """Go on with an element behind its `asyncBefore`. Raises TaskNotWaiting unless it is held there."""
        self._require(task._state == WAITING and "async" in task.internal_data, task, "held by asyncBefore")
        del task.internal_data["async"]
        task.internal_data["released"] = True
        task.task_spec._update(task)
        self.do_engine_steps()

    def retry(self, task: TracedTask, facts: PlainDict | None = None) -> None:
        """Try again what could not go on; `facts` are written down. Raises TaskNotWaiting unless it failed."""
        self._require(self._is_stalled(task), task, "an element that failed")
        task.resume(facts or {})
        self.do_engine_steps()

    # --- what it waits for ------------------------------------------------------------------------------------------
    def user_tasks(self) -> list[TracedTask]:
        """Open user tasks. None of them sleeps any more."""
        self.wake()
        return self.awake_user_tasks()

    def awake_user_tasks(self) -> list[TracedTask]:
        """Open user tasks but for those that have slept through all of this step."""
        return self._find(READY, lambda task: bool(task.task_spec.manual))

    def timers(self) -> list[tuple[str, datetime]]:
        """(task id, due) of every armed timer."""
        armed = self._find(WAITING, lambda task: "due" in task.internal_data)
        return [(task.id, parse_instant(str(task.internal_data["due"]))) for task in armed]

    def subscriptions(self) -> list[tuple[str, str, str, str]]:
        """(task id, message or signal, name, correlation key) of everything that listens."""
        found = []
        for task in self._find(WAITING, lambda task: "wait" in task.internal_data):
            wait = task.internal_data["wait"]
            assert isinstance(wait, list)
            found.append((task.id, str(wait[0]), str(wait[1]), str(wait[2])))
        return found

    def async_waits(self) -> list[TracedTask]:
        """Elements held by `asyncBefore`."""
        return self._find(WAITING, lambda task: "async" in task.internal_data)

    def service_waits(self) -> list[TracedTask]:
        """Service tasks whose result is still to come."""
        return self._find(STARTED, self._is_service_waiting)

    def held_tasks(self) -> list[TracedTask]:
        """Both: service tasks whose result is still to come, and elements that could not go on."""
        return self._find(STARTED, lambda task: self._is_service_waiting(task) or self._is_stalled(task))

    def stalled_tasks(self) -> list[TracedTask]:
        """Elements that could not go on."""
        return self._find(STARTED, self._is_stalled)

    def tokens(self) -> list[TracedTask]:
        """Open tasks of elements of the diagram, bodies of multi-instances and loops included."""
        self.wake()
        return self._find(OPEN, lambda task: task.task_spec.bpmn_id is not None)

    def find(self, element: str, index: int | None = None) -> TracedTask:
        """The open task of an element, of the instance with this index. Raises LookupError."""
        for task in self.tokens():
            is_instance = not isinstance(task.task_spec, LoopSpec)
            if task.task_spec.bpmn_id == element and is_instance and index in (None, task.internal_data.get("index")):
                return task
        raise LookupError(f"Expected {element} to be open, but it is not")

    @property
    def scopes(self) -> list[Any]:
        """The case and every sub-process in it, outer ones first."""
        return [self, *self.subprocesses.values()]

    def get_task_from_id(self, task_id: str) -> TracedTask:
        """Raises LookupError."""
        for scope in self.scopes:
            if (task := scope.tasks.get(task_id)) is not None:
                return task  # type: ignore[no-any-return]  # SpiffWorkflow is untyped
        raise LookupError(f"Expected task {task_id} in the case, but it is gone")

    # --- how it runs -------------------------------------------------------------------------------------------------
    @repairs("no-step-limit", "A loop of automatic elements that never ends takes its server with it.")
    def do_engine_steps(self) -> None:
        """Run automatic elements, in the order they became ready, until the case rests.

        Beyond the step limit whatever is still ready becomes an incident.
        """
        for _ in range(STEP_LIMIT):
            if not self._run_one():
                return
        while self.queue:
            task = self.queue.popleft()
            if self._is_runnable(task):
                task.stall("run", StepLimitExceeded(STEP_LIMIT))

    def run_next(self, task: TracedTask) -> None:
        """Put a ready task before all others."""
        if task in self.queue:
            self.queue.remove(task)
            self.queue.appendleft(task)

    def start_inner(self, task: TracedTask, name: str, data: PlainDict) -> None:
        """Begin the inside of a sub-process or call activity."""
        inner = self.subprocesses[task.id] = InnerCase(self.subprocess_specs[name], task.id, self)
        inner.plant(data)

    def wake(self) -> None:
        """Wake every task that sleeps."""
        for scope in self.scopes:
            if isinstance(scope.tasks, Tasks):
                scope.tasks.wake()

    def task_woken(self, task: TracedTask) -> None:
        """Told by the crowd it slept in."""
        self.woken.add(task.id)
        if self.recorder is not None:
            self.recorder.task_woken(task)

    def _run_one(self) -> bool:
        if self.has_conditions and (event := find_fulfilled(self)) is not None:
            event.task_spec.fire(event, {})
            self.run_next(event)
        while self.queue:
            task = self.queue.popleft()
            if self._is_runnable(task):
                task.run()
                return True
        return False

    @staticmethod
    def _is_runnable(task: TracedTask) -> bool:
        return task._state == READY and task.id in task.workflow.tasks

    @staticmethod
    def _is_stalled(task: TracedTask) -> bool:
        return task._state == STARTED and "stalled" in task.internal_data

    @staticmethod
    def _is_service_waiting(task: TracedTask) -> bool:
        is_waiting = task._state == STARTED and isinstance(task.task_spec, ServiceTask)
        return is_waiting and "stalled" not in task.internal_data

    def _find(self, states: int, fits: Callable[[TracedTask], bool]) -> list[TracedTask]:
        return [task for scope in self.scopes for task in awake(scope.tasks) if task._state & states and fits(task)]

    @repairs("any-task-can-be-run", "A task that is over, or not yet begun, runs again when it is told to.")
    @staticmethod
    def _require(is_so: bool, task: TracedTask, expected: str) -> None:
        if not is_so:
            raise TaskNotWaiting(task.task_spec.bpmn_id or task.task_spec.name, expected)
