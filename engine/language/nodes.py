"""The parser of every kind of flow node."""

from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.task_parsers import ConditionalGatewayParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from engine.language.expressions import ExpressionError, is_wrapped, parse_expression, unwrap
from engine.language.model import BATON, CAMUNDA, GATEWAYS, Element, find_definition, local_tag
from engine.language.specs import activities, definitions, events, gateways, loops

ASYNC_REFUSED = GATEWAYS | {"boundaryEvent", "startEvent"}
DEFINITIONS = {
    "startEvent": frozenset({"message", "signal", "timer"}),
    "intermediateCatchEvent": frozenset({"message", "signal", "timer"}),
    "boundaryEvent": frozenset({"message", "signal", "timer", "error", "escalation", "cancel"}),
    "intermediateThrowEvent": frozenset({"message", "signal", "escalation"}),
    "endEvent": frozenset({"message", "signal", "error", "escalation", "terminate", "cancel"}),
}
OPTIONAL_DEFINITION = frozenset({"startEvent", "intermediateThrowEvent", "endEvent"})


class ElementParser(TaskParser):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """Mixed into the parser of every node: reads our attributes, and refuses what would silently not happen."""

    node: etree._Element

    @property
    def element(self) -> Element:
        return self.process_parser.elements[self.bpmn_id]  # type: ignore[no-any-return]  # SpiffWorkflow is untyped

    def create_task(self) -> Any:
        self._refuse_ignored()
        spec = self.create_spec()
        spec.element = self.element
        spec.is_async = self.element.async_before
        return spec

    def create_spec(self) -> Any:
        return self.spec_class(self.spec, self.bpmn_id, **self.bpmn_attributes)

    def raise_validation_exception(self, message: str, node: Any = None) -> None:
        """Stock calls this with `node=`, which its own method does not know."""
        raise ValidationException(message, self.node)

    def get_position(self, node: Any = None) -> dict[str, float]:
        """Stock orders outgoing flows by the height of their targets, so that moving a shape changes what happens."""
        return {"x": 0.0, "y": 0.0}

    def parse_incoming_data_references(self) -> list[Any]:
        """Data objects are drawings."""
        return []

    def parse_outgoing_data_references(self) -> list[Any]:
        return []

    def connect_outgoing(self, target: Any, flow: etree._Element, is_default: bool) -> None:
        conditional = isinstance(self.task, gateways.ExclusiveGateway | gateways.InclusiveGateway)
        if not conditional and self.parse_condition(flow) is not None:
            flow_id = flow.get("id", "")
            raise ValidationException(
                f"Expected a condition only behind a gateway that decides, but {flow_id} has one", flow
            )
        super().connect_outgoing(target, flow, is_default)

    def parse_condition(self, flow: etree._Element) -> str | None:
        text: str | None = super().parse_condition(flow)
        return None if text is None else self.read_expression(text)

    def read_expression(self, text: str) -> str:
        try:
            parse_expression(text)
            return unwrap(text).strip()
        except ExpressionError as error:
            raise ValidationException(str(error), self.node) from None

    def read_text(self, text: str) -> str:
        """A literal or `${expression}`."""
        if is_wrapped(text):
            self.read_expression(text)
        elif "${" in text or text.lstrip().startswith("="):
            raise ValidationException(f"Expected a literal or one ${{…}} around the whole, but got {text!r}", self.node)
        return text.strip()

    # --- boundary events and loops ---
    def _add_boundary_event(self, children: list[Any]) -> Any:
        split = events.BoundaryEventSplit(self.spec, f"{self.bpmn_id}.BoundaryEventSplit", lane=self.task.lane)
        split.connect(self.task)
        for node in children:
            event = self.process_parser.parse_node(node)
            is_cancel = isinstance(event.event_definition, definitions.CancelDefinition)
            if is_cancel and not isinstance(self.task, activities.Transaction):
                raise ValidationException("Expected a cancel event only on a transaction", node)
            split.connect(event)
        return split

    def _add_loop_task(self, loop: etree._Element) -> None:
        maximum, condition = loop.get("loopMaximum"), loop.findtext(full_tag("loopCondition"))
        if maximum is None and condition is None:
            raise ValidationException("Expected a loop with a condition or a maximum, but it has neither", self.node)
        self._wrap(
            loops.StandardLoop,
            maximum=None if maximum is None else int(maximum),
            condition=None if condition is None else self.read_expression(condition),
            test_before=loop.get("testBefore") == "true",
        )

    def _add_multiinstance_task(self, loop: etree._Element) -> None:
        collection = loop.get(f"{{{CAMUNDA}}}collection")
        cardinality = loop.findtext(full_tag("loopCardinality"))
        if (collection is None) == (cardinality is None):
            raise ValidationException(
                "Expected a multi-instance with either camunda:collection or a cardinality", self.node
            )
        output = loop.get(f"{{{BATON}}}outputCollection")
        output_element = loop.get(f"{{{BATON}}}outputElement")
        if (output is None) != (output_element is None):
            raise ValidationException("Expected baton:outputCollection and baton:outputElement together", self.node)
        condition = loop.findtext(full_tag("completionCondition"))
        self._wrap(
            loops.MultiInstance,
            is_sequential=loop.get("isSequential") == "true",
            collection=None if collection is None else self.read_expression(collection),
            cardinality=None if cardinality is None else self.read_expression(cardinality),
            element_variable=loop.get(f"{{{CAMUNDA}}}elementVariable"),
            output_collection=output,
            output_element=None if output_element is None else self.read_expression(output_element),
            condition=None if condition is None else self.read_expression(condition),
        )

    def _wrap(self, body_class: type, **options: Any) -> None:
        """Put the body in the place of the spec, which becomes that of the instances."""
        instance = self.spec.task_specs.pop(self.task.name)
        body: Any = body_class(self.spec, instance.name, bpmn_name=instance.bpmn_name, lane=instance.lane, **options)
        body.element, body.is_async = instance.element, instance.is_async
        instance.is_async = False
        self.task: Any = body
        self._copy_task_attrs(instance)

    def _refuse_ignored(self) -> None:
        flows = self.process_parser.get_outgoing_sequence_flows(self.bpmn_id)
        if len(flows) > 1 and not self.handles_multiple_outgoing():
            raise ValidationException("Expected one outgoing flow, but there are several", self.node)
        for flow in flows:
            target = self.process_parser.get_node_by_id(flow.get("targetRef"))
            if target is None or target.getparent() is not self.node.getparent():
                raise ValidationException(
                    "Expected the flow to lead to an element of the same scope, but it does not", flow
                )
        if self.element.async_before and self.element.kind in ASYNC_REFUSED:
            raise ValidationException(
                "Expected camunda:asyncBefore on an activity or event, but not on this", self.node
            )
        if self.xpath("./bpmn:ioSpecification"):
            raise ValidationException(
                "Expected input and output parameters, but there is an ioSpecification", self.node
            )
        for name, text in (*self.element.inputs, *self.element.outputs):
            if not name:
                raise ValidationException("Expected a name for every parameter, but one has none", self.node)
            self.read_text(text)


class CallActivityParser(ElementParser):
    def create_spec(self) -> Any:
        return self.spec_class(
            self.spec, self.bpmn_id, subworkflow_spec=self.element.called_element, **self.bpmn_attributes
        )


class SubProcessParser(ElementParser):
    def create_spec(self) -> Any:
        if self.node.get("triggeredByEvent") == "true":
            raise ValidationException("Expected no event sub-process, but this is one", self.node)
        if not self.xpath("./bpmn:endEvent"):
            raise ValidationException("Expected an end event in the sub-process, but there is none", self.node)
        outer = self.process_parser
        inner = type(outer)(outer.parser, self.node, outer.process_key, outer.elements, self.lane)
        outer.parser.process_parsers[inner.spec_name] = inner
        return self.spec_class(self.spec, self.bpmn_id, subworkflow_spec=inner.spec_name, **self.bpmn_attributes)


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


class EventParser(ElementParser):
    def create_spec(self) -> Any:
        return self.spec_class(self.spec, self.bpmn_id, event_definition=self.read_definition(), **self.bpmn_attributes)

    def read_definition(self) -> definitions.EventDefinition:
        """The one event definition of the node. Raises ValidationException for several, or one we do not execute."""
        kind = self.element.kind
        found = [
            child for child in self.node.iterchildren(full_tag("*")) if local_tag(child).endswith("EventDefinition")
        ]
        if len(found) > 1:
            raise ValidationException("Expected one event definition, but there are several", self.node)
        if not found:
            if kind not in OPTIONAL_DEFINITION:
                raise ValidationException("Expected an event definition, but there is none", self.node)
            return definitions.EventDefinition()
        name = local_tag(found[0]).removesuffix("EventDefinition")
        if name not in DEFINITIONS[kind]:
            raise ValidationException(
                f"Expected another event definition, but {name} is not executed on a {kind}", self.node
            )
        return getattr(self, f"read_{name}")(found[0])  # type: ignore[no-any-return]  # by the name of the tag

    def read_message(self, node: etree._Element) -> definitions.EventDefinition:
        name, key = self.element.message_name, self.element.correlation_key
        if not name:
            raise ValidationException("Expected a message with a name, but there is none", self.node)
        if not key and self.element.kind != "startEvent":
            raise ValidationException("Expected baton:correlationKey with the message, but there is none", self.node)
        return definitions.MessageDefinition(name, self.read_text(key or ""))

    def read_signal(self, node: etree._Element) -> definitions.EventDefinition:
        return definitions.SignalDefinition(self._find(node, "signal", "signalRef", "name"))

    def read_error(self, node: etree._Element) -> definitions.EventDefinition:
        return definitions.ErrorDefinition(self._find_code(node, "error"))

    def read_escalation(self, node: etree._Element) -> definitions.EventDefinition:
        return definitions.EscalationDefinition(self._find_code(node, "escalation"))

    def read_cancel(self, node: etree._Element) -> definitions.EventDefinition:
        return definitions.CancelDefinition()

    def read_terminate(self, node: etree._Element) -> definitions.EventDefinition:
        return definitions.TerminateDefinition()

    def read_timer(self, node: etree._Element) -> definitions.EventDefinition:
        parts = [
            child
            for child in node.iterchildren(full_tag("*"))
            if local_tag(child) in ("timeDate", "timeDuration", "timeCycle")
        ]
        text = (parts[0].text or "").strip() if len(parts) == 1 else ""
        if not text:
            raise ValidationException("Expected one time of the timer, but there is none or several", self.node)
        is_cycle = local_tag(parts[0]) == "timeCycle"
        is_start, is_boundary = (self.element.kind == kind for kind in ("startEvent", "boundaryEvent"))
        if is_cycle and not is_start and not (is_boundary and not self.element.is_interrupting):
            raise ValidationException("Expected a repeated timer only on a non-interrupting boundary", self.node)
        return definitions.TimerDefinition(self.read_text(text), is_cycle)

    def _find_code(self, node: etree._Element, kind: str) -> str | None:
        """On a boundary event none means any; an event that throws needs one."""
        reference = node.get(f"{kind}Ref")
        if reference is None and self.element.kind == "boundaryEvent":
            return None
        return self._find(node, kind, f"{kind}Ref", f"{kind}Code")

    def _find(self, node: etree._Element, kind: str, reference: str, attribute: str) -> str:
        """From the file the node is in: two files may use one id for different things."""
        found = find_definition(self.node.getroottree().getroot(), kind, node.get(reference))
        text = None if found is None else found.get(attribute)
        if not text:
            raise ValidationException(f"Expected a {kind} with a {attribute}, but there is none", self.node)
        return text


class StartEventParser(EventParser):
    def create_spec(self) -> Any:
        spec = super().create_spec()
        self.spec.start.connect(spec)
        return spec

    def handles_multiple_outgoing(self) -> bool:
        return True


class EndEventParser(EventParser):
    def create_spec(self) -> Any:
        spec = super().create_spec()
        spec.connect(self.spec.end)
        return spec


class BoundaryEventParser(EventParser):
    def create_spec(self) -> Any:
        definition, is_interrupting = self.read_definition(), self.element.is_interrupting
        must_interrupt = isinstance(definition, definitions.ErrorDefinition | definitions.CancelDefinition)
        return self.spec_class(
            self.spec,
            self.bpmn_id,
            event_definition=definition,
            cancel_activity=is_interrupting or must_interrupt,
            **self.bpmn_attributes,
        )


class MessageTaskParser(EventParser):
    """Send and receive tasks; without a message stock completes them at once."""

    def read_definition(self) -> definitions.EventDefinition:
        return self.read_message(self.node)


NODE_PARSERS: dict[str, tuple[type, type]] = {
    "startEvent": (StartEventParser, events.StartEvent),
    "endEvent": (EndEventParser, events.EndEvent),
    "intermediateCatchEvent": (EventParser, events.IntermediateCatchEvent),
    "intermediateThrowEvent": (EventParser, events.IntermediateThrowEvent),
    "boundaryEvent": (BoundaryEventParser, events.BoundaryEvent),
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
    "subProcess": (SubProcessParser, activities.SubProcess),
    "transaction": (SubProcessParser, activities.Transaction),
}
