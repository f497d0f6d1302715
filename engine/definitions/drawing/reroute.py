"""Rip up and reroute: flows with many bends alone, crossing pairs in either order; the cheaper drawing is kept."""

from collections.abc import Sequence
from typing import Protocol

from engine.definitions.drawing.grid import BLOCKED, Grid, Route

ROUNDS, BUDGET, PARTNERS, PATIENCE = (
    2,
    60,
    1,
    2,
)  # rounds, groups per round, pairs and failures per flow
GENEROUS = 15  # a flow may become that much dearer when its partner gains more
MANY_POINTS = 4

Group = tuple[Route, ...]


class PathFinder(Protocol):
    grid: Grid

    def route(self, route: Route, limit: float = BLOCKED) -> bool: ...
    def price(self, route: Route) -> float: ...
    def claim(self, route: Route) -> None: ...
    def release(self, route: Route) -> None: ...


def improve_routes(finder: PathFinder, flows: Sequence[Route]) -> None:
    touched = set(flows)
    for _ in range(ROUNDS):
        changed: set[Route] = set()
        failures = dict.fromkeys(flows, 0)
        for group in [group for group in _groups(finder.grid, flows) if touched & set(group)][:BUDGET]:
            if max(failures[route] for route in group) >= PATIENCE:
                continue
            if _retry(finder, group):
                changed |= set(group)
            else:
                failures |= {route: failures[route] + 1 for route in group}
        touched = changed


def _groups(grid: Grid, flows: Sequence[Route]) -> list[Group]:
    """What to route again: flows with many bends, messages that cross others, pairs of crossing sequence flows."""
    crossings = grid.crossings()
    messages = {route for pair in crossings for route in pair if route.is_message}
    pairs: list[Group] = []
    partners = dict.fromkeys(flows, 0)
    for a, b in crossings:
        if not (a.is_message or b.is_message) and max(partners[a], partners[b]) < PARTNERS:
            partners[a] += 1
            partners[b] += 1
            pairs += [(a, b), (b, a)]
    return [(route,) for route in flows if len(route.points) > MANY_POINTS or route in messages] + pairs


def _retry(finder: PathFinder, group: Group) -> bool:
    """Route the group again; True if it became cheaper, otherwise nothing changes."""
    old = {route: route.path for route in group}
    prices = _old_prices(finder, group)
    routed: list[Route] = []
    left, ideal = sum(prices) - 0.01, sum(route.ideal for route in group)
    for route, price in zip(group, prices, strict=True):
        ideal -= route.ideal  # the others of the group need at least their ideal cost
        if not finder.route(route, min(left - ideal, price + GENEROUS)):
            break
        routed.append(route)
        left -= route.path.cost
    if len(routed) == len(group):
        return True
    for route in routed:
        finder.release(route)
    for route in group:
        route.path = old[route]
        finder.claim(route)
    return False


def _old_prices(finder: PathFinder, group: Group) -> list[float]:
    """What the old paths cost now when they are drawn in this order; the group is released afterwards."""
    for route in group:
        finder.release(route)
    prices = []
    for route in group:
        prices.append(finder.price(route))
        finder.claim(route)
    for route in group:
        finder.release(route)
    return prices
