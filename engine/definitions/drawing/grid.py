"""The routing grid: every 10 px a cell, numbered row by row, with what a step into it costs along either axis.

Static costs (shapes, label space, borders) depend on the scope a flow runs in. Dynamic costs come from the flows routed
so far and are kept up to date when a flow claims or releases its cells, so that the search only adds two numbers per
step."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from engine.definitions.drawing.elements import End, MessageFlow, Scope, SequenceFlow
from engine.definitions.drawing.geometry import Point, Rect

G = 10
SIDES = "RDLU"  # headings of flows: right, down, left, up
HORIZONTAL, VERTICAL = 0, 1
CROWD, HUG, BORDER, LABEL = 1.2, 1.5, 4.0, 8.0
CROSS, CROSS_TRUNK, CROSS_MESSAGE, OCCUPIED = 14.0, 30.0, 5.0, 60.0
BLOCKED = 1e9
MARGIN = 9

Costs = tuple[list[float], list[float]]  # per axis, per cell
Bounds = tuple[int, int, int, int]  # first column and row, last column and row


@dataclass(eq=False)
class Path:
    """A way over the grid: cells, docking sides, corner points, cost and the (cell, axis) pairs it occupies."""

    cells: list[int] = field(default_factory=list)
    sides: tuple[str, str] = ("", "")
    points: list[Point] = field(default_factory=list)
    cost: float = 0
    track: list[tuple[int, int]] = field(default_factory=list)


class Route:
    """A flow with the path it takes; ideal is the cost of its path if it were alone."""

    def __init__(self, flow: SequenceFlow | MessageFlow) -> None:
        self.id, self.name = flow.id, flow.name
        self.source: End = flow.source
        self.target: End = flow.target
        self.scope: Scope | None = flow.source.scope if isinstance(flow, SequenceFlow) else None
        self.is_message = isinstance(flow, MessageFlow)
        self.is_back = isinstance(flow, SequenceFlow) and flow.is_back
        self.is_trunk = not self.is_message and not self.is_back and self.is_straight
        self.path = Path()
        self.ideal = 0.0
        self.own_points: list[Point] = []

    @property
    def points(self) -> list[Point]:
        return self.path.points

    @property
    def is_straight(self) -> bool:
        return self.source.cy == self.target.cy and self.source.kind != "boundaryEvent"

    @property
    def distance(self) -> int:
        return abs(self.source.cx - self.target.cx) + abs(self.source.cy - self.target.cy)


class Grid:
    def __init__(self, rects: Sequence[Rect]) -> None:
        self.x0 = int(min(r[0] for r in rects) // G) - MARGIN
        self.y0 = int(min(r[1] for r in rects) // G) - MARGIN
        self.width = int(max(r[0] + r[2] for r in rects) // G) + MARGIN - self.x0 + 1
        self.height = int(max(r[1] + r[3] for r in rects) // G) + MARGIN - self.y0 + 1
        self.size = self.width * self.height
        self.deltas = [1, self.width, -1, -self.width]  # in the order of SIDES
        self.soft = self._costs(0.0)
        self.flows: tuple[list[tuple[Route, ...]], ...] = (
            [()] * self.size,
            [()] * self.size,
        )
        self.dynamic = {is_message: self._costs(0.0) for is_message in (False, True)}

    def _costs(self, cost: float) -> Costs:
        return [cost] * self.size, [cost] * self.size

    def cell(self, column: int, row: int) -> int:
        return (row - self.y0) * self.width + column - self.x0

    def point(self, cell: int) -> Point:
        return (cell % self.width + self.x0) * G, (cell // self.width + self.y0) * G

    def cells(self, rect: Rect) -> Iterator[int]:
        """Cells on or inside a rectangle."""
        x, y, w, h = rect
        for row in range(int(-(-y // G)), int((y + h) // G) + 1):
            for column in range(int(-(-x // G)), int((x + w) // G) + 1):
                yield self.cell(column, row)

    def soften(self, rect: Rect, cost: float, axes: Sequence[int] = (HORIZONTAL, VERTICAL)) -> None:
        """Better not run here: space for a label, a border line, a name strip."""
        for cell in self.cells(rect):
            for axis in axes:
                self.soft[axis][cell] = cost

    def terrain(self, rects: Sequence[Rect], bounds: Bounds) -> Costs:
        """Static step costs: closer than 10 px to a rectangle is blocked, closer than 20 px hugs it."""
        costs = self._costs(BLOCKED)
        # the two outer rings stay blocked: a price looks at the neighbours of neighbours
        left, top = max(bounds[0], self.x0 + 2), max(bounds[1], self.y0 + 2)
        right = min(bounds[2], self.x0 + self.width - 3)
        bottom = min(bounds[3], self.y0 + self.height - 3)
        for row in range(top, bottom + 1):
            part = slice(self.cell(left, row), self.cell(right, row) + 1)
            for axis in (HORIZONTAL, VERTICAL):
                costs[axis][part] = self.soft[axis][part]
        for x, y, w, h in rects:
            for cell in self.cells((x - 19, y - 19, w + 38, h + 38)):
                costs[HORIZONTAL][cell] += HUG
                costs[VERTICAL][cell] += HUG
        for x, y, w, h in rects:
            for cell in self.cells((x - 9, y - 9, w + 18, h + 18)):
                costs[HORIZONTAL][cell] = costs[VERTICAL][cell] = BLOCKED
        return costs

    def claim(self, route: Route) -> None:
        for cell, axis in route.path.track:
            self.flows[axis][cell] += (route,)
        self._refresh(route.path.track)

    def release(self, route: Route) -> None:
        for cell, axis in route.path.track:
            self.flows[axis][cell] = tuple(other for other in self.flows[axis][cell] if other is not route)
        self._refresh(route.path.track)

    def _refresh(self, track: Iterable[tuple[int, int]]) -> None:
        for cell, axis in track:
            self._price(cell, axis)
            self._price(cell, 1 - axis)
            aside = self.width if axis == HORIZONTAL else 1
            self._price(cell + aside, axis)
            self._price(cell - aside, axis)

    def _price(self, cell: int, axis: int) -> None:
        along, across = self.flows[axis], self.flows[1 - axis][cell]
        aside = self.width if axis == HORIZONTAL else 1
        crowd = CROWD * (bool(along[cell - aside]) + bool(along[cell + aside]))
        for is_message in (False, True):
            if along[cell]:
                cost = OCCUPIED
            elif across:
                cost = sum(_crossing_cost(route, is_message) for route in across)
            else:
                cost = 0.0
            self.dynamic[is_message][axis][cell] = cost + crowd

    def crossings(self) -> list[tuple[Route, Route]]:
        """Pairs of flows that cross, each once, in a fixed order."""
        pairs: dict[tuple[str, str], tuple[Route, Route]] = {}
        for across, down in zip(*self.flows, strict=True):
            if not (across and down):
                continue
            for f in across:
                for g in down:
                    if f is not g and f.target is not g.target:
                        a, b = sorted((f, g), key=lambda route: route.id)
                        pairs[a.id, b.id] = a, b
        return [pair for _, pair in sorted(pairs.items())]


def _crossing_cost(crossed: Route, is_message: bool) -> float:
    if is_message or crossed.is_message:
        return CROSS_MESSAGE
    return CROSS_TRUNK if crossed.is_trunk else CROSS
