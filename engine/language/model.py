"""Reading a BPMN file: hardened XML, and every element with the attributes we know.

Nothing here executes; the lint, the work list and the viewer read the same elements as the parser.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import cast

from lxml import etree

from engine.language.errors import BpmnUnreadable
from engine.language.expressions import ExpressionError, unwrap
from engine.language.versions import is_version, name_version
from engine.language.xml import XmlRefused, parse_xml

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
BATON = "http://baton.example/schema/1.0/bpmn"

MAX_BYTES = 2_000_000
MAX_ELEMENTS = 30_000
FILES_KEPT = 128  # a deployment, and each look at a draft, reads most of what is deployed, and each file several times

ACTIVITIES = frozenset(
    {"task", "userTask", "manualTask", "scriptTask", "serviceTask", "businessRuleTask", "sendTask", "receiveTask"}
    | {"callActivity", "subProcess", "transaction", "adHocSubProcess"}
)
GATEWAYS = frozenset({"exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway"})
EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
FLOW_NODES = ACTIVITIES | GATEWAYS | EVENTS
_DEFINITION = "EventDefinition"
_COUNT_ELEMENTS = etree.XPath("count(//bpmn:*)", namespaces={"bpmn": BPMN})
_FIND_ROOT_ELEMENT = etree.XPath("bpmn:*[@id=$id]", namespaces={"bpmn": BPMN})
CONTAINERS = frozenset({"process", "subProcess", "transaction", "adHocSubProcess"})


@dataclass(frozen=True)
class Element:
    """A process, flow node or sequence flow with what our attributes say about it.

    Texts that may be a literal or `${expression}` are kept as written. `parent` is the sub-process it stands in.
    `called_element` names the version with the key where a call activity fixes it (`engine.language.versions`); its
    `inputs` are its `camunda:in` and `outputs` its `camunda:out`, as (target, `${...}`).
    """

    id: str
    kind: str
    process_key: str
    parent: str | None = None
    name_zh: str = ""
    name_en: str = ""
    documentation_zh: str = ""
    documentation_en: str = ""
    lane_zh: str = ""
    lane_en: str = ""
    form_key: str | None = None
    starter_groups: tuple[str, ...] = ()  # of a process: who may start it in the browser
    initiator: str | None = None  # of a start event: the variable that names who started
    assignee: str | None = None
    candidate_users: str | None = None
    candidate_groups: str | None = None
    member_roles: str | None = None  # in which roles the members of a candidate organisation may do it
    skill: str | None = None
    relation: str | None = None
    exclude: str | None = None
    due_date: str | None = None
    follow_up: str | None = None
    is_refilled: bool = False  # its form begins with what was last sent at it in this case
    priority: str | None = None
    verbs: tuple[str, ...] = ()
    return_to: tuple[str, ...] = ()
    topic: str | None = None
    subject: str | None = None
    amount: str | None = None
    inputs: tuple[tuple[str, str], ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    called_element: str | None = None
    binding: str | None = None
    binding_version: str | None = None
    decision_ref: str | None = None
    result_variable: str | None = None
    map_decision_result: str | None = None
    event: str | None = None  # of an event: message, timer, signal …; none for a plain one
    message_name: str | None = None
    signal_name: str | None = None
    timer: tuple[str, str] | None = None  # timeDuration, timeDate or timeCycle, and its text
    correlation_key: str | None = None
    async_before: bool = False
    attached_to: str | None = None
    is_interrupting: bool = True
    is_armed_start: bool = False  # of a start event: its event sub-process waits for it beside a scope
    last_wins: tuple[str, ...] = ()
    source: str | None = None  # of a sequence flow
    target: str | None = None

    @property
    def is_listener(self) -> bool:
        """Armed beside other work, long before it happens, if it ever does."""
        return self.kind == "boundaryEvent" or self.is_armed_start


def read_bpmn(xml: bytes) -> etree._Element:
    """The root of a BPMN file.

    No entities, no DTD, no network. Raises BpmnUnreadable for anything but well-formed BPMN of bounded size.
    """
    if len(xml) > MAX_BYTES:
        message = f"Expected at most {MAX_BYTES} bytes, but got {len(xml)}"
        raise BpmnUnreadable("too_large", message, most=MAX_BYTES, size=len(xml))
    try:
        root = parse_xml(xml)
    except XmlRefused as error:
        problem = "doctype" if error.has_doctype else "not_xml"
        raise BpmnUnreadable(problem, str(error), error.line, detail=error.detail) from None
    if root.tag != f"{{{BPMN}}}definitions":
        message = f"Expected BPMN definitions, but the root is {root.tag}"
        raise BpmnUnreadable("not_bpmn", message, root=str(root.tag))
    count = int(cast(float, _COUNT_ELEMENTS(root)))
    if count > MAX_ELEMENTS:
        message = f"Expected at most {MAX_ELEMENTS} elements, but got {count}"
        raise BpmnUnreadable("too_many", message, most=MAX_ELEMENTS, size=count)
    return root


def read_frames(root: etree._Element) -> frozenset[str]:
    """The elements that are drawn open, with what they contain inside."""
    shapes = root.iter(f"{{{BPMNDI}}}BPMNShape")
    return frozenset(shape.get("bpmnElement", "") for shape in shapes if shape.get("isExpanded") == "true")


def read_elements(root: etree._Element) -> dict[str, Element]:
    """Every process, flow node and sequence flow of the file by its id."""
    lanes = _read_lanes(root)
    elements: dict[str, Element] = {}
    for process in root.iterchildren(f"{{{BPMN}}}process"):
        key = process.get("id", "")
        for node, parent in _walk(process, None):
            element_id = node.get("id", "")
            if parent in lanes:
                lanes.setdefault(element_id, lanes[parent])
            elements[element_id] = _read_element(node, key, parent, lanes.get(element_id, ("", "")))
    return elements


@lru_cache(maxsize=FILES_KEPT)
def read_diagram(xml: bytes) -> Mapping[str, Element]:
    """The same of a file; one that is asked for again is not read again. Raises BpmnUnreadable."""
    return MappingProxyType(read_elements(read_bpmn(xml)))


def list_triggered_starts(elements: Mapping[str, Element], process_key: str) -> list[Element]:
    """The start events by which a message, a signal or a timer begins a case of the process."""
    starts = [one for one in elements.values() if one.kind == "startEvent" and one.process_key == process_key]
    return [one for one in starts if one.parent is None and one.event is not None]


def find_plain_start(elements: Mapping[str, Element], process_key: str) -> Element | None:
    """The start event of a process that waits for nothing; none if it has only others."""
    for one in elements.values():
        if one.kind == "startEvent" and one.process_key == process_key and one.parent is None and one.event is None:
            return one
    return None


def local_tag(node: etree._Element) -> str:
    """The tag without its namespace."""
    return etree.QName(node).localname


def find_definition(root: etree._Element, tag: str, reference: str | None) -> etree._Element | None:
    """The message, signal, error or escalation of this file that a reference names."""
    found = cast(list[etree._Element], _FIND_ROOT_ELEMENT(root, id=reference or ""))
    return next((node for node in found if local_tag(node) == tag), None)


def read_called(node: etree._Element) -> str | None:
    """The name of the process a call activity calls: its key, with the version if that is fixed."""
    called, version = node.get("calledElement"), node.get(f"{{{CAMUNDA}}}calledElementVersion")
    is_fixed = node.get(f"{{{CAMUNDA}}}calledElementBinding") == "version"
    return name_version(called, version) if is_fixed and called and version and is_version(version) else called


def find_link_target(node: etree._Element) -> str | None:
    """Of a link event that throws the id of the one in its scope that catches the same name; None for others."""
    link = node.find(f"{{{BPMN}}}linkEventDefinition")
    if link is None or local_tag(node) != "intermediateThrowEvent":
        return None
    scope = node.getparent()
    path = f"{{{BPMN}}}intermediateCatchEvent/{{{BPMN}}}linkEventDefinition"
    for other in () if scope is None else scope.iterfind(path):
        catch = other.getparent()
        if catch is not None and other.get("name") == link.get("name"):
            return catch.get("id")
    return None


def read_start_variables(text: str) -> dict[str, bool]:
    """The names in a `baton:startVariables`, each with whether it must be given (a `?` marks those that need not)."""
    return {name.rstrip("?"): not name.endswith("?") for name in text.replace(",", " ").split()}


def _walk(node: etree._Element, parent: str | None) -> Iterator[tuple[etree._Element, str | None]]:
    """The container and all it holds, with the id of the sub-process each stands in; parents before children."""
    stack = [(node, parent)]
    while stack:
        node, parent = stack.pop()
        yield node, parent
        tag = local_tag(node)
        if tag in CONTAINERS:
            inside = None if tag == "process" else node.get("id")
            for child in node.iterchildren(f"{{{BPMN}}}*", reversed=True):
                if local_tag(child) in FLOW_NODES or local_tag(child) == "sequenceFlow":
                    stack.append((child, inside))


def _read_lanes(root: etree._Element) -> dict[str, tuple[str, str]]:
    """Chinese and English lane name by element; of nested lanes the innermost, which comes later in the file."""
    lanes: dict[str, tuple[str, str]] = {}
    for lane in root.iter(f"{{{BPMN}}}lane"):
        names = lane.get("name", ""), lane.get(f"{{{BATON}}}nameEn", "")
        for reference in lane.iterchildren(f"{{{BPMN}}}flowNodeRef"):
            lanes[(reference.text or "").strip()] = names
    return lanes


def _read_element(node: etree._Element, process_key: str, parent: str | None, lane: tuple[str, str]) -> Element:
    def camunda(name: str) -> str | None:
        return node.get(f"{{{CAMUNDA}}}{name}")

    def baton(name: str) -> str | None:
        return node.get(f"{{{BATON}}}{name}")

    kind = local_tag(node)
    inputs, outputs = _read_calls(node) if kind == "callActivity" else _read_parameters(node)
    return Element(
        id=node.get("id", ""),
        kind=kind,
        process_key=process_key,
        parent=parent,
        name_zh=node.get("name", ""),
        name_en=baton("nameEn") or "",
        documentation_zh=(node.findtext(f"{{{BPMN}}}documentation") or "").strip(),
        documentation_en=baton("documentationEn") or "",
        lane_zh=lane[0],
        lane_en=lane[1],
        form_key=camunda("formKey"),
        starter_groups=_split(camunda("candidateStarterGroups")),
        initiator=camunda("initiator"),
        assignee=camunda("assignee"),
        candidate_users=camunda("candidateUsers"),
        candidate_groups=camunda("candidateGroups"),
        member_roles=baton("memberRoles"),
        skill=baton("skill"),
        relation=baton("relation"),
        exclude=baton("exclude"),
        due_date=camunda("dueDate"),
        follow_up=camunda("followUpDate"),
        is_refilled=baton("refill") == "true",
        priority=camunda("priority"),
        verbs=_split(baton("verbs")),
        return_to=_split(baton("returnTo")),
        topic=camunda("topic"),
        subject=baton("subject"),
        amount=baton("amount"),
        inputs=inputs,
        outputs=outputs,
        called_element=read_called(node),
        binding=camunda("calledElementBinding"),
        binding_version=camunda("calledElementVersion"),
        decision_ref=camunda("decisionRef"),
        result_variable=camunda("resultVariable"),
        map_decision_result=camunda("mapDecisionResult"),
        event=_read_event(node),
        message_name=_read_message_name(node),
        signal_name=_read_signal_name(node),
        timer=_read_timer(node),
        correlation_key=baton("correlationKey"),
        async_before=camunda("asyncBefore") == "true",
        attached_to=node.get("attachedToRef"),
        is_interrupting=node.get("cancelActivity", node.get("isInterrupting", "true")) != "false",
        is_armed_start=kind == "startEvent" and _is_event_sub_process(node.getparent()),
        last_wins=_split(baton("lastWins")),
        source=node.get("sourceRef"),
        target=node.get("targetRef"),
    )


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _read_parameters(node: etree._Element) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    path = f"{{{BPMN}}}extensionElements/{{{CAMUNDA}}}inputOutput/{{{CAMUNDA}}}"

    def read(kind: str) -> tuple[tuple[str, str], ...]:
        return tuple((found.get("name", ""), (found.text or "").strip()) for found in node.iterfind(path + kind))

    return read("inputParameter"), read("outputParameter")


def _read_calls(node: etree._Element) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """`camunda:in` and `camunda:out`; what is neither a source nor an expression (a business key) is left out."""
    path = f"{{{BPMN}}}extensionElements/{{{CAMUNDA}}}"

    def read(kind: str) -> Iterator[tuple[str, str]]:
        for found in node.iterfind(path + kind):
            source = found.get("source") or found.get("sourceExpression")
            if source:
                try:
                    yield found.get("target", ""), f"${{{unwrap(source)}}}"
                except ExpressionError:
                    yield found.get("target", ""), source

    return tuple(read("in")), tuple(read("out"))


def _read_event(node: etree._Element) -> str | None:
    found = (local_tag(child) for child in node.iterchildren(f"{{{BPMN}}}*"))
    return next((tag.removesuffix(_DEFINITION) for tag in found if tag.endswith(_DEFINITION)), None)


def _is_event_sub_process(node: etree._Element | None) -> bool:
    return node is not None and node.get("triggeredByEvent") == "true"


def _read_message_name(node: etree._Element) -> str | None:
    event = node.find(f"{{{BPMN}}}messageEventDefinition")
    reference = node.get("messageRef") if event is None else event.get("messageRef")
    message = find_definition(node.getroottree().getroot(), "message", reference) if reference else None
    return None if message is None else message.get("name")


def _read_signal_name(node: etree._Element) -> str | None:
    event = node.find(f"{{{BPMN}}}signalEventDefinition")
    signal = None if event is None else find_definition(node.getroottree().getroot(), "signal", event.get("signalRef"))
    return None if signal is None else signal.get("name")


def _read_timer(node: etree._Element) -> tuple[str, str] | None:
    event = node.find(f"{{{BPMN}}}timerEventDefinition")
    times = [] if event is None else [time for time in event.iterchildren(f"{{{BPMN}}}*") if time.text]
    return (local_tag(times[0]), (times[0].text or "").strip()) if times else None
