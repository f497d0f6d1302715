"""Docking: where and at what cost a flow may leave or enter a shape.

The costs express the drawing rules: flows leave on the right and enter on the left, gateways branch up and down, loops
and messages use top and bottom, sides are not shared."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from engine.definitions.drawing.elements import End, Node, Pool
from engine.definitions.drawing.geometry import Point
from engine.definitions.drawing.grid import G, Grid, Route
from engine.definitions.drawing.text import BOUNDARY_LABEL_WIDTH, text_size

TURN_OUT, SIDE_MIXED = 14, 12
SHARED_OUT, SHARED_IN = (
    10,
    2,
)  # flows that come in may share a side, flows that go out should not
POOL_REACH, IN_LABEL = 300, 8
MESSAGE_SIDES = {
    "U": 0.0,
    "D": 6.0,
    "L": 10.0,
    "R": 10.0,
}  # the label of an event is below it
WIDE = 120


class Port(NamedTuple):
    """cell: the first one outside of the shape; dock: the point on its border."""

    cost: float
    side: str
    cell: int
    dock: Point


class Docking:
    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.taken: dict[tuple[str, str], list[str]] = {}  # (shape id, side) -> "in" or "out" per flow

    def claim(self, route: Route) -> None:
        for key, role in _roles(route):
            self.taken.setdefault(key, []).append(role)

    def release(self, route: Route) -> None:
        for key, role in _roles(route):
            self.taken[key].remove(role)

    def ports(self, route: Route, is_outgoing: bool) -> Iterable[Port]:
        """All docking points of the route at its source or target."""
        end = route.source if is_outgoing else route.target
        if isinstance(end, Pool):
            return self._pool_ports(end, route.target if is_outgoing else route.source)
        if route.is_message and end.host:
            return self._guest_message_ports(end)
        if route.is_message and end.is_event:
            return self._side_ports(end, MESSAGE_SIDES, is_outgoing)
        if route.is_message:
            return self._edge_message_ports(end)
        ports = self._side_ports(end, _side_costs(end, route, is_outgoing), is_outgoing)
        return self._wide_ports(end, ports) if end.w > WIDE else ports

    def _side(self, end: Node, side: str) -> tuple[int, Point]:
        """Cell and docking point in the middle of a side."""
        if side in "LR":
            edge, sign = (end.right, 1) if side == "R" else (end.x, -1)
            return self.grid.cell(_outside(edge, sign), end.cy // G), (edge, end.cy)
        edge, sign = (end.bottom, 1) if side == "D" else (end.y, -1)
        return self.grid.cell(end.cx // G, _outside(edge, sign)), (end.cx, edge)

    def _side_ports(self, end: Node, costs: Mapping[str, float], is_outgoing: bool) -> Iterator[Port]:
        role = "out" if is_outgoing else "in"
        for side, cost in costs.items():
            used = self.taken.get((end.id, side), [])
            same = used.count(role)
            shared = (SHARED_OUT if is_outgoing else SHARED_IN) * same + SIDE_MIXED * (len(used) - same)
            yield Port(cost + shared, side, *self._side(end, side))

    def _wide_ports(self, end: Node, ports: Iterable[Port]) -> Iterator[Port]:
        """Long edges: dock anywhere, but not on a boundary event and rather not in its label."""
        for port in ports:
            if port.side in "LR":
                yield port
                continue
            guests = {g.cx: text_size(g.name, BOUNDARY_LABEL_WIDTH)[0] for g in _guests_at(end, port.side)}
            for x in sorted({end.cx, *range(end.x + 40, end.right - 19, 20)}):
                if all(abs(x - guest) > 30 for guest in guests):
                    is_labelled = any(0 < x - guest < width + 10 for guest, width in guests.items())
                    cost = port.cost + (x != end.cx) + IN_LABEL * is_labelled
                    yield Port(
                        cost,
                        port.side,
                        port.cell + x // G - end.cx // G,
                        (x, port.dock[1]),
                    )

    def _pool_ports(self, pool: Pool, partner: End) -> Iterator[Port]:
        """Both long edges, not too far from the partner."""
        reach = partner.w // 2 + POOL_REACH
        for x in range(
            max(pool.x + 60, partner.cx - reach) // G * G,
            min(pool.right, partner.cx + reach),
            G,
        ):
            yield Port(0, "D", self.grid.cell(x // G, pool.bottom // G + 1), (x, pool.bottom))
            yield Port(0, "U", self.grid.cell(x // G, pool.y // G - 1), (x, pool.y))

    def _edge_message_ports(self, end: Node) -> Iterator[Port]:
        reach = max(30, end.w // 2 - 20) // G * G
        offsets = sorted({0, 30, -30, *range(-(reach // 20) * 20, reach + 1, 20)})
        for side in "UD":
            cell, (x, y) = self._side(end, side)
            used = 4 * len(self.taken.get((end.id, side), []))
            guests = [guest.cx for guest in _guests_at(end, side)]
            for offset in offsets:
                if all(abs(x + offset - guest) > 24 for guest in guests):
                    yield Port(
                        abs(offset) / 20 + used * (offset == 0),
                        side,
                        cell + offset // G,
                        (x + offset, y),
                    )

    def _guest_message_ports(self, guest: Node) -> Iterator[Port]:
        """On the inner half in the middle, on the outer half beside the boundary event's own sequence flow."""
        outer, inner = ("U", "D") if guest.is_on_top else ("D", "U")
        yield Port(0, inner, *self._side(guest, inner))
        cell, _ = self._side(guest, outer)
        for offset in (-10, 10):
            yield Port(
                2,
                outer,
                cell + offset // G,
                (guest.cx + offset, guest.cy + (15 if outer == "D" else -15)),
            )


def _roles(route: Route) -> tuple[tuple[tuple[str, str], str], ...]:
    out, into = route.path.sides
    return ((route.source.id, out), "out"), ((route.target.id, into), "in")


def _outside(edge: int, sign: int) -> int:
    """Nearest grid line at least 10 px outside of an edge."""
    return -(-(edge + 10) // G) if sign > 0 else (edge - 10) // G


def _guests_at(end: Node, side: str) -> list[Node]:
    return [guest for guest in end.scope.guests(end) if guest.is_on_top == (side == "U")]


def _side_costs(end: Node, route: Route, is_outgoing: bool) -> dict[str, float]:
    if end.host_id:
        return {"U" if end.is_on_top else "D": 0}
    if is_outgoing and end.is_gateway:
        return {"R": 6, "D": 0, "U": 0} if route.is_back else {"R": 0, "D": 1, "U": 2}
    if is_outgoing:
        return {"R": 0, "D": 3, "U": 3} if route.is_back else {"R": 0, "D": TURN_OUT, "U": TURN_OUT}
    if end.is_gateway:
        return {"L": 0, "U": 1, "D": 1}
    return {"L": 2, "U": 3, "D": 3} if route.is_back else {"L": 0, "U": 6, "D": 6}
