"""The parsers of activities and gateways, and which parser and spec each kind of flow node has."""

from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.task_parsers import ConditionalGatewayParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from engine.language.nodes import (
    ArmedStartParser,
    ElementParser,
    EndEventParser,
    IntermediateEventParser,
    ListenerParser,
    MessageTaskParser,
    StartEventParser,
)
from engine.language.specs import activities, events, gateways


class CallActivityParser(ElementParser):
    def create_spec(self) -> Any:
        return self.spec_class(
            self.spec, self.bpmn_id, subworkflow_spec=self.element.called_element, **self.bpmn_attributes
        )


class SubProcessParser(ElementParser):
    def create_spec(self) -> Any:
        if not self.xpath("./bpmn:endEvent"):
            raise ValidationException("Expected an end event in the sub-process, but there is none", self.node)
        outer = self.process_parser
        inner = type(outer)(outer.parser, self.node, outer.process_key, outer.elements, self.lane)
        outer.parser.process_parsers[inner.spec_name] = inner
        return self.spec_class(self.spec, self.bpmn_id, subworkflow_spec=inner.spec_name, **self.bpmn_attributes)


class PlainSubProcessParser(SubProcessParser):
    """Also the event sub-process, which no flow leads to: its start event is armed by the scope around it."""

    def create_spec(self) -> Any:
        if self.node.get("triggeredByEvent") != "true":
            return super().create_spec()
        self._refuse_attached()
        starts = self.xpath("./bpmn:startEvent")
        if len(starts) != 1:
            raise ValidationException("Expected one start event in the event sub-process, but not so", self.node)
        self.spec_class = activities.EventSubProcess
        spec = super().create_spec()
        outer = self.process_parser
        start = ArmedStartParser(outer, events.EventSubProcessStart, starts[0], outer.nsmap, self.lane).create_task()
        self.spec.start.connect(start)
        start.connect(spec)
        spec.connect(self.spec.end)
        return spec

    def _refuse_attached(self) -> None:
        flows = self.xpath(f"../bpmn:sequenceFlow[@sourceRef='{self.bpmn_id}' or @targetRef='{self.bpmn_id}']")
        loops_of = self.xpath("./bpmn:standardLoopCharacteristics|./bpmn:multiInstanceLoopCharacteristics")
        if flows or loops_of or self.process_parser.get_boundary_events(self.bpmn_id):
            raise ValidationException(
                "Expected an event sub-process without flows, boundary events and loops, but it has some", self.node
            )


class ScriptTaskParser(ElementParser):
    def create_spec(self) -> Any:
        script = self.node.findtext(full_tag("script"))
        if not script or not script.strip():
            raise ValidationException("Expected a script, but there is none", self.node)
        return self.spec_class(self.spec, self.bpmn_id, script=script, **self.bpmn_attributes)


class ServiceTaskParser(ElementParser):
    def create_spec(self) -> Any:
        if not self.element.topic:
            raise ValidationException("Expected camunda:topic on the service task, but there is none", self.node)
        return super().create_spec()


class BusinessRuleTaskParser(ElementParser):
    def create_spec(self) -> Any:
        if not self.element.decision_ref or not self.element.result_variable:
            message = "Expected camunda:decisionRef and camunda:resultVariable on the business rule task"
            raise ValidationException(message, self.node)
        return super().create_spec()


class ForkingParser(ElementParser):
    def handles_multiple_outgoing(self) -> bool:
        return True


class DecidingParser(ElementParser, ConditionalGatewayParser):  # type: ignore[misc]  # SpiffWorkflow is untyped
    def connect_outgoing(self, target: Any, flow: etree._Element, is_default: bool) -> None:
        if not is_default and self.parse_condition(flow) is None:
            raise ValidationException("Expected a condition on every flow but the default one, but this has none", flow)
        super().connect_outgoing(target, flow, is_default)


class EventBasedGatewayParser(ForkingParser):
    def connect_outgoing(self, target: Any, flow: etree._Element, is_default: bool) -> None:
        if not isinstance(target, events.IntermediateCatchEvent | events.ReceiveTask):
            raise ValidationException(
                "Expected only events behind an event-based gateway, but there is another", self.node
            )
        super().connect_outgoing(target, flow, is_default)


NODE_PARSERS: dict[str, tuple[type, type]] = {
    "startEvent": (StartEventParser, events.StartEvent),
    "endEvent": (EndEventParser, events.EndEvent),
    "intermediateCatchEvent": (IntermediateEventParser, events.IntermediateCatchEvent),
    "intermediateThrowEvent": (IntermediateEventParser, events.IntermediateThrowEvent),
    "boundaryEvent": (ListenerParser, events.BoundaryEvent),
    "eventBasedGateway": (EventBasedGatewayParser, events.EventBasedGateway),
    "exclusiveGateway": (DecidingParser, gateways.ExclusiveGateway),
    "inclusiveGateway": (DecidingParser, gateways.InclusiveGateway),
    "parallelGateway": (ForkingParser, gateways.ParallelGateway),
    "task": (ElementParser, activities.PassedTask),
    "manualTask": (ElementParser, activities.PassedTask),
    "userTask": (ElementParser, activities.UserTask),
    "scriptTask": (ScriptTaskParser, activities.ScriptTask),
    "serviceTask": (ServiceTaskParser, activities.ServiceTask),
    "businessRuleTask": (BusinessRuleTaskParser, activities.BusinessRuleTask),
    "sendTask": (MessageTaskParser, events.SendTask),
    "receiveTask": (MessageTaskParser, events.ReceiveTask),
    "callActivity": (CallActivityParser, activities.CallActivity),
    "subProcess": (PlainSubProcessParser, activities.SubProcess),
    "transaction": (SubProcessParser, activities.Transaction),
}
