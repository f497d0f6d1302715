"""One drawn plane as the quality check sees it: shapes, edges and labels with what they stand for."""

from collections.abc import Iterator, Mapping
from functools import cached_property

from lxml import etree

from engine.definitions.drawing.document import (
    ARTIFACTS,
    BPMNDI,
    DC,
    DI,
    LINKS,
    SUB_PROCESSES,
    id_of,
    is_flow_node,
    kind_of,
    q,
)
from engine.definitions.drawing.geometry import Point, Rect
from engine.definitions.drawing.text import text_size

FLOWS = ("sequenceFlow", "messageFlow")
FRAMES = ("lane", "participant")
TEXT_MARGIN_X, TEXT_MARGIN_Y = 3, 2
LEAST_LABEL_WIDTH = 30
FARTHEST = 1e6  # from the origin; what is farther is no place on a page

Elements = Mapping[str, etree._Element]


class Document:
    """The BPMN elements of a document by id, and its planes."""

    def __init__(self, root: etree._Element) -> None:
        self.elements = {id_of(e): e for e in root.iter() if kind_of(e) and e.get("id")}
        self.lane_of = {
            (reference.text or "").strip(): id_of(lane)
            for lane in root.iter(q("lane"))
            if lane.find(q("childLaneSet")) is None
            for reference in lane.findall(q("flowNodeRef"))
        }
        self.pool_of = {e.get("processRef"): id_of(e) for e in root.iter(q("participant")) if e.get("processRef")}
        self.planes = [Plane(element, self) for element in root.iter(f"{{{BPMNDI}}}BPMNPlane")]


class Plane:
    """nodes, artifacts, edges and links hold only what the viewer shows on this plane."""

    def __init__(self, element: etree._Element, document: Document) -> None:
        self.id = element.get("bpmnElement") or ""
        self.document = document
        self.elements: Elements = document.elements
        shapes = element.findall(f"{{{BPMNDI}}}BPMNShape")
        edges = element.findall(f"{{{BPMNDI}}}BPMNEdge")
        self.shapes = {_target(s): bounds for s in shapes if _target(s) in self.elements and (bounds := _bounds(s))}
        self.drawn = self.shapes.keys() | {_target(e) for e in edges if len(_waypoints(e)) > 1} & self.elements.keys()
        self.collapsed = {
            _target(s) for s in shapes if s.get("isExpanded") != "true" and self.kind(_target(s)) in SUB_PROCESSES
        }
        lines = {_target(edge): _waypoints(edge) for edge in edges if self.is_visible(_target(edge))}
        self.edges = {key: points for key, points in lines.items() if self.kind(key) in FLOWS and len(points) > 1}
        self.links = {key: points for key, points in lines.items() if self.kind(key) in LINKS and len(points) > 1}
        self.nodes = {key: rect for key, rect in self.shapes.items() if self.is_visible(key) and self._is_node(key)}
        self.artifacts = {
            key: r for key, r in self.shapes.items() if self.is_visible(key) and self.kind(key) in ARTIFACTS
        }
        self.labels = dict(self._labels([*shapes, *edges]))

    def kind(self, key: str) -> str:
        return kind_of(self.elements[key]) if key in self.elements else ""

    def attribute(self, key: str, name: str) -> str:
        return self.elements[key].get(name, "")

    def ends(self, flow: str) -> tuple[str, str]:
        return self.attribute(flow, "sourceRef"), self.attribute(flow, "targetRef")

    def host(self, node: str) -> str | None:
        return self.elements[node].get("attachedToRef") if self.kind(node) == "boundaryEvent" else None

    def parent(self, key: str) -> str:
        element = self.elements[key].getparent()
        return id_of(element) if element is not None else ""

    def ancestors(self, key: str) -> set[str]:
        return {id_of(element) for element in self.elements[key].iterancestors()}

    def is_visible(self, key: str) -> bool:
        """Is it drawn here? The inside of a collapsed sub-process is not, whatever the file states."""
        return key in self.elements and not self.collapsed & self.ancestors(key)

    def containers(self, node: str) -> Iterator[str]:
        """Drawn shapes that have to enclose the node: lane, pool, sub-process."""
        parent = self.parent(node)
        for container in (self.document.lane_of.get(node), self.document.pool_of.get(parent), parent):
            if container and container in self.shapes:
                yield container

    @cached_property
    def expanded(self) -> set[str]:
        return {self.parent(node) for node in self.nodes} & self.nodes.keys()

    @cached_property
    def solid(self) -> dict[str, Rect]:
        """Nodes and artifacts that nothing may be drawn upon."""
        return {key: rect for key, rect in self.nodes.items() if key not in self.expanded} | self.artifacts

    @cached_property
    def sequence_flows(self) -> dict[str, list[Point]]:
        return {key: points for key, points in self.edges.items() if self.kind(key) == "sequenceFlow"}

    def _is_node(self, key: str) -> bool:
        return is_flow_node(self.elements[key])

    def _labels(self, parts: list[etree._Element]) -> Iterator[tuple[str, Rect]]:
        """Rectangles of the texts themselves: labels are drawn centred in the width the file states."""
        for part in parts:
            key, label = _target(part), part.find(f"{{{BPMNDI}}}BPMNLabel")
            name = self.attribute(key, "name") if self.is_visible(key) else ""
            if label is None or not name or not self.kind(key).endswith(("Event", "Gateway", "Flow")):
                continue
            bounds = _bounds(label)
            if bounds:
                x, y, width, _ = bounds
                w, h = text_size(name, max(width, LEAST_LABEL_WIDTH))
                left = x + (width - w) / 2 + TEXT_MARGIN_X
                yield key, (left, y + TEXT_MARGIN_Y, w - 2 * TEXT_MARGIN_X, h - 2 * TEXT_MARGIN_Y)


def _target(part: etree._Element) -> str:
    return part.get("bpmnElement") or ""


def _bounds(part: etree._Element) -> Rect | None:
    """None where there are none, or no numbers a page could have."""
    bounds = part.find(f"{{{DC}}}Bounds")
    if bounds is None:
        return None
    found = [_coordinate(bounds.get(name, "0")) for name in ("x", "y", "width", "height")]
    x, y, width, height = (0.0 if one is None else one for one in found)
    return None if None in found else (x, y, width, height)


def _waypoints(edge: etree._Element) -> list[Point]:
    """Those that are points of a page."""
    pairs = [(_coordinate(p.get("x", "0")), _coordinate(p.get("y", "0"))) for p in edge.findall(f"{{{DI}}}waypoint")]
    return [(x, y) for x, y in pairs if x is not None and y is not None]


def _coordinate(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) <= FARTHEST else None  # false of NaN as well
