"""One token of a case: SpiffWorkflow's task, telling a recorder every change, and what a step offers to the specs."""

from collections.abc import Iterator, ValuesView
from datetime import datetime
from typing import Any, Protocol

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.language.errors import TryAgain
from engine.language.model import Element
from engine.language.repairs import repairs
from engine.language.specs.durations import Calendar
from engine.storage.frozen import frozen
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

FUTURE: int = TaskState.FUTURE
WAITING: int = TaskState.WAITING
READY: int = TaskState.READY
STARTED: int = TaskState.STARTED
COMPLETED: int = TaskState.COMPLETED
CANCELLED: int = TaskState.CANCELLED
FINISHED: int = TaskState.FINISHED_MASK
UNFINISHED: int = TaskState.NOT_FINISHED_MASK
OPEN: int = WAITING | READY | STARTED


class Host(Calendar, Protocol):
    """What a step offers to the elements it runs; one host lives for one step.

    Whatever any of these raises, and whatever goes wrong in an element, comes to `open_incident`, but for a
    BpmnError of `call_topic` that a boundary event catches.
    """

    def now(self) -> datetime:
        """The instant of the step."""

    def call_topic(self, task: "TracedTask", element: Element, inputs: PlainDict) -> PlainDict | None:
        """The result of a service task; None when the task is to wait for `Case.complete_service`.

        Raises BpmnError for the boundary event of this very task, else of what encloses it.
        """

    def decide(self, task: "TracedTask", element: Element, data: PlainDict) -> Plain:
        """The result of a business rule task, in the form `element.map_decision_result` asks for."""

    def publish(self, name: str, correlation_key: str, payload: PlainDict) -> None:
        """Send a message to other instances."""

    def broadcast(self, name: str, payload: PlainDict) -> None:
        """Send a signal to whoever listens."""

    def open_incident(self, task: "TracedTask", error: Exception) -> None:
        """Note that an element could not go on; it stays STARTED until `Case.retry`. May raise to give the step up."""


class Listener(Protocol):
    """Who is told what happens to the tasks of a case."""

    def attach(self, case: Any) -> None: ...

    def task_woken(self, task: "TracedTask") -> None: ...

    def state_changed(self, task: "TracedTask", state: int) -> None: ...

    def task_failed(self, task: "TracedTask", error: Exception) -> None: ...

    def task_retried(self, task: "TracedTask", facts: PlainDict) -> None: ...

    def data_fixed(self, task: "TracedTask", facts: PlainDict) -> None: ...

    def task_removed(self, task: "TracedTask") -> None: ...


@frozen
class Thawed:
    """The data of a task and of its parent as they were loaded, and what the saved row said of their difference."""

    data: PlainDict
    base: PlainDict
    changed: PlainDict
    gone: list[str]


class TracedTask(Task):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """Tells the recorder every change of state, and never lets an element that fails take the case down.

    `data` is never changed in place: a new dict replaces it, and values nested in it stay as they are.
    `internal_data` is ours and plain: `index` (of a multi-instance or loop), `due`, `cycle`, `wait`, `fired`,
    `payload`, `arrival`, `given`, `stalled`, `held` (a condition held when it was last looked at), `caught` and what
    loops count.
    """

    id: str
    data: PlainDict
    internal_data: PlainDict
    workflow: Any
    task_spec: Any
    parent: "TracedTask | None"
    thawed: Thawed | None = None
    crowd: Any = None  # of a body: its instances that sleep, see `engine.language.crowds`

    def __init__(
        self, workflow: Any, task_spec: Any, parent: "TracedTask | None" = None, state: int = FUTURE, task_id: str = ""
    ) -> None:
        super().__init__(workflow, task_spec, parent, state, task_id or new_id())

    @property
    def case(self) -> Any:
        return self.workflow.top_workflow

    @property
    def children(self) -> "list[TracedTask]":
        """None of them sleeps any more."""
        if self.crowd is not None:
            self.crowd.wake_all()
        return [self.workflow.tasks[child] for child in self._children]

    @property
    def scope_task(self) -> "TracedTask | None":
        """The sub-process or call activity this task lives in."""
        holder = self.workflow.parent_task_id
        return None if holder is None else self.case.get_task_from_id(holder)

    @property
    def ancestors(self) -> "Iterator[TracedTask]":
        """Parent first; one by one, so that who looks for the nearest of a kind does not walk through ten thousand."""
        task = self.parent
        while task is not None:
            yield task
            task = task.parent

    def count(self, name: str) -> int:
        """A number kept in `internal_data`; 0 where there is none."""
        value = self.internal_data.get(name, 0)
        assert isinstance(value, int)
        return value

    def run(self) -> None:
        try:
            outcome = self.task_spec._run_hook(self)
        except TryAgain:
            raise
        except Exception as error:  # noqa: BLE001  # whatever goes wrong in an element becomes its incident
            self.stall("run", error)
            return
        if outcome is None:
            self._set_state(STARTED)
        else:
            self.complete()

    @repairs("failure-ends-the-case", "An element that fails raises through the whole case, and cannot be tried again.")
    def stall(self, stage: str, error: Exception) -> None:
        """The element cannot go on; `stage` (enter, run) says where `resume` takes it up again."""
        if not self._state & OPEN:
            self._inherit_data()
        self.case.host.open_incident(self, error)
        self.internal_data["stalled"] = stage
        self._set_state(STARTED)
        if self.case.recorder is not None:
            self.case.recorder.task_failed(self, error)

    def resume(self, facts: PlainDict) -> None:
        """Try again what failed; the recorder is told the facts."""
        stage = self.internal_data.pop("stalled")
        if self.case.recorder is not None:
            self.case.recorder.task_retried(self, facts)
        if stage == "enter":
            self.task_spec._update(self)
        else:
            self._set_state(READY)

    def cancel(self) -> None:
        """Stock also cancels what follows a finished task, recursively; nothing of ours asks for that."""
        if not self._state & FINISHED:
            self._set_state(CANCELLED)
            for child in self.children:
                child.cancel()
            self.task_spec._on_cancel(self)

    def is_descendant_of(self, task: "TracedTask") -> bool:
        return any(ancestor is task for ancestor in self.ancestors)

    def find_ancestor(self, spec_name: str) -> "TracedTask | None":
        return next((task for task in self.ancestors if task.task_spec.name == spec_name), None)

    def _set_state(self, value: int) -> None:
        self._state = value
        case = self.case
        if value == READY and not self.task_spec.manual:
            case.queue.append(self)
        if case.recorder is not None:
            case.recorder.state_changed(self, value)

    def _add_child(self, task_spec: Any, state: int = FUTURE) -> "TracedTask":
        return TracedTask(self.workflow, task_spec, self, state)

    def _inherit_data(self) -> None:
        if "given" in self.internal_data:
            return  # a token move or an operator brought its own data
        assert self.parent is not None
        self.data = {**self.parent.data, **self.parent.task_spec.own_values(self)}


def awake(tasks: dict[str, TracedTask]) -> ValuesView[TracedTask]:
    """The tasks of a scope but for those that sleep in a crowd (`engine.language.crowds`)."""
    return dict.values(tasks)
