"""Measures of a whole plane, each with a bound; the bounds are the range of the BPMN MIWG reference diagrams."""

from collections.abc import Iterator
from itertools import combinations

from engine.definitions.drawing.finding import DrawingFinding, warning
from engine.definitions.drawing.flow_rules import are_related
from engine.definitions.drawing.geometry import Point, is_crossing, segments
from engine.definitions.drawing.plane import Plane
from engine.definitions.drawing.reader import NODES_PER_PLANE

UPPER_BOUNDS = {
    "crossings_per_flow": 0.1,
    "message_crossings_per_flow": 0.5,
    "bends_per_flow": 1.0,
    "max_bends": 4,
    "happy_path_bends": 4,
    "backward_share": 0.4,
    "aspect_ratio": 4.3,
    "nodes_per_plane": NODES_PER_PLANE,
}
LEAST_DENSITY = 0.04
COLLINEAR = 20


def check_measures(plane: Plane) -> Iterator[DrawingFinding]:
    measures = measure_plane(plane)
    for rule, bound in UPPER_BOUNDS.items():
        if measures[rule] > bound:
            text = f"Expected {rule.replace('_', ' ')} of at most {bound:g}, but found {measures[rule]:g}."
            yield warning(rule, plane.id, text)
    if measures["density"] < LEAST_DENSITY:
        text = f"Expected density of at least {LEAST_DENSITY:g}, but found {measures['density']:g}."
        yield warning("density", plane.id, text)


def measure_plane(plane: Plane) -> dict[str, float]:
    """Ratios are rounded to two digits; density is node area per page area."""
    bends = {flow: _count_bends(points) for flow, points in plane.sequence_flows.items()}
    crossings, message_crossings = _count_crossings(plane)
    messages = len(plane.edges) - len(bends)
    width, height = _page_size(plane)
    area = sum(w * h for node, (_, _, w, h) in plane.nodes.items() if node not in plane.expanded)
    return {
        "crossings_per_flow": round(crossings / max(len(bends), 1), 2),
        "message_crossings_per_flow": round(message_crossings / max(messages, 1), 2),
        "bends_per_flow": round(sum(bends.values()) / max(len(bends), 1), 2),
        "max_bends": max(bends.values(), default=0),
        "happy_path_bends": sum(bends[flow] for flow in _happy_path(plane)),
        "backward_share": round(_backward_share(plane), 2),
        "aspect_ratio": round(max(width / height, height / width), 2),
        "nodes_per_plane": sum(1 for node in plane.nodes if not plane.host(node)),
        "density": round(area / (width * height), 3),
    }


def _count_bends(points: list[Point]) -> int:
    corners = zip(points, points[1:], points[2:], strict=False)
    return sum(abs((b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])) > COLLINEAR for a, b, c in corners)


def _count_crossings(plane: Plane) -> tuple[int, int]:
    """(between sequence flows, with message flows)."""
    counts = [0, 0]
    for a, b in combinations(plane.edges, 2):
        if not are_related(plane, a, b):
            parts = ((s, t) for s in segments(plane.edges[a]) for t in segments(plane.edges[b]))
            has_message = not {a, b} <= plane.sequence_flows.keys()
            counts[has_message] += sum(is_crossing(s, t) for s, t in parts)
    return counts[0], counts[1]


def _backward_share(plane: Plane) -> float:
    """Share of the horizontal way of sequence flows that runs to the left."""
    steps = [b[0] - a[0] for points in plane.sequence_flows.values() for a, b in segments(points)]
    return -sum(step for step in steps if step < 0) / max(sum(map(abs, steps)), 1)


def _happy_path(plane: Plane) -> Iterator[str]:
    """The first outgoing flows from the first start event on."""
    first: dict[str, str] = {}
    for flow in plane.elements:
        if flow in plane.sequence_flows:
            first.setdefault(plane.attribute(flow, "sourceRef"), flow)
    starts = (n for n in plane.nodes if plane.kind(n) == "startEvent" and plane.parent(n) not in plane.nodes)
    node = next(starts, "")
    while node in first:
        flow = first.pop(node)
        yield flow
        node = plane.attribute(flow, "targetRef")


def _page_size(plane: Plane) -> tuple[float, float]:
    rects = list(plane.shapes.values())
    if not rects:
        return 1, 1
    width = max(r[0] + r[2] for r in rects) - min(r[0] for r in rects)
    height = max(r[1] + r[3] for r in rects) - min(r[1] for r in rects)
    return max(width, 1), max(height, 1)
