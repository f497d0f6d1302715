"""Messages, errors, escalations and where events may stand."""

from collections.abc import Iterator

from lxml import etree

from engine.definitions.lint.diagram import SUB_PROCESSES, Diagram, Node, Scope, kind_of
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule

ALLOWED = {
    "startEvent": {"message", "timer", "signal", "conditional", "error", "escalation"},
    "endEvent": {"message", "error", "escalation", "terminate", "cancel", "signal", "compensate"},
    "intermediateCatchEvent": {"message", "timer", "signal", "conditional", "link"},
    "intermediateThrowEvent": {"message", "signal", "escalation", "link", "compensate"},
    "boundaryEvent": {"message", "timer", "error", "escalation", "signal", "cancel", "conditional", "compensate"},
}
ERROR_HOSTS = SUB_PROCESSES | {"serviceTask", "callActivity"}
ESCALATION_HOSTS = SUB_PROCESSES | {"callActivity"}
CODES = {"error": ("errorRef", "errorCode"), "escalation": ("escalationRef", "escalationCode")}


@rule(
    "event-without-definition",
    "error",
    en="Expected a trigger on the event {element}, but it has none: make it a message or timer event.",
    zh="事件 {element} 应有触发方式，但没有：请设为消息或定时事件。",
)
def check_has_definition(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A catch event without a trigger passes at once, a boundary event without one crashes the parser."""
    for node in diagram.of_kind("intermediateCatchEvent", "boundaryEvent"):
        if not node.definitions:
            yield problem(node)


@rule(
    "event-several-definitions",
    "error",
    en="Expected one trigger on the event {element}, but it has {count}: draw one event for each.",
    zh="事件 {element} 只能有一种触发方式，但有 {count} 种：请为每种各画一个事件。",
)
def check_one_definition(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """With several triggers only the first listed can be relied upon."""
    for node in diagram.nodes:
        if len(node.definitions) > 1:
            yield problem(node, count=len(node.definitions))


@rule(
    "event-definition-misplaced",
    "error",
    en="Expected a trigger that a {kind} can have, but {definition} is not one: use another kind of event.",
    zh="{kind} 不能使用 {definition}：请换用其他事件。",
)
def check_definition_kind(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Triggers in a place where the parser does not look are dropped: the event becomes a none event."""
    for node in diagram.nodes:
        for definition in node.definitions:
            name = kind_of(definition).removesuffix("EventDefinition")
            if name not in ALLOWED.get(node.kind, set()):
                yield problem(node, kind=node.kind, definition=kind_of(definition))


def message_holder(node: Node) -> etree._Element | None:
    """The element that carries messageRef: the definition of an event, or the send or receive task itself."""
    definition = node.definition("message")
    return node.xml if definition is None and node.kind in ("sendTask", "receiveTask") else definition


def message_name(diagram: Diagram, node: Node) -> str:
    """The name of the message a node sends or waits for; empty when there is none."""
    holder = message_holder(node)
    message = diagram.find("message", holder.get("messageRef")) if holder is not None else None
    return (message.get("name") or "").strip() if message is not None else ""


@rule(
    "message-missing",
    "error",
    en="Expected a message with a name on {element}, but there is none: choose or create one (object.event).",
    zh="{element} 应有带名称的消息，但没有：请选择或新建（对象.事件）。",
)
def check_message(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A send or receive task without a message completes at once and in silence."""
    for node in diagram.nodes:
        if message_holder(node) is not None and not message_name(diagram, node):
            yield problem(node)


@rule(
    "correlation-key-missing",
    "error",
    en="Expected baton:correlationKey on {element}, but there is none: write the expression that tells the "
    "instances apart.",
    zh="{element} 应填写 baton:correlationKey，但没有：请写出区分各实例的表达式。",
)
def check_correlation(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A message without a key never matches a waiting instance, or reaches every one."""
    for node in diagram.nodes:
        if message_holder(node) is not None and not node.baton("correlationKey") and not node.starts_cases:
            yield problem(node)


@rule(
    "correlation-key-constant",
    "error",
    en="Expected an expression in ${{…}} as correlation key of {element}, but {text} is the same for all instances: "
    "write ${{…}} around the variable.",
    zh="{element} 的关联键应为 ${{…}} 表达式，但 {text} 对所有实例都相同：请用 ${{…}} 包住变量。",
)
def check_constant_key(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A literal key does not tell instances apart; mostly the braces were forgotten."""
    for node in diagram.nodes:
        key = node.baton("correlationKey")
        if key and "${" not in key:
            yield problem(node, text=key)


def code_of(diagram: Diagram, node: Node, kind: str) -> str | None:
    """The error or escalation code of an event; empty for "any", None when it is no such event."""
    definition = node.definition(kind)
    if definition is None:
        return None
    reference, attribute = CODES[kind]
    named = diagram.find(kind, definition.get(reference))
    return (named.get(attribute) or "").strip() if named is not None else ""


@rule(
    "code-missing",
    "error",
    en="Expected a code on the {kind} that {element} names, but there is none: write it in capitals (FUNDS_TIMEOUT).",
    zh="{element} 引用的 {kind} 应有代码，但没有：请用大写字母填写（如 FUNDS_TIMEOUT）。",
)
def check_codes(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Errors and escalations are matched by code; two without a code match each other by accident."""
    for node in diagram.nodes:
        for kind, (reference, _) in CODES.items():
            definition = node.definition(kind)
            has_reference = definition is not None and bool(definition.get(reference))
            if code_of(diagram, node, kind) == "" and (has_reference or not node.is_listener):
                yield problem(node, kind=kind)


@rule(
    "boundary-host",
    "error",
    en="Expected an event that can happen on {host}, but no {kind} ever reaches a {host_kind}: move or "
    "delete {element}.",
    zh="{host}（{host_kind}）上不会发生 {kind}：请移动或删除 {element}。",
)
def check_host(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Errors come from services, sub-processes and calls, escalations from the last two; elsewhere nothing fires."""
    for node in diagram.of_kind("boundaryEvent"):
        if node.host is None:
            continue
        kinds = {kind_of(definition).removesuffix("EventDefinition") for definition in node.definitions}
        for kind in sorted(kinds):
            hosts = {"error": ERROR_HOSTS, "escalation": ESCALATION_HOSTS}.get(kind)
            if not node.host.is_activity or (hosts is not None and node.host.kind not in hosts):
                yield problem(node, host=node.host.id, host_kind=node.host.kind, kind=kind)


@rule(
    "error-not-interrupting",
    "error",
    en="Expected what catches an error to interrupt, but {element} does not: use an escalation, or let it interrupt.",
    zh="捕获错误的事件必须中断，但 {element} 不中断：请改用升级事件，或设为中断。",
)
def check_error_interrupts(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """What ended by an error cannot go on."""
    for node in diagram.of_kind("boundaryEvent", "startEvent"):
        if not node.is_interrupting and (node.definition("error") is not None or node.definition("cancel") is not None):
            yield problem(node)


@rule(
    "boundary-to-own-host",
    "error",
    en="Expected a step between {element} and its own activity {host}, but the flow leads straight back: "
    "put an exclusive gateway in front of the activity and lead the flow there.",
    zh="{element} 的流直接回到其所在活动 {host}：请在该活动前放一个排他网关，并把流连到网关。",
)
def check_own_host(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A boundary event that flows straight back to its host doubles the tasks, and the case never ends."""
    for node in diagram.of_kind("boundaryEvent"):
        if node.host and any(flow.target is node.host for flow in node.outgoing):
            yield problem(node, host=node.host.id)


def thrown_in(
    diagram: Diagram, scope: Scope, kind: str, project: Project, depth: int = 0
) -> Iterator[tuple[Node, str]]:
    """What may leave a scope upwards: the nodes that throw it out and the codes. Called processes are looked into.

    What the scope itself throws is first offered to its event sub-processes; what those throw is not.
    """
    listeners = scope.armed_starts
    for node in scope.nodes:
        for thrower, code in _thrown_by(diagram, node, kind, project, depth):
            if node.is_event_sub_process or not _is_caught(diagram, listeners, kind, code):
                yield thrower, code


def _thrown_by(diagram: Diagram, node: Node, kind: str, project: Project, depth: int) -> Iterator[tuple[Node, str]]:
    code = code_of(diagram, node, kind) if node.kind in ("endEvent", "intermediateThrowEvent") else None
    leaving = [(node, code)] if code else []
    if node.body:
        leaving += list(thrown_in(diagram, node.body, kind, project, depth))
    if node.kind == "callActivity":
        leaving += [(node, code) for code in _thrown_by_call(node, kind, project, depth)]
    yield from (found for found in leaving if not _is_caught(diagram, node.boundaries, kind, found[1]))


def _thrown_by_call(node: Node, kind: str, project: Project, depth: int) -> list[str]:
    key = node.xml.get("calledElement", "")
    place = next(iter(project.processes.get(key, ())), None)
    if place is None or depth >= 5:
        return []
    path, called = place
    return sorted({code for _, code in thrown_in(project.diagrams[path], called, kind, project, depth + 1)})


def _is_caught(diagram: Diagram, listeners: list[Node], kind: str, code: str) -> bool:
    return any(code_of(diagram, listener, kind) in ("", code) for listener in listeners)


def _uncaught(diagram: Diagram, project: Project, kind: str) -> Iterator[tuple[Node, str]]:
    """Throwers inside sub-processes and calls whose code nobody catches on the way up to the process."""
    for process in diagram.processes:
        for node, code in thrown_in(diagram, process, kind, project):
            if node.kind == "callActivity" or not _is_own(node.scope):
                yield node, code


def _is_own(scope: Scope) -> bool:
    """Whether what is thrown there leaves the process itself: at its top, or in an event sub-process of its."""
    return scope.owner is None or (scope.owner.is_event_sub_process and _is_own(scope.owner.scope))


@rule(
    "error-not-caught",
    "warning",
    en="Expected an error boundary for {code} around {element}, but there is none: put one on the sub-process or call.",
    zh="{element} 抛出的错误 {code} 没有边界事件捕获：请在子流程或调用上加错误边界事件。",
)
def check_errors_caught(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """An error nobody catches becomes an incident. At the top of a process the caller must catch it."""
    for node, code in _uncaught(diagram, project, "error"):
        yield problem(node, code=code)


@rule(
    "escalation-not-caught",
    "warning",
    en="Expected an escalation boundary for {code} around {element}, but there is none: put one on the "
    "sub-process or call.",
    zh="{element} 抛出的升级 {code} 没有边界事件捕获：请在子流程或调用上加升级边界事件。",
)
def check_escalations_caught(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """An escalation nobody catches informs nobody."""
    for node, code in _uncaught(diagram, project, "escalation"):
        yield problem(node, code=code)


@rule(
    "error-never-thrown",
    "warning",
    en="Expected something inside {host} to throw {code}, but nothing does: correct the code or delete {element}.",
    zh="{host} 内部没有抛出 {code}：请改正代码或删除 {element}。",
)
def check_errors_thrown(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """An event for a code that cannot occur is mostly a misspelt code."""
    for node in diagram.nodes:
        if not node.is_listener or (node.host is not None and node.host.kind == "serviceTask"):
            continue
        for kind in CODES:
            code, body = code_of(diagram, node, kind), _find_body(node, project)
            codes = _codes_inside(body, kind, project, node) if code and body is not None else None
            if codes is not None and code not in codes:
                yield problem(node, host=node.host.id if node.host else node.scope.id, code=code)


def _find_body(listener: Node, project: Project) -> Scope | None:
    """What an event listens to: the inside of its host, a called process, the scope of its event sub-process."""
    if listener.host is None:
        return listener.scope.owner.scope if listener.scope.owner is not None else None
    if listener.host.kind == "callActivity":
        place = next(iter(project.processes.get(listener.host.xml.get("calledElement", ""), ())), None)
        return place[1] if place is not None else None
    return listener.host.body


def _codes_inside(body: Scope, kind: str, project: Project, listener: Node) -> set[str] | None:
    """The codes an event can hear of; None when a service or an unknown process inside may throw any."""
    nodes = [node for scope in body.walk() for node in scope.nodes]
    if kind == "error" and any(node.kind == "serviceTask" for node in nodes):
        return None
    if any(node.kind == "callActivity" for node in nodes):
        return None
    diagram = next(one for one in project.diagrams.values() if body in one.scopes)
    if listener.host is not None:
        return {code for _, code in thrown_in(diagram, body, kind, project)}
    others = [node for node in body.nodes if not node.is_event_sub_process]
    return {code for node in others for _, code in _thrown_by(diagram, node, kind, project, 0)}
