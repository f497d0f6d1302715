"""Events: waiting, throwing, boundaries, the event-based gateway."""

from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin

from engine.language.errors import BpmnError
from engine.language.specs.base import ElementSpec, OnDemand, find_correlation_key, map_values
from engine.language.specs.definitions import (
    CancelDefinition,
    ErrorDefinition,
    EscalationDefinition,
    EventDefinition,
    MessageDefinition,
    SignalDefinition,
    TerminateDefinition,
    TimerDefinition,
)
from engine.language.specs.loops import LoopSpec
from engine.language.specs.schedules import continue_cycle
from engine.language.specs.task import OPEN, WAITING, TracedTask
from engine.storage.plain import PlainDict


class EventSpec(ElementSpec, BpmnSpecMixin):  # type: ignore[misc]  # SpiffWorkflow is untyped
    event_definition: EventDefinition

    def __init__(self, process: Any, bpmn_id: str, event_definition: EventDefinition, **options: Any) -> None:
        super().__init__(process, bpmn_id, **options)
        self.event_definition = event_definition


class CatchingEvent(EventSpec):
    """Waits until `fire`; takes over exactly what its output parameters map from the payload."""

    def _update_hook(self, task: TracedTask) -> bool:
        if "fired" in task.internal_data:
            return True
        task._inherit_data()
        self.event_definition.arm(task)
        task._set_state(WAITING)
        return False

    def fire(self, task: TracedTask, payload: PlainDict) -> None:
        """It has happened."""
        task.internal_data["fired"] = True
        task.internal_data["payload"] = payload
        self._update(task)

    def _run_hook(self, task: TracedTask) -> bool:
        payload = task.internal_data["payload"]
        assert isinstance(payload, dict)
        task.data = {**task.data, **map_values(task, self.element.outputs, payload)}
        return True


class IntermediateCatchEvent(CatchingEvent):
    pass


class ReceiveTask(CatchingEvent):
    pass


class StartEvent(EventSpec):
    """What started the case has happened: it waits for nothing, and takes over what it maps of what that brought."""

    def _run_hook(self, task: TracedTask) -> bool:
        payload = task.internal_data.get("payload")
        if isinstance(payload, dict):
            task.data = {**task.data, **map_values(task, self.element.outputs, payload)}
        return True


class EventBasedGateway(ElementSpec, BpmnSpecMixin):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """Its events wait each for itself; the first to happen cancels the others.

    Stock keeps their definitions in the gateway, where only one timer has a place.
    """

    def _run_hook(self, task: TracedTask) -> bool:
        return True

    def child_completed(self, task: TracedTask, child: TracedTask) -> None:
        for other in task.children:
            if other is not child:
                other.cancel()


class BoundaryEvent(CatchingEvent):
    def __init__(
        self, process: Any, bpmn_id: str, event_definition: EventDefinition, cancel_activity: bool, **options: Any
    ) -> None:
        super().__init__(process, bpmn_id, event_definition, **options)
        self.cancel_activity = cancel_activity

    def repeat(self, task: TracedTask) -> None:
        """A non-interrupting event listens again; a timer only when it is a cycle with turns left."""
        cycle = None
        if isinstance(self.event_definition, TimerDefinition):
            fired, host = task.internal_data.get("cycle"), task.case.host
            cycle = continue_cycle(fired, host.now(), host) if isinstance(fired, dict) else None
            if cycle is None:
                return
        assert task.parent is not None
        again = task.parent._add_child(self)
        if cycle is not None:
            again.internal_data["cycle"] = cycle
        self._update(again)


class BoundaryEventSplit(OnDemand, BpmnTaskSpec):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """Starts an activity together with the events on its boundary, and ends those that are left when one ends it.

    Stock has a join behind it, which holds two more tasks per firing and interrupts only when it is reached.
    """

    def _update_hook(self, task: TracedTask) -> bool:
        task._inherit_data()
        return True

    def _run_hook(self, task: TracedTask) -> bool:
        return True

    def child_completed(self, task: TracedTask, child: TracedTask) -> None:
        is_event = isinstance(child.task_spec, BoundaryEvent)
        others = [other for other in task.children if other is not child]
        if is_event and not child.task_spec.cancel_activity:
            if any(other._state & OPEN and not isinstance(other.task_spec, BoundaryEvent) for other in others):
                child.task_spec.repeat(child)
            return
        for other in others:
            if is_event or isinstance(other.task_spec, BoundaryEvent):
                other.cancel()


class ThrowingEvent(EventSpec):
    """Throws exactly what its input parameters map."""

    def _run_hook(self, task: TracedTask) -> bool:
        definition, host = self.event_definition, task.case.host
        payload = map_values(task, self.element.inputs)
        if isinstance(definition, MessageDefinition):
            host.publish(definition.name, find_correlation_key(task, definition.correlation_key), payload)
        elif isinstance(definition, SignalDefinition):
            host.broadcast(definition.name, payload)
        elif isinstance(definition, EscalationDefinition):
            throw_outwards(task, EscalationDefinition, definition.code, payload)
        return True


class IntermediateThrowEvent(ThrowingEvent):
    pass


class SendTask(ThrowingEvent):
    pass


class EndEvent(ThrowingEvent):
    """An error end event of the top process ends the case; one that nobody outside catches is an incident."""

    def _run_hook(self, task: TracedTask) -> bool:
        definition = self.event_definition
        if isinstance(definition, ErrorDefinition) and task.scope_task is not None:
            throw_error(task, BpmnError(definition.code or "", values=map_values(task, self.element.inputs)))
        elif isinstance(definition, CancelDefinition) and not throw_outwards(task, CancelDefinition, None, {}):
            raise BpmnError("", "Expected a cancel event on the boundary of the transaction, but there is none")
        return super()._run_hook(task)

    def _on_complete_hook(self, task: TracedTask) -> None:
        workflow, definition = task.workflow, self.event_definition
        if workflow is task.case:
            workflow.outcome = self.bpmn_id
        is_top_error = isinstance(definition, ErrorDefinition) and task.scope_task is None
        if is_top_error or isinstance(definition, TerminateDefinition):
            workflow.end_at(task)
        super()._on_complete_hook(task)


def throw_error(task: TracedTask, error: BpmnError) -> None:
    """Hand a BpmnError to the boundary of this very activity, else of what encloses it; raise it if none catches."""
    values = error.values | {"error_code": error.code, "error_message": str(error)}
    if not throw_outwards(task, ErrorDefinition, error.code, values):
        raise error


def throw_outwards(task: TracedTask, kind: type[EventDefinition], code: str | None, payload: PlainDict) -> bool:
    """Let the nearest boundary event of this kind and code happen; it runs next, before anything else that is ready.

    (Otherwise sibling instances of a failed one would still run.) False when nobody catches it.
    """
    found: TracedTask | None = task
    while found is not None:
        host = found
        while host.parent is not None and isinstance(host.parent.task_spec, LoopSpec):
            host = host.parent
        events = [] if host.parent is None else [event for event in host.parent.children if _catches(event, kind, code)]
        if events:
            exact = [event for event in events if event.task_spec.event_definition.code is not None]
            event = (exact or events)[0]
            event.task_spec.fire(event, payload)
            event.case.run_next(event)
            return True
        found = found.scope_task
    return False


def _catches(event: TracedTask, kind: type[EventDefinition], code: str | None) -> bool:
    if event._state != WAITING or not isinstance(event.task_spec, BoundaryEvent):
        return False
    definition = event.task_spec.event_definition
    return isinstance(definition, kind) and getattr(definition, "code", None) in (None, code)
