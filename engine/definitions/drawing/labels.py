"""Collision-free places for the labels of events, gateways, artifacts and flows.

Every label has candidate places in order of preference; the cheapest by overlap with shapes, flows, borders and labels
placed before is taken, nodes first, then flows."""

from collections.abc import Iterable, Iterator, Sequence

from engine.definitions.drawing.elements import Artifact, Node, View
from engine.definitions.drawing.geometry import (
    Point,
    Rect,
    outline,
    overlap,
    segment_rects,
)
from engine.definitions.drawing.grid import Route
from engine.definitions.drawing.text import BOUNDARY_LABEL_WIDTH, text_size

TITLE_HEIGHT = 24  # of expanded sub-processes
ON_LABEL, ON_FLOW, ON_SHAPE, ON_LINK, ON_BORDER = 10, 8, 5, 4, 3
OVERLAP_PRICE = 100
NEAR = 60  # boundary events that close leave no room for a label between them
STEP = 15  # between candidate places along a flow


def place_labels(
    view: View,
    routes: Sequence[Route],
    frames: Sequence[Rect],
    links: Iterable[Sequence[Point]] = (),
) -> dict[str, Rect]:
    """Label rectangles by element id. frames: pools and lanes; links: lines of artifacts."""
    chooser = _Chooser(_obstacles(view, routes, frames, links))
    for node in view.nodes.values():
        if node.has_outer_label:
            chooser.choose(node.id, enumerate(node_candidates(node)))
    for artifact in view.artifacts:
        if artifact.name and artifact.kind != "textAnnotation":
            chooser.choose(artifact.id, enumerate(_artifact_candidates(artifact)))
    for route in routes:
        if route.name:
            chooser.choose(route.id, _flow_candidates(route))
    return chooser.labels


class _Chooser:
    def __init__(self, obstacles: list[tuple[Rect, int]]) -> None:
        self.obstacles = obstacles
        self.labels: dict[str, Rect] = {}

    def choose(self, key: str, candidates: Iterable[tuple[float, Rect]]) -> None:
        """Candidates come with a preference; one that is worse than the best found needs no measuring."""
        ordered = sorted(candidates, key=lambda candidate: candidate[0])
        best, chosen = float("inf"), ordered[0][1]
        for preference, rect in ordered:
            if preference >= best:
                break
            total = preference + OVERLAP_PRICE * self._overlaps(rect)
            if total < best:
                best, chosen = total, rect
        self.labels[key] = chosen
        self.obstacles.append((chosen, ON_LABEL))

    def _overlaps(self, rect: Rect) -> float:
        return sum(weight * (1 + area / 50) for other, weight in self.obstacles if (area := overlap(rect, other)))


def _obstacles(
    view: View,
    routes: Sequence[Route],
    frames: Sequence[Rect],
    links: Iterable[Sequence[Point]],
) -> list[tuple[Rect, int]]:
    bodies = [node for node in view.nodes.values() if node.body]
    shapes: list[Rect] = [node.rect for node in view.solid_nodes()]
    shapes += [artifact.rect for artifact in view.artifacts]
    shapes += [(node.x, node.y, node.w, TITLE_HEIGHT) for node in bodies]
    shapes += [_drill_down_button(node) for node in view.nodes.values() if node.is_collapsed]
    borders = [part for rect in [*frames, *(node.rect for node in bodies)] for part in segment_rects(outline(rect))]
    obstacles = [(rect, ON_SHAPE) for rect in shapes]
    obstacles += [(part, ON_FLOW) for route in routes for part in segment_rects(route.points)]
    obstacles += [(part, ON_LINK) for points in links for part in segment_rects(points) if min(part[2:]) < 4]
    return obstacles + [(part, ON_BORDER) for part in borders]


def _drill_down_button(node: Node) -> Rect:
    """bpmn-js puts it below the right corner of a collapsed sub-process."""
    return node.right - 16, node.bottom + 2, 26, 24


def node_candidates(node: Node) -> list[Rect]:
    """Places for the label of an event or gateway, the best first."""
    w, h = text_size(node.name, BOUNDARY_LABEL_WIDTH if node.host_id else 90)
    x, y, cx, bottom = node.x, node.y, node.x + node.w / 2, node.bottom
    below, above = (cx - w / 2, bottom + 4), (cx - w / 2, y - h - 4)
    right_low, left_low = (cx + 6, bottom + 2), (cx - w - 6, bottom + 2)
    right_high, left_high = (cx + 8, y - h - 2), (cx - w - 8, y - h - 2)
    if node.host_id:
        places = [right_high, left_high] if node.is_on_top else [right_low, left_low]
        places += [(node.right + 4, bottom - h), (x - w - 4, bottom - h)]
        away = -h if node.is_on_top else h
        places += [(left, top + away) for left, top in places[:2]]
        if _has_right_neighbour(node):
            places = [place for pair in zip(places[1::2], places[::2], strict=True) for place in pair]
    elif node.is_gateway:
        places = [
            above,
            below,
            left_high,
            right_high,
            left_low,
            right_low,
            (cx + 20, y - h + 8),
            (cx - w - 20, y - h + 8),
        ]
    else:
        places = [below, above, right_low, left_low, right_high, left_high]
    return [(left, top, w, h) for left, top in places]


def _has_right_neighbour(guest: Node) -> bool:
    others = (other for other in guest.scope.nodes.values() if other.host_id == guest.host_id)
    return any(other.is_on_top == guest.is_on_top and 0 < other.cx - guest.cx <= NEAR for other in others)


def _artifact_candidates(artifact: Artifact) -> list[Rect]:
    w, h = text_size(artifact.name)
    left, top = artifact.x + (artifact.w - w) / 2, artifact.y + (artifact.h - h) / 2
    corners = [
        (left, artifact.bottom + 2),
        (left, artifact.y - h - 2),
        (artifact.right + 2, top),
        (artifact.x - w - 2, top),
    ]
    return [(x, y, w, h) for x, y in corners]


def _flow_candidates(route: Route) -> Iterator[tuple[float, Rect]]:
    """Both sides of every segment, preferably near the source."""
    w, h = text_size(route.name)
    travelled = 0.0
    for (x0, y0), (x1, y1) in zip(route.own_points, route.own_points[1:], strict=False):
        length = abs(x1 - x0) + abs(y1 - y0)
        for t in range(4, max(5, int(length - (w if y0 == y1 else h))), STEP):
            if y0 == y1:
                left = x0 + t if x1 > x0 else x0 - t - w
                yield travelled + t, (left, y0 - h - 3, w, h)
                yield travelled + t + 6, (left, y0 + 3, w, h)
            else:
                top = y0 + t if y1 > y0 else y0 - t - h
                yield travelled + t, (x0 + 4, top, w, h)
                yield travelled + t + 3, (x0 - w - 4, top, w, h)
        travelled += length
