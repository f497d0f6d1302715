"""Tasks, sub-processes and call activities."""

from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import CallActivity as StockCallActivity
from SpiffWorkflow.bpmn.specs.defaults import SubWorkflowTask as StockSubProcess
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin

from engine.language.errors import BpmnError
from engine.language.repairs import repairs
from engine.language.specs.base import ElementSpec, copy_values, map_values
from engine.language.specs.events import throw_error
from engine.language.specs.task import STARTED, TracedTask
from engine.storage.plain import PlainDict


class UserTask(ElementSpec, BpmnSpecMixin):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """Stays READY until a person completes it."""

    def __init__(self, process: Any, bpmn_id: str, **options: Any) -> None:
        super().__init__(process, bpmn_id, **options)
        self.manual = True

    def _run_hook(self, task: TracedTask) -> bool:
        return True


@repairs(
    "task-without-a-type-waits",
    "A task without a type, or a manual one, stops the case until somebody completes it.",
)
class PassedTask(ElementSpec, BpmnSpecMixin):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """A task without a type, or a manual one: nothing to do for the engine (stock stops there)."""

    def _run_hook(self, task: TracedTask) -> bool:
        return True


class ScriptTask(ElementSpec, BpmnSpecMixin):  # type: ignore[misc]  # SpiffWorkflow is untyped
    def __init__(self, process: Any, bpmn_id: str, script: str, **options: Any) -> None:
        super().__init__(process, bpmn_id, **options)
        self.script = script

    def _run_hook(self, task: TracedTask) -> bool:
        task.workflow.script_engine.execute(task, self.script)
        return True


@repairs(
    "service-errors-are-not-caught",
    "An error that a service raises never reaches the boundary event of its task.",
)
class ServiceTask(ElementSpec, BpmnSpecMixin):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """Asks the host for its topic; input and output parameters are all that goes in and out."""

    def _run_hook(self, task: TracedTask) -> bool | None:
        if "result" not in task.internal_data:
            try:
                result = task.case.host.call_topic(task, self.element, map_values(task, self.element.inputs))
            except BpmnError as error:
                throw_error(task, error)
                return None
            if result is None:
                return None
            task.internal_data["result"] = result
        result = task.internal_data["result"]
        assert isinstance(result, dict)
        task.data = {**task.data, **map_values(task, self.element.outputs, result)}
        return True


class BusinessRuleTask(ElementSpec, BpmnSpecMixin):  # type: ignore[misc]  # SpiffWorkflow is untyped
    def _run_hook(self, task: TracedTask) -> bool:
        result = task.case.host.decide(task, self.element, task.data)
        assert self.element.result_variable is not None
        task.data = {**task.data, self.element.result_variable: result}
        return True


class Nested(ElementSpec):
    """Runs another spec; what it takes in and gives back is worked out while its own task can still be tried again."""

    spec: str
    shares_data = True  # the inside sees what changes around it

    def data_for(self, task: TracedTask) -> PlainDict:
        """What the inside starts with."""
        raise NotImplementedError

    def data_from(self, task: TracedTask, data: PlainDict) -> PlainDict:
        """The data of the task when the inside has ended with `data`."""
        raise NotImplementedError

    def _update_hook(self, task: TracedTask) -> bool:
        task._inherit_data()
        data = self.data_for(task)
        task._set_state(STARTED)
        task.case.start_inner(task, self.spec, data)
        return False

    def _run_hook(self, task: TracedTask) -> bool:
        task.data = self.data_from(task, task.case.subprocesses[task.id].data)
        return True

    @repairs("inside-left-open", "Interrupting a multi-instance sub-process fails, and leaves what is inside it open.")
    def _on_cancel(self, task: TracedTask) -> None:
        inner = task.case.subprocesses.get(task.id)
        if inner is not None:
            inner.cancel()


class SubProcess(Nested, StockSubProcess):  # type: ignore[misc]  # SpiffWorkflow is untyped
    def data_for(self, task: TracedTask) -> PlainDict:
        return task.data

    def data_from(self, task: TracedTask, data: PlainDict) -> PlainDict:
        return data


class EventSubProcess(SubProcess):
    """Its task follows that of its start event, which carries the payload."""

    def data_for(self, task: TracedTask) -> PlainDict:
        start = task.parent
        assert start is not None
        payload = start.internal_data["payload"]
        assert isinstance(payload, dict)
        return {**task.data, **map_values(task, start.task_spec.element.outputs, payload)}


class Transaction(SubProcess):
    """A sub-process that a cancel end event leaves by its cancel boundary."""


@repairs("calls-share-all-data", "All data go into a called process, and all come out.")
class CallActivity(Nested, StockCallActivity):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """`camunda:in` and `camunda:out` are the only way in and out."""

    shares_data = False

    def data_for(self, task: TracedTask) -> PlainDict:
        return copy_values(task, self.element.inputs, task.data)

    def data_from(self, task: TracedTask, data: PlainDict) -> PlainDict:
        return {**task.data, **copy_values(task, self.element.outputs, data)}
