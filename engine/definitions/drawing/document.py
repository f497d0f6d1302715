"""The BPMN document as XML: the one place that parses it, its namespaces and the kinds of its elements."""

from lxml import etree

from engine.language.xml import XmlRefused, parse_xml

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"

SUB_PROCESSES = ("subProcess", "transaction", "adHocSubProcess")
ACTIVITIES = ("task", "callActivity", *SUB_PROCESSES)
ARTIFACTS = ("dataObjectReference", "dataStoreReference", "textAnnotation")
LINKS = ("association", "dataInputAssociation", "dataOutputAssociation")


class NotDrawable(ValueError):
    """The document cannot be drawn; the text says what was expected."""


def parse_document(xml: bytes) -> etree._Element:
    """The root of a BPMN document. Raises NotDrawable."""
    try:
        root = parse_xml(xml, keeps_comments=True)
    except XmlRefused as error:
        raise NotDrawable(str(error)) from error
    if root.tag != q("definitions"):
        raise NotDrawable(f"Expected a BPMN document with the root 'definitions', but found {root.tag!r}.")
    return root


def serialize_document(root: etree._Element) -> bytes:
    declaration = b'<?xml version="1.0" encoding="UTF-8"?>\n'
    return declaration + etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=False) + b"\n"


def q(tag: str) -> str:
    """The qualified name of a BPMN element."""
    return f"{{{BPMN}}}{tag}"


def kind_of(element: etree._Element) -> str:
    """The BPMN element name, or an empty text for comments and elements of other namespaces."""
    tag = element.tag
    return tag[len(BPMN) + 2 :] if isinstance(tag, str) and tag.startswith(f"{{{BPMN}}}") else ""


def id_of(element: etree._Element) -> str:
    return element.get("id") or ""


def is_flow_node(element: etree._Element) -> bool:
    kind = kind_of(element)
    if kind.startswith("global") or not element.get("id"):
        return False
    return kind in ACTIVITIES or kind.endswith(("Task", "Event", "Gateway"))


def text_of(element: etree._Element, tag: str) -> str:
    """The stripped text of the child with that tag."""
    return (element.findtext(q(tag)) or "").strip()
