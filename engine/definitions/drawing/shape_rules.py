"""Rules about shapes: nothing overlaps, everything stands inside of what contains it."""

from collections.abc import Iterator
from itertools import combinations

from engine.definitions.drawing.finding import DrawingFinding, error, warning
from engine.definitions.drawing.geometry import distance_to_edge, grow, is_inside, overlap
from engine.definitions.drawing.plane import FRAMES, Plane

LEAST_OVERLAP = 4  # square pixels
LEAST_GAP = 18
OFF_EDGE = 6
SLACK, BOUNDARY_SLACK = 1, 19


def check_shapes(plane: Plane) -> Iterator[DrawingFinding]:
    yield from _overlapping_nodes(plane)
    yield from _overlapping_frames(plane)
    yield from _outside_container(plane)
    yield from _boundary_off_edge(plane)
    yield from _artifacts_on_shapes(plane)


def _overlapping_nodes(plane: Plane) -> Iterator[DrawingFinding]:
    for a, b in combinations(plane.nodes, 2):
        if a in plane.ancestors(b) or b in plane.ancestors(a) or plane.host(a) == b or plane.host(b) == a:
            continue
        if overlap(plane.nodes[a], plane.nodes[b]) > LEAST_OVERLAP:
            yield error("overlapping_shapes", a, f"Expected {a} and {b} to stand apart, but their shapes overlap.")
        elif _are_neighbours(plane, a, b) and overlap(*(grow(plane.nodes[node], LEAST_GAP / 2) for node in (a, b))):
            yield warning(
                "tight_gaps", a, f"Expected at least {LEAST_GAP} px between {a} and {b}, but they are closer."
            )


def _are_neighbours(plane: Plane, a: str, b: str) -> bool:
    return plane.parent(a) == plane.parent(b) and not plane.host(a) and not plane.host(b)


def _overlapping_frames(plane: Plane) -> Iterator[DrawingFinding]:
    """Lanes on lanes of the same set, pools on pools."""
    for kind in FRAMES:
        frames = {key: rect for key, rect in plane.shapes.items() if plane.kind(key) == kind}
        for a, b in combinations(frames, 2):
            is_same_level = plane.elements[a].getparent() is plane.elements[b].getparent()
            if is_same_level and overlap(frames[a], frames[b]) > LEAST_OVERLAP:
                yield error("overlapping_shapes", a, f"Expected {a} and {b} to stand apart, but their shapes overlap.")


def _outside_container(plane: Plane) -> Iterator[DrawingFinding]:
    for node, rect in plane.nodes.items():
        slack = BOUNDARY_SLACK if plane.host(node) else SLACK
        for container in plane.containers(node):
            if not is_inside(rect, grow(plane.shapes[container], slack)):
                yield error("outside_container", node, f"Expected {node} inside of {container}, but it sticks out.")


def _boundary_off_edge(plane: Plane) -> Iterator[DrawingFinding]:
    for node, (x, y, width, height) in plane.nodes.items():
        host = plane.host(node)
        if host in plane.nodes and host:
            distance = distance_to_edge((x + width / 2, y + height / 2), plane.nodes[host])
            if distance > OFF_EDGE:
                text = f"Expected {node} on the edge of {host}, but it is {distance:g} px away."
                yield error("boundary_off_edge", node, text)


def _artifacts_on_shapes(plane: Plane) -> Iterator[DrawingFinding]:
    for artifact, rect in plane.artifacts.items():
        for other, shape in plane.solid.items():
            if artifact != other and overlap(rect, shape) > LEAST_OVERLAP:
                yield error("artifacts_on_shapes", artifact, f"Expected {artifact} beside {other}, but it lies on it.")
