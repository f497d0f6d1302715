"""Data objects and text annotations: after the flows are routed, each takes the nearest free place next to its node.

Placement keeps room above the node. Links are straight dotted lines from the artifact to the edge of the node; a data
object between two nodes is put where both links stay short."""

from collections.abc import Sequence

from engine.definitions.drawing.elements import Artifact, Box, Node, View
from engine.definitions.drawing.geometry import (
    Point,
    Rect,
    grow,
    outline,
    overlap,
    segment_rects,
)
from engine.definitions.drawing.grid import Route
from engine.definitions.drawing.labels import TITLE_HEIGHT
from engine.definitions.drawing.place import artifact_size
from engine.definitions.drawing.text import text_size

STEP, REACH = 20, 240
ON_SHAPE, ON_FLOW, LINK_ON_SHAPE, LINK_ON_FLOW, OFF_PAGE, SLANTED = (
    2000,
    300,
    400,
    20,
    300,
    40,
)
CLEARANCE = 8

Shapes = dict[str, Rect]
Edges = dict[str, list[Point]]


def place_artifacts(view: View, routes: Sequence[Route], frames: Sequence[Rect]) -> tuple[Shapes, Edges]:
    """Shapes of the artifacts and lines of their associations, by element id."""
    shapes: Shapes = {}
    edges: Edges = {}
    if not view.artifacts:
        return shapes, edges
    solid, lines = _obstacles(view, routes, frames)
    pages = {pool.scope: pool.rect for pool in view.visible_pools} | {
        n.body: n.rect for n in view.nodes.values() if n.body
    }
    aside = min((rect[0] for rect in frames), default=0)
    for artifact in view.artifacts:
        artifact.w, artifact.h = artifact_size(artifact)
        if artifact.links:
            artifact.x, artifact.y = _Choice(artifact, solid, lines, pages.get(artifact.scope)).best_place()
        else:  # above the page, side by side
            artifact.x, artifact.y = int(aside), -artifact.h - 60
            aside += full_rect(artifact)[2] + 40
        shapes[artifact.id] = artifact.rect
        solid.append(full_rect(artifact))
        for link in artifact.links:
            points = connect(artifact.rect, link.end.rect)
            edges[link.id] = points[::-1] if link.is_incoming else points
    return shapes, edges


def _obstacles(view: View, routes: Sequence[Route], frames: Sequence[Rect]) -> tuple[list[Rect], list[Rect]]:
    solid: list[Rect] = [node.rect for node in view.solid_nodes()]
    solid += [(node.x, node.y, node.w, TITLE_HEIGHT) for node in view.nodes.values() if node.body]
    solid += [_label_space(node) for node in view.nodes.values() if node.has_outer_label]
    lines = [part for route in routes for part in segment_rects(route.points, 4)]
    return solid, lines + [part for rect in frames for part in segment_rects(outline(rect), 3)]


def _label_space(node: Node) -> Rect:
    w, h = text_size(node.name)
    return (
        node.x + node.w / 2 - w / 2,
        node.y - h - 4 if node.is_gateway else node.bottom + 4,
        w,
        h,
    )


class _Choice:
    """The cheapest place for one artifact."""

    def __init__(
        self,
        artifact: Artifact,
        solid: list[Rect],
        lines: list[Rect],
        page: Rect | None,
    ) -> None:
        self.artifact, self.page = artifact, page
        self.ends: list[Box] = [link.end for link in artifact.links]
        anchor = self.ends[0]
        self.home = anchor.cx - artifact.w // 2, anchor.y - artifact.h - 30
        area = grow((*self.home, artifact.w, artifact.h), 2 * REACH + 200)
        self.solid = [rect for rect in solid if overlap(rect, area)]
        self.lines = [rect for rect in lines if overlap(rect, area)]

    def best_place(self) -> tuple[int, int]:
        best, chosen = float("inf"), self.home
        places = [(self._length(x, y), x, y) for x, y in self._candidates()]
        for length, x, y in sorted(places):
            if length >= best:
                break
            total = length + self._price(x, y)
            if total < best:
                best, chosen = total, (x, y)
        return chosen

    def _candidates(self) -> list[tuple[int, int]]:
        across, down = range(-REACH, REACH + 1, STEP), range(-REACH, 2 * REACH, STEP)
        return [(self.home[0] + dx, self.home[1] + dy) for dy in down for dx in across]

    def _links(self, x: int, y: int) -> list[list[Point]]:
        rect = (x, y, self.artifact.w, self.artifact.h)
        return [connect(rect, end.rect) for end in self.ends]

    def _length(self, x: int, y: int) -> float:
        total = 0.0
        for (x0, y0), (x1, y1) in self._links(x, y):
            dx, dy = abs(x1 - x0), abs(y1 - y0)
            total += dx + dy + (SLANTED if min(dx, dy) > 2 else 0)
        return total

    def _price(self, x: int, y: int) -> float:
        body = full_rect(self.artifact, (x, y))
        around = grow(body, CLEARANCE)
        on_shapes = sum(ON_SHAPE for rect in self.solid if overlap(around, rect))
        if on_shapes:
            return on_shapes
        total = sum(ON_FLOW for rect in self.lines if overlap(body, rect))
        total += OFF_PAGE if self.page and overlap(body, self.page) < body[2] * body[3] else 0
        for (x0, y0), (x1, y1) in self._links(x, y):
            dots: list[Rect] = [(x0 + (x1 - x0) * i / 8 - 1, y0 + (y1 - y0) * i / 8 - 1, 2, 2) for i in range(1, 8)]
            total += LINK_ON_SHAPE * sum(any(overlap(dot, rect) for dot in dots) for rect in self.solid)
            total += LINK_ON_FLOW * sum(any(overlap(dot, rect) for dot in dots) for rect in self.lines)
        return total


def full_rect(artifact: Artifact, corner: tuple[int, int] | None = None) -> Rect:
    """The shape with the label below it, where it is or at another corner."""
    x, y = corner or (artifact.x, artifact.y)
    if artifact.kind == "textAnnotation" or not artifact.name:
        return x, y, artifact.w, artifact.h
    width, height = text_size(artifact.name)
    return (
        min(x, x + (artifact.w - width) / 2),
        y,
        max(artifact.w, width),
        artifact.h + height + 4,
    )


def connect(a: Rect, b: Rect) -> list[Point]:
    """Shortest line between the edges of two rectangles, straight where they overlap in one axis."""
    (ax, bx) = _nearest(a[0], a[0] + a[2], b[0], b[0] + b[2])
    (ay, by) = _nearest(a[1], a[1] + a[3], b[1], b[1] + b[3])
    return [(ax, ay), (bx, by)]


def _nearest(a0: float, a1: float, b0: float, b1: float) -> tuple[float, float]:
    if a1 < b0:
        return a1, b0
    if b1 < a0:
        return a0, b1
    middle = (max(a0, b0) + min(a1, b1)) / 2
    return middle, middle
