"""Drawing without a search, for what is too large or too tangled: nodes in rows, flows in channels between them.

A flow to the right neighbour is a straight line. Any other leaves on the right (a boundary event below), runs along
the channel below its row, then up or down the channel left of its target. Messages leave above and run around on the
right. Lines may cross, but none lies on another or on a shape; the time is nearly that of reading the file."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from math import ceil, sqrt

from engine.definitions.drawing.artifacts import connect
from engine.definitions.drawing.channels import PITCH, Channel
from engine.definitions.drawing.elements import Artifact, Box, Drawing, End, Node, Pool, Scope, SequenceFlow, View
from engine.definitions.drawing.geometry import Point, Rect, simplify
from engine.definitions.drawing.place import EMPTY_POOL_WIDTH, POOL_GAP, STRIP, artifact_size
from engine.definitions.drawing.text import BOUNDARY_LABEL_WIDTH, text_size

MIN_COLUMNS, MAX_COLUMNS = 8, 40
SIDE, ROW_PAD, GUEST_PITCH, GUEST_RADIUS = 20, 20, 90, 18
EMPTY_ROW = 80


def draw_plainly(view: View) -> Drawing:
    """Shapes, edges and labels of one plane whose sub-processes are all collapsed."""
    boards: dict[Pool, _Board] = {}
    y = 0
    for pool in view.pools:
        pool.y = y
        if pool.scope:
            strips = pool.is_visible + max([lane.depth + 1 for lane in pool.scope.lanes] or [0])
            boards[pool] = _Board(pool.scope, STRIP * strips, y)
            boards[pool].reserve_messages(view)
            boards[pool].place()
            pool.w, pool.h = boards[pool].width, boards[pool].bottom - y
        y += pool.h + POOL_GAP
    width = max([pool.w for pool in view.pools] or [0]) or EMPTY_POOL_WIDTH
    for pool in view.pools:
        pool.w = width
    lanes = {key: rect for pool, board in boards.items() for key, rect in board.lanes(pool).items()}
    boxes = [box for board in boards.values() for box in board.boxes()]
    loose = [artifact for artifact in view.artifacts if artifact.scope is None]
    _place_side_by_side(loose, y)
    edges = {key: points for board in boards.values() for key, points in board.edges().items()}
    edges |= _route_messages(view, boards, width)
    for artifact in view.artifacts:
        for link in artifact.links:
            points = connect(artifact.rect, link.end.rect)
            edges[link.id] = points[::-1] if link.is_incoming else points
    shapes: dict[str, Rect] = {pool.id: pool.rect for pool in view.visible_pools} | lanes
    shapes |= {box.id: box.rect for box in [*boxes, *loose]}
    labels = {key: rect for board in boards.values() for key, rect in board.labels().items()}
    return Drawing(shapes, edges, labels | _message_labels(view, edges))


@dataclass
class _Board:
    """One scope in rows and columns; channel r lies above row r, gap c left of column c."""

    scope: Scope
    left: int
    top: int
    rows: list[list[Box]] = field(default_factory=list)
    lane_rows: dict[str | None, tuple[int, int]] = field(default_factory=dict)
    cells: dict[Box, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.guests: dict[str, list[Node]] = {}
        for node in self.scope.nodes.values():
            if node.host_id:
                self.guests.setdefault(node.host_id, []).append(node)
        for artifact in self.scope.artifacts.values():
            artifact.w, artifact.h = artifact_size(artifact)
        self._fill_rows()
        columns = max(map(len, self.rows), default=0)
        self.widths = [max([row[c].w for row in self.rows if c < len(row)] or [0]) for c in range(columns)]
        self.gaps = [Channel() for _ in range(columns + 1)]
        self.channels = [Channel() for _ in range(len(self.rows) + 1)]
        self.straight: dict[tuple[Node, Node], SequenceFlow] = {}
        for flow in self.scope.flows:
            if self._is_neighbour(flow):
                self.straight.setdefault((flow.source, flow.target), flow)
        own = set(self.straight.values())
        self.detours = [flow for flow in self.scope.flows if flow not in own]
        self.docks: dict[tuple[str, str], Point] = {}
        self.message_lines: list[tuple[int, str, End, str]] = []

    # --- rows and columns ---
    def _fill_rows(self) -> None:
        order = _order(self.scope, self.guests)
        for node in order:
            node.w = max(node.w, GUEST_PITCH * len(self.guests.get(node.id, ())))
            node.port = node.h // 2
        lanes: list[str | None] = [*self.scope.leaf_lanes()] or [None]
        members: dict[str | None, list[Box]] = {lane: [] for lane in lanes}
        for node in order:
            members[node.lane if node.lane in members else lanes[0]].append(node)
        members[lanes[-1]] += self.scope.artifacts.values()
        most = max(map(len, members.values()))
        size = min(MAX_COLUMNS, max(MIN_COLUMNS, ceil(sqrt(most))))
        for lane, boxes in members.items():
            first = len(self.rows)
            self.rows += [boxes[start : start + size] for start in range(0, len(boxes), size)] or [[]]
            self.lane_rows[lane] = first, len(self.rows)
        self.cells = {box: (r, c) for r, row in enumerate(self.rows) for c, box in enumerate(row)}

    def _is_neighbour(self, flow: SequenceFlow) -> bool:
        if flow.source.host_id:
            return False
        row, column = self.cells[flow.source]
        return self.cells[flow.target] == (row, column + 1)

    def _cell(self, node: Node) -> tuple[int, int]:
        return self.cells[self.scope.nodes[node.host_id] if node.host_id else node]

    # --- places ---
    def reserve_messages(self, view: View) -> None:
        """Messages dock side by side: above their node, below a boundary event."""
        for message in view.messages:
            for role, end in (("source", message.source), ("target", message.target)):
                if isinstance(end, Node) and end.scope is self.scope:
                    row = self._cell(end)[0] + bool(end.host_id)
                    self.message_lines.append((row, message.id, end, role))

    def place(self) -> None:
        """Coordinates of everything in the scope."""
        self._place_columns()
        self._place_guests(is_first=True)
        self._dock_messages()
        self._fill_channels()
        self._place_rows()
        self._place_guests(is_first=False)

    def _place_columns(self) -> None:
        spans: dict[Node, list[int]] = {}
        for flow in self.detours:
            spans.setdefault(flow.target, [2 * self.cells[flow.target][0]]).append(2 * self._cell(flow.source)[0] + 1)
        for c, gap in enumerate(self.gaps):
            targets = [target for target in spans if self.cells[target][1] == c]
            gap.add((target.id, 100 * min(spans[target]), 100 * max(spans[target]), PITCH) for target in targets)
        room = [0] * len(self.gaps)
        for flow in self.straight.values():
            column = self.cells[flow.target][1]
            room[column] = max(room[column], text_size(flow.name)[0] + 3 * SIDE)
        self.column_x: list[int] = []
        self.gap_x: list[int] = []
        x = self.left
        for c, gap in enumerate(self.gaps):
            self.gap_x.append(x + 2 * SIDE)
            x += max(gap.size + 4 * SIDE, room[c])
            if c < len(self.widths):
                self.column_x.append(x)
                x += self.widths[c]
        self.width = x
        for box, (_, c) in self.cells.items():
            box.x = self.column_x[c] + (self.widths[c] - box.w) // 2

    def _place_guests(self, *, is_first: bool) -> None:
        for key, guests in self.guests.items():
            host = self.scope.nodes[key]
            pitch = host.w / (len(guests) + 1) if len(guests) == 1 else host.w / len(guests)
            begin = pitch if len(guests) == 1 else pitch / 2
            for number, guest in enumerate(guests):
                guest.x = int(host.x + begin + number * pitch) - GUEST_RADIUS
                guest.y = guest.y if is_first else host.bottom - GUEST_RADIUS

    def _dock_messages(self) -> None:
        counts: dict[End, int] = {}
        for _, _, end, _ in self.message_lines:
            counts[end] = counts.get(end, 0) + 1
        seen: dict[End, count[int]] = {}
        for _, message, end, role in self.message_lines:
            number = next(seen.setdefault(end, count(1)))
            x = end.x + end.w * number // (counts[end] + 1)
            is_guest = isinstance(end, Node) and bool(end.host_id)
            self.docks[message, role] = (end.x + 9 if is_guest else x, 0)

    def _fill_channels(self) -> None:
        lines: list[list[tuple[tuple[str, str], float, float, int]]] = [[] for _ in self.channels]
        for flow in self.detours:
            begin, end = self._exit_x(flow), self._entry_x(flow)
            width, height = text_size(flow.name)
            lines[self._cell(flow.source)[0] + 1].append(
                ((flow.id, ""), min(begin, end), max(begin, end, min(begin, end) + width + SIDE), height + PITCH)
            )
        for row, message, _, role in self.message_lines:
            lines[row].append(((message, role), self.docks[message, role][0], 1e9, PITCH))
        for channel, found in zip(self.channels, lines, strict=True):
            channel.add(found)

    def _exit_x(self, flow: SequenceFlow) -> int:
        if flow.source.host_id:
            return flow.source.cx
        column = self.cells[flow.source][1]
        return self.column_x[column] + self.widths[column] + SIDE

    def _entry_x(self, flow: SequenceFlow) -> int:
        gap = self.cells[flow.target][1]
        return self.gap_x[gap] + self.gaps[gap].place(flow.target.id)

    def _place_rows(self) -> None:
        self.channel_y: list[int] = []
        names: dict[int, int] = {}
        for flow in self.straight.values():
            row = self.cells[flow.source][0]
            names[row] = max(names.get(row, 0), text_size(flow.name)[1] + 4)
        y = self.top
        for r, channel in enumerate(self.channels):
            self.channel_y.append(y)
            y += channel.size + 2 * ROW_PAD
            if r == len(self.rows):
                break
            boxes = self.rows[r]
            above = max([box.h // 2 for box in boxes] + [names.get(r, 0)], default=0)
            below = max([box.h // 2 + self._hanging(box) for box in boxes] or [EMPTY_ROW])
            for box in boxes:
                box.y = y + above - box.h // 2
            y += above + below
        self.bottom = y

    def _hanging(self, box: Box) -> int:
        """Room for the labels below a box."""
        guests = self.guests.get(box.id, ())
        if guests:
            return GUEST_RADIUS + max(text_size(guest.name, BOUNDARY_LABEL_WIDTH)[1] for guest in guests) + 6
        return text_size(box.name)[1] + 6 if _has_label(box) else 0

    # --- what is drawn ---
    def boxes(self) -> list[Box]:
        """Nodes and artifacts; boundary events come last, above their activities."""
        return [*self.cells, *(guest for guests in self.guests.values() for guest in guests)]

    def lanes(self, pool: Pool) -> dict[str, Rect]:
        """Rectangles of the lanes, parents first."""
        bands = {lane: (self._lane_top(first), self._lane_top(end)) for lane, (first, end) in self.lane_rows.items()}
        found: dict[str, Rect] = {}
        for lane in self.scope.lanes:
            x = STRIP * (lane.depth + pool.is_visible)
            top, bottom = bands[lane.leaves[0]][0], bands[lane.leaves[-1]][1]
            found[lane.id] = x, top, pool.w - x, bottom - top
        return found

    def _lane_top(self, row: int) -> int:
        """A lane begins behind the channel below the row before it."""
        if row == 0:
            return self.top
        return self.bottom if row == len(self.rows) else self.channel_y[row] + self.channels[row].size + ROW_PAD

    def edges(self) -> dict[str, list[Point]]:
        """The sequence flows."""
        found: dict[str, list[Point]] = {
            flow.id: [(flow.source.right, flow.source.cy), (flow.target.x, flow.target.cy)]
            for flow in self.straight.values()
        }
        for flow in self.detours:
            source, target, leave, enter = flow.source, flow.target, self._exit_x(flow), self._entry_x(flow)
            y = self.track_y(self._cell(source)[0] + 1, (flow.id, ""))
            begin: list[Point] = [(source.cx, source.bottom)]
            if not source.host_id:
                begin = [(source.right, source.cy), (leave, source.cy)]
            found[flow.id] = simplify([*begin, (leave, y), (enter, y), (enter, target.cy), (target.x, target.cy)])
        return found

    def track_y(self, row: int, key: tuple[str, str]) -> int:
        """The height of a line in the channel above a row."""
        return self.channel_y[row] + ROW_PAD + self.channels[row].place(key)

    def labels(self) -> dict[str, Rect]:
        """Below events, gateways and artifacts; above flows."""
        found: dict[str, Rect] = {}
        for box in self.boxes():
            if _has_label(box):
                is_guest = isinstance(box, Node) and bool(box.host_id)
                w, h = text_size(box.name, BOUNDARY_LABEL_WIDTH if is_guest else 90)
                found[box.id] = (box.cx + 4 if is_guest else box.cx - w / 2, box.bottom + 4, w, h)
        for flow in self.straight.values():
            w, h = text_size(flow.name)
            if w:
                found[flow.id] = flow.source.right + SIDE / 2, flow.source.cy - h - 2, w, h
        for flow in self.detours:
            w, h = text_size(flow.name)
            if w:
                x = min(self._exit_x(flow), self._entry_x(flow)) + 4
                found[flow.id] = x, self.track_y(self._cell(flow.source)[0] + 1, (flow.id, "")) - h - 2, w, h
        return found


def _order(scope: Scope, guests: dict[str, list[Node]]) -> list[Node]:
    """All nodes but boundary events, depth first from the starts, then what nothing leads to."""
    following: dict[Node, list[Node]] = {}
    entered: set[Node] = set()
    for flow in scope.flows:
        following.setdefault(flow.source, []).append(flow.target)
        entered.add(flow.target)
    free = [node for node in scope.nodes.values() if not node.host_id]
    found: dict[Node, None] = {}
    for start in [*(node for node in free if node not in entered), *free]:
        stack = [start]
        while stack:
            node = stack.pop()
            if node in found or node.host_id:
                continue
            found[node] = None
            sources = [*guests.get(node.id, ())[::-1], node]
            stack += [target for source in sources for target in following.get(source, [])[::-1]]
    return list(found)


def _has_label(box: Box) -> bool:
    is_artifact = isinstance(box, Artifact) and bool(box.name) and box.kind != "textAnnotation"
    return is_artifact or box.has_outer_label


def _place_side_by_side(artifacts: Iterable[Artifact], y: int) -> None:
    x = 0
    for artifact in artifacts:
        artifact.w, artifact.h = artifact_size(artifact)
        artifact.x, artifact.y = x, y
        x += artifact.w + 6 * SIDE


def _route_messages(view: View, boards: dict[Pool, _Board], width: int) -> dict[str, list[Point]]:
    """Around on the right of everything, one beside the other; black boxes are entered from there."""
    by_scope = {board.scope: board for board in boards.values()}
    counts: dict[Pool, count[int]] = {}
    edges: dict[str, list[Point]] = {}
    for number, message in enumerate(view.messages):
        x = width + 2 * SIDE + PITCH * number
        halves: list[list[Point]] = []
        for role, end in (("source", message.source), ("target", message.target)):
            if isinstance(end, Pool):
                y = end.y + min(PITCH * next(counts.setdefault(end, count(1))), end.h)
                halves.append([(end.right, y), (x, y)])
                continue
            board = by_scope[end.scope]
            dock = board.docks[message.id, role][0]
            row = board._cell(end)[0] + bool(end.host_id)
            y = board.track_y(row, (message.id, role))
            halves.append([(dock, end.bottom if end.host_id else end.y), (dock, y), (x, y)])
        edges[message.id] = simplify([*halves[0], *halves[1][::-1]])
    return edges


def _message_labels(view: View, edges: dict[str, list[Point]]) -> dict[str, Rect]:
    """Right of the lines, each at the height of its own beginning."""
    right = max([point[0] for message in view.messages for point in edges[message.id]] or [0])
    found: dict[str, Rect] = {}
    y = 0.0
    for message in sorted(view.messages, key=lambda one: edges[one.id][-2][1]):
        w, h = text_size(message.name)
        if w:
            y = max(y, min(point[1] for point in edges[message.id]))
            found[message.id] = right + SIDE, y, w, h
            y += h + PITCH
    return found
