"""Rules about flows: they are docked, run straight or at right angles and never through shapes or on each other."""

from collections.abc import Iterator
from itertools import combinations

from engine.definitions.drawing.finding import DrawingFinding, error, warning
from engine.definitions.drawing.geometry import Point, distance_to_edge, grow, is_cutting, segments, shared_length
from engine.definitions.drawing.plane import Plane

DOCKING, GATEWAY_DOCKING, LINK_DOCKING = 8, 14, 3
SHARED = 12
SLANT = 2
INSIDE = -3  # a flow along the border of a shape does not run through it


def check_flows(plane: Plane) -> Iterator[DrawingFinding]:
    for flow, points in plane.edges.items():
        yield from _undocked_ends(plane, flow, points)
        yield from _flows_through_shapes(plane, flow, points)
        if any(min(abs(x1 - x0), abs(y1 - y0)) > SLANT for (x0, y0), (x1, y1) in segments(points)):
            text = f"Expected {flow} to run horizontally and vertically, but a part of it is slanted."
            yield error("diagonal_segments", flow, text)
    yield from _flows_on_flows(plane)
    yield from _links_through_shapes(plane)


def are_related(plane: Plane, a: str, b: str) -> bool:
    """Flows with the same source or target may share a line."""
    return any(end == other for end, other in zip(plane.ends(a), plane.ends(b), strict=True))


def _undocked_ends(plane: Plane, flow: str, points: list[Point]) -> Iterator[DrawingFinding]:
    for end, point in zip(plane.ends(flow), (points[0], points[-1]), strict=True):
        reach = GATEWAY_DOCKING if plane.kind(end).endswith("Gateway") else DOCKING
        if end in plane.shapes and distance_to_edge(point, plane.shapes[end]) > reach:
            yield error("undocked_ends", flow, f"Expected {flow} to end at the border of {end}, but it does not.")


def _flows_through_shapes(plane: Plane, flow: str, points: list[Point]) -> Iterator[DrawingFinding]:
    ends = set(plane.ends(flow)) & plane.elements.keys()
    own = ends.union(*map(plane.ancestors, ends))
    is_message = plane.kind(flow) == "messageFlow"
    for node, rect in plane.nodes.items():
        if node in own or (is_message and node in plane.expanded):
            continue
        if any(is_cutting(segment, grow(rect, INSIDE)) for segment in segments(points)):
            yield error("flows_through_shapes", flow, f"Expected {flow} to run around {node}, but it runs through it.")


def _flows_on_flows(plane: Plane) -> Iterator[DrawingFinding]:
    for a, b in combinations(plane.edges, 2):
        if are_related(plane, a, b):
            continue
        parts = ((s, t) for s in segments(plane.edges[a]) for t in segments(plane.edges[b]))
        if any(shared_length(s, t) > SHARED for s, t in parts):
            yield error("flows_on_flows", a, f"Expected {a} and {b} to run apart, but they share a line.")


def _links_through_shapes(plane: Plane) -> Iterator[DrawingFinding]:
    for link, points in plane.links.items():
        for shape, rect in plane.solid.items():
            is_end = any(distance_to_edge(point, rect) <= LINK_DOCKING for point in (points[0], points[-1]))
            if not is_end and any(is_cutting(segment, grow(rect, INSIDE)) for segment in segments(points)):
                text = f"Expected {link} to run around {shape}, but it runs through it."
                yield warning("links_through_shapes", link, text)
