"""Rules about labels: a text lies on nothing else."""

from collections.abc import Iterator
from itertools import combinations

from engine.definitions.drawing.finding import DrawingFinding, error, warning
from engine.definitions.drawing.geometry import Rect, grow, is_cutting, outline, overlap, segments
from engine.definitions.drawing.plane import FRAMES, Plane

LEAST_OVERLAP = 6  # square pixels
TITLE_WIDTH, TITLE_HEIGHT = 100, 22  # of expanded sub-processes


def check_labels(plane: Plane) -> Iterator[DrawingFinding]:
    for label, text in plane.labels.items():
        yield from _on_others(plane, label, text)
    for a, b in combinations(plane.labels, 2):
        if overlap(plane.labels[a], plane.labels[b]) > LEAST_OVERLAP:
            yield error("labels_on_labels", a, f"Expected the labels of {a} and {b} apart, but they overlap.")


def _on_others(plane: Plane, label: str, text: Rect) -> Iterator[DrawingFinding]:
    expected = f"Expected the label of {label} beside"
    for node in plane.nodes:
        if overlap(text, grow(_covered(plane, node), -2)) > LEAST_OVERLAP:
            yield error("labels_on_shapes", label, f"{expected} {node}, but it lies on it.")
    for frame, rect in plane.shapes.items():
        if plane.kind(frame) in FRAMES and any(is_cutting(part, text) for part in segments(outline(rect))):
            yield warning("labels_on_borders", label, f"{expected} the border of {frame}, but it lies on it.")
    for flow, points in plane.edges.items():
        if any(is_cutting(part, text) for part in segments(points)):
            yield warning("labels_on_flows", label, f"{expected} {flow}, but the line runs through it.")


def _covered(plane: Plane, node: str) -> Rect:
    """The part of a node that no label may lie on: of an expanded sub-process only its title."""
    x, y, width, _ = rect = plane.nodes[node]
    return (x + width / 2 - TITLE_WIDTH / 2, y, TITLE_WIDTH, TITLE_HEIGHT) if node in plane.expanded else rect
