"""Events: waiting, throwing, boundaries, the event-based gateway."""

from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin

from engine.language.errors import BpmnError
from engine.language.repairs import repairs
from engine.language.specs.base import ElementSpec, OnDemand, find_correlation_key, map_values
from engine.language.specs.definitions import (
    CancelDefinition,
    ConditionDefinition,
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
from engine.language.specs.scopes import find_current_data, find_idle_listeners, find_origin
from engine.language.specs.task import OPEN, WAITING, TracedTask
from engine.storage.plain import PlainDict


class EventSpec(ElementSpec, BpmnSpecMixin):  # type: ignore[misc]  # SpiffWorkflow is untyped
    event_definition: EventDefinition

    def __init__(self, process: Any, bpmn_id: str, event_definition: EventDefinition, **options: Any) -> None:
        super().__init__(process, bpmn_id, **options)
        self.event_definition = event_definition


class CatchingEvent(EventSpec):
    """Waits until `fire`; takes over exactly what its output parameters map from the payload."""

    @repairs(
        "timers-read-the-clock",
        "A timer reads the clock whenever its case is touched, and fires in steps that have nothing to do with it.",
    )
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

    @repairs("payload-merged", "The whole payload of a message is merged into the data.")
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


class LinkEvent(EventSpec):
    """Either end of a link: the way goes on at the other one."""

    def _run_hook(self, task: TracedTask) -> bool:
        return True


@repairs("event-gateway-one-timer", "Of two timers behind an event-based gateway only the first is armed.")
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


class ListeningEvent(CatchingEvent):
    """Waits beside other work, and may happen again and again when it does not interrupt it."""

    def __init__(
        self, process: Any, bpmn_id: str, event_definition: EventDefinition, cancel_activity: bool, **options: Any
    ) -> None:
        super().__init__(process, bpmn_id, event_definition, **options)
        self.cancel_activity = cancel_activity

    @repairs("non-interrupting-once", "A non-interrupting message boundary event fires only once.")
    def repeat(self, task: TracedTask) -> None:
        """A non-interrupting event listens again; a timer only when it is a cycle with turns left.

        A condition has to stop holding before it counts again.
        """
        given: PlainDict = {}
        if isinstance(self.event_definition, TimerDefinition):
            fired, host = task.internal_data.get("cycle"), task.case.host
            cycle = continue_cycle(fired, host.now(), host) if isinstance(fired, dict) else None
            if cycle is None:
                return
            given = {"cycle": cycle}
        elif isinstance(self.event_definition, ConditionDefinition):
            given = {"held": True}
        assert task.parent is not None
        again = task.parent._add_child(self)
        again.internal_data.update(given)
        self._update(again)


class BoundaryEvent(ListeningEvent):
    pass


@repairs(
    "error-start-at-once", "An event sub-process that starts by an error or an escalation runs always, and at once."
)
class EventSubProcessStart(ListeningEvent):
    """The start event of an event sub-process, armed in the scope the sub-process stands in for as long as that lasts.

    When it happens, the sub-process starts with all its scope knows at that moment; what it changes counts against
    that. Stock never interrupts, starts error and escalation ones always and at once, and changes the shared spec.
    """

    is_scope_listener = True

    def _run_hook(self, task: TracedTask) -> bool:
        task.data = find_current_data(task.workflow)
        return True

    @repairs(
        "event-sub-process-never-interrupts",
        "An interrupting event sub-process leaves what it interrupts running.",
    )
    def _on_complete_hook(self, task: TracedTask) -> None:
        scope = task.workflow
        if self.cancel_activity:
            scope.data, scope.ended = task.data, {}
            for other in list(scope.tasks.values()):
                other.cancel()
        else:
            self.repeat(task)
        super()._on_complete_hook(task)


class EventSubProcessEntry(OnDemand, BpmnTaskSpec):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """Where the inside of an event sub-process begins; its start event has happened outside of it."""

    event_definition = EventDefinition()

    def _update_hook(self, task: TracedTask) -> bool:
        task._inherit_data()
        return True

    def _run_hook(self, task: TracedTask) -> bool:
        return True


class BoundaryEventSplit(OnDemand, BpmnTaskSpec):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """Starts an activity together with the events on its boundary, and ends those that are left when one ends it.

    Stock has a join behind it, which holds two more tasks per firing and interrupts only when it is reached.
    """

    def _update_hook(self, task: TracedTask) -> bool:
        task._inherit_data()
        return True

    def _run_hook(self, task: TracedTask) -> bool:
        return True

    @repairs(
        "boundary-back-to-its-host",
        "A boundary event that leads back to its own activity leaves the old one open: the case never ends.",
    )
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

    @repairs("payload-is-everything", "A message that is thrown carries all data of its case.")
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


@repairs("signal-end-is-silent", "A signal end event throws nothing.")
class EndEvent(ThrowingEvent):
    """An error end event of the top process ends the case; one that nobody outside catches is an incident."""

    def _run_hook(self, task: TracedTask) -> bool:
        definition = self.event_definition
        if isinstance(definition, ErrorDefinition):
            error = BpmnError(definition.code or "", values=map_values(task, self.element.inputs))
            if _is_of_case(task):
                task.internal_data["caught"] = _throw(task, error)
            else:
                throw_error(task, error)
        elif isinstance(definition, CancelDefinition) and not throw_outwards(task, CancelDefinition, None, {}):
            raise BpmnError("", "Expected a cancel event on the boundary of the transaction, but there is none")
        return super()._run_hook(task)

    def _on_complete_hook(self, task: TracedTask) -> None:
        case, definition = task.case, self.event_definition
        if _is_of_case(task):
            case.outcome = self.bpmn_id
        if isinstance(definition, ErrorDefinition) and task.internal_data.get("caught") is False:
            case.end_at(task)
        elif isinstance(definition, TerminateDefinition):
            task.workflow.end_at(task)
        super()._on_complete_hook(task)


def _is_of_case(task: TracedTask) -> bool:
    """Whether the case itself ends here: not inside a part of it, but in an event sub-process that took its place."""
    holder = task.scope_task
    while holder is not None:
        event = holder.parent
        if event is None or not event.task_spec.is_scope_listener or not event.task_spec.cancel_activity:
            return False
        holder = holder.scope_task
    return True


@repairs(
    "uncaught-error-end",
    "An error end event that nobody catches ends its sub-process as if nothing had happened.",
)
def throw_error(task: TracedTask, error: BpmnError) -> None:
    """Hand a BpmnError to the boundary of this very activity, else outwards; raise it if none catches."""
    if not _throw(task, error):
        raise error


def _throw(task: TracedTask, error: BpmnError) -> bool:
    values = error.values | {"error_code": error.code, "error_message": str(error)}
    return throw_outwards(task, ErrorDefinition, error.code, values)


@repairs(
    "boundary-runs-late",
    "An error boundary event waits in the queue: what is ready beside the failed element still runs, and pays again.",
)
def throw_outwards(task: TracedTask, kind: type[EventDefinition], code: str | None, payload: PlainDict) -> bool:
    """Let the nearest event that catches this kind and code happen; it runs next, before anything else that is ready.

    Nearest are those on the boundary of the activity, then the event sub-processes of its scope, then those of what
    encloses it. (Otherwise sibling instances of a failed one would still run.) False when nobody catches it.
    """
    found: TracedTask | None = task
    while found is not None:
        for events in (_find_boundary(found), _find_listeners(found)):
            catching = [event for event in events if _catches(event, kind, code)]
            if catching:
                exact = [event for event in catching if event.task_spec.event_definition.code is not None]
                event = (exact or catching)[0]
                event.task_spec.fire(event, payload)
                event.case.run_next(event)
                return True
        found = found.scope_task
    return False


def _find_boundary(task: TracedTask) -> list[TracedTask]:
    host = task
    while host.parent is not None and isinstance(host.parent.task_spec, LoopSpec):
        host = host.parent
    siblings = [] if host.parent is None else host.parent.children
    return [event for event in siblings if isinstance(event.task_spec, BoundaryEvent)]


def _find_listeners(task: TracedTask) -> list[TracedTask]:
    """What an event sub-process throws is for those outside of its scope."""
    return [] if find_origin(task) is not None else find_idle_listeners(task.workflow)


def _catches(event: TracedTask, kind: type[EventDefinition], code: str | None) -> bool:
    definition = event.task_spec.event_definition
    is_waiting = event._state == WAITING and isinstance(definition, kind)
    return is_waiting and getattr(definition, "code", None) in (None, code)
