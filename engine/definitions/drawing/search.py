"""A* over (cell, heading): the cheapest orthogonal path. A state is cell * 4 + heading."""

import itertools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush

from engine.definitions.drawing.grid import BLOCKED, OCCUPIED, Costs, Grid
from engine.definitions.drawing.ports import Port

BEND, MESSAGE_BEND, BACKWARD = 5.0, 12.0, 0.4
START, GOAL = -1, -2
TURNS = [(heading, (heading + 1) % 4, (heading + 3) % 4) for heading in range(4)]
LEFT = 2


@dataclass(frozen=True)
class Prices:
    """What a path pays: terrain and dynamic per axis and cell, per bend, per step to the left.

    eagerness: 1 finds the cheapest path, more finds a good one with less search."""

    terrain: Costs
    dynamic: Costs
    bend: float
    backward: float
    eagerness: float = 1


def find_path(
    grid: Grid,
    prices: Prices,
    starts: Mapping[int, Port],
    goals: Mapping[int, Port],
    limit: float,
) -> tuple[float, list[int]] | None:
    """(cost, states from start to goal) of the cheapest path below the limit."""
    terrain, dynamic, flows, deltas = (
        prices.terrain,
        prices.dynamic,
        grid.flows,
        grid.deltas,
    )
    bend, backward, eagerness = prices.bend, prices.backward, prices.eagerness
    guess = _guess(grid, goals, bend)
    best: dict[int, float] = {}
    came: dict[int, int] = {}
    heap: list[tuple[float, float, int]] = []
    for state, port in starts.items():
        if terrain[0][state >> 2] < BLOCKED:
            best[state], came[state] = port.cost, START
            heappush(heap, (port.cost + eagerness * guess(state), -port.cost, state))
    while heap:
        _, cost, state = heappop(heap)
        cost = -cost
        if state == GOAL:
            return cost, _trace(came)
        if cost > best[state]:
            continue
        if state in goals and cost + goals[state].cost < best.get(GOAL, limit):
            best[GOAL], came[GOAL] = cost + goals[state].cost, state
            heappush(heap, (best[GOAL], -best[GOAL], GOAL))
        cell, heading = state >> 2, state & 3
        corner = bend + (OCCUPIED if flows[0][cell] or flows[1][cell] else 0)
        for turn in TURNS[heading]:
            next_cell, axis = cell + deltas[turn], turn & 1
            new = cost + 1 + terrain[axis][next_cell] + dynamic[axis][next_cell]
            if turn != heading:
                new += corner
            if turn == LEFT:
                new += backward
            following = next_cell * 4 + turn
            if new < best.get(following, limit):
                rest = guess(following)
                if new + rest < limit:
                    best[following], came[following] = new, state
                    heappush(heap, (new + eagerness * rest, -new, following))
    return None


def price_path(grid: Grid, prices: Prices, cells: list[int], heading: int) -> float:
    """What a path over these cells costs now, without its ports."""
    cost = 0.0
    for cell, next_cell in itertools.pairwise(cells):
        turn = grid.deltas.index(next_cell - cell)
        cost += 1 + prices.terrain[turn & 1][next_cell] + prices.dynamic[turn & 1][next_cell]
        cost += prices.backward if turn == LEFT else 0
        if turn != heading:
            cost += prices.bend + (OCCUPIED if grid.flows[0][cell] or grid.flows[1][cell] else 0)
        heading = turn
    return cost


def _guess(grid: Grid, goals: Collection[int], bend: float) -> Callable[[int], float]:
    """Lower bound of the rest of the way: distance to the box of goals and the bends needed to get there."""
    width = grid.width
    xs, ys = (
        [(state >> 2) % width for state in goals],
        [(state >> 2) // width for state in goals],
    )
    dx = [max(min(xs) - x, 0) or min(max(xs) - x, 0) for x in range(width)]
    dy = [max(min(ys) - y, 0) or min(max(ys) - y, 0) for y in range(grid.height)]

    def guess(state: int) -> float:
        y, x = divmod(state >> 2, width)
        right, down = dx[x], dy[y]
        ahead, aside = (down, right) if state & 1 else (right, down)
        way = (right if right > 0 else -right) + (down if down > 0 else -down)
        if (ahead > 0) if state & 2 else (ahead < 0):
            return way + 2 * bend
        return way + bend if aside else way

    return guess


def _trace(came: Mapping[int, int]) -> list[int]:
    states: list[int] = []
    state = came[GOAL]
    while state != START:
        states.append(state)
        state = came[state]
    return states[::-1]
