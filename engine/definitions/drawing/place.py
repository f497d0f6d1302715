"""Placement, inside out: sub-processes first, then the scope they stand in, then lanes and pools.

Columns give x, rows the order from top to bottom; y is as small as the shapes and labels above leave room."""

from engine.definitions.drawing.columns import (
    GRID,
    GUEST_PITCH,
    LaneOrder,
    place_columns,
    round_up,
)
from engine.definitions.drawing.crossings import reduce_crossings
from engine.definitions.drawing.elements import Artifact, Lane, Node, Pool, Scope, View
from engine.definitions.drawing.geometry import Rect
from engine.definitions.drawing.rows import Chain, build_chains, node_span
from engine.definitions.drawing.text import BOUNDARY_LABEL_WIDTH, NOTE_WIDTH, text_size

ROW_GAP, GUEST_GAP, LINE_GAP = 40, 20, 30
LIFT = 80  # a chain leaves the line of its row when it can stand that much higher
PAD_SIDE, PAD_TOP, PAD_BOTTOM = 40, 60, 60
LANE_PAD, STRIP, POOL_GAP, POOL_SIDE = 30, 30, 70, 50
EMPTY_LANE_HEIGHT, EMPTY_POOL_WIDTH = 80, 600
GUEST_RADIUS = 18

Bands = dict[str | None, tuple[int, int]]


def place_view(view: View) -> dict[str, Rect]:
    """Absolute coordinates for all nodes and pools of a view; returns the rectangles of the lanes, parents first."""
    sizes = {pool: place_scope(pool.scope) for pool in view.pools if pool.scope and pool.scope.nodes}
    inner = max([width for width, _ in sizes.values()] or [EMPTY_POOL_WIDTH])
    y = 0
    lanes: dict[str, tuple[int, int, int]] = {}
    for pool in view.pools:
        pool.y = y
        if pool in sizes:
            lanes |= _place_pool(pool, inner, sizes[pool][1])
        y = round_up(y + pool.h + POOL_GAP)
    width = max([pool.w for pool in view.pools] or [0]) or inner
    for pool in view.pools:
        pool.w = width
    return {lane: (x, top, width - x, height) for lane, (x, top, height) in lanes.items()}


def place_scope(scope: Scope) -> tuple[int, Bands]:
    """Place everything in the scope relative to (0, 0); returns its width and (top, height) of its lanes."""
    for node in scope.nodes.values():
        if node.body:
            _size_sub_process(node, node.body)
        elif len(scope.guests(node)) > 2:  # room for the labels of many boundary events
            node.w = max(node.w, round_up(len(scope.guests(node)) * 100))
    _reserve_artifacts(scope)
    lanes = scope.leaf_lanes()
    lane_order: LaneOrder = {lane: i for i, lane in enumerate(lanes)} if lanes else {None: 0}
    place_columns(scope, lane_order)
    chains = build_chains(scope, lane_order)
    reduce_crossings(scope, chains, lane_order)
    bands = _place_rows(scope, chains, lane_order, LANE_PAD if lanes else 0)
    for node in scope.nodes.values():
        if node.body:
            _shift(node.body, node.x, node.y)
    left = min(node.x for node in scope.nodes.values())
    return max(node.right for node in scope.nodes.values()) - left, bands


def artifact_size(artifact: Artifact) -> tuple[int, int]:
    if artifact.kind != "textAnnotation":
        return (36, 50) if artifact.kind == "dataObjectReference" else (50, 50)
    width, height = text_size(artifact.name, NOTE_WIDTH)
    return width + 20, max(30, height + 12)


def _size_sub_process(node: Node, body: Scope) -> None:
    width, bands = place_scope(body)
    left = min(inner.x for inner in body.nodes.values())
    _shift(body, round_up(PAD_SIDE - left, GRID), PAD_TOP)
    guests = len(node.scope.guests(node))
    node.w = round_up(max(width + 2 * PAD_SIDE, guests * GUEST_PITCH[0] + 60), 4 * GRID)
    node.h = round_up(sum(height for _, height in bands.values()) + PAD_TOP + PAD_BOTTOM)
    node.port = next(iter(body.nodes.values())).cy


def _shift(scope: Scope, dx: int, dy: int) -> None:
    for node in scope.nodes.values():
        node.x, node.y = node.x + dx, node.y + dy
        if node.body:
            _shift(node.body, dx, dy)


def _reserve_artifacts(scope: Scope) -> None:
    """Space above the first node that an artifact is linked with."""
    for artifact in scope.artifacts.values():
        artifact.w, artifact.h = artifact_size(artifact)
        ends = [link.end for link in artifact.links]
        node = next((end for end in ends if isinstance(end, Node) and end.scope is scope), None)
        if node:
            node.artifact_space = max(node.artifact_space, artifact.h + 30)


def _extents(node: Node) -> tuple[int, int]:
    """Room a node needs above and below its docking line, with external labels and artifacts."""
    label = text_size(node.name)[1] + 6 if node.has_outer_label else 0
    guests = node.scope.guests(node)
    above = node.port + (label if node.is_gateway else 0) + node.artifact_space
    above += 50 if any(guest.is_on_top for guest in guests) else 0
    below = node.h - node.port + (label if node.is_event else 0)
    hanging = [text_size(guest.name, BOUNDARY_LABEL_WIDTH)[1] for guest in guests if not guest.is_on_top]
    return above, below + (max(GUEST_GAP, max(hanging) - 10) if hanging else 0)


class _Skyline:
    """What is placed so far in a lane: how far down it reaches."""

    def __init__(self, top: int) -> None:
        self.top = top
        self.parts: list[tuple[float, float, int]] = []

    def bottom(self, span: tuple[float, float]) -> int:
        """How far down the placed chains reach in a horizontal span."""
        return max(
            (bottom for left, right, bottom in self.parts if left < span[1] and span[0] < right),
            default=self.top,
        )

    def line_of(self, chain: Chain) -> int:
        """The highest docking line the chain can have."""
        above = max(_extents(node)[0] for node in chain.nodes)
        return round_up(self.bottom(chain.span) + above, GRID)

    def add(self, chain: Chain, line: int) -> None:
        self.parts.append((*chain.span, line + LINE_GAP))
        for node in chain.nodes:
            node.y = line - node.port
            self.parts.append((*node_span(node), line + _extents(node)[1] + ROW_GAP))

    def depth(self) -> int:
        return (
            max(
                (bottom for *_, bottom in self.parts),
                default=self.top + EMPTY_LANE_HEIGHT + ROW_GAP,
            )
            - ROW_GAP
        )


def _place_rows(scope: Scope, chains: list[Chain], lane_order: LaneOrder, pad: int) -> Bands:
    """Rows to y, lane by lane. A row is one line, but chains that can stand much higher do."""
    y = 0
    bands: Bands = {}
    for lane in lane_order:
        skyline = _Skyline(y + pad)
        members = [chain for chain in chains if chain.lane == lane]
        for row in sorted({chain.row for chain in members}):
            lines = {chain: skyline.line_of(chain) for chain in members if chain.row == row}
            for chain, line in _align(lines, LIFT if row else None).items():
                skyline.add(chain, line)
        bottom = round_up(skyline.depth() + pad)
        bands[lane] = (y, bottom - y)
        y = bottom
    for guest in scope.nodes.values():
        if guest.host:
            guest.y = (guest.host.y if guest.is_on_top else guest.host.bottom) - GUEST_RADIUS
    return bands


def _align(lines: dict[Chain, int], lift: int | None) -> dict[Chain, int]:
    """Common lines for chains that would stand at almost the same height; no lift: one line for all."""
    aligned: dict[Chain, int] = {}
    common: int | None = None
    for chain, line in sorted(lines.items(), key=lambda item: -item[1]):
        if common is None or (lift is not None and common - line >= lift):
            common = line
        aligned[chain] = common
    return aligned


def _place_pool(pool: Pool, inner: int, bands: Bands) -> dict[str, tuple[int, int, int]]:
    """Size of the pool and its nodes; returns (x, top, height) of its lanes."""
    scope = pool.scope
    assert scope
    depth = max([lane.depth + 1 for lane in scope.lanes] or [0])
    pool.strip_width = STRIP * (pool.is_visible + depth)
    pool.w = round_up(pool.strip_width + inner + 2 * POOL_SIDE)
    pool.h, dy = sum(height for _, height in bands.values()), pool.y
    if pool.is_visible and not scope.lanes:
        pool.h, dy = round_up(pool.h + 2 * LANE_PAD), pool.y + LANE_PAD + GRID
    left = min(node.x for node in scope.nodes.values())
    _shift(scope, round_up(pool.strip_width + POOL_SIDE - left), dy)
    return {lane.id: _lane_place(lane, bands, pool) for lane in scope.lanes}


def _lane_place(lane: Lane, bands: Bands, pool: Pool) -> tuple[int, int, int]:
    top = min(bands[leaf][0] for leaf in lane.leaves)
    bottom = max(sum(bands[leaf]) for leaf in lane.leaves)
    return STRIP * (lane.depth + pool.is_visible), pool.y + top, bottom - top
