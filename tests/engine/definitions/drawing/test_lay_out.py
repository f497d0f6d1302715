"""Drawing anew: no faults in the picture, nothing else of the document touched."""

from pathlib import Path

import pytest
from lxml import etree

from engine.definitions.drawing import NotDrawable, check_drawing, has_drawing, lay_out
from tests.engine.definitions.drawing.models import (
    LARGE,
    LINE,
    SHAPES,
    SUB_PROCESS,
    chain,
    document,
    flows,
    node,
    process,
)

EXAMPLES = sorted(Path(__file__).with_name("data").glob("*.bpmn"))
DIAGRAM = "{http://www.omg.org/spec/BPMN/20100524/DI}BPMNDiagram"
PLANE = "{http://www.omg.org/spec/BPMN/20100524/DI}BPMNPlane"
SHAPE = "{http://www.omg.org/spec/BPMN/20100524/DI}BPMNShape"
BOUNDS = "{http://www.omg.org/spec/DD/20100524/DC}Bounds"


def errors(xml: bytes) -> list[str]:
    return [finding.message for finding in check_drawing(xml) if finding.severity == "error"]


def rules(xml: bytes) -> set[str]:
    return {finding.rule for finding in check_drawing(xml)}


def semantics(xml: bytes) -> bytes:
    """Canonical text of the document without its diagrams and without blanks between elements."""
    root = etree.fromstring(xml, etree.XMLParser(remove_blank_text=True))
    for diagram in root.findall(DIAGRAM):
        root.remove(diagram)
    return etree.tostring(root, method="c14n2")


def planes(xml: bytes) -> list[str | None]:
    return [plane.get("bpmnElement") for plane in etree.fromstring(xml).iter(PLANE)]


def bounds(xml: bytes) -> dict[str, tuple[float, ...]]:
    found = {}
    for shape in etree.fromstring(xml).iter(SHAPE):
        box = shape.find(BOUNDS)
        assert box is not None
        found[str(shape.get("bpmnElement"))] = tuple(float(box.get(n, "")) for n in ("x", "y", "width", "height"))
    return found


def middle(xml: bytes, *elements: str) -> list[float]:
    """Heights of the middles of shapes."""
    boxes = bounds(xml)
    return [boxes[element][1] + boxes[element][3] / 2 for element in elements]


@pytest.mark.parametrize("name", SHAPES)
def test_a_new_drawing_is_complete_faultless_and_stable(name: str) -> None:
    xml = SHAPES[name]
    assert not has_drawing(xml)
    drawn = lay_out(xml)
    assert has_drawing(drawn)
    assert errors(drawn) == []
    assert not rules(drawn) & {"labels_on_flows", "labels_on_borders", "tight_gaps", "crossings_per_flow"}
    assert semantics(drawn) == semantics(xml)
    assert lay_out(drawn) == drawn


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_of_full_size_is_drawn_without_faults(file: Path) -> None:
    xml = file.read_bytes()
    drawn = lay_out(xml)
    assert has_drawing(drawn)
    assert errors(drawn) == []
    assert not rules(drawn) & {"labels_on_flows", "labels_on_borders", "tight_gaps", "nodes_per_plane"}
    assert semantics(drawn) == semantics(xml)


def test_a_full_size_drawing_is_byte_identical_on_repetition() -> None:
    xml = Path(__file__).with_name("data").joinpath("repair_collaboration.bpmn").read_bytes()
    drawn = lay_out(xml)
    assert lay_out(xml) == drawn
    assert lay_out(drawn) == drawn


def test_the_happy_path_is_straight_and_exceptions_are_below() -> None:
    drawn = lay_out(SHAPES["loops"])
    assert len(set(middle(drawn, "start", "a", "checked", "b", "more", "end"))) == 1
    happy, rejected = middle(drawn, "a", "rejected")
    assert rejected > happy


def test_lanes_lie_below_each_other_and_hold_their_nodes() -> None:
    boxes = bounds(lay_out(SHAPES["lanes"]))
    clerk, boss = boxes["clerk"], boxes["boss"]
    assert clerk[1] + clerk[3] == boss[1]
    assert boss[1] < boxes["b"][1] < boss[1] + boss[3]


def test_everything_semantic_is_preserved_byte_by_byte() -> None:
    body = """
  <bpmn:process id="p" camunda:versionTag="7" isExecutable="true">
    <!-- a remark -->
    <bpmn:documentation>Two
lines &amp; an ampersand</bpmn:documentation>
    <bpmn:startEvent id="s"/>
    <bpmn:userTask id="t" name="填写&#10;Fill in" baton:nameEn="Fill in" camunda:formKey="x/y">
      <bpmn:extensionElements><camunda:inputOutput>
        <camunda:inputParameter name="a">${ 1 &lt; 2 }</camunda:inputParameter>
      </camunda:inputOutput></bpmn:extensionElements>
    </bpmn:userTask>
    <bpmn:scriptTask id="c"><bpmn:script><![CDATA[a < b and c]]></bpmn:script></bpmn:scriptTask>
    <bpmn:sequenceFlow id="f" sourceRef="s" targetRef="t"/>
    <bpmn:sequenceFlow id="g" sourceRef="t" targetRef="c"/>
  </bpmn:process>
"""
    xml = document(body)
    drawn = lay_out(xml)
    assert xml.rstrip().removesuffix(b"</bpmn:definitions>").rstrip() in drawn
    assert drawn.index(b"</bpmn:process>") < drawn.index(b"BPMNDiagram")


def test_the_declared_prefixes_of_the_diagram_namespaces_are_kept() -> None:
    namespaces = b'xmlns:diagram="http://www.omg.org/spec/BPMN/20100524/DI" '
    drawn = lay_out(LINE.replace(b"<bpmn:definitions ", b"<bpmn:definitions " + namespaces))
    assert b"<diagram:BPMNDiagram" in drawn
    assert drawn.count(b"spec/BPMN/20100524/DI") == 1
    assert lay_out(drawn) == drawn


def test_the_ids_of_the_drawing_never_clash_with_those_of_the_model() -> None:
    drawn = lay_out(document(process(chain("a", "a_di"))))
    ids = [element.get("id") for element in etree.fromstring(drawn).iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_an_old_drawing_is_replaced() -> None:
    drawn = lay_out(LINE)
    moved = drawn.replace(b'x="', b'x="7')
    assert moved != drawn
    assert lay_out(moved) == drawn


def test_large_planes_collapse_their_largest_sub_processes_only() -> None:
    assert planes(lay_out(LARGE)) == ["process", "phase_1"]
    assert planes(lay_out(SUB_PROCESS)) == ["process"]


def test_the_caller_chooses_what_is_collapsed() -> None:
    assert planes(lay_out(LARGE, [])) == ["process"]
    assert planes(lay_out(LARGE, ["phase_0"])) == ["process", "phase_0"]
    drawn = lay_out(SUB_PROCESS, ["phase"])
    assert planes(drawn) == ["process", "phase"]
    assert has_drawing(drawn)
    assert errors(drawn) == []
    assert b'bpmnElement="phase" isExpanded="false"' in drawn


def test_pools_stand_below_each_other_with_processes_without_a_pool() -> None:
    second = process(node("startEvent", "s2"), node("endEvent", "e2"), flows("s2", "e2"), key="second")
    drawn = lay_out(document(process(chain("a")), second))
    assert has_drawing(drawn)
    assert errors(drawn) == []
    first_line, second_line = middle(drawn, "a", "s2")
    assert second_line > first_line


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (b"<a", "Expected well-formed XML without DOCTYPE, but"),
        (b"<a/>", "Expected a BPMN document with the root 'definitions', but found 'a'"),
        (document(), "Expected a process or a collaboration, but found neither"),
        (
            document(process(chain("a").replace('targetRef="a"', 'targetRef="z"'))),
            "Expected the flow start_to_a",
        ),
        (document(process(node("boundaryEvent", "b", attachedToRef="z"))), "Expected b to be attached to an activity"),
    ],
)
def test_what_cannot_be_drawn_is_refused(xml: bytes, message: str) -> None:
    with pytest.raises(NotDrawable, match=message):
        lay_out(xml)


def test_an_unknown_id_to_collapse_is_refused() -> None:
    with pytest.raises(NotDrawable, match="Expected ids of sub-processes to collapse, but found a"):
        lay_out(LINE, ["a"])


def test_entities_are_neither_resolved_nor_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("TOP SECRET")
    doctype = f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'.encode()
    xml = LINE.replace(b"<bpmn:definitions", doctype + b"<bpmn:definitions").replace(
        b"<bpmn:startEvent", b"<bpmn:documentation>&e;</bpmn:documentation><bpmn:startEvent", 1
    )
    with pytest.raises(NotDrawable, match="DOCTYPE"):
        lay_out(xml)
