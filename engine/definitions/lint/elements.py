"""Elements the engine does not run, or runs otherwise than drawn."""

from collections.abc import Callable, Iterable, Iterator

from lxml import etree

from engine.definitions.lint.diagram import Diagram, bpmn, kind_of
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, declare, problem, rule
from engine.language.model import FLOW_NODES

Finder = Callable[[Diagram], Iterable[etree._Element]]

# What may stand in a process or sub-process besides flow nodes without being executed.
SILENT_KINDS = {
    *("sequenceFlow", "laneSet", "documentation", "extensionElements", "incoming", "outgoing"),
    *("textAnnotation", "association", "group", "dataObject", "dataObjectReference", "property", "categoryValueRef"),
    *("multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "completionCondition"),
    # these have rules of their own
    *("ioSpecification", "dataInputAssociation", "dataOutputAssociation", "dataStoreReference"),
}
CHOREOGRAPHY = {
    *("choreography", "choreographyTask", "subChoreography", "callChoreography", "globalChoreographyTask"),
    *("conversation", "subConversation", "callConversation", "globalConversation"),
}
GLOBAL_TASKS = {"globalTask", "globalUserTask", "globalScriptTask", "globalManualTask", "globalBusinessRuleTask"}
QUANTITIES = ("startQuantity", "completionQuantity")


def of_kinds(*kinds: str) -> Finder:
    """Finds elements by name anywhere in the file."""
    return lambda diagram: diagram.root.iter(*map(bpmn, kinds))


def compensations(diagram: Diagram) -> Iterator[etree._Element]:
    yield from diagram.root.iter(bpmn("compensateEventDefinition"))
    yield from (node.xml for node in diagram.nodes if node.xml.get("isForCompensation") == "true")


def refuse(rule_id: str, find: Finder, *, en: str, zh: str, reason: str) -> None:
    """A rule that refuses every element the finder gives."""

    def check(diagram: Diagram, project: Project) -> Iterator[Problem]:
        return (problem(xml) for xml in find(diagram))

    declare(rule_id, "error", en=en, zh=zh, reason=reason, theme="elements", check=check)


refuse(
    "compensation",
    compensations,
    en="Expected a service task that reverses the work, but compensation is drawn: draw the reversal, "
    "or use a transaction with a cancel event (M2).",
    zh="应使用冲销的服务任务，但画了补偿：请画出冲销任务，或使用带取消事件的事务（M2）。",
    reason="A thrown compensation does nothing at all and says nothing (M2).",
)
refuse(
    "ad-hoc",
    of_kinds("adHocSubProcess"),
    en="Expected an ordinary sub-process, but it is ad-hoc: draw the order of the tasks (M7).",
    zh="应使用普通子流程，但它是特设子流程：请画出任务顺序（M7）。",
    reason="The completion condition of an ad-hoc sub-process is evaluated before its data exist (M7).",
)
refuse(
    "complex-gateway",
    of_kinds("complexGateway"),
    en="Expected an exclusive, parallel, inclusive or event gateway, but it is complex: draw the rule with these.",
    zh="应使用排他、并行、包容或事件网关，但画了复杂网关：请用前者表达。",
    reason="There is no execution of complex gateways.",
)
refuse(
    "choreography",
    of_kinds(*CHOREOGRAPHY),
    en="Expected processes and message flows, but a choreography is drawn: draw pools with message flows.",
    zh="应使用流程和消息流，但画了编排：请画成池和消息流。",
    reason="Choreographies and conversations are pictures that no engine executes.",
)
refuse(
    "global-task",
    of_kinds(*GLOBAL_TASKS),
    en="Expected a process to be called, but a global task is defined: make it a process with one task.",
    zh="被调用的应是流程，但定义了全局任务：请改为只含一个任务的流程。",
    reason="Calls of global tasks cannot be resolved.",
)
refuse(
    "data-store",
    of_kinds("dataStore", "dataStoreReference"),
    en="Expected a service task that reads or writes the rows, but a data store is drawn: use a topic.",
    zh="应由服务任务读写数据，但画了数据存储：请使用服务主题。",
    reason="Data stores need an implementation that does not exist; the parser refuses the file.",
)
refuse(
    "io-specification",
    of_kinds("ioSpecification"),
    en="Expected input and output parameters, but an ioSpecification is written: map the data in the properties.",
    zh="应使用输入输出参数，但写了 ioSpecification：请在属性中映射数据。",
    reason="An ioSpecification changes the data after the step was recorded, so that history and state differ.",
)


@rule(
    "token-quantity",
    "error",
    en="Expected one token in and one out of {element}, but {attribute} says {found}: draw a gateway or a "
    "multi-instance.",
    zh="{element} 应只有一个令牌进出，但 {attribute} 为 {found}：请画网关或多实例。",
)
def check_quantities(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Quantities of tokens are not counted: the activity would run at once, and once."""
    for node in diagram.nodes:
        for attribute in QUANTITIES:
            if node.xml.get(attribute, "1") != "1":
                yield problem(node, attribute=attribute, found=node.xml.get(attribute))


@rule(
    "task-without-type",
    "warning",
    en="Expected a typed task (user, service, script …), but {element} has no type: choose one, else it is skipped.",
    zh="任务应有类型（用户、服务、脚本等），但 {element} 没有：请选择，否则会被直接跳过。",
)
def check_typed(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A task without a type and a manual task do nothing and are passed at once."""
    for node in diagram.of_kind("task", "manualTask"):
        yield problem(node)


@rule(
    "element-unknown",
    "error",
    en="Expected an element the engine knows, but {kind} is not one: replace or delete it.",
    zh="引擎不认识 {kind}：请替换或删除。",
)
def check_known_elements(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Elements that no parser reads are dropped, or crash it without naming the place."""
    for scope in diagram.scopes:
        for child in scope.xml:
            kind = kind_of(child)
            if kind and kind not in FLOW_NODES | SILENT_KINDS and kind not in CHOREOGRAPHY:
                yield problem(child, kind=kind)


@rule(
    "standard-loop",
    "error",
    en="Expected a loopCondition or a whole number in loopMaximum, but there is neither: {element} needs one of them.",
    zh="标准循环应有循环条件或整数的最大次数，但都没有：请为 {element} 填写其一。",
)
def check_standard_loop(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A loop without a limit is refused by the parser; a maximum that is no number crashes it."""
    for node in diagram.nodes:
        loop = node.xml.find(bpmn("standardLoopCharacteristics"))
        if loop is None:
            continue
        maximum = loop.get("loopMaximum")
        is_number = maximum is not None and maximum.isascii() and maximum.isdigit()
        if (maximum is not None and not is_number) or (maximum is None and loop.find(bpmn("loopCondition")) is None):
            yield problem(node)


@rule(
    "cancel-outside-transaction",
    "error",
    en="Expected a cancel event only with a transaction, but {element} has none around it: use an error event.",
    zh="取消事件只能用于事务，但 {element} 不在事务中：请改用错误事件。",
)
def check_cancel(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Outside a transaction a cancel event is caught by nobody."""
    for node in diagram.of_kind("endEvent", "boundaryEvent"):
        if node.definition("cancel") is None:
            continue
        around = node.host if node.kind == "boundaryEvent" else node.scope.owner
        if around is None or around.kind != "transaction":
            yield problem(node)
