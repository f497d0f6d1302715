"""Several decisions in one file: what one requires it reads by its variable, and what is wrong is told with its id."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.language.decisions import DecisionError, DecisionLogic, decide, find_decision_keys, parse_decisions
from engine.language.sandbox import Sandbox
from engine.storage.plain import PlainDict
from tests.engine.language.test_decisions import DMN, find_problems, write_graph

FILE = Path(__file__).parent / "decisions_delivery.dmn"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(max_processes=1)
    yield sandbox
    sandbox.close()


def parse(xml: bytes) -> dict[str, DecisionLogic]:
    return {one.key: one for one in parse_decisions(xml)}


def test_a_decision_reads_what_it_requires(sandbox: Sandbox) -> None:
    decisions = parse(FILE.read_bytes())
    price = decisions["delivery_price"]
    assert price.names == {"distance_metres", "pickup_time"}
    asked: PlainDict = {"distance_metres": 5200, "pickup_time": "17:30", "zone": "hidden by the decision"}
    decision = decide(price, asked, sandbox)
    zone: PlainDict = {"zone": "far", "base_fen": 800, "per_km_fen": 120}
    assert decision.result == {"delivery_price": 800 + 200 + 5 * 120}
    assert decision.inputs == {"distance_metres": 5200, "surcharges": [200], "zone": zone}
    assert [(one.key, one.matched, one.result, one.inputs) for one in decision.required] == [
        ("delivery_zone", ("zone_far",), zone, {"distance_metres": 5200}),
        ("surcharges", ("surcharge_rush",), [{"fen": 200}], {"pickup_time": "17:30", "zone": zone}),
    ]
    near = decide(price, {"distance_metres": 900, "pickup_time": "12:00"}, sandbox)
    assert near.result == {"delivery_price": 500}
    assert decide(decisions["delivery_zone"], {"distance_metres": 1}, sandbox).required == ()


def test_what_fails_before_names_its_own_decision(sandbox: Sandbox) -> None:
    price = parse(FILE.read_bytes())["delivery_price"]
    with pytest.raises(DecisionError, match=r"^surcharges, input '时间 / Time of day': Expected time, but got '5 pm'"):
        decide(price, {"distance_metres": 5200, "pickup_time": "5 pm"}, sandbox)
    with pytest.raises(
        DecisionError, match=r"^delivery_zone, input '距离（米） / Distance in metres': .*'distance_metres'"
    ):
        decide(price, {"pickup_time": "12:00"}, sandbox)


SHAPES: list[tuple[dict[str, Any], int, object]] = [
    ({"hit": "UNIQUE"}, 1, 1),
    ({"hit": "UNIQUE"}, 0, None),
    ({"hit": "UNIQUE", "defaults": ["7"]}, 0, 7),
    ({"hit": "RULE ORDER"}, 1, [1]),
    ({"hit": "COLLECT"}, 0, []),
    ({"hit": "COLLECT", "aggregation": "SUM"}, 1, 1),
    ({"hit": "COLLECT", "aggregation": "SUM"}, 0, None),
    ({"hit": "COLLECT", "aggregation": "COUNT"}, 0, 0),
    ({"hit": "UNIQUE", "outputs": ["a", "b"], "rows": [["1", "1", "2"]]}, 1, {"a": 1, "b": 2}),
    ({"hit": "COLLECT", "outputs": ["a", "b"], "rows": [["1", "1", "2"]]}, 1, [{"a": 1, "b": 2}]),
]


@pytest.mark.parametrize(("options", "value", "seen"), SHAPES)
def test_the_shape_of_a_result_follows_its_hit_policy(
    sandbox: Sandbox, options: dict[str, Any], value: int, seen: object
) -> None:
    xml = write_graph(**{"rows": [["1", "1"]], **options}).replace(b"<text>t * 10</text>", b"<text>[t]</text>")
    xml = xml.replace(b'name="price" typeRef="number"', b'name="price"')
    assert decide(parse(xml)["price"], {"x": value}, sandbox).result == {"price": [seen]}


def test_what_two_require_is_decided_once(sandbox: Sandbox) -> None:
    more = (
        '<decision id="both"><informationRequirement><requiredDecision href="#price"/></informationRequirement>'
        '<informationRequirement><requiredDecision href="#t"/></informationRequirement>'
        "<literalExpression><text>[price, t]</text></literalExpression></decision>"
    )
    decision = decide(parse(write_graph(more))["both"], {"x": 6}, sandbox)
    assert decision.result == {"both": [20, 2]}
    assert [one.key for one in decision.required] == ["t", "price"]


def test_an_expression_keeps_to_its_type(sandbox: Sandbox) -> None:
    xml = write_graph(rows=[["-", '"much"']])
    with pytest.raises(DecisionError, match=r"^price, Expected number, but got 'muchmuch"):
        decide(parse(xml)["price"], {"x": 6}, sandbox)


LINK = '<informationRequirement><requiredDecision href="#{}"/></informationRequirement>'
BOXED = "<decision id='boxed'><{0} id='inside'/></decision>"


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("#t", "#u", ("price", "in the same file, but '#u' is not there")),
        ("#t", "other.dmn#t", ("price", "in the same file, but 'other.dmn#t' is not there")),
        ("#t", "#price", ("price", "they do: price → price")),
        ("t * 10", "t *", ("le", "expression: Expected Python")),
        ("t * 10", "", ("le", "expression: Expected a value, but the cell is empty")),
        ('typeRef="number"', 'typeRef="tMoney"', ("le", "but got 'tMoney'")),
        ('<literalExpression id="le">', '<literalExpression id="le" expressionLanguage="groovy">', ("le", "'groovy'")),
        (
            "<requiredDecision",
            '<requiredInput href="#nowhere"/><requiredDecision',
            ("price", "'#nowhere' is not there"),
        ),
        (
            "<informationRequirement",
            "<knowledgeRequirement><requiredKnowledge href='#k'/></knowledgeRequirement><informationRequirement",
            ("price", "<knowledgeRequirement> is not part of"),
        ),
        ('<decision id="t" name="T">', '<decision id="t"><variable name="the fee"/>', ("t", "but got 'the fee'")),
        (
            '<decision id="t" name="T">',
            f'<decision id="t">{LINK.format("price")}',
            ("t", "Expected decisions that do not require themselves, but they do: t → price → t"),
        ),
        (
            "</definitions>",
            "<decision id='u'><variable name='t'/><literalExpression><text>1</text></literalExpression></decision>"
            f"<decision id='v'>{LINK.format('t')}{LINK.format('u')}<literalExpression><text>1</text>"
            "</literalExpression></decision></definitions>",
            ("v", "'t' is there twice"),
        ),
        ("</definitions>", "<decision id='e'/></definitions>", ("e", "in 'e', but it holds neither")),
        *(
            ("</definitions>", f"{BOXED.format(logic)}</definitions>", ("inside", f"<{logic}> is not part of"))
            for logic in ("context", "invocation", "relation", "list", "functionDefinition", "conditional", "for")
        ),
        *(
            ("</definitions>", f"<{part} id='part'/></definitions>", ("part", f"<{part}> is not part of"))
            for part in ("businessKnowledgeModel", "decisionService", "import", "itemDefinition")
        ),
    ],
)
def test_refused_with_the_element(old: str, new: str, finding: tuple[str, str]) -> None:
    text = write_graph().decode()
    assert old in text
    problems = find_problems(text.replace(old, new, 1).encode())
    assert any(element == finding[0] and finding[1] in message for element, message in problems), problems


def test_what_only_documents_is_passed_over() -> None:
    """Knowledge sources, authorities, questions and notes mean nothing to the machine."""
    more = "<knowledgeSource id='law'/><textAnnotation id='note'><text>why</text></textAnnotation>"
    text = (
        write_graph(more)
        .decode()
        .replace(
            "<informationRequirement",
            "<question>How much?</question>"
            "<authorityRequirement><requiredAuthority href='#law'/></authorityRequirement>"
            "<informationRequirement",
        )
    )
    assert list(parse(text.encode())) == ["t", "price"]


def test_a_long_chain_and_too_many() -> None:
    one = "<literalExpression><text>1</text></literalExpression></decision>"
    links = [f"<decision id='d{n}'>{LINK.format(f'd{n + 1}')}{one}" for n in range(97)]
    last = f"<decision id='d97'>{one}"
    assert len(parse(write_graph(*links, last))) == 100
    ((_, problem),) = find_problems(write_graph(*links, last, last))
    assert problem == "Expected at most 100 decisions, but there are 101"


def test_keys_of_what_is_not_right_yet() -> None:
    assert find_decision_keys(write_graph().replace(b"t * 10", b"t *")) == ("t", "price")
    assert find_decision_keys(b"<") == find_decision_keys(f'<definitions xmlns="{DMN}"/>'.encode()) == ()
