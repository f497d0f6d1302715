"""Every rule of the quality check: a drawing that breaks it and, drawn from the same model, one that keeps it."""

from collections.abc import Mapping, Sequence

import pytest

from engine.definitions.drawing import DrawingFinding, NotDrawable, check_drawing, has_drawing
from tests.engine.definitions.drawing.models import boundary, collaboration, document, flows, lanes, node, process, task

Box = tuple[float, float, float, float]
Line = Sequence[tuple[float, float]]

DI = (
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI"'
)

MODEL = document(
    collaboration({"pool": "process", "partner": None}, [("a", "partner")]),
    process(
        lanes({"upper": ["start", "a", "b", "end"], "lower": ["c", "d"]}),
        node("startEvent", "start", "Started"),
        task("a"),
        task("b"),
        boundary("late", "b", "Too late"),
        node("endEvent", "end", "Ended"),
        task("c"),
        task("d"),
        node("textAnnotation", "note", inside="<bpmn:text>Note</bpmn:text>"),
        '<bpmn:association id="about" sourceRef="b" targetRef="note"/>',
        flows("start", "a", "b", "end"),
        flows("late", "c", "d"),
        flows("a", "c"),
    ),
)

SHAPES: dict[str, Box] = {
    "pool": (0, 0, 800, 400),
    "partner": (0, 460, 800, 60),
    "upper": (30, 0, 770, 200),
    "lower": (30, 200, 770, 200),
    "start": (82, 62, 36, 36),
    "a": (170, 40, 100, 80),
    "b": (350, 40, 100, 80),
    "late": (402, 102, 36, 36),
    "end": (532, 62, 36, 36),
    "c": (350, 260, 100, 80),
    "d": (550, 260, 100, 80),
    "note": (620, 60, 100, 40),
}
EDGES: dict[str, Line] = {
    "start_to_a": [(118, 80), (170, 80)],
    "a_to_b": [(270, 80), (350, 80)],
    "b_to_end": [(450, 80), (532, 80)],
    "late_to_c": [(420, 138), (420, 260)],
    "c_to_d": [(450, 300), (550, 300)],
    "a_to_c": [(240, 120), (240, 300), (350, 300)],
    "a_tells_partner": [(200, 120), (200, 460)],
    "about": [(620, 50), (450, 50)],
}
ACROSS = [(240, 120), (240, 180), (470, 180), (470, 320), (450, 320)]
OUT_AND_DOWN = [(170, 60), (140, 60), (140, 460)]
LEFTWARDS = [(450, 280), (470, 280), (470, 240), (60, 240), (60, 300), (100, 300)]
ON_ANOTHER = [(260, 120), (260, 150), (420, 150), (420, 230), (300, 230), (300, 460)]
LABELS: dict[str, Box] = {"start": (60, 102, 80, 14), "end": (510, 102, 80, 14), "late": (430, 142, 70, 14)}


def draw(
    shapes: Mapping[str, Box | None] | None = None,
    edges: Mapping[str, Line | None] | None = None,
    labels: Mapping[str, Box] | None = None,
) -> bytes:
    """The model with its drawing, changed in places; None leaves an element out."""
    parts = []
    all_labels = LABELS | dict(labels or {})
    for element, box in (dict(SHAPES) | dict(shapes or {})).items():
        if box:
            inside = bounds(box) + label(all_labels.get(element))
            parts.append(f'<bpmndi:BPMNShape id="{element}_di" bpmnElement="{element}">{inside}</bpmndi:BPMNShape>')
    for element, line in (dict(EDGES) | dict(edges or {})).items():
        if line:
            inside = "".join(f'<di:waypoint x="{x}" y="{y}"/>' for x, y in line) + label(all_labels.get(element))
            parts.append(f'<bpmndi:BPMNEdge id="{element}_di" bpmnElement="{element}">{inside}</bpmndi:BPMNEdge>')
    plane = f'<bpmndi:BPMNPlane id="plane" bpmnElement="collaboration">{"".join(parts)}</bpmndi:BPMNPlane>'
    diagram = f'<bpmndi:BPMNDiagram {DI} id="diagram">{plane}</bpmndi:BPMNDiagram></bpmn:definitions>'
    return MODEL.replace(b"</bpmn:definitions>", diagram.encode())


def bounds(box: Box) -> str:
    x, y, width, height = box
    return f'<dc:Bounds x="{x}" y="{y}" width="{width}" height="{height}"/>'


def label(box: Box | None) -> str:
    return f"<bpmndi:BPMNLabel>{bounds(box)}</bpmndi:BPMNLabel>" if box else ""


def zigzag(start: tuple[float, float], end: tuple[float, float], corners: int) -> Line:
    """A line with that many corners, up and down between two points of the same height."""
    (x0, y0), (x1, _) = start, end
    step = (x1 - x0) / (corners // 2 + 1)
    points = [start]
    for i in range(corners // 2):
        x = x0 + (i + 1) * step
        points += [(x, points[-1][1]), (x, y0 if i % 2 else y0 + 8)]
    return [*points, (x1, points[-1][1])]


def found(xml: bytes) -> set[tuple[str, str, str]]:
    return {(finding.rule, finding.element, finding.severity) for finding in check_drawing(xml)}


def test_the_drawing_that_the_cases_start_from_has_no_finding() -> None:
    assert check_drawing(draw()) == []


@pytest.mark.parametrize(
    ("xml", "rule", "element"),
    [
        (draw(shapes={"d": None}, edges={"c_to_d": None}), "missing_di", "d"),
        (draw(edges={"a_tells_partner": None}), "missing_di", "a_tells_partner"),
        (draw(shapes={"note": None}, edges={"about": None}), "missing_di", "note"),
        (draw(shapes={"d": (440, 300, 100, 80)}), "overlapping_shapes", "c"),
        (draw(shapes={"upper": (30, 0, 770, 205)}), "overlapping_shapes", "upper"),
        (draw(shapes={"d": (550, 180, 100, 80)}), "outside_container", "d"),
        (draw(shapes={"late": (402, 115, 36, 36)}), "boundary_off_edge", "late"),
        (draw(edges={"c_to_d": [(450, 300), (540, 300)]}), "undocked_ends", "c_to_d"),
        (draw(edges={"a_to_c": [(240, 120), (240, 20), (400, 20), (400, 260)]}), "flows_through_shapes", "a_to_c"),
        (draw(edges={"a_tells_partner": ON_ANOTHER}), "flows_on_flows", "late_to_c"),
        (draw(edges={"late_to_c": [(420, 138), (410, 260)]}), "diagonal_segments", "late_to_c"),
        (draw(labels={"late": (360, 300, 80, 14)}), "labels_on_shapes", "late"),
        (draw(labels={"late": (500, 102, 80, 14)}), "labels_on_labels", "late"),
        (draw(shapes={"note": (600, 280, 100, 40)}, edges={"about": None}), "artifacts_on_shapes", "note"),
    ],
)
def test_a_fault_that_hides_the_model_is_an_error(xml: bytes, rule: str, element: str) -> None:
    assert (rule, element, "error") in found(xml)


@pytest.mark.parametrize(
    ("xml", "rule", "element"),
    [
        (draw(shapes={"d": (465, 260, 100, 80)}, edges={"c_to_d": [(450, 300), (465, 300)]}), "tight_gaps", "c"),
        (draw(edges={"about": [(620, 80), (300, 80), (300, 20), (450, 50)]}), "links_through_shapes", "about"),
        (draw(labels={"late": (385, 160, 70, 14)}), "labels_on_flows", "late"),
        (draw(labels={"late": (430, 193, 70, 14)}), "labels_on_borders", "late"),
        (draw(edges={"a_to_c": ACROSS}), "crossings_per_flow", "collaboration"),
        (draw(edges={"a_tells_partner": OUT_AND_DOWN}), "message_crossings_per_flow", "collaboration"),
        (draw(edges={"c_to_d": zigzag((450, 300), (550, 300), 8)}), "bends_per_flow", "collaboration"),
        (draw(edges={"c_to_d": zigzag((450, 300), (550, 300), 6)}), "max_bends", "collaboration"),
        (draw(edges={"b_to_end": zigzag((450, 80), (532, 80), 6)}), "happy_path_bends", "collaboration"),
        (draw(shapes={"d": (100, 260, 100, 80)}, edges={"c_to_d": LEFTWARDS}), "backward_share", "collaboration"),
        (draw(shapes={"partner": (0, 460, 2800, 60)}), "aspect_ratio", "collaboration"),
        (draw(shapes={"partner": (0, 460, 1500, 1000)}), "density", "collaboration"),
    ],
)
def test_a_matter_of_style_is_a_warning(xml: bytes, rule: str, element: str) -> None:
    assert (rule, element, "warning") in found(xml)


@pytest.mark.parametrize(
    "xml",
    [
        draw(shapes={"d": (475, 260, 100, 80)}, edges={"c_to_d": [(450, 300), (475, 300)]}),
        draw(shapes={"late": (402, 106, 36, 36)}, edges={"late_to_c": [(420, 142), (420, 260)]}),
        draw(edges={"c_to_d": [(450, 300), (545, 300)]}),
        draw(edges={"late_to_c": [(420, 138), (421, 260)]}),
        draw(edges={"a_to_c": [(240, 120), (240, 290), (405, 290), (405, 260)]}),
        draw(edges={"c_to_d": zigzag((450, 300), (550, 300), 4)}),
        draw(shapes={"partner": (0, 460, 1400, 60)}),
    ],
    ids=[
        "gap of 25",
        "event 4 px off",
        "docked 5 px off",
        "slanted by 1 px",
        "ends run into own shapes",
        "4 bends",
        "wide",
    ],
)
def test_what_is_within_the_bounds_is_not_reported(xml: bytes) -> None:
    assert check_drawing(xml) == []


def test_more_than_35_nodes_on_a_plane_are_reported() -> None:
    def plane_of(count: int) -> bytes:
        ids = [f"t{i}" for i in range(count)]
        boxes = {key: bounds((i % 6 * 150, i // 6 * 130, 100, 80)) for i, key in enumerate(ids)}
        shapes = (f'<bpmndi:BPMNShape bpmnElement="{key}">{box}</bpmndi:BPMNShape>' for key, box in boxes.items())
        plane = f'<bpmndi:BPMNPlane id="plane" bpmnElement="process">{"".join(shapes)}</bpmndi:BPMNPlane>'
        return document(process(*map(task, ids)), f'<bpmndi:BPMNDiagram {DI} id="diagram">{plane}</bpmndi:BPMNDiagram>')

    assert check_drawing(plane_of(35)) == []
    assert found(plane_of(36)) == {("nodes_per_plane", "process", "warning")}


def test_a_finding_says_what_was_expected() -> None:
    assert check_drawing(draw(edges={"late_to_c": [(420, 138), (410, 260)]})) == [
        DrawingFinding(
            "diagonal_segments",
            "late_to_c",
            "error",
            "Expected late_to_c to run horizontally and vertically, but a part of it is slanted.",
        )
    ]


def test_flows_to_the_same_target_may_share_a_line() -> None:
    line = [(240, 120), (240, 240), (420, 240), (420, 260)]
    assert "flows_on_flows" not in {rule for rule, *_ in found(draw(edges={"a_to_c": line}))}


@pytest.mark.parametrize("element", ["a", "pool", "upper"])
def test_a_document_without_a_shape_has_no_drawing(element: str) -> None:
    assert has_drawing(draw())
    assert not has_drawing(draw(shapes={element: None}))


@pytest.mark.parametrize("element", ["a_to_b", "a_tells_partner"])
def test_a_document_without_an_edge_has_no_drawing(element: str) -> None:
    assert not has_drawing(draw(edges={element: None}))


def test_artifacts_without_a_shape_do_not_make_a_drawing_incomplete() -> None:
    assert has_drawing(draw(shapes={"note": None}, edges={"about": None}))


def test_what_is_not_bpmn_cannot_be_checked() -> None:
    with pytest.raises(NotDrawable, match="Expected a BPMN document"):
        check_drawing(b"<a/>")
