"""A process or sub-process as a whole: where it starts and ends."""

from functools import cached_property
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BpmnStartTask
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec

from engine.language.errors import ValueUnfit
from engine.language.repairs import repairs
from engine.language.specs.base import OnDemand
from engine.language.specs.definitions import EventDefinition
from engine.language.specs.gateways import EndJoin, EndTask, JoiningSpec
from engine.language.specs.task import TracedTask


@repairs("start-events", "A process with several start events always begins at the none start event.")
class ProcessStart(OnDemand, BpmnStartTask):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """Goes on with one start event: the one the case was started by, else the none start event, else the only one.

    Stock waits for all of them, and then knows only the none start event. The event sub-processes of the scope are
    armed before.
    """

    chooses_outputs = True

    def _run_hook(self, task: TracedTask) -> bool:
        wanted = task.workflow.start_event
        starts = [spec for spec in self.outputs if not spec.is_scope_listener]
        plain = [spec for spec in starts if type(spec.event_definition) is EventDefinition]
        found = [spec for spec in starts if spec.name == wanted] if wanted else plain or starts
        if len(found) != 1:
            message = f"Expected one start event, but {self._wf_spec.name} has {len(found)} that fit"
            raise ValueUnfit(message, process=self._wf_spec.name)
        for spec in self.outputs:
            if spec.is_scope_listener:
                task._add_child(spec)
        begun = task._add_child(found[0])
        if task.workflow.payload is not None:
            begun.internal_data["payload"] = task.workflow.payload
        return True


class ProcessSpec(BpmnProcessSpec):  # type: ignore[misc]  # SpiffWorkflow is untyped
    start: Any
    end: Any

    def __init__(self, name: str, process_key: str) -> None:
        WorkflowSpec.__init__(self, name=name)
        self.process_key = process_key
        self.has_conditions = False  # conditional events stand in it
        self.start = ProcessStart(self, "Start")
        self.end = EndJoin(self, f"{name}.EndJoin")
        self.end.connect(EndTask(self, "End"))
        self.description = name
        self.io_specification = None
        self.data_objects: dict[str, Any] = {}
        self.data_stores: dict[str, Any] = {}
        self.correlation_keys: dict[str, Any] = {}
        self.bpmn_start_events: list[Any] = []

    @cached_property
    def has_joins(self) -> bool:
        """Whether a gateway in it may have to wait. Asked for only once all of it is parsed."""
        return any(isinstance(spec, JoiningSpec) and len(spec._inputs) > 1 for spec in self.task_specs.values())
