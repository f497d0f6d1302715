"""Orthogonal routing of all flows of a view.

The price of a path is its length plus bends, crossings, crowding, hugging of shapes and use of label space. Flows to
the same target may share a line (they merge). Straight flows go first, loops last, messages at the very end."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from engine.definitions.drawing.document import NotDrawable
from engine.definitions.drawing.elements import Scope, View
from engine.definitions.drawing.geometry import Rect, simplify
from engine.definitions.drawing.grid import (
    BLOCKED,
    BORDER,
    HORIZONTAL,
    LABEL,
    SIDES,
    Bounds,
    Costs,
    G,
    Grid,
    Path,
    Route,
)
from engine.definitions.drawing.labels import TITLE_HEIGHT, node_candidates
from engine.definitions.drawing.ports import Docking, Port
from engine.definitions.drawing.reroute import improve_routes
from engine.definitions.drawing.search import (
    BACKWARD,
    BEND,
    MESSAGE_BEND,
    Prices,
    find_path,
    price_path,
)

T = TypeVar("T")
LARGE_GRID, MOST_EAGER = 60_000, 3.0  # cells: from here on the search looks less far around


def route_flows(view: View, frames: Sequence[Rect]) -> list[Route]:
    """All flows of the view with their paths, sequence flows first. Raises NotDrawable."""
    flows = [Route(flow) for scope in view.scopes for flow in scope.flows]
    flows.sort(key=lambda route: (route.is_back, not route.is_straight, route.distance))
    flows += [Route(message) for message in view.messages]
    if not flows:
        return []
    router = Router(view, frames)
    for route in flows:
        route.ideal = router.ideal_cost(route)
    for route in flows:
        if not router.route(route):
            raise _no_way(route)
    improve_routes(router, flows)
    for route in flows:
        route.own_points = _own_points(route, flows, router.grid)
    return flows


class Router:
    """Finds, claims and releases paths on one grid."""

    def __init__(self, view: View, frames: Sequence[Rect]) -> None:
        self.view = view
        self.terrains: dict[Scope | None, Costs] = {}
        self.grid = Grid([*(node.rect for node in view.nodes.values()), *frames])
        self.docking = Docking(self.grid)
        self.mates: dict[tuple[str, str, bool], list[Route]] = {}  # flows that may share a line
        self._soften(frames)

    def route(self, route: Route, limit: float = BLOCKED) -> bool:
        """Find the cheapest path and claim it; False if none costs less than the limit."""
        starts, goals = self._ends(route)
        prices = self._prices(route)
        found = self._without_mates(route, lambda: find_path(self.grid, prices, starts, goals, limit))
        if not found:
            return False
        cost, states = found
        start, goal = starts[states[0]], goals[states[-1]]
        cells = [state >> 2 for state in states]
        points = simplify([start.dock, *map(self.grid.point, cells), goal.dock])
        route.path = Path(cells, (start.side, goal.side), points, cost, _track(states))
        self.claim(route)
        return True

    def ideal_cost(self, route: Route) -> float:
        """What the flow would cost if it were alone: call before the first flow is routed."""
        found = find_path(self.grid, self._prices(route), *self._ends(route), BLOCKED)
        if not found:
            raise _no_way(route)
        return found[0]

    def price(self, route: Route) -> float:
        """Cost of the (released) flow's old path, given the others."""
        path, prices = route.path, self._prices(route)
        cost = self._without_mates(
            route,
            lambda: price_path(self.grid, prices, path.cells, SIDES.index(path.sides[0])),
        )
        for is_outgoing, side, cell in (
            (True, path.sides[0], path.cells[0]),
            (False, path.sides[1], path.cells[-1]),
        ):
            ports = self.docking.ports(route, is_outgoing)
            cost += min(port.cost for port in ports if (port.side, port.cell) == (side, cell))
        return cost

    def claim(self, route: Route) -> None:
        self.grid.claim(route)
        self.docking.claim(route)
        for key in _mate_keys(route):
            self.mates.setdefault(key, []).append(route)

    def release(self, route: Route) -> None:
        self.grid.release(route)
        self.docking.release(route)
        for key in _mate_keys(route):
            self.mates[key].remove(route)

    def _without_mates(self, route: Route, work: Callable[[], T]) -> T:
        """Do some work as if the flows that may share a line with this one were not there."""
        mates = {mate: None for key in _mate_keys(route) for mate in self.mates.get(key, ()) if mate is not route}
        for mate in mates:
            self.grid.release(mate)
        result = work()
        for mate in mates:
            self.grid.claim(mate)
        return result

    def _ends(self, route: Route) -> tuple[dict[int, Port], dict[int, Port]]:
        """Cheapest port per first and per last state."""
        ends: tuple[dict[int, Port], dict[int, Port]] = ({}, {})
        for found, is_outgoing in zip(ends, (True, False), strict=True):
            for port in self.docking.ports(route, is_outgoing):
                state = port.cell * 4 + (SIDES.index(port.side) ^ (0 if is_outgoing else 2))
                if state not in found or port < found[state]:
                    found[state] = port
        return ends

    def _prices(self, route: Route) -> Prices:
        dynamic = self.grid.dynamic[route.is_message]
        bend = MESSAGE_BEND if route.is_message else BEND
        eagerness = max(1.0, min(MOST_EAGER, self.grid.size / LARGE_GRID))
        return Prices(self._terrain(route.scope), dynamic, bend, 0 if route.is_back else BACKWARD, eagerness)

    def _terrain(self, scope: Scope | None) -> Costs:
        if scope not in self.terrains:
            nodes = scope.nodes.values() if scope else self.view.solid_nodes()
            self.terrains[scope] = self.grid.terrain([node.rect for node in nodes], self._bounds(scope))
        return self.terrains[scope]

    def _bounds(self, scope: Scope | None) -> Bounds:
        """The part of the grid that flows of the scope may use; messages go everywhere."""
        pool = self.view.pool_of(scope) if scope else None
        if scope and scope.owner:
            x, y, w, h = scope.owner.rect
            return (
                (x + 10) // G + 1,
                (y + 20) // G + 1,
                (x + w - 10) // G - 1,
                (y + h - 10) // G - 1,
            )
        if pool and pool.is_visible:
            return (
                (pool.x + pool.strip_width) // G + 1,
                pool.y // G + 1,
                pool.right // G - 1,
                pool.bottom // G - 1,
            )
        grid = self.grid
        return grid.x0, grid.y0, grid.x0 + grid.width, grid.y0 + grid.height

    def _soften(self, frames: Sequence[Rect]) -> None:
        for node in self.view.nodes.values():
            if node.has_outer_label:
                self.grid.soften(node_candidates(node)[0], LABEL)
            elif node.body:
                self.grid.soften((node.x, node.y, node.w, TITLE_HEIGHT), LABEL)
        for x, y, w, h in frames:
            for line in (y, y + h):
                self.grid.soften((x, line, w, 0), BORDER, (HORIZONTAL,))
        for pool in self.view.pools:  # no flows down the name strips
            if pool.scope and pool.strip_width:
                self.grid.soften((pool.x, pool.y, pool.strip_width, pool.h), BORDER)


def _mate_keys(route: Route) -> Iterator[tuple[str, str, bool]]:
    yield "in", route.target.id, route.is_message
    if not (route.is_message or route.is_trunk) and route.source.is_gateway:
        yield "out", route.source.id, False


def _track(states: list[int]) -> list[tuple[int, int]]:
    """(cell, axis) pairs that the path occupies; a corner occupies both axes."""
    leaving = [*(state & 3 for state in states[1:]), states[-1] & 3]
    pairs: dict[tuple[int, int], None] = {}
    for state, after in zip(states, leaving, strict=True):
        pairs[state >> 2, state & 1] = pairs[state >> 2, after & 1] = None
    return list(pairs)


def _own_points(route: Route, flows: Sequence[Route], grid: Grid) -> list[tuple[float, float]]:
    """The path without the stem it shares with other flows from the same gateway: where its label may stand."""
    stem, cells = 0, route.path.cells
    for other in flows:
        if other is not route and other.source is route.source and other.path.sides[0] == route.path.sides[0]:
            pairs = zip(cells, other.path.cells, strict=False)
            same = next(
                (i for i, (a, b) in enumerate(pairs) if a != b),
                min(len(cells), len(other.path.cells)),
            )
            stem = max(stem, same)
    return simplify([*map(grid.point, cells[stem - 1 :]), route.points[-1]]) if stem else route.points


def _no_way(route: Route) -> NotDrawable:
    return NotDrawable(f"Expected a way for the flow {route.id}, but the shapes leave none.")
