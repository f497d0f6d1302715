"""A schematic city around the demonstration's addresses: the embedded base map draws it, the route simulator walks it.

Where the lake, the river, the hills and the landmarks lie is true to Hangzhou within a few hundred metres; the streets
are made up. Pages that show it say so.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush
from itertools import pairwise
from math import cos, hypot, pi, radians, sin

from engine.services.places.geometry import METRES_PER_DEGREE, MICRO, Place

SOUTH, WEST, NORTH, EAST = 30.180, 120.060, 30.345, 120.260
ROWS, COLUMNS = 46, 48
MAJOR_EVERY, BRIDGE_EVERY, GAP_EVERY = 5, 10, 7
MAJOR, MINOR = "major", "minor"
MINOR_COST = 1.25  # a small street takes so much longer: ways keep to the large ones
Node = tuple[int, int]
Ring = tuple[tuple[float, float], ...]  # latitude, longitude

LAKE: Ring = (
    *((30.2600, 120.1320), (30.2610, 120.1400), (30.2600, 120.1480), (30.2570, 120.1550), (30.2520, 120.1580)),
    *((30.2450, 120.1590), (30.2390, 120.1570), (30.2340, 120.1530), (30.2310, 120.1480), (30.2330, 120.1420)),
    *((30.2380, 120.1380), (30.2450, 120.1340), (30.2520, 120.1310)),
)
RIVER: Ring = (
    *((30.1600, 120.0700), (30.1905, 120.1150), (30.1985, 120.1350), (30.2080, 120.1600), (30.2200, 120.1850)),
    *((30.2340, 120.2050), (30.2520, 120.2230), (30.2700, 120.2400), (30.3100, 120.2900), (30.2900, 120.2900)),
    *((30.2580, 120.2500), (30.2400, 120.2330), (30.2230, 120.2150), (30.2090, 120.1950), (30.1960, 120.1700)),
    *((30.1860, 120.1430), (30.1600, 120.1000)),
)
PARKS: tuple[Ring, ...] = (
    # hills west of the lake, the wetland, and two gardens in the city
    (
        *((30.2610, 120.1300), (30.2560, 120.1180), (30.2480, 120.1050), (30.2300, 120.0980), (30.2100, 120.1040)),
        *((30.2020, 120.1180), (30.2060, 120.1300), (30.2180, 120.1400), (30.2290, 120.1450), (30.2370, 120.1360)),
        *((30.2470, 120.1310),),
    ),
    ((30.2780, 120.0600), (30.2790, 120.0820), (30.2700, 120.0860), (30.2600, 120.0800), (30.2580, 120.0600)),
    ((30.2920, 120.1700), (30.2925, 120.1770), (30.2870, 120.1775), (30.2865, 120.1705)),
    ((30.3120, 120.1360), (30.3130, 120.1440), (30.3080, 120.1450), (30.3075, 120.1370)),
)
LANDMARKS: Mapping[str, tuple[str, str, Place]] = {
    "wensan_road": ("文三路口", "Wensan Road", Place(30_276_000, 120_131_000)),
    "yuquan_campus": ("浙江大学玉泉校区", "Zhejiang University, Yuquan", Place(30_264_500, 120_124_500)),
    "wulin_square": ("武林广场", "Wulin Square", Place(30_272_500, 120_163_000)),
    "longxiang_bridge": ("龙翔桥", "Longxiang Bridge", Place(30_256_500, 120_164_500)),
    "city_station": ("杭州站", "Hangzhou Station", Place(30_245_500, 120_181_500)),
    "east_station": ("杭州东站", "Hangzhou East Station", Place(30_291_500, 120_212_500)),
    "civic_center": ("市民中心", "Civic Center", Place(30_246_500, 120_209_500)),
    "gongchen_bridge": ("拱宸桥", "Gongchen Bridge", Place(30_320_000, 120_139_000)),
}


@dataclass(frozen=True)
class Street:
    """A street as a line. `kind`: major or minor."""

    kind: str
    line: tuple[Place, ...]


class City:
    """The streets, and the ways along them."""

    def __init__(self) -> None:
        self.nodes = {(row, column): _bend(row, column) for row in range(ROWS) for column in range(COLUMNS)}
        self.links = _keep_connected(self._join())

    def covers(self, place: Place) -> bool:
        """Whether a place lies in the drawn part."""
        return SOUTH <= place.latitude <= NORTH and WEST <= place.longitude <= EAST

    def find_way(self, start: Place, end: Place) -> tuple[Place, ...]:
        """The quickest way along the streets; from the beginning and to the end one walks straight to the street."""
        if start == end:
            return (start,)
        (out, first), (back, last) = self._reach(start), self._reach(end)
        if first == last:
            return _join([start, out, back, end])
        nodes = self._walk(self._nearest(first, start), self._nearest(last, end))
        if first >= set(nodes[:2]):  # on the first street one need not go back to its corner
            nodes = nodes[1:]
        if last >= set(nodes[-2:]):
            nodes = nodes[:-1]
        return _join([start, out, *(self.nodes[node] for node in nodes), back, end])

    def list_streets(self) -> Iterator[Street]:
        """Every street as long as it runs on."""
        for is_row, lines, length in ((True, ROWS, COLUMNS), (False, COLUMNS, ROWS)):
            for number in range(lines):
                run: list[Place] = []
                for at in range(length):
                    node, after = ((number, at), (number, at + 1)) if is_row else ((at, number), (at + 1, number))
                    if after in self.links.get(node, ()):
                        run = [*run, self.nodes[after]] if run else [self.nodes[node], self.nodes[after]]
                    elif run:
                        yield Street(_kind(number), tuple(run))
                        run = []

    def _join(self) -> dict[Node, dict[Node, float]]:
        links: dict[Node, dict[Node, float]] = {}
        for row, column in self.nodes:
            for after, number in (((row, column + 1), row), ((row + 1, column), column)):
                if after in self.nodes and self._is_built((row, column), after, number):
                    cost = _span(self.nodes[row, column], self.nodes[after])
                    cost *= 1 if _kind(number) == MAJOR else MINOR_COST
                    links.setdefault((row, column), {})[after] = cost
                    links.setdefault(after, {})[row, column] = cost
        return links

    def _is_built(self, one: Node, other: Node, number: int) -> bool:
        a, b = self.nodes[one], self.nodes[other]
        points = [(a.latitude + (b.latitude - a.latitude) * t, a.longitude + (b.longitude - a.longitude) * t)
                  for t in (0.0, 0.25, 0.5, 0.75, 1.0)]  # fmt: skip
        if any(_is_inside(LAKE, *point) for point in points):
            return False
        if any(_is_inside(RIVER, *point) for point in points):
            return number % BRIDGE_EVERY == 0 and one[1] == other[1]
        is_major = _kind(number) == MAJOR
        if any(_is_inside(park, *point) for park in (PARKS[:2] if is_major else PARKS) for point in points):
            return False
        return is_major or (one[0] * 7919 ^ one[1] * 104_729 ^ other[0] * 31) % GAP_EVERY != 0

    def _nearest(self, nodes: Iterable[Node], place: Place) -> Node:
        return min(nodes, key=lambda node: _span(self.nodes[node], place))

    def _reach(self, place: Place) -> tuple[Place, frozenset[Node]]:
        """Where one comes to the nearest street, and the two corners it lies between."""
        near = self._nearest(self.links, place)
        around = {near, *self.links[near]}
        streets = {frozenset({node, after}) for node in around for after in self.links[node]}
        feet = [(_foot(place, *(self.nodes[node] for node in sorted(one))), one) for one in streets]
        return min(feet, key=lambda found: (_span(found[0], place), sorted(found[1])))

    def _walk(self, first: Node, last: Node) -> list[Node]:
        ends = self.nodes[last]
        waiting: list[tuple[float, float, Node, Node | None]] = [(0.0, 0.0, first, None)]
        before: dict[Node, Node | None] = {}
        while waiting:
            _, gone, node, came = heappop(waiting)
            if node in before:
                continue
            before[node] = came
            if node == last:
                break
            for after, cost in self.links[node].items():
                if after not in before:
                    heappush(waiting, (gone + cost + _span(self.nodes[after], ends), gone + cost, after, node))
        path, at = [last], before[last]
        while at is not None:
            path.append(at)
            at = before[at]
        return path[::-1]


def smooth(ring: Ring, rounds: int = 3) -> Ring:
    """A ring without its corners (Chaikin)."""
    for _ in range(rounds):
        parts = [
            ((a + 3 * c) / 4, (b + 3 * d) / 4) if is_far else ((3 * a + c) / 4, (3 * b + d) / 4)
            for (a, b), (c, d) in pairwise((*ring, ring[0]))
            for is_far in (False, True)
        ]
        ring = tuple((round(lat, 6), round(lng, 6)) for lat, lng in parts)
    return ring


@cache
def the_city() -> City:
    """The one there is."""
    return City()


def _kind(number: int) -> str:
    return MAJOR if number % MAJOR_EVERY == 0 else MINOR


def _bend(row: int, column: int) -> Place:
    """Where two streets cross: on a grid that is bent a little, so that it looks grown."""
    up, right = row / (ROWS - 1), column / (COLUMNS - 1)
    lat = SOUTH + (NORTH - SOUTH) * (up + 0.008 * sin(2 * pi * (1.3 * right + 0.4 * up)))
    lng = WEST + (EAST - WEST) * (right + 0.010 * sin(2 * pi * (1.1 * up - 0.5 * right)) + 0.006 * sin(9 * up))
    return Place.of_degrees(lat, lng)


def _span(one: Place, other: Place) -> float:
    """The distance in metres, flat: exact enough inside one city."""
    wide = (one.lng - other.lng) * cos(radians(SOUTH))
    return hypot(wide, one.lat - other.lat) * METRES_PER_DEGREE / MICRO


def _is_inside(ring: Ring, lat: float, lng: float) -> bool:
    inside = False
    for (south, west), (north, east) in pairwise((*ring, ring[0])):
        if (south > lat) != (north > lat) and lng < west + (lat - south) * (east - west) / (north - south):
            inside = not inside
    return inside


def _keep_connected(links: dict[Node, dict[Node, float]]) -> dict[Node, dict[Node, float]]:
    """The largest part of the streets in which every corner can be reached."""
    left, largest = set(links), set[Node]()
    while left:
        found, waiting = set[Node](), [left.pop()]
        while waiting:
            node = waiting.pop()
            found.add(node)
            waiting += [after for after in links[node] if after not in found]
        left -= found
        largest = max(largest, found, key=len)
    return {node: links[node] for node in links if node in largest}


def _foot(place: Place, one: Place, other: Place) -> Place:
    """The point of a straight street that is nearest to a place."""
    wide = cos(radians(SOUTH))
    east, north = (other.lng - one.lng) * wide, other.lat - one.lat
    along = ((place.lng - one.lng) * wide * east + (place.lat - one.lat) * north) / (east**2 + north**2)
    along = min(1.0, max(0.0, along))
    return Place(one.lat + round(along * (other.lat - one.lat)), one.lng + round(along * (other.lng - one.lng)))


def _join(line: list[Place]) -> tuple[Place, ...]:
    """A line without points that only repeat the one before."""
    return (line[0], *(other for one, other in pairwise(line) if one != other))
