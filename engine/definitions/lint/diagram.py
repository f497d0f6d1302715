"""A BPMN file as the rules see it: scopes, nodes and flows, tolerant of everything that is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from engine.language.model import ACTIVITIES, BATON, BPMN, CAMUNDA, FLOW_NODES, GATEWAYS

_PREFIX = f"{{{BPMN}}}"
SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})


def bpmn(tag: str) -> str:
    return f"{{{BPMN}}}{tag}"


def camunda(name: str) -> str:
    return f"{{{CAMUNDA}}}{name}"


def baton(name: str) -> str:
    return f"{{{BATON}}}{name}"


def kind_of(xml: etree._Element) -> str:
    """The BPMN name of an element; empty for comments and other namespaces."""
    tag = xml.tag
    return tag[len(_PREFIX) :] if isinstance(tag, str) and tag.startswith(_PREFIX) else ""


def label_of(xml: etree._Element) -> str:
    """How a finding names an element: its id, else the id of what holds it, else its line."""
    holder: etree._Element | None = xml
    while holder is not None and not (kind_of(holder) and holder.get("id")):
        holder = holder.getparent()
    if holder is None or kind_of(holder) == "definitions":
        return f"line {xml.sourceline}"
    return str(holder.get("id"))


def text_of(xml: etree._Element | None) -> str:
    """The stripped text of an element, empty when there is none."""
    return ((xml.text if xml is not None else None) or "").strip()


@dataclass(eq=False)
class Part:
    """Anything of a diagram that findings can point at."""

    xml: etree._Element

    @cached_property
    def id(self) -> str:
        return self.xml.get("id") or ""

    @cached_property
    def kind(self) -> str:
        return kind_of(self.xml)

    @property
    def name(self) -> str:
        return (self.xml.get("name") or "").strip()

    def camunda(self, name: str) -> str:
        return (self.xml.get(camunda(name)) or "").strip()

    def baton(self, name: str) -> str:
        return (self.xml.get(baton(name)) or "").strip()


@dataclass(eq=False)
class Flow(Part):
    """A sequence flow; its ends are None where they lead nowhere in the same scope."""

    scope: "Scope"
    source: "Node | None" = None
    target: "Node | None" = None
    is_link: bool = False  # two link events, whose flow is not drawn; it is not among the flows of the scope

    @cached_property
    def condition(self) -> etree._Element | None:
        return self.xml.find(bpmn("conditionExpression"))

    @property
    def is_default(self) -> bool:
        return self.source is not None and bool(self.id) and self.source.xml.get("default") == self.id


@dataclass(eq=False)
class Node(Part):
    """A flow node. `host` is set on boundary events, `body` on embedded sub-processes."""

    scope: "Scope"
    host: "Node | None" = None
    body: "Scope | None" = None
    boundaries: list["Node"] = field(default_factory=list)
    incoming: list[Flow] = field(default_factory=list)
    outgoing: list[Flow] = field(default_factory=list)

    @cached_property
    def definitions(self) -> list[etree._Element]:
        """The event definitions written in this event."""
        return [child for child in self.xml if kind_of(child).endswith("EventDefinition")]

    def definition(self, kind: str) -> etree._Element | None:
        """The definition of that kind: "timer", "message", "error" …"""
        return self.xml.find(bpmn(f"{kind}EventDefinition"))

    @property
    def is_activity(self) -> bool:
        return self.kind in ACTIVITIES

    @property
    def is_gateway(self) -> bool:
        return self.kind in GATEWAYS

    @property
    def is_interrupting(self) -> bool:
        """Boundary events and event sub-processes interrupt unless they say otherwise."""
        return (self.xml.get("cancelActivity") or self.xml.get("isInterrupting") or "true").strip().lower() == "true"

    @property
    def is_event_sub_process(self) -> bool:
        return self.kind == "subProcess" and self.xml.get("triggeredByEvent") == "true"

    @property
    def is_armed_start(self) -> bool:
        """The start event of an event sub-process: it waits in the scope around that."""
        owner = self.scope.owner
        return self.kind == "startEvent" and owner is not None and owner.is_event_sub_process

    @property
    def is_listener(self) -> bool:
        """What is armed beside other work, and catches what is thrown there."""
        return self.kind == "boundaryEvent" or self.is_armed_start

    @property
    def link(self) -> str:
        """The name of a link event, empty for others."""
        definition = self.definition("link")
        return (definition.get("name") or "").strip() if definition is not None else ""

    @property
    def starts_cases(self) -> bool:
        """Whether it is a start event of the process itself."""
        return self.kind == "startEvent" and self.scope.owner is None

    @cached_property
    def loop(self) -> etree._Element | None:
        """The multi-instance marker."""
        return self.xml.find(bpmn("multiInstanceLoopCharacteristics"))

    @cached_property
    def _extension(self) -> etree._Element | None:
        return self.xml.find(bpmn("extensionElements"))

    def extensions(self, tag: str) -> list[etree._Element]:
        """The camunda elements of that tag, for example "in"."""
        return [] if self._extension is None else self._extension.findall(camunda(tag))

    def parameters(self, tag: str) -> list[etree._Element]:
        """The input or output parameters: "inputParameter", "outputParameter"."""
        return [] if self._extension is None else self._extension.findall(f"{camunda('inputOutput')}/{camunda(tag)}")


@dataclass(eq=False)
class Scope(Part):
    """A process, or the inside of a sub-process (`owner`)."""

    owner: Node | None = None
    nodes: list[Node] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)

    def of_kind(self, *kinds: str) -> list[Node]:
        return [node for node in self.nodes if node.kind in kinds]

    @cached_property
    def starts(self) -> list[Node]:
        """The start events."""
        return self.of_kind("startEvent")

    @property
    def armed_starts(self) -> list[Node]:
        """The start events of the event sub-processes that stand here."""
        bodies = [node.body for node in self.nodes if node.body is not None and node.is_event_sub_process]
        return [start for body in bodies for start in body.of_kind("startEvent")]

    @property
    def process(self) -> "Scope":
        return self.owner.scope.process if self.owner else self

    def walk(self) -> Iterator["Scope"]:
        """This scope and all inside it."""
        yield self
        for node in self.nodes:
            if node.body:
                yield from node.body.walk()


class Diagram:
    """One file; built by `Diagram(file, root)` from the root that `read_bpmn` gives."""

    def __init__(self, file: str, root: etree._Element) -> None:
        self.file = file
        self.root = root
        self.processes = [_read_scope(xml, None) for xml in root.findall(bpmn("process"))]
        self.scopes = [scope for process in self.processes for scope in process.walk()]
        self.nodes = [node for scope in self.scopes for node in scope.nodes]
        self.flows = [flow for scope in self.scopes for flow in scope.flows]
        self.by_id: dict[str, etree._Element] = {}
        for xml in root.iter(bpmn("*")):
            self.by_id.setdefault(xml.get("id") or "", xml)

    def of_kind(self, *kinds: str) -> list[Node]:
        return [node for node in self.nodes if node.kind in kinds]

    def find(self, kind: str, reference: str | None) -> etree._Element | None:
        """The root element of that kind (message, error, signal …) with that id."""
        found = self.by_id.get((reference or "").strip())
        return found if found is not None and kind_of(found) == kind else None


def _read_scope(xml: etree._Element, owner: Node | None) -> Scope:
    scope = Scope(xml, owner)
    for child in xml:
        kind = kind_of(child)
        if kind == "sequenceFlow":
            scope.flows.append(Flow(child, scope))
        elif kind in FLOW_NODES:
            node = Node(child, scope)
            scope.nodes.append(node)
            if kind in SUB_PROCESSES:
                node.body = _read_scope(child, node)
    _connect(scope)
    return scope


def _connect(scope: Scope) -> None:
    by_id = {node.id: node for node in reversed(scope.nodes) if node.id}
    for flow in scope.flows:
        flow.source = by_id.get(flow.xml.get("sourceRef", ""))
        flow.target = by_id.get(flow.xml.get("targetRef", ""))
        if flow.source:
            flow.source.outgoing.append(flow)
        if flow.target:
            flow.target.incoming.append(flow)
    for node in scope.of_kind("intermediateThrowEvent"):
        targets = [other for other in scope.of_kind("intermediateCatchEvent") if node.link and other.link == node.link]
        for target in targets:
            flow = Flow(node.xml, scope, node, target, is_link=True)
            node.outgoing.append(flow)
            target.incoming.append(flow)
    for node in scope.of_kind("boundaryEvent"):
        node.host = by_id.get(node.xml.get("attachedToRef", ""))
        if node.host:
            node.host.boundaries.append(node)
