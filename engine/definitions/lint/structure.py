"""Ids, references and the shape of a process."""

import re
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from engine.definitions.lint.diagram import Diagram, Node, bpmn, kind_of, text_of
from engine.definitions.lint.graph import find_cycles, follow_flows, is_split, reach
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule

TRIGGERS = frozenset({"message", "signal", "timer"})  # of a start event that begins cases
RESERVED_IDS = frozenset({"Start", "End", "Root", "root"})
MAX_ID, MAX_KEY = 80, 60
ID_FORM = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
ID_NEEDED = frozenset({"process", "sequenceFlow", "message", "error", "escalation", "signal", "lane", "participant"})
REFERENCES = {
    "sourceRef": "a flow node",
    "targetRef": "a flow node",
    "attachedToRef": "an activity",
    "messageRef": "a message",
    "errorRef": "an error",
    "escalationRef": "an escalation",
    "signalRef": "a signal",
    "processRef": "a process",
    "default": "a sequence flow",
    "dataObjectRef": "a data object",
}
REFERRED_KINDS = {
    "messageRef": "message",
    "errorRef": "error",
    "escalationRef": "escalation",
    "signalRef": "signal",
    "processRef": "process",
    "default": "sequenceFlow",
}


@rule(
    "no-process",
    "error",
    en="Expected a process in the file, but there is none: draw one and give it an id.",
    zh="文件中应当有一个流程，但没有找到：请画出流程并填写编号。",
)
def check_process(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A file without a process deploys nothing."""
    if not diagram.processes:
        yield problem(diagram.root)


@rule(
    "not-executable",
    "error",
    en='Expected isExecutable="true" on the process, but it is {found}: set it, or draw an empty pool.',
    zh='流程应标明 isExecutable="true"，但现在是 {found_zh}：请设置，或把外部参与方画成空的池。',
)
def check_executable(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A process that is not executable cannot be started, and nothing says so until somebody tries."""
    for process in diagram.processes:
        if process.xml.get("isExecutable") != "true":
            found = process.xml.get("isExecutable")
            yield problem(process, found=found or "missing", found_zh=found or "未填写")


@rule(
    "process-key-duplicate",
    "error",
    en="Expected one process with the id {key}, but it is written in {files}: rename one.",
    zh="编号为 {key} 的流程只能有一个，但它出现在 {files}：请改名。",
)
def check_process_key(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """The id of a process is its key; with two of them nobody knows which one a call means."""
    for process in diagram.processes:
        places = sorted(path for path, _ in project.processes.get(process.id, ()))
        if len(places) > 1:
            yield problem(process, key=process.id, files=", ".join(places))


@rule(
    "id-missing",
    "error",
    en="Expected an id on every {kind}, but this one has none: give it one (verb_noun).",
    zh="每个 {kind} 都应有编号，但这里没有：请填写（动词_名词）。",
)
def check_id_present(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """History, work list and stored state name elements by id."""
    for xml in diagram.root.iter(bpmn("*")):
        if kind_of(xml) in ID_NEEDED and not xml.get("id"):
            yield Problem(f"line {xml.sourceline}", {"kind": kind_of(xml)})
    for node in diagram.nodes:
        if not node.id:
            yield Problem(f"line {node.xml.sourceline}", {"kind": node.kind})


@rule(
    "id-duplicate",
    "error",
    en="Expected every id once, but {id} is used {count} times: rename all but one.",
    zh="编号不能重复，但 {id} 出现了 {count} 次：请改名，只保留一个。",
)
def check_id_unique(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """The parser keeps the last element of an id and drops the others in silence."""
    counts = Counter(xml.get("id") for xml in diagram.root.iter(bpmn("*")) if xml.get("id"))
    for name, count in counts.items():
        if name and count > 1:
            yield Problem(name, {"id": name, "count": count})


@rule(
    "id-reserved",
    "error",
    en="Expected an id of your own, but {id} is a name of the engine: rename it, for example to {id}_request.",
    zh="请使用自己的编号，{id} 是引擎保留名：请改名，例如 {id}_request。",
)
def check_id_reserved(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Start, End and Root are steps the engine adds itself: the diagram would become an empty workflow."""
    for part in (*diagram.nodes, *diagram.processes):
        if part.id in RESERVED_IDS:
            yield problem(part, id=part.id)


@rule(
    "id-form",
    "error",
    en="Expected an id of letters, digits, '_' and '-', but got {id}: rename it (verb_noun in English).",
    zh="编号只能用字母、数字、下划线和连字符，但现在是 {id}：请改名（英文 动词_名词）。",
)
def check_id_form(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """The engine derives names such as `id.EndJoin` and `id [child]`; such an id would collide with them."""
    for part in (*diagram.nodes, *diagram.processes):
        if part.id and not ID_FORM.fullmatch(part.id):
            yield problem(part, id=part.id)


@rule(
    "id-too-long",
    "error",
    en="Expected an id of at most {most} characters, but {element} has {count}: shorten it.",
    zh="编号最多 {most} 个字符，但 {element} 有 {count} 个：请缩短。",
)
def check_id_length(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Rows of cases and tasks name elements by id, and have room for so many."""
    for part, most in (*((node, MAX_ID) for node in diagram.nodes), *((one, MAX_KEY) for one in diagram.processes)):
        if len(part.id) > most:
            yield problem(part, most=most, count=len(part.id))


@rule(
    "reference-dangling",
    "error",
    en="Expected {attribute} to name {what}, but there is no {target}: correct the reference or delete the element.",
    zh="{attribute} 应指向 {what}，但找不到 {target}：请改正引用或删除该元素。",
)
def check_references(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """References that lead nowhere are skipped by the parser or crash it without naming the element."""
    for xml in diagram.root.iter(bpmn("*")):
        for attribute, what in REFERENCES.items():
            target = xml.get(attribute)
            if target is not None and not _is_known(diagram, attribute, target):
                yield problem(xml, attribute=attribute, what=what, target=target or "(empty)")
        if kind_of(xml) in ("flowNodeRef", "incoming", "outgoing") and text_of(xml) not in diagram.by_id:
            yield problem(xml, attribute=kind_of(xml), what="an element", target=text_of(xml) or "(empty)")
    for node in diagram.nodes:
        if node.kind == "boundaryEvent" and not node.xml.get("attachedToRef"):
            yield problem(node, attribute="attachedToRef", what="an activity", target="(empty)")
    for flow in diagram.flows:
        for attribute in ("sourceRef", "targetRef"):
            if flow.xml.get(attribute) is None:
                yield problem(flow, attribute=attribute, what="a flow node", target="(empty)")


def _is_known(diagram: Diagram, attribute: str, target: str) -> bool:
    kind = REFERRED_KINDS.get(attribute)
    return target in diagram.by_id if kind is None else diagram.find(kind, target) is not None


@rule(
    "default-foreign",
    "error",
    en="Expected the default flow to leave this element, but {flow} starts elsewhere: choose one of its own flows.",
    zh="默认流应从本元素出发，但 {flow} 从别处出发：请选择它自己的流。",
)
def check_default_owner(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A default that is not among the outgoing flows is ignored: the gateway has no default."""
    for node in diagram.nodes:
        default = node.xml.get("default")
        own = {flow.id for flow in node.outgoing}
        if default and diagram.find("sequenceFlow", default) is not None and default not in own:
            yield problem(node, flow=default)


@rule(
    "flow-crosses-border",
    "error",
    en="Expected a flow within one sub-process, but it goes from {source} to {target} across its border: "
    "leave the phase by an end event with a gateway behind it, or by a boundary event (M19).",
    zh="顺序流不能跨越子流程边界，但它从 {source} 到 {target}：请用结束事件加网关，或用边界事件离开该阶段（M19）。",
)
def check_borders(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """BPMN forbids it, and the engine would drop what stands behind."""
    for flow in diagram.flows:
        source, target = flow.xml.get("sourceRef", ""), flow.xml.get("targetRef", "")
        if (flow.source is None or flow.target is None) and source in diagram.by_id and target in diagram.by_id:
            yield problem(flow, source=source, target=target)


@rule(
    "boundary-crosses-border",
    "error",
    en="Expected the boundary event in the same scope as its activity {host}, but it is elsewhere: move it.",
    zh="边界事件应与活动 {host} 处于同一层级，但不在：请移动。",
)
def check_boundary_scope(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A boundary event outside the scope of its host is never armed."""
    for node in diagram.of_kind("boundaryEvent"):
        host = node.xml.get("attachedToRef", "")
        if host in diagram.by_id and node.host is None:
            yield problem(node, host=host)


@rule(
    "flow-direction",
    "error",
    en="Expected no flow {direction} a {kind}, but {flow} is there: delete or redirect it.",
    zh="{kind} 不能有这样的流（{direction}），但有 {flow}：请删除或改向。",
)
def check_direction(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Start and boundary events begin, end events end: such a flow is followed or dropped depending on the parser."""
    for node in diagram.nodes:
        if node.kind in ("startEvent", "boundaryEvent"):
            for flow in node.incoming:
                yield problem(node, direction="into", kind=node.kind, flow=flow.id)
        if node.kind == "endEvent":
            for flow in node.outgoing:
                yield problem(node, direction="out of", kind=node.kind, flow=flow.id)


@rule(
    "start-missing",
    "error",
    en="Expected a start event in {scope}, but there is none: draw one and connect it.",
    zh="{scope} 中应有一个开始事件，但没有：请画出并连接。",
)
def check_start(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Without a start event nothing runs; the parser refuses it without naming a remedy."""
    for scope in diagram.scopes:
        if not scope.of_kind("startEvent") and not _is_ad_hoc(scope.xml):
            yield problem(scope, scope=scope.id)


@rule(
    "start-several",
    "error",
    en="Expected one none start event in {scope}, but there are {count}: keep one and put a gateway behind it.",
    zh="{scope} 中只能有一个普通开始事件，但有 {count} 个：请只保留一个，其后用网关分流。",
)
def check_several_starts(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """All none starts would run at once. Message starts may stand beside: the message chooses."""
    for scope in diagram.scopes:
        starts = scope.of_kind("startEvent")
        plain = [node for node in starts if not node.definitions]
        if len(plain) > 1:
            yield problem(scope, scope=scope.id, count=len(plain))
        elif scope.owner and len(starts) > 1:
            yield problem(scope, scope=scope.id, count=len(starts))


@rule(
    "start-kind",
    "error",
    en="Expected a none, message, signal or timer start event, but {element} starts by {kind}: {fix}.",
    zh="只支持普通、消息、信号或定时开始事件，但 {element} 用 {kind} 开始：{fix_zh}。",
)
def check_start_kind(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Cases begin by a person, a service, a message, a signal or a timer; no other start is ever triggered."""
    for node in diagram.of_kind("startEvent"):
        if node.scope.owner is not None and node.scope.owner.is_event_sub_process:
            continue
        for definition in node.definitions:
            kind = kind_of(definition).removesuffix("EventDefinition")
            if node.scope.owner:
                fix, fix_zh = "a sub-process starts by a none start event", "子流程请用普通开始事件"
                yield problem(node, kind=kind, fix=fix, fix_zh=fix_zh)
            elif kind not in TRIGGERS:
                fix, fix_zh = "use one of these, a message for example", "请改为其中一种，如消息开始"
                yield problem(node, kind=kind, fix=fix, fix_zh=fix_zh)


@rule(
    "end-missing",
    "error",
    en="Expected an end event in {scope}, but there is none: end every path with one.",
    zh="{scope} 中应有结束事件，但没有：每条路径都应以结束事件收尾。",
)
def check_end(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A sub-process without an end is refused by the parser, a process without one never closes visibly."""
    for scope in diagram.scopes:
        if not scope.of_kind("endEvent") and not _is_ad_hoc(scope.xml):
            yield problem(scope, scope=scope.id)


@rule(
    "path-without-end",
    "error",
    en="Expected a flow out of {element}, but there is none: connect it, or end the path with an end event.",
    zh="{element} 应有流出的顺序流，但没有：请连接，或用结束事件收尾。",
)
def check_dead_ends(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A token that stops at a node without an outgoing flow vanishes without a word."""
    for node in diagram.nodes:
        if node.outgoing or node.kind == "endEvent" or node.is_event_sub_process or _is_ad_hoc(node.scope.xml):
            continue
        yield problem(node)


@rule(
    "node-unreachable",
    "error",
    en="Expected a path from a start event to {element}, but there is none: connect or delete it.",
    zh="从开始事件应能到达 {element}，但不能：请连接或删除。",
)
def check_reachable(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Nodes that nothing leads to are dropped at parsing without a word."""
    for scope in diagram.scopes:
        if _is_ad_hoc(scope.xml):
            continue
        reached = reach(node for node in scope.nodes if node.kind == "startEvent" or node.is_event_sub_process)
        for node in scope.nodes:
            if node not in reached and not (node.kind == "boundaryEvent" and node.host is None):
                yield problem(node)


@rule(
    "cycle-without-exit",
    "error",
    en="Expected a way out of the loop {nodes}, but there is none: add an exclusive gateway, or a boundary "
    "event that interrupts it.",
    zh="循环 {nodes} 应有出口，但没有：请加排他网关，或加能中断它的边界事件。",
)
def check_cycles(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A loop that nothing can leave keeps the case open for ever, or spins until the step limit."""

    def steps(node: Node) -> list[Node]:
        return [target for target in follow_flows(node) if not _chooses(target)]

    for scope in diagram.scopes:
        for cycle in find_cycles([node for node in scope.nodes if not _chooses(node)], steps):
            if not any(map(_is_interruptible, cycle)):
                members = set(cycle)
                yield problem(cycle[0], nodes=", ".join([node.id for node in scope.nodes if node in members][:6]))


def _is_interruptible(node: Node) -> bool:
    return any(boundary.is_interrupting for boundary in node.boundaries)


def _chooses(node: Node) -> bool:
    return node.kind in ("exclusiveGateway", "inclusiveGateway", "eventBasedGateway") and is_split(node)


def _is_ad_hoc(xml: etree._Element) -> bool:
    return kind_of(xml) == "adHocSubProcess"
