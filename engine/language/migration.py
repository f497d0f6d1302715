"""A case goes over to another version of its diagrams: every open token finds its place there, or the reason why not.

Nothing of the old case is changed. What has ended is carried along because data of what is open count against it; an
ended element that the new diagram does not have keeps its data as a nameless task.

Timers keep the instant they were set to. Messages, signals and conditions are waited for as the new diagram says.
Events on the boundary of what is open, and starts of event sub-processes, are armed where they are new, and gone where
the new diagram has none.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from engine.language.errors import EngineError, TryAgain
from engine.language.soundness import find_overtaking, find_starving
from engine.language.specs.activities import CallActivity, EventSubProcess, ServiceTask
from engine.language.specs.definitions import (
    ConditionDefinition,
    EventDefinition,
    MessageDefinition,
    SignalDefinition,
    TimerDefinition,
)
from engine.language.specs.events import BoundaryEvent, CatchingEvent, EventBasedGateway, ListeningEvent
from engine.language.specs.gateways import JoiningSpec
from engine.language.specs.loops import MultiInstance
from engine.language.specs.scopes import find_origin
from engine.language.specs.task import COMPLETED, OPEN, STARTED, UNFINISHED, WAITING, Host, TracedTask
from engine.language.versions import split_version
from engine.language.workflow import Case, InnerCase, Specs
from engine.storage.plain import Plain

SPLIT = ".BoundaryEventSplit"
# What the instances of a multi-instance hold, and what has been collected of them, is under these names.
KEPT_OF_MULTI_INSTANCE = ("is_sequential", "element_variable", "output_collection", "output_element")
# What a task remembers of what it waits for, by the kind of its event.
REMEMBERED = {MessageDefinition: ("wait",), SignalDefinition: ("wait",), ConditionDefinition: ("held",)}

Renamed = Mapping[tuple[str, str], str]
"""New element id by process and old element id."""


class MigrationBlocked(EngineError):
    """A case cannot go over as it stands. `reason` is a key of its words; `process` and `element` are of the old
    diagram, but for reasons that name an element of the new one only (starved, unarmed).
    """

    def __init__(self, reason: str, process: str, element: str, **facts: Plain) -> None:
        super().__init__(f"Expected {element} of {process} to find its place, but: {reason}", **facts)
        self.reason, self.process, self.element = reason, process, element


def move_case(case: Case, target: Specs, renamed: Renamed, script_engine: Any, host: Host) -> Case:
    """The case as it would stand in other specs, with the same task ids. Raises MigrationBlocked, TryAgain."""
    moved = Case(target, script_engine, host)
    moved.outcome = case.outcome and renamed.get((_key_of(case), case.outcome), case.outcome)
    for scope in case.scopes:
        into: Any = moved
        if scope is not case:
            holder = moved.get_task_from_id(scope.parent_task_id)
            into = InnerCase(moved.subprocess_specs[holder.task_spec.spec], holder.id, moved)
            moved.subprocesses[holder.id] = into
        _ScopeMove(scope, into, renamed).run()
    return moved


class _ScopeMove:
    """One scope of a case on its way into its new specs."""

    def __init__(self, old: Any, new: Any, renamed: Renamed) -> None:
        self.old, self.new = old, new
        self.process = _key_of(old)
        self.renamed = renamed
        self.specs: dict[str, Any] = new.spec.task_specs
        self.tasks: dict[str, TracedTask] = {}  # by id, those that have their place
        self.groups: dict[str, tuple[TracedTask, TracedTask | None]] = {}  # whose events are armed, with the old one
        self.rearmed: list[TracedTask] = []

    def run(self) -> None:
        for task in self.old.tasks.values():
            spec = self._find_open(task) if task._state & UNFINISHED else self._find_ended(task)
            if spec is not None:
                self._put(task, spec)
        self.new.task_tree = next(iter(self.tasks.values()))
        self.new.ended, self.new.data = dict(self.old.ended), self.old.data
        self.new.completed, self.new.success = self.old.completed, self.old.success
        self._arm_new()
        for task in self.rearmed:
            self._arm(task, task.task_spec.event_definition.arm)
        self._check_order()

    # --- where a task stands ----------------------------------------------------------------------------------------
    def _name(self, name: str, element: str | None) -> str:
        """The name of a spec in the new diagram: of an element, its split, its instances; of the end of the scope."""
        if element is None and name.endswith(SPLIT):
            element = name.removesuffix(SPLIT)
        if element is None:
            return str(self.new.spec.end.name) if name == self.old.spec.end.name else name
        return self.renamed.get((self.process, element), element) + name.removeprefix(element)

    def _name_of(self, spec: Any) -> str:
        return self._name(spec.name, spec.bpmn_id)

    def _find_ended(self, task: TracedTask) -> Any:
        found = self.specs.get(self._name_of(task.task_spec))
        is_like = found is not None and found.is_scope_listener == task.task_spec.is_scope_listener
        return found if is_like else self.new.spec.start

    def _find_open(self, task: TracedTask) -> Any:
        """None for an event beside other work that the new diagram does not have, or has as another one."""
        old, name = task.task_spec, self._name_of(task.task_spec)
        new = self.specs.get(name)
        if isinstance(old, ListeningEvent) and "fired" not in task.internal_data:
            return new if self._is_still_armed(task, new) else None
        if new is None:
            self._block("moved" if self._is_elsewhere(name) else "gone", old)
        if type(new) is not type(old):
            self._block("kind", old)
        self._check_waiting(task, new)
        return new

    def _is_elsewhere(self, name: str) -> bool:
        case = self.new.top_workflow
        return any(
            name in spec.task_specs
            for spec in (case.spec, *case.subprocess_specs.values())
            if split_version(spec.process_key)[0] == self.process
        )

    def _is_still_armed(self, task: TracedTask, new: Any) -> bool:
        if type(new) is not type(task.task_spec):
            return False
        if type(new.event_definition) is not type(task.task_spec.event_definition):
            return False
        assert task.parent is not None
        parent = self.tasks.get(task.parent.id)
        return parent is not None and new in parent.task_spec.outputs

    def _check_waiting(self, task: TracedTask, new: Any) -> None:
        """What is under way must be able to go on as it began."""
        old = task.task_spec
        if isinstance(old, MultiInstance):
            for name in KEPT_OF_MULTI_INSTANCE:
                if getattr(old, name) != getattr(new, name):
                    self._block("repetition", old)
        elif isinstance(old, CallActivity):
            if _called(old) != _called(new):
                self._block("called", old, called=_called(new))
        elif isinstance(old, EventSubProcess):
            assert task.parent is not None
            if self.tasks[task.parent.id].task_spec not in new.inputs:
                self._block("start", old)
        elif isinstance(old, ServiceTask):
            if _is_under_way(task) and old.element.topic != new.element.topic:
                self._block("topic", old, topic=new.element.topic)
        elif isinstance(old, JoiningSpec):
            if Counter(map(self._rename_spec, old._inputs)) != Counter(new._inputs):
                self._block("join", old)
        elif isinstance(old, CatchingEvent) and type(old.event_definition) is not type(new.event_definition):
            self._block("kind", old)
        parent = task.parent
        if parent is not None and isinstance(parent.task_spec, EventBasedGateway):
            gateway = self.tasks[parent.id].task_spec
            if not isinstance(gateway, EventBasedGateway) or new not in gateway.outputs:
                self._block("gateway", old)

    def _rename_spec(self, name: str) -> str:
        return self._name_of(self.old.spec.task_specs[name])

    # --- putting it there -------------------------------------------------------------------------------------------
    def _put(self, task: TracedTask, spec: Any) -> None:
        parent = None if task.parent is None else self.tasks[task.parent.id]
        split = self.specs.get(f"{spec.bpmn_id}{SPLIT}")
        is_host = split is not None and spec in split.outputs and task._state & OPEN
        if is_host and parent is not None and parent.task_spec is not split:
            data = parent.data
            parent = TracedTask(self.new, split, parent, COMPLETED)
            parent.data = data
        moved = self.tasks[task.id] = TracedTask(self.new, spec, parent, task._state, task.id)
        moved.data, moved.internal_data = task.data, dict(task.internal_data)
        if parent is not None and (is_host or isinstance(parent.task_spec, EventBasedGateway)):
            self.groups[parent.id] = parent, task.parent
        if isinstance(spec, CatchingEvent) and task._state == WAITING and "async" not in task.internal_data:
            self._forget_changed(moved, task.task_spec.event_definition, spec.event_definition)

    def _forget_changed(self, task: TracedTask, old: EventDefinition, new: EventDefinition) -> None:
        if isinstance(new, TimerDefinition):
            if not new.is_cycle:
                task.internal_data.pop("cycle", None)
        elif old != new:
            for name in REMEMBERED.get(type(new), ()):
                task.internal_data.pop(name, None)
            self.rearmed.append(task)

    def _arm_new(self) -> None:
        """The events that stand beside what is open for the first time."""
        for group, before in self.groups.values():
            is_same_group = before is not None and type(before.task_spec) is type(group.task_spec)
            self._add_missing(group, before.task_spec.outputs if is_same_group and before is not None else [])
        if any(task._state & UNFINISHED and find_origin(task) is None for task in self.new.tasks.values()):
            self._add_missing(self.new.task_tree, self.old.spec.start.outputs)

    def _add_missing(self, parent: TracedTask, known: Iterable[Any]) -> None:
        there = {child.task_spec.name for child in parent.children}
        kept = {self._name_of(spec) for spec in known if self._is_kept(spec)}
        for spec in parent.task_spec.outputs:
            is_event = isinstance(spec, BoundaryEvent | CatchingEvent)
            if is_event and spec.name not in there | kept:
                event = parent._add_child(spec)
                self._arm(event, spec._update_hook)

    def _is_kept(self, spec: Any) -> bool:
        """Whether an event of the old diagram is the same in the new one: if it waits no more, it has happened."""
        new: Any = self.specs.get(self._name_of(spec))
        has_events = isinstance(spec, CatchingEvent) and isinstance(new, CatchingEvent)
        return not has_events or type(spec.event_definition) is type(new.event_definition)

    def _arm(self, task: TracedTask, arm: Any) -> None:
        try:
            arm(task)
        except TryAgain:
            raise
        except Exception as error:
            spec = task.task_spec
            raise MigrationBlocked("unarmed", self.process, spec.bpmn_id, problem=str(error)[:500]) from error

    # --- whether it can go on from there ----------------------------------------------------------------------------
    def _check_order(self) -> None:
        """Joins that would wait for ever, and steps that would be done twice, which was not so before."""
        if (join := find_starving(self.new)) is not None:
            before = find_starving(self.old)
            if before is None or self._name(before, before) != join:
                raise MigrationBlocked("starved", self.process, join)
        if (pair := find_overtaking(self.new)) is not None and find_overtaking(self.old) is None:
            raise MigrationBlocked("order", self.process, pair[0], other=pair[1])

    def _block(self, reason: str, spec: Any, **facts: Plain) -> None:
        raise MigrationBlocked(reason, self.process, spec.bpmn_id or spec.name, **facts)


def _key_of(scope: Any) -> str:
    return split_version(scope.spec.process_key)[0]


def _called(spec: Any) -> str:
    return split_version(spec.element.called_element or "")[0]


def _is_under_way(task: TracedTask) -> bool:
    return task._state == STARTED and "stalled" not in task.internal_data
