"""Splits, joins and conditions."""

from collections.abc import Iterator

from engine.definitions.lint.diagram import Diagram, Node, text_of
from engine.definitions.lint.graph import is_split
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule

CONDITIONAL = ("exclusiveGateway", "inclusiveGateway")
CATCHING = ("intermediateCatchEvent", "receiveTask")


def choosing_splits(diagram: Diagram) -> list[Node]:
    """Exclusive and inclusive gateways with several outgoing flows."""
    return [node for node in diagram.of_kind(*CONDITIONAL) if is_split(node)]


@rule(
    "implicit-split",
    "error",
    en="Expected one flow out of {element}, but there are {count}: put a parallel or exclusive gateway behind it.",
    zh="{element} 应只有一条流出，但有 {count} 条：请在其后放置并行或排他网关。",
)
def check_implicit_split(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Several flows out of a task are refused by the parser; readers take them for a choice."""
    for node in diagram.nodes:
        if not node.is_gateway and is_split(node):
            yield problem(node, count=len(node.outgoing))


@rule(
    "conditional-flow",
    "error",
    en="Expected a condition only behind an exclusive or inclusive gateway, but {flow} leaves {source}: "
    "put an exclusive gateway between.",
    zh="条件只能用在排他或包容网关之后，但 {flow} 从 {source} 流出：请在中间放排他网关。",
)
def check_conditional_flow(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A condition on any other flow is ignored in silence."""
    for flow in diagram.flows:
        if flow.condition is not None and flow.source and flow.source.kind not in CONDITIONAL:
            yield problem(flow, flow=flow.id, source=flow.source.id)


@rule(
    "split-default-missing",
    "error",
    en="Expected a default flow out of {element}, but there is none: mark one flow as default.",
    zh="{element} 应有默认流，但没有：请把一条流设为默认。",
)
def check_default(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """When no condition holds, a case without a default flow stands still with an incident (M10)."""
    for node in choosing_splits(diagram):
        if not any(flow.is_default for flow in node.outgoing):
            yield problem(node)


@rule(
    "condition-missing",
    "error",
    en="Expected a condition on {flow}, but there is none: write one, or make it the default flow.",
    zh="{flow} 应有条件，但没有：请填写条件，或设为默认流。",
)
def check_conditions(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A flow without a condition behind a split is refused by the parser; it is the commonest fault of all."""
    for node in choosing_splits(diagram):
        for flow in node.outgoing:
            if not flow.is_default and (flow.condition is None or not text_of(flow.condition)):
                yield problem(flow, flow=flow.id)


@rule(
    "default-condition",
    "error",
    en="Expected no condition on the default flow {flow}, but it has one: delete the condition or choose "
    "another default.",
    zh="默认流 {flow} 不应有条件：请删除条件，或另选默认流。",
)
def check_default_condition(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """The condition of a default flow is never looked at, whatever it says."""
    for flow in diagram.flows:
        if flow.is_default and flow.condition is not None:
            yield problem(flow, flow=flow.id)


@rule(
    "join-condition",
    "error",
    en="Expected no condition on the only flow out of {element}, but {flow} has one: delete it, or add the "
    "other answer.",
    zh="{element} 唯一的流出 {flow} 不应有条件：请删除条件，或补上另一条流。",
)
def check_single_condition(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """With one way out and a condition that does not hold the case stands still."""
    for node in diagram.of_kind(*CONDITIONAL):
        if len(node.outgoing) == 1 and node.outgoing[0].condition is not None:
            yield problem(node, flow=node.outgoing[0].id)


@rule(
    "event-gateway-targets",
    "error",
    en="Expected only catch events and receive tasks behind the event gateway {element}, but {target} is neither: "
    "put a message or timer event there.",
    zh="事件网关 {element} 之后只能是捕获事件或接收任务，但 {target} 不是：请放置消息或定时事件。",
)
def check_event_gateway(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """An event gateway waits for the events behind it; anything else is never reached."""
    for node in diagram.of_kind("eventBasedGateway"):
        for flow in node.outgoing:
            if flow.target and (flow.target.kind not in CATCHING or len(flow.target.incoming) > 1):
                yield problem(node, target=flow.target.id)


@rule(
    "event-gateway-choice",
    "error",
    en="Expected at least two events behind the event gateway {element}, but there are {count}: add one, or "
    "delete the gateway.",
    zh="事件网关 {element} 之后至少要有两个事件，但只有 {count} 个：请补充，或删除网关。",
)
def check_event_gateway_choice(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """With one event there is nothing to choose."""
    for node in diagram.of_kind("eventBasedGateway"):
        if len(node.outgoing) < 2:
            yield problem(node, count=len(node.outgoing))


@rule(
    "event-gateway-kind",
    "error",
    en="Expected an event that waits inside the process for the first to happen, but {element} says {found}: start the "
    "process by message start events, or wait for all behind a parallel gateway.",
    zh="只支持在流程内等待最先发生的事件，但 {element} 标明 {found}："
    "请用消息开始事件启动流程，或在并行网关之后等待全部事件。",
)
def check_event_gateway_kind(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """One that waits for all its events, or starts the process, would be run as one that waits for the first."""
    for node in diagram.of_kind("eventBasedGateway", "receiveTask"):
        if node.xml.get("eventGatewayType", "Exclusive") != "Exclusive":
            yield problem(node, found=f"eventGatewayType={node.xml.get('eventGatewayType')}")
        if node.xml.get("instantiate") == "true":
            yield problem(node, found="instantiate=true")
