"""Moves chains between rows until the flows, estimated as lines with one or two corners, hardly cross.

The estimate needs no coordinates but x and the rank of each row on the page; its price is the length of the vertical
lines in rows, plus crossings, lines on lines and lines through nodes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from engine.definitions.drawing.columns import LaneOrder
from engine.definitions.drawing.elements import Node, Scope, SequenceFlow
from engine.definitions.drawing.rows import MARGIN, Chain, lead_of

LENGTH, CROSSING, ON_LINE, THROUGH_NODE = 0.4, 3, 4, 4
ROUNDS = 4
BESIDE = ((0.0, 0.0), (0.5, 0.0), (-0.5, 0.0), (0.0, 0.5), (0.0, -0.5))
WORK = 5_000_000  # pairs of lines and shapes looked at, so that a huge import ends in time


@dataclass(frozen=True)
class _Down:
    flow: SequenceFlow
    x: float
    first: float
    last: float


@dataclass(frozen=True)
class _Across:
    flow: SequenceFlow
    rank: float
    left: float
    right: float


def reduce_crossings(scope: Scope, chains: Sequence[Chain], lane_order: LaneOrder) -> None:
    """Change the rows of branches; a chain stays below the node it branches from."""
    movable = [chain for chain in chains if chain.source]
    search = _Search(scope, chains, lane_order)
    for _ in range(ROUNDS if movable else 0):
        before = search.cost
        for chain in movable:
            search.move(chain)
        for a, b in combinations(movable, 2):
            if a.lane == b.lane and a.row != b.row:
                search.swap(a, b)
        if search.cost == before:
            break


class _Search:
    def __init__(self, scope: Scope, chains: Sequence[Chain], lane_order: LaneOrder) -> None:
        self.scope, self.chains, self.lane_order = scope, chains, lane_order
        self.chain_of = {node.id: chain for chain in chains for node in chain.nodes}
        self.first_flows = {flow for node in scope.nodes.values() for flow in scope.leaving(node)[:1]}
        self.tries_left = WORK // max(1, len(scope.flows) * (len(scope.flows) + len(scope.nodes)))
        self.cost = self._price()

    def move(self, chain: Chain) -> None:
        """Into the cheapest row, an existing one or a new one between two."""
        last = int(max(other.row for other in self.chains if other.lane == chain.lane))
        for half in range(-1, 2 * last + 3):
            self._try({chain: half / 2})

    def swap(self, a: Chain, b: Chain) -> None:
        """Exchange two rows, or put one of the two into a new row beside the other's."""
        row_of_a, row_of_b = b.row, a.row
        for above_a, above_b in BESIDE:
            if self._try({a: row_of_a + above_a, b: row_of_b + above_b}):
                return

    def _try(self, rows: dict[Chain, float]) -> bool:
        if not self.tries_left:
            return False
        old = {chain: chain.row for chain in rows}
        for chain, row in rows.items():
            chain.row = row
        cost = self.cost
        if old != rows and self._is_allowed():
            self.tries_left -= 1
            cost = self._price()
        if cost < self.cost:
            self.cost = cost
            self._number_rows()
            return True
        for chain, row in old.items():
            chain.row = row
        return False

    def _is_allowed(self) -> bool:
        for chain in self.chains:
            origin = chain.origin
            above = self.chain_of[origin.id] if origin else None
            if above and above.lane == chain.lane and above.row >= chain.row:
                return False
        return all(a.is_clear_of(b) for a, b in combinations(self.chains, 2))

    def _number_rows(self) -> None:
        for lane in self.lane_order:
            members = [chain for chain in self.chains if chain.lane == lane]
            numbers = {row: i for i, row in enumerate(sorted({chain.row for chain in members}))}
            for chain in members:
                chain.row = numbers[chain.row]

    def _price(self) -> float:
        keys = {chain: (self.lane_order[chain.lane], chain.row) for chain in self.chains}
        order = {key: rank for rank, key in enumerate(sorted(set(keys.values())))}
        ranks = {node.id: order[keys[chain]] for chain in self.chains for node in chain.nodes}
        lines = [line for flow in self.scope.flows for line in self._lines(flow, ranks)]
        across = [line for line in lines if isinstance(line, _Across)]
        down = [line for line in lines if isinstance(line, _Down)]
        boxes = [(node, ranks[node.id]) for node in self.scope.nodes.values() if not node.host_id]
        price = LENGTH * sum(line.last - line.first for line in down)
        price += CROSSING * len({(d.flow.target, a.flow.target) for d in down for a in across if _is_crossing(d, a)})
        price += ON_LINE * len({(a.flow.target, b.flow.target) for a, b in combinations(across, 2) if _is_on(a, b)})
        price += THROUGH_NODE * sum(_is_hit(line, node, rank) for line in lines for node, rank in boxes)
        return price

    def _lines(self, flow: SequenceFlow, ranks: dict[str, int]) -> Iterator[_Down | _Across]:
        source, target = flow.source, flow.target
        start, end = ranks[source.host_id or source.id], ranks[target.id]
        if start == end:
            if not flow.is_back and not source.host_id:
                yield _Across(flow, start, source.right, target.x)
            return
        if flow.is_back and not (source.is_gateway or source.host_id):  # out below or above, then back
            yield _Across(flow, start + (0.5 if end < start else -0.5), target.cx, source.cx)
            yield _Down(flow, target.cx, min(start, end), max(start, end))
            return
        turns_at_once = source.host_id or (source.is_gateway and flow not in self.first_flows)
        x = lead_of(source) if turns_at_once else max(source.right, target.x - 2 * MARGIN) + MARGIN
        if not turns_at_once:
            yield _Across(flow, start, source.right, x)
        if x < target.x:
            yield _Across(flow, end, x, target.x)
        elif x > target.right:
            yield _Across(flow, end + (0.5 if end < start else -0.5), target.cx, x)
        yield _Down(flow, x, min(start, end), max(start, end))


def _is_crossing(down: _Down, across: _Across) -> bool:
    return (
        down.first < across.rank < down.last
        and across.left < down.x < across.right
        and down.flow.target is not across.flow.target
        and down.flow.source is not across.flow.source
    )


def _is_on(a: _Across, b: _Across) -> bool:
    return (
        a.rank == b.rank
        and a.left < b.right
        and b.left < a.right
        and a.flow.target is not b.flow.target
        and a.flow.source is not b.flow.source
    )


def _is_hit(line: _Down | _Across, node: Node, rank: int) -> bool:
    if isinstance(line, _Down):
        return line.first < rank < line.last and node.x - MARGIN / 2 < line.x < node.right + MARGIN / 2
    return line.rank == rank and line.left < node.cx < line.right and line.flow.source.host_id != node.id
