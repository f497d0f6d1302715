"""The yardstick: SpiffWorkflow as it comes, with no database. Spec parsed once; per case three saves and two loads."""

from collections.abc import Callable
from io import BytesIO

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.task import TaskState

from bench.diagrams import VALUES


def make_reference(diagram: bytes, process_key: str) -> Callable[[], None]:
    """A function that runs one case: start, complete the first task, complete the second."""
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.parse(BytesIO(diagram)))
    spec = parser.get_spec(process_key)
    serializer = BpmnWorkflowSerializer()

    def run() -> None:
        workflow = BpmnWorkflow(spec)
        workflow.data["who"] = "person-0"
        workflow.do_engine_steps()
        text = serializer.serialize_json(workflow)
        for _ in range(2):
            workflow = serializer.deserialize_json(text)
            task = workflow.get_next_task(state=TaskState.READY, manual=True)
            task.data.update(VALUES)
            task.run()
            workflow.do_engine_steps()
            text = serializer.serialize_json(workflow)
        if not workflow.is_completed():
            raise RuntimeError("Expected the case to be over, but it is not")

    return run
