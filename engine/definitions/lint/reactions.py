"""Event sub-processes, conditional events and links."""

from collections.abc import Iterator

from engine.definitions.lint.diagram import SUB_PROCESSES, Diagram, Node, bpmn
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule
from engine.definitions.lint.uses import event_condition


@rule(
    "event-sub-process-kind",
    "error",
    en="Expected an ordinary sub-process to be started by an event, but {element} is of another kind: "
    "draw it inside an event sub-process.",
    zh="只有普通子流程可由事件触发，但 {element} 是其他类型：请把它画在事件子流程之内。",
)
def check_kind(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A transaction or ad-hoc sub-process that an event should start never runs."""
    for node in diagram.of_kind(*SUB_PROCESSES):
        if node.xml.get("triggeredByEvent") == "true" and not node.is_event_sub_process:
            yield problem(node)


@rule(
    "event-sub-process-trigger",
    "error",
    en="Expected a trigger on the start event {element} of the event sub-process, but it has none: make it a message, "
    "timer, signal, condition, error or escalation start.",
    zh="事件子流程的开始事件 {element} 应有触发方式，但没有：请设为消息、定时、信号、条件、错误或升级开始。",
)
def check_trigger(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """No flow leads to an event sub-process: without a trigger it never starts."""
    for node in diagram.of_kind("startEvent"):
        if node.is_armed_start and not node.definitions:
            yield problem(node)


@rule(
    "event-sub-process-apart",
    "error",
    en="Expected nothing attached to the event sub-process {element}, but it has {what}: it starts by its event alone; "
    "put loops and boundary events inside it.",
    zh="事件子流程 {element} 不能带有{what_zh}：它只由自身的事件触发；循环和边界事件请画在其内部。",
)
def check_apart(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """BPMN gives an event sub-process no flows, and the engine would drop loops and boundary events."""
    for node in diagram.nodes:
        if node.is_event_sub_process:
            yield from (problem(node, what=en, what_zh=zh) for en, zh in _find_attached(node))


def _find_attached(node: Node) -> Iterator[tuple[str, str]]:
    if node.incoming or node.outgoing:
        yield "a sequence flow", "顺序流"
    if node.boundaries:
        yield "a boundary event", "边界事件"
    if node.loop is not None or node.xml.find(bpmn("standardLoopCharacteristics")) is not None:
        yield "a loop", "循环"


@rule(
    "event-condition-missing",
    "error",
    en="Expected a condition on the event {element}, but there is none: write an expression over the data of the case.",
    zh="事件 {element} 应有条件，但没有：请填写关于案例数据的表达式。",
)
def check_condition(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A conditional event without a condition never happens."""
    for node in diagram.nodes:
        if node.definition("conditional") is not None and not event_condition(node):
            yield problem(node)


@rule(
    "link-partner",
    "error",
    en="Expected one link event that catches and at least one that throws under the name {name} in the same scope, but "
    "{element} has no partner or several: give the two ends one name of their own.",
    zh="名为 {name} 的链接在同一层级中应有一个捕获端和至少一个抛出端，但 {element} 没有或有多个："
    "请为两端使用同一名称。",
)
def check_links(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A link without its other end leads nowhere; of two that catch nobody knows which one is meant."""
    for node in diagram.of_kind("intermediateThrowEvent", "intermediateCatchEvent"):
        if node.definition("link") is None:
            continue
        twins = [one for one in node.scope.of_kind("intermediateCatchEvent") if node.link and one.link == node.link]
        ways = node.outgoing if node.kind == "intermediateThrowEvent" else node.incoming
        if len(twins) != 1 or not any(flow.is_link for flow in ways):
            yield problem(node, name=node.link or "(empty)")


@rule(
    "link-flow",
    "error",
    en="Expected no sequence flow at this end of the link {element}, but {flow} is there: the link itself leads on; "
    "delete the flow.",
    zh="链接 {element} 的这一端不应有顺序流，但有 {flow}：链接本身即为通路，请删除该流。",
)
def check_link_flows(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A link event that throws ends its path, one that catches begins one."""
    for node in diagram.of_kind("intermediateThrowEvent", "intermediateCatchEvent"):
        if node.definition("link") is not None:
            ways = node.outgoing if node.kind == "intermediateThrowEvent" else node.incoming
            yield from (problem(node, flow=flow.id) for flow in ways if not flow.is_link)
