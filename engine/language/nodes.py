"""What the parsers of all flow nodes share, and those of the events."""

from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from engine.language.expressions import ExpressionError, is_wrapped, parse_expression, unwrap
from engine.language.model import BATON, CAMUNDA, Element, find_definition, find_link_target, local_tag
from engine.language.repairs import repairs
from engine.language.specs import activities, definitions, events, gateways, loops

DEFINITIONS = {
    "startEvent": frozenset({"message", "signal", "timer"}),
    "intermediateCatchEvent": frozenset({"message", "signal", "timer", "conditional", "link"}),
    "boundaryEvent": frozenset({"message", "signal", "timer", "conditional", "error", "escalation", "cancel"}),
    "intermediateThrowEvent": frozenset({"message", "signal", "escalation", "link"}),
    "endEvent": frozenset({"message", "signal", "error", "escalation", "terminate", "cancel"}),
}
EVENT_SUB_PROCESS = frozenset({"message", "signal", "timer", "conditional", "error", "escalation"})
MAY_BE_NONE = frozenset({"startEvent", "intermediateThrowEvent", "endEvent"})


class ElementParser(TaskParser):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """Mixed into the parser of every node: reads our attributes, and refuses what would silently not happen."""

    node: etree._Element
    task: Any

    @property
    def element(self) -> Element:
        return self.process_parser.elements[self.bpmn_id]  # type: ignore[no-any-return]  # SpiffWorkflow is untyped

    def parse_node(self) -> Any:
        """The spec of the element with its loop and its boundary events; `connect_flows` is called later.

        Stock follows the flows at once, and so recurses through the whole diagram.
        """
        self.task = self.create_task()
        for loop in self.node.iterchildren(full_tag("standardLoopCharacteristics")):
            self._add_loop_task(loop)
        for loop in self.node.iterchildren(full_tag("multiInstanceLoopCharacteristics")):
            self._add_multiinstance_task(loop)
        attached = self.process_parser.get_boundary_events(self.bpmn_id)
        return self._add_boundary_event(attached) if attached else self.task

    def connect_flows(self) -> None:
        """Leads to what stands behind, in the order of the file. Of a single flow a condition may be left out."""
        flows = self.process_parser.get_outgoing_sequence_flows(self.bpmn_id)
        default = self.node.get("default")
        if len(flows) == 1 and self.parse_condition(flows[0]) is None:
            default = flows[0].get("id")
        for flow in flows:
            target = self.process_parser.get_node_by_id(flow.get("targetRef"))
            self.connect_outgoing(self.process_parser.parse_node(target), flow, flow.get("id") == default)

    def create_task(self) -> Any:
        self._refuse_ignored()
        spec = self.create_spec()
        spec.element = self.element
        spec.is_async = self.element.async_before
        return spec

    def create_spec(self) -> Any:
        return self.spec_class(self.spec, self.bpmn_id, **self.bpmn_attributes)

    def parse_incoming_data_references(self) -> list[Any]:
        """Data objects are drawings."""
        return []

    def parse_outgoing_data_references(self) -> list[Any]:
        return []

    @repairs("condition-on-a-task", "A condition on a flow out of a task is ignored.")
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
        self.task = body
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
        if self.node.get("eventGatewayType", "Exclusive") != "Exclusive" or self.node.get("instantiate") == "true":
            raise ValidationException(
                "Expected an exclusive event gateway inside the process, but it is another", self.node
            )
        if self.element.async_before and self.element.is_listener:
            raise ValidationException(
                "Expected camunda:asyncBefore behind the event, but not on one that listens", self.node
            )
        if self.xpath("./bpmn:ioSpecification"):
            raise ValidationException(
                "Expected input and output parameters, but there is an ioSpecification", self.node
            )
        for name, text in (*self.element.inputs, *self.element.outputs):
            if not name:
                raise ValidationException("Expected a name for every parameter, but one has none", self.node)
            self.read_text(text)


class EventParser(ElementParser):
    def create_spec(self) -> Any:
        return self.spec_class(self.spec, self.bpmn_id, event_definition=self.read_definition(), **self.bpmn_attributes)

    @property
    def allowed(self) -> frozenset[str]:
        """The kinds of definitions that are executed here."""
        return DEFINITIONS[self.element.kind]

    def read_definition(self) -> definitions.EventDefinition:
        """The one event definition of the node. Raises ValidationException for several, or one we do not execute."""
        kind = self.element.kind
        found = [
            child for child in self.node.iterchildren(full_tag("*")) if local_tag(child).endswith("EventDefinition")
        ]
        if len(found) > 1:
            raise ValidationException("Expected one event definition, but there are several", self.node)
        if not found:
            if kind not in MAY_BE_NONE or self.element.is_listener:
                raise ValidationException("Expected an event definition, but there is none", self.node)
            return definitions.EventDefinition()
        name = local_tag(found[0]).removesuffix("EventDefinition")
        if name not in self.allowed:
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

    def read_conditional(self, node: etree._Element) -> definitions.EventDefinition:
        text = (node.findtext(full_tag("condition")) or "").strip()
        if not text:
            raise ValidationException("Expected a condition of the event, but there is none", self.node)
        self.spec.has_conditions = True
        return definitions.ConditionDefinition(self.read_expression(text))

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
        if is_cycle and not self.may_repeat:
            raise ValidationException("Expected a repeated timer only on an event that does not interrupt", self.node)
        return definitions.TimerDefinition(self.read_text(text), is_cycle)

    @property
    def may_repeat(self) -> bool:
        """Whether the event can happen more than once where it stands."""
        return self.element.is_listener and not self.element.is_interrupting

    def _find_code(self, node: etree._Element, kind: str) -> str | None:
        """On an event that catches none means any; an event that throws needs one."""
        reference = node.get(f"{kind}Ref")
        if reference is None and self.element.is_listener:
            return None
        return self._find(node, kind, f"{kind}Ref", f"{kind}Code")

    @repairs("error-reports-crash", "Four of the parser's own error reports fail with a TypeError.")
    def _find(self, node: etree._Element, kind: str, reference: str, attribute: str) -> str:
        """From the file the node is in: two files may use one id for different things."""
        found = find_definition(self.node.getroottree().getroot(), kind, node.get(reference))
        text = None if found is None else found.get(attribute)
        if not text:
            raise ValidationException(f"Expected a {kind} with a {attribute}, but there is none", self.node)
        return text


class IntermediateEventParser(EventParser):
    def create_spec(self) -> Any:
        if self.node.find(full_tag("linkEventDefinition")) is not None:
            self.spec_class = events.LinkEvent
        return super().create_spec()

    def read_link(self, node: etree._Element) -> definitions.EventDefinition:
        is_throw = self.element.kind == "intermediateThrowEvent"
        if is_throw and find_link_target(self.node) is None:
            raise ValidationException(
                "Expected a link event of the same name that catches, but there is none", self.node
            )
        return definitions.LinkDefinition(node.get("name", ""))


class StartEventParser(EventParser):
    @property
    def allowed(self) -> frozenset[str]:
        return super().allowed if self.element.parent is None else frozenset()

    @property
    def may_repeat(self) -> bool:
        return True

    def create_spec(self) -> Any:
        is_armed = self.element.is_armed_start  # in the scope around this one
        spec = events.EventSubProcessEntry(self.spec, self.bpmn_id) if is_armed else super().create_spec()
        self.spec.start.connect(spec)
        return spec

    def handles_multiple_outgoing(self) -> bool:
        return True


class ListenerParser(EventParser):
    """A boundary event."""

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


class ArmedStartParser(ListenerParser):
    """The start event of an event sub-process as the scope around it sees it."""

    @property
    def allowed(self) -> frozenset[str]:
        return EVENT_SUB_PROCESS


class EndEventParser(EventParser):
    def create_spec(self) -> Any:
        spec = super().create_spec()
        spec.connect(self.spec.end)
        return spec


@repairs("tasks-without-a-message", "A send or receive task without a message completes at once.")
class MessageTaskParser(EventParser):
    """Send and receive tasks; without a message stock completes them at once."""

    def read_definition(self) -> definitions.EventDefinition:
        return self.read_message(self.node)
