"""What is drawn: pools, lanes, nodes, flows and artifacts, without any XML.

A scope is a process or the inside of a sub-process. Sub-processes are drawn expanded, or collapsed with a plane
of their own (drill-down): a view is what one plane shows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from engine.definitions.drawing.document import SUB_PROCESSES
from engine.definitions.drawing.geometry import Rect

TASK_SIZE = (100, 80)
SIZES = {
    "Event": (36, 36),
    "Gateway": (50, 50),
    "dataObjectReference": (36, 50),
    "dataStoreReference": (50, 50),
}
BLACK_BOX_HEIGHT = 60


def size_of(kind: str) -> tuple[int, int]:
    """The standard size of a symbol."""
    return next((size for suffix, size in SIZES.items() if kind.endswith(suffix)), TASK_SIZE)


@dataclass(eq=False)
class Box:
    """Anything with a place on the page: x, y is the top left corner, relative to the scope until it is placed."""

    id: str
    name: str
    kind: str
    x: int = 0
    y: int = 0
    w: int = 0
    h: int = 0

    @property
    def rect(self) -> tuple[int, int, int, int]:
        return self.x, self.y, self.w, self.h

    @property
    def cx(self) -> int:
        return self.x + self.w // 2

    @property
    def cy(self) -> int:
        return self.y + self.h // 2

    @property
    def right(self) -> int:
        return self.x + self.w

    @property
    def bottom(self) -> int:
        return self.y + self.h

    @property
    def is_event(self) -> bool:
        return self.kind.endswith("Event")

    @property
    def is_gateway(self) -> bool:
        return self.kind.endswith("Gateway")

    @property
    def has_outer_label(self) -> bool:
        return bool(self.name) and (self.is_event or self.is_gateway)


@dataclass(eq=False, kw_only=True)
class Node(Box):
    """A flow node. port is the height of the docking line for flows on its left and right, from its top."""

    scope: "Scope"
    port: int
    host_id: str | None = None
    is_on_top: bool = False
    lane: str | None = None
    row: int = 0
    body: "Scope | None" = None
    artifact_space: int = 0

    @property
    def host(self) -> "Node | None":
        """Boundary events: the activity the event is attached to."""
        return self.scope.nodes[self.host_id] if self.host_id else None

    @property
    def cy(self) -> int:
        return self.y + self.port

    @property
    def is_collapsed(self) -> bool:
        return self.kind in SUB_PROCESSES and not self.body

    @property
    def is_event_handler(self) -> bool:
        """An event sub-process: no flow enters it."""
        return self.kind in SUB_PROCESSES and all(flow.target is not self for flow in self.scope.flows)


@dataclass(eq=False, kw_only=True)
class Pool(Box):
    """A participant, or the invisible frame of a process without one; no scope means a black box."""

    scope: "Scope | None" = None
    is_visible: bool = True
    strip_width: int = 0


End = Node | Pool


@dataclass(frozen=True)
class Link:
    """An association between an artifact and a node; incoming: it points at the artifact."""

    id: str
    end: End
    is_incoming: bool


@dataclass(eq=False, kw_only=True)
class Artifact(Box):
    """A data object, data store or text annotation."""

    scope: "Scope | None"
    links: list[Link] = field(default_factory=list)


@dataclass(eq=False)
class SequenceFlow:
    id: str
    name: str
    source: Node
    target: Node
    is_back: bool = False


@dataclass(eq=False)
class MessageFlow:
    id: str
    name: str
    source: End
    target: End


@dataclass(eq=False)
class Lane:
    """leaves: ids of the lanes without children in it; its own id if it has none."""

    id: str
    name: str
    depth: int
    leaves: list[str]


@dataclass(eq=False)
class Scope:
    id: str
    owner: Node | None = None
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: list[SequenceFlow] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    artifacts: dict[str, Artifact] = field(default_factory=dict)

    def leaf_lanes(self) -> list[str]:
        return [lane.id for lane in self.lanes if lane.leaves == [lane.id]]

    def guests(self, host: Node) -> list[Node]:
        """The boundary events of an activity, from left to right."""
        return [node for node in self.nodes.values() if node.host_id == host.id]

    def leaving(self, node: Node) -> list[SequenceFlow]:
        return [flow for flow in self.flows if flow.source is node]

    def forward_flows(self) -> list[SequenceFlow]:
        return [flow for flow in self.flows if not flow.is_back]


class View:
    """What one plane shows: the whole collaboration, or the inside of a collapsed sub-process."""

    def __init__(
        self,
        plane: str,
        pools: list[Pool],
        messages: Iterable[MessageFlow] = (),
        artifacts: Iterable[Artifact] = (),
    ) -> None:
        self.plane = plane
        self.pools = pools
        self.scopes = self._all_scopes()
        self.nodes = {node.id: node for scope in self.scopes for node in scope.nodes.values()}
        self.artifacts = [
            *artifacts,
            *(a for scope in self.scopes for a in scope.artifacts.values()),
        ]
        ends = {*self.nodes.values(), *self.visible_pools}
        self.messages = [m for m in messages if m.source in ends and m.target in ends]
        for artifact in self.artifacts:
            artifact.links = [link for link in artifact.links if link.end in ends]

    @property
    def visible_pools(self) -> list[Pool]:
        return [pool for pool in self.pools if pool.is_visible]

    def _all_scopes(self) -> list[Scope]:
        scopes = [pool.scope for pool in self.pools if pool.scope]
        for scope in scopes:
            scopes += [node.body for node in scope.nodes.values() if node.body]
        return scopes

    def pool_of(self, scope: Scope) -> Pool | None:
        return next((pool for pool in self.pools if pool.scope is scope), None)

    def solid_nodes(self) -> Iterator[Node]:
        """Nodes that nothing may be drawn upon: all but expanded sub-processes."""
        return (node for node in self.nodes.values() if not node.body)


@dataclass
class Drawing:
    """Coordinates of one view: shapes, edges and labels by element id."""

    shapes: dict[str, Rect]
    edges: dict[str, list[tuple[float, float]]]
    labels: dict[str, Rect]
