"""What a drawing lacks is added; what is there stays. Large and tangled diagrams are drawn in rows."""

import random
from pathlib import Path

import pytest
from lxml import etree

from engine.definitions.drawing import NotDrawable, check_drawing, complete_drawing, has_drawing, lay_out, layout
from engine.definitions.drawing.completion import PARTS
from engine.definitions.drawing.document import is_flow_node, parse_document
from engine.definitions.drawing.plane import Document
from tests.engine.definitions.drawing.models import (
    LANES,
    LINE,
    SHAPES,
    boundary,
    chain,
    document,
    flows,
    node,
    process,
    task,
)
from tests.engine.definitions.drawing.test_lay_out import EXAMPLES, errors, semantics

SHIPPED = sorted((Path(__file__).parents[4] / "bpmn").rglob("*.bpmn"))


def drop(xml: bytes, share: float, seed: int) -> bytes:
    """The document without some of its shapes and edges, and with some that have no place."""
    chance = random.Random(seed)
    root = etree.fromstring(xml)
    for part in list(root.iter(*PARTS)):
        holder = part.getparent()
        if chance.random() < share and holder is not None:
            if chance.random() < 0.8:
                holder.remove(part)
            for child in part:
                child.set("x", chance.choice(["NaN", "left", "1e99", ""]))
    return etree.tostring(root)


@pytest.mark.parametrize("name", SHAPES)
def test_a_complete_drawing_is_left_alone_and_none_is_made_whole(name: str) -> None:
    drawn = lay_out(SHAPES[name])
    assert complete_drawing(drawn) == drawn
    assert complete_drawing(SHAPES[name]) == drawn


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
@pytest.mark.parametrize("source", [*SHAPES, *SHIPPED], ids=lambda source: Path(source).stem)
def test_what_is_missing_is_added_and_nothing_is_moved(source: str | Path, share: float) -> None:
    drawn = source.read_bytes() if isinstance(source, Path) else lay_out(SHAPES[source])
    broken = drop(drawn, share, seed=7)
    completed = complete_drawing(broken)
    missing = {found.element for found in check_drawing(completed) if found.rule == "missing_di"}
    assert all(b'<bpmn:lane id="%s"' % key.encode() in completed for key in missing)
    assert semantics(completed) == semantics(drawn)
    after = shapes(completed)
    assert all(after[key] == box for key, box in shapes(broken).items()) or not shapes(broken).keys() & nodes(drawn)


def shapes(xml: bytes) -> dict[str, tuple[float, ...]]:
    """What has a place."""
    return {key: box for plane in Document(parse_document(xml)).planes for key, box in plane.shapes.items()}


def nodes(xml: bytes) -> set[str]:
    return {key for key, element in Document(parse_document(xml)).elements.items() if is_flow_node(element)}


def test_a_missing_lane_waits_for_a_new_layout() -> None:
    root = etree.fromstring(lay_out(LANES))
    for part in list(root.iter(PARTS[0])):
        holder = part.getparent()
        if part.get("bpmnElement") == "boss" and holder is not None:
            holder.remove(part)
    assert not has_drawing(complete_drawing(etree.tostring(root)))


@pytest.mark.parametrize("source", [*SHAPES, *EXAMPLES], ids=lambda source: Path(source).stem)
def test_a_plain_drawing_is_complete_and_faultless(source: str | Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MOST_NODES", 0)
    xml = source.read_bytes() if isinstance(source, Path) else SHAPES[source]
    drawn = lay_out(xml)
    assert has_drawing(drawn)
    assert errors(drawn) == []
    assert semantics(drawn) == semantics(xml)
    assert lay_out(drawn) == drawn


def test_a_tangle_is_drawn_plainly_and_faultlessly() -> None:
    chance = random.Random(3)
    names = [f"g{n}" for n in range(90)]
    parts = [node("exclusiveGateway", name, "Which way?") for name in names]
    pairs = {(a, b) for a, b in zip(chance.choices(names, k=60), chance.choices(names, k=60), strict=True)}
    ways = [flows(a, b, name="Answer") for a, b in sorted(pairs) if int(b[1:]) - int(a[1:]) != 1]
    parts += [node("startEvent", "s", "Started"), node("endEvent", "e", "Ended"), flows("s", *names, "e"), *ways]
    assert errors(lay_out(document(process(*parts)))) == []


@pytest.mark.parametrize(
    "broken",
    [
        LINE.replace(b'targetRef="b"', b'targetRef="gone"'),
        document(process(chain("a"), boundary("x", "gone", "X"))),
        document(process(chain("a"), boundary("x", "a", "X"), flows("a", "x"))),
        b"<a/>",
        b"",
    ],
)
def test_what_leads_nowhere_is_not_drawn(broken: bytes) -> None:
    with pytest.raises(NotDrawable):
        complete_drawing(broken)


def test_nodes_that_only_a_boundary_event_of_an_unentered_activity_leads_to_are_drawn() -> None:
    inside = node("startEvent", "in") + node("endEvent", "out") + flows("in", "out")
    host = node("subProcess", "phase", "Phase", inside)
    guest = boundary("late", "phase", "Late")
    rest = task("remind") + node("endEvent", "reminded") + flows("late", "remind", "reminded")
    assert errors(lay_out(document(process(chain("a"), host, guest, rest)))) == []
