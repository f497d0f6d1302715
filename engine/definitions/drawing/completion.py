"""What a drawing lacks: everything if nothing is drawn, else only the missing parts, beside what a person arranged."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from lxml import etree

from engine.definitions.drawing.artifacts import connect
from engine.definitions.drawing.check import list_missing
from engine.definitions.drawing.document import (
    ARTIFACTS,
    BPMNDI,
    LINKS,
    SUB_PROCESSES,
    id_of,
    is_flow_node,
    kind_of,
    parse_document,
    q,
    serialize_document,
    text_of,
)
from engine.definitions.drawing.elements import BLACK_BOX_HEIGHT, Drawing, size_of
from engine.definitions.drawing.geometry import Point, Rect, simplify
from engine.definitions.drawing.layout import draw_any, lay_out
from engine.definitions.drawing.plane import FLOWS, Document, Plane
from engine.definitions.drawing.reader import read_views
from engine.definitions.drawing.text import NOTE_WIDTH, text_size
from engine.definitions.drawing.writer import add_to_plane, write_diagrams

GAP, PER_ROW = 60, 12
POOL_WIDTH, POOL_PAD = 600, 40
GUEST, GUEST_PITCH = 36, 50
PARTS = (f"{{{BPMNDI}}}BPMNShape", f"{{{BPMNDI}}}BPMNEdge")


def complete_drawing(xml: bytes) -> bytes:
    """The document with everything drawn but lanes, for which only a new layout has room.

    A document without any shape of a flow node is laid out; a complete one is given back as it is. In others nothing
    that is drawn is moved: what is missing is put below, the inside of a collapsed sub-process on a plane of its own.
    Raises NotDrawable.
    """
    root = parse_document(xml)
    document = Document(root)
    missing = set(list_missing(document, (*FLOWS, "participant", *ARTIFACTS, *LINKS)))
    drawn = {key for plane in document.planes for key in plane.drawn}
    has_broken = _remove_broken(root, document.elements.keys() - drawn)
    if not missing and not has_broken:
        return xml
    nodes = {key for key, element in document.elements.items() if is_flow_node(element)}
    if not any(nodes & plane.shapes.keys() for plane in document.planes):
        return lay_out(xml)
    missing |= {key for key, element in document.elements.items() if kind_of(element) == "messageFlow"} - drawn
    _draw_insides(root, document, missing)
    for element, plane in zip(root.iter(f"{{{BPMNDI}}}BPMNPlane"), document.planes, strict=False):
        _Completion(document, plane, missing).write(root, element)
    return serialize_document(root)


def _remove_broken(root: etree._Element, undrawn: AbstractSet[str]) -> bool:
    """Shapes without a place and edges without a line; whether there were any."""
    broken = [part for part in root.iter(*PARTS) if part.get("bpmnElement") in undrawn]
    for part in broken:
        holder = part.getparent()
        if holder is not None:
            holder.remove(part)
    return bool(broken)


def _draw_insides(root: etree._Element, document: Document, missing: set[str]) -> None:
    """Planes for the sub-processes of whose inside nothing is drawn, unless they are drawn expanded."""
    expanded = {key for plane in document.planes for key in plane.shapes if key not in plane.collapsed}
    closed = {id_of(element) for element in root.iter(*map(q, SUB_PROCESSES))} - expanded
    views = [
        view
        for view in read_views(root, sorted(closed))
        if view.plane in closed and view.nodes and view.nodes.keys() <= missing
    ]
    drawings = [draw_any(view) for view in views]
    write_diagrams(root, views, drawings)
    for drawing in drawings:
        missing -= drawing.shapes.keys() | drawing.edges.keys()


class _Completion:
    """The missing parts that belong on one plane, in rows below what is there."""

    def __init__(self, document: Document, plane: Plane, missing: set[str]) -> None:
        self.document, self.plane = document, plane
        self.missing = [key for key in document.elements if key in missing and self._belongs_here(key)]
        self.shapes: dict[str, Rect] = dict(plane.shapes)
        self.left = min((rect[0] for rect in self.shapes.values()), default=0)
        self.bottom = max((rect[1] + rect[3] for rect in self.shapes.values()), default=0) + GAP

    def _belongs_here(self, key: str) -> bool:
        """On the plane of the innermost sub-process that has one, else on the first."""
        element = self.document.elements[key]
        planes = {plane.id: plane for plane in reversed(self.document.planes)}
        home = next((planes[name] for e in element.iterancestors() if (name := id_of(e)) in planes), None)
        return (home or self.document.planes[0]) is self.plane

    def write(self, root: etree._Element, element: etree._Element) -> None:
        """Add them to the plane."""
        if not self.missing:
            return
        self._place_rows([key for key in self.missing if self._is_free(key)])
        self._place_guests()
        self._place_pools()
        edges = dict(self._connect())
        shapes = {key: rect for key, rect in self.shapes.items() if key in self.missing}
        collapsed = [key for key in shapes if self.plane.kind(key) in SUB_PROCESSES]
        add_to_plane(root, element, Drawing(shapes, edges, {}), collapsed)

    def _is_free(self, key: str) -> bool:
        element = self.document.elements[key]
        is_node = is_flow_node(element) or kind_of(element) in ARTIFACTS
        return is_node and not element.get("attachedToRef")

    def _place_rows(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), PER_ROW):
            x, height = self.left, 0
            for key in keys[start : start + PER_ROW]:
                width, tall = self._size(key)
                self.shapes[key] = x, self.bottom, width, tall
                x, height = x + width + GAP, max(height, tall)
            self.bottom += height + GAP

    def _size(self, key: str) -> tuple[int, int]:
        if self.plane.kind(key) != "textAnnotation":
            return size_of(self.plane.kind(key))
        width, height = text_size(text_of(self.document.elements[key], "text"), NOTE_WIDTH)
        return width + 20, max(30, height + 12)

    def _place_guests(self) -> None:
        """Missing boundary events, from the right corner of their activity to the left."""
        counts: dict[str, int] = {}
        for key in self.missing:
            host = self.document.elements[key].get("attachedToRef") or ""
            if host in self.shapes:
                x, y, width, height = self.shapes[host]
                counts[host] = counts.get(host, 0) + 1
                left = x + width - counts[host] * GUEST_PITCH
                self.shapes[key] = max(left, x - GUEST / 2), y + height - GUEST / 2, GUEST, GUEST

    def _place_pools(self) -> None:
        for key in (key for key in self.missing if self.plane.kind(key) == "participant"):
            process = self.plane.attribute(key, "processRef")
            inside = [rect for node, rect in self.shapes.items() if process and self.plane.parent(node) == process]
            if inside:
                x0, y0 = min(r[0] for r in inside) - 2 * POOL_PAD, min(r[1] for r in inside) - POOL_PAD
                x1, y1 = max(r[0] + r[2] for r in inside) + POOL_PAD, max(r[1] + r[3] for r in inside) + POOL_PAD
                self.shapes[key] = x0, y0, x1 - x0, y1 - y0
            else:
                self.shapes[key] = self.left, self.bottom, POOL_WIDTH, BLACK_BOX_HEIGHT
                self.bottom += BLACK_BOX_HEIGHT + GAP

    def _connect(self) -> Iterator[tuple[str, list[Point]]]:
        """Lines for the missing flows and links both of whose ends are shown here."""
        for key in self.missing:
            kind = self.plane.kind(key)
            if kind not in (*FLOWS, *LINKS):
                continue
            source, target = (self.shapes.get(end) for end in self._ends(key))
            if source is None or target is None:
                continue
            is_straight = kind in LINKS or kind == "messageFlow"
            yield key, connect(source, target) if is_straight else _bend(source, target)

    def _ends(self, key: str) -> tuple[str, str]:
        element = self.document.elements[key]
        source, target = (text_of(element, tag) or element.get(tag, "") for tag in ("sourceRef", "targetRef"))
        if kind_of(element) == "dataInputAssociation":
            return source, self.plane.parent(key)
        return (self.plane.parent(key), target) if kind_of(element) == "dataOutputAssociation" else (source, target)


def _bend(source: Rect, target: Rect) -> list[Point]:
    """From the right side of one shape to the left side of another, at right angles."""
    begin = source[0] + source[2], source[1] + source[3] / 2
    end = target[0], target[1] + target[3] / 2
    middle = begin[0] + GAP / 3
    if end[0] >= begin[0] + GAP / 2:
        return simplify([begin, (middle, begin[1]), (middle, end[1]), end])
    between = max(source[1] + source[3], target[1] + target[3]) + GAP / 3
    left = end[0] - GAP / 3
    return simplify([begin, (middle, begin[1]), (middle, between), (left, between), (left, end[1]), end])
