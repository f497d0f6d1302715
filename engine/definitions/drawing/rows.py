"""Rows: the happy path is one straight line per lane; branches are chains of nodes put into the rows below it.

Chains start in the first free row, the rightmost branch first; then crossings.py moves them where flows cross least."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.definitions.drawing.columns import LaneOrder
from engine.definitions.drawing.elements import Node, Scope
from engine.definitions.drawing.text import text_size

MARGIN = 20


@dataclass(eq=False)
class Chain:
    """Nodes that follow each other in one row of one lane. source: the node it branches from, None for a first line."""

    nodes: list[Node]
    lane: str | None
    source: Node | None
    span: tuple[float, float]
    row: float = 0

    @property
    def origin(self) -> Node | None:
        """The activity or gateway whose row the chain has to stay below."""
        return (self.source.host or self.source) if self.source else None

    def is_clear_of(self, other: "Chain") -> bool:
        return (
            self.lane != other.lane
            or self.row != other.row
            or self.span[1] <= other.span[0]
            or other.span[1] <= self.span[0]
        )


def build_chains(scope: Scope, lane_order: LaneOrder) -> list[Chain]:
    """All nodes but boundary events in chains, with a row each."""
    chains: list[Chain] = []
    rows: dict[str, float] = {}
    for source, path in _paths(scope):
        for chain in _cut(source, path, lane_order):
            origin = chain.origin
            if origin and lane_of(origin, lane_order) == chain.lane:
                chain.row = rows[origin.id] + 1
            while not all(map(chain.is_clear_of, chains)):
                chain.row += 1
            chains.append(chain)
            rows |= {node.id: chain.row for node in chain.nodes}
    return chains


def lane_of(node: Node, lane_order: LaneOrder) -> str | None:
    """Nodes without a lane are put into the first one."""
    return node.lane if node.lane in lane_order else next(iter(lane_order))


def lead_of(source: Node) -> int:
    """Where the flow to a branch runs down."""
    return source.cx if source.host_id or source.is_gateway else source.right + MARGIN


def node_span(node: Node) -> tuple[float, float]:
    """Horizontal room of a node with its label."""
    label = text_size(node.name)[0] if node.has_outer_label else 0
    middle = node.x + node.w / 2
    return min(node.x - MARGIN, middle - label / 2 - 6), max(node.right + MARGIN, middle + label / 2 + 6)


def _cut(source: Node | None, path: list[Node], lane_order: LaneOrder) -> Iterator[Chain]:
    """A chain ends where its path changes lanes."""
    while path:
        lane = lane_of(path[0], lane_order)
        count = next(
            (i for i, node in enumerate(path) if lane_of(node, lane_order) != lane),
            len(path),
        )
        nodes, path = path[:count], path[count:]
        left, right = node_span(nodes[0])[0], node_span(nodes[-1])[1]
        if source and lane_of(source.host or source, lane_order) == lane:
            left = min(left, lead_of(source) - MARGIN)
        yield Chain(nodes, lane, source, (left, right))
        source = source and nodes[-1]


def _paths(scope: Scope) -> Iterator[tuple[Node | None, list[Node]]]:
    """The happy path first, then branches, rightmost first: deeper rows start further left, so leads do not cross."""
    done: set[str] = set()

    def follow(node: Node | None) -> list[Node]:
        path: list[Node] = []
        while node and node.id not in done:
            done.add(node.id)
            path.append(node)
            node = next((flow.target for flow in scope.leaving(node) if not flow.is_back), None)
        return path

    def branches() -> Iterator[tuple[Node | None, list[Node]]]:
        while True:
            found = [f for f in forward if (f.source.host_id or f.source.id) in done and f.target.id not in done]
            if not found:
                return
            flow = max(found, key=lambda branch: branch.source.x)
            yield flow.source, follow(flow.target)

    forward = scope.forward_flows()
    entered = {flow.target.id for flow in forward}
    starts = [node for node in scope.nodes.values() if not node.host_id and node.id not in entered]
    for start in starts:
        if not start.is_event_handler:
            yield None, follow(start)
    yield from branches()
    for left in [*(start for start in starts if start.is_event_handler), *scope.nodes.values()]:
        if left.id not in done and not left.host_id:
            yield None, follow(left)
            yield from branches()
