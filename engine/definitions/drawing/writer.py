"""Drawings as BPMN diagram interchange."""

from collections.abc import Collection, Mapping, Sequence

from lxml import etree

from engine.definitions.drawing.document import BPMNDI, DC, DI, SUB_PROCESSES, id_of
from engine.definitions.drawing.elements import Drawing, View
from engine.definitions.drawing.geometry import Rect

INDENT = "  "


def remove_diagrams(root: etree._Element) -> None:
    for diagram in root.findall(f"{{{BPMNDI}}}BPMNDiagram"):
        root.remove(diagram)


def write_diagrams(root: etree._Element, views: Sequence[View], drawings: Sequence[Drawing]) -> None:
    """Append one diagram per view; ids never clash with those of the document."""
    writer = _Writer(_list_ids(root))
    if len(root):
        root[-1].tail = "\n" + INDENT
    else:
        root.text = "\n" + INDENT
    namespaces = {p: uri for p, uri in (("bpmndi", BPMNDI), ("dc", DC), ("di", DI)) if uri not in root.nsmap.values()}
    for view, drawing in zip(views, drawings, strict=True):
        diagram = etree.SubElement(root, f"{{{BPMNDI}}}BPMNDiagram", nsmap=namespaces)
        writer.write(diagram, view, drawing)
        etree.indent(diagram, INDENT, level=1)
        diagram.tail = "\n" + INDENT
    root[-1].tail = "\n"


def add_to_plane(root: etree._Element, plane: etree._Element, drawing: Drawing, collapsed: Collection[str]) -> None:
    """Append shapes and edges to a plane that is there; sub-processes among them are collapsed."""
    flags = {key: {"isExpanded": "false"} for key in collapsed}
    _Writer(_list_ids(root)).fill(plane, drawing, flags)
    etree.indent(plane, INDENT, level=2)


def _list_ids(root: etree._Element) -> set[str]:
    return {id_of(element) for element in root.iter() if isinstance(element.tag, str)}


class _Writer:
    def __init__(self, taken: set[str]) -> None:
        self.taken = taken

    def write(self, diagram: etree._Element, view: View, drawing: Drawing) -> None:
        diagram.set("id", self._new_id(f"diagram_{view.plane}"))
        plane = etree.SubElement(diagram, f"{{{BPMNDI}}}BPMNPlane")
        plane.set("id", self._new_id(f"plane_{view.plane}"))
        plane.set("bpmnElement", view.plane)
        self.fill(plane, drawing, _flags(view))

    def fill(self, plane: etree._Element, drawing: Drawing, flags: Mapping[str, Mapping[str, str]]) -> None:
        """Append shapes and edges."""
        for key, rect in drawing.shapes.items():
            shape = self._element(plane, "BPMNShape", key)
            for name, value in flags.get(key, {}).items():
                shape.set(name, value)
            _add_bounds(shape, rect)
            _add_label(shape, drawing.labels.get(key))
        for key, points in drawing.edges.items():
            edge = self._element(plane, "BPMNEdge", key)
            for x, y in points:
                etree.SubElement(edge, f"{{{DI}}}waypoint", x=f"{x:g}", y=f"{y:g}")
            _add_label(edge, drawing.labels.get(key))

    def _element(self, plane: etree._Element, tag: str, key: str) -> etree._Element:
        return etree.SubElement(plane, f"{{{BPMNDI}}}{tag}", id=self._new_id(f"{key}_di"), bpmnElement=key)

    def _new_id(self, wanted: str) -> str:
        while wanted in self.taken:
            wanted += "_"
        self.taken.add(wanted)
        return wanted


def _flags(view: View) -> dict[str, dict[str, str]]:
    """Attributes of shapes by element id."""
    horizontal = [pool.id for pool in view.visible_pools]
    horizontal += [lane.id for scope in view.scopes for lane in scope.lanes]
    flags = {key: {"isHorizontal": "true"} for key in horizontal}
    for node in view.nodes.values():
        if node.kind in SUB_PROCESSES:
            flags[node.id] = {"isExpanded": "true" if node.body else "false"}
        elif node.kind == "exclusiveGateway":
            flags[node.id] = {"isMarkerVisible": "true"}
    return flags


def _add_bounds(parent: etree._Element, rect: Rect) -> None:
    x, y, width, height = (f"{value:g}" for value in rect)
    etree.SubElement(parent, f"{{{DC}}}Bounds", x=x, y=y, width=width, height=height)


def _add_label(parent: etree._Element, rect: Rect | None) -> None:
    if rect:
        _add_bounds(etree.SubElement(parent, f"{{{BPMNDI}}}BPMNLabel"), rect)
