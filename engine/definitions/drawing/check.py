"""The quality check of drawings. Errors are faults that hide or falsify the model, warnings are matters of style."""

from collections.abc import Collection, Iterator

from lxml import etree

from engine.definitions.drawing.document import ARTIFACTS, is_flow_node, kind_of, parse_document
from engine.definitions.drawing.finding import DrawingFinding, error
from engine.definitions.drawing.flow_rules import check_flows
from engine.definitions.drawing.label_rules import check_labels
from engine.definitions.drawing.measures import check_measures
from engine.definitions.drawing.plane import FLOWS, FRAMES, Document
from engine.definitions.drawing.shape_rules import check_shapes

RULES = (check_shapes, check_flows, check_labels, check_measures)


def has_drawing(xml: bytes) -> bool:
    """Has every flow node, flow, pool and lane a shape or an edge? Raises NotDrawable."""
    return not any(list_missing(Document(parse_document(xml)), (*FLOWS, *FRAMES)))


def check_drawing(xml: bytes) -> list[DrawingFinding]:
    """All findings, plane by plane. Raises NotDrawable."""
    document = Document(parse_document(xml))
    findings = [
        error("missing_di", key, f"Expected {key} to be drawn, but no diagram shows it.")
        for key in list_missing(document, (*FLOWS, *FRAMES, *ARTIFACTS))
    ]
    return findings + [finding for plane in document.planes for rule in RULES for finding in rule(plane)]


def list_missing(document: Document, kinds: Collection[str]) -> Iterator[str]:
    """Ids of flow nodes and elements of these kinds without a shape or edge."""
    drawn = {key for plane in document.planes for key in plane.drawn}
    for key, element in document.elements.items():
        if (
            key not in drawn
            and (is_flow_node(element) or kind_of(element) in kinds)
            and not _is_hidden(document, element)
        ):
            yield key


def _is_hidden(document: Document, element: etree._Element) -> bool:
    """A message flow into a collapsed sub-process: no plane shows both of its ends."""
    ends = {element.get("sourceRef"), element.get("targetRef")}
    is_message = kind_of(element) == "messageFlow"
    return is_message and bool(document.planes) and not any(ends <= plane.drawn for plane in document.planes)
