"""Plane geometry in pixels: points, rectangles (x, y, width, height) and polylines, y grows downwards."""

import itertools
from collections.abc import Iterator, Sequence

Point = tuple[float, float]
Rect = tuple[float, float, float, float]
Segment = tuple[Point, Point]


def overlap(a: Rect, b: Rect) -> float:
    """Common area of two rectangles."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0


def grow(rect: Rect, distance: float) -> Rect:
    x, y, width, height = rect
    return x - distance, y - distance, width + 2 * distance, height + 2 * distance


def is_inside(inner: Rect, outer: Rect) -> bool:
    return (
        inner[0] >= outer[0]
        and inner[1] >= outer[1]
        and inner[0] + inner[2] <= outer[0] + outer[2]
        and inner[1] + inner[3] <= outer[1] + outer[3]
    )


def outline(rect: Rect) -> list[Point]:
    """The closed border of a rectangle as a polyline."""
    x, y, width, height = rect
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]


def segments(points: Sequence[Point]) -> list[Segment]:
    return [(a, b) for a, b in itertools.pairwise(points) if a != b]


def segment_rects(points: Sequence[Point], pad: float = 1) -> Iterator[Rect]:
    """A thin rectangle around every segment of a polyline."""
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        yield (
            min(x0, x1) - pad,
            min(y0, y1) - pad,
            abs(x1 - x0) + 2 * pad,
            abs(y1 - y0) + 2 * pad,
        )


def simplify(points: Sequence[Point]) -> list[Point]:
    """Drop the points of an orthogonal polyline that are not corners."""
    corners = [points[0]]
    for point, after in itertools.pairwise(points):
        before = corners[-1]
        if not (before[0] == point[0] == after[0] or before[1] == point[1] == after[1]):
            corners.append(point)
    return [*corners, points[-1]]


def is_cutting(segment: Segment, rect: Rect) -> bool:
    """Does the segment pass through the inside of the rectangle? (Liang and Barsky 1984)"""
    (x0, y0), (x1, y1) = segment
    x, y, width, height = rect
    start, end = 0.0, 1.0
    for run, room in (
        (x0 - x1, x0 - x),
        (x1 - x0, x + width - x0),
        (y0 - y1, y0 - y),
        (y1 - y0, y + height - y0),
    ):
        if run == 0 and room <= 0:
            return False
        if run < 0:
            start = max(start, room / run)
        elif run > 0:
            end = min(end, room / run)
    return end - start > 1e-6


def is_crossing(s: Segment, t: Segment) -> bool:
    """Do the segments cross in a point that is inside of both?"""

    def turn(a: Point, b: Point, c: Point) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    return turn(*s, t[0]) * turn(*s, t[1]) < 0 and turn(*t, s[0]) * turn(*t, s[1]) < 0


def shared_length(s: Segment, t: Segment) -> float:
    """Length that two parallel axis-aligned segments run on top of each other."""
    for axis, other in ((0, 1), (1, 0)):
        if all(abs(point[axis] - s[0][axis]) < 3 for point in (*s, *t)):
            end = min(max(s[0][other], s[1][other]), max(t[0][other], t[1][other]))
            return max(
                0.0,
                end - max(min(s[0][other], s[1][other]), min(t[0][other], t[1][other])),
            )
    return 0.0


def distance_to_edge(point: Point, rect: Rect) -> float:
    """How far a point is from the border of a rectangle, inside or outside of it."""
    x, y = point
    left, top, right, bottom = rect[0], rect[1], rect[0] + rect[2], rect[1] + rect[3]
    dx, dy = max(left - x, 0, x - right), max(top - y, 0, y - bottom)
    return max(dx, dy) if dx or dy else min(x - left, right - x, y - top, bottom - y)
