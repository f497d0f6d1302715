"""Decision tables: the file, the unary tests, the hit policies, and what they give."""

from collections.abc import Iterator, Sequence
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest

from engine.language.decisions import (
    Decision,
    DecisionError,
    DecisionInvalid,
    DecisionTable,
    HitPolicy,
    decide,
    map_result,
    parse_decisions,
)
from engine.language.sandbox import Sandbox, SandboxBudgetExceeded, TimeBudget
from engine.storage.plain import PlainDict

DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
FILE = Path(__file__).parent / "decisions_errand_fee.dmn"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(max_processes=1)
    yield sandbox
    sandbox.close()


def write_table(
    rows: Sequence[Sequence[str]],
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = ("y",),
    hit: str = "UNIQUE",
    allowed: Sequence[str] = (),
    aggregation: str = "",
    types: Sequence[str] = (),
    listed: Sequence[str] = (),
    defaults: Sequence[str] = (),
    output_types: Sequence[str] = (),
) -> bytes:
    """A file with one table `t`; each row holds the tests and then the results.

    By column: `types` and `listed` values of inputs; `allowed` values, `defaults` and `output_types` of outputs.
    """
    text = f'<definitions xmlns="{DMN}" id="d"><decision id="t" name="T"><decisionTable id="dt" hitPolicy="{hit}"'
    text += f' aggregation="{aggregation}">' if aggregation else ">"
    for number, name in enumerate(inputs):
        kind = f' typeRef="{types[number]}"' if types else ""
        text += f'<input id="i{number}" label={quoteattr(name)}><inputExpression{kind}><text>{escape(name)}</text>'
        text += "</inputExpression>"
        text += f"<inputValues><text>{escape(listed[number])}</text></inputValues></input>" if listed else "</input>"
    for number, name in enumerate(outputs):
        values = f"<outputValues><text>{escape(allowed[number])}</text></outputValues>" if allowed else ""
        kind = f' typeRef="{output_types[number]}"' if output_types else ""
        if defaults:
            values += f"<defaultOutputEntry><text>{escape(defaults[number])}</text></defaultOutputEntry>"
        text += f'<output id="o{number}" name="{name}"{kind}>{values}</output>'
    for number, row in enumerate(rows, 1):
        text += f'<rule id="r{number}">'
        for column, cell in enumerate(row):
            tag = "inputEntry" if column < len(inputs) else "outputEntry"
            text += f'<{tag} id="c{number}_{column}"><text>{escape(cell)}</text></{tag}>'
        text += "</rule>"
    return (text + "</decisionTable></decision></definitions>").encode()


def write_graph(*more: str, rows: Sequence[Sequence[str]] = (["> 5", "2"], ["<= 5", "1"]), **options: Any) -> bytes:
    """The file of `write_table`, with an expression `price` that requires it; `more` stands beside them."""
    price = (
        '<decision id="price" name="Price"><variable name="price" typeRef="number"/><informationRequirement id="q1">'
        '<requiredDecision href="#t"/></informationRequirement><literalExpression id="le"><text>t * 10</text>'
        "</literalExpression></decision>"
    )
    text = write_table(rows, **options).decode()
    return text.replace("</definitions>", price + "".join(more) + "</definitions>").encode()


def parse_table(rows: Sequence[Sequence[str]], **options: Any) -> DecisionTable:
    (table,) = parse_decisions(write_table(rows, **options))
    assert isinstance(table, DecisionTable)
    return table


def find_problems(xml: bytes) -> list[tuple[str, str]]:
    with pytest.raises(DecisionInvalid) as caught:
        parse_decisions(xml)
    assert all(not problem.of("zh").startswith("Expected") for _, problem in caught.value.findings)
    return [(element, problem.of("en")) for element, problem in caught.value.findings]


class TestFile:
    def test_a_file_of_dmn_js(self, sandbox: Sandbox) -> None:
        fee, review = parse_decisions(FILE.read_bytes())
        assert isinstance(fee, DecisionTable)
        assert (fee.key, fee.name, fee.hit_policy) == ("errand_fee", "跑腿费用", HitPolicy.FIRST)
        assert fee.names == {"order", "courier_class"}
        assert [column.label for column in fee.inputs] == ["距离", "类别"]
        assert fee.rules[0].annotations == ("起步价", "short trips")
        assert fee.rules[0].tests[0].id == "UnaryTests_11"
        cases: list[tuple[int, str, PlainDict, str]] = [
            (3000, "ordinary", {"fee_fen": 800, "rule": "base"}, "DecisionRule_1"),
            (5200, "ordinary", {"fee_fen": 1100, "rule": "distance 5200"}, "DecisionRule_2"),
            (2000, "professional", {"fee_fen": None, "rule": "by quote"}, "DecisionRule_3"),
        ]
        for distance, courier, expected, rule in cases:
            values: PlainDict = {"order": {"distance_metres": distance}, "courier_class": courier}
            assert decide(fee, values, sandbox) == Decision("errand_fee", (rule,), (expected,), expected, values)
        assert [decide(review, {"is_new": new}, sandbox).result for new in (True, False, None)] == [
            {"needs_review": True},
            {"needs_review": False},
            {"needs_review": False},
        ]
        with pytest.raises(DecisionError, match=r"input 'is_new': Expected boolean, but got 1$"):
            decide(review, {"is_new": 1}, sandbox)

    def test_a_table_never_changes(self) -> None:
        (table, _) = parse_decisions(FILE.read_bytes())
        with pytest.raises(FrozenInstanceError):
            table.key = "other"  # type: ignore[misc]  # the point of the test

    @pytest.mark.parametrize(
        ("xml", "message"),
        [
            (b"<a", "Expected XML"),
            (b"", "Expected XML"),
            (b"<a/>", "Expected a DMN 1.3 file, but its root is a"),
            (b'<definitions xmlns="http://www.omg.org/spec/DMN/20180521/MODEL/"/>', "Expected a DMN 1.3 file"),
            (b"<!DOCTYPE a><a/>", "DOCTYPE"),
            (b'<!DOCTYPE a SYSTEM "http://nowhere.invalid/a.dtd"><a/>', "DOCTYPE"),
            (b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>', "DOCTYPE"),
            (b"<a>" + b" " * 1_000_000 + b"</a>", "at most 1000000 bytes"),
            (f'<definitions xmlns="{DMN}" id="d"/>'.encode(), "Expected a decision, but the file holds none"),
        ],
    )
    def test_unreadable(self, xml: bytes, message: str) -> None:
        ((_, problem),) = find_problems(xml)
        assert message in problem

    @pytest.mark.parametrize(
        ("old", "new", "finding"),
        [
            ('id="needs_review"', 'id="errand_fee"', ("errand_fee", "Expected one decision with the id 'errand_fee'")),
            ('hitPolicy="FIRST"', 'hitPolicy="BEST"', ("DecisionTable_1", "'BEST'")),
            ('hitPolicy="FIRST"', 'hitPolicy="FIRST" aggregation="SUM"', ("DecisionTable_1", "Expected COLLECT with")),
            (
                'hitPolicy="FIRST"',
                'hitPolicy="COLLECT" aggregation="AVG"',
                ("DecisionTable_1", "Expected COLLECT with"),
            ),
            ('hitPolicy="FIRST"', 'hitPolicy="COLLECT" aggregation="SUM"', ("DecisionTable_1", "one output to take")),
            ('hitPolicy="FIRST"', 'hitPolicy="PRIORITY"', ("DecisionTable_1", "with a list of values")),
            ('name="fee_fen"', "", ("Output_1", "Expected a name for the result")),
            ('name="fee_fen"', 'name="rule"', ("DecisionTable_1", "a name of its own for each output")),
            ('id="LiteralExpression_11"', 'id="L" expressionLanguage="groovy"', ("L", "its language is 'groovy'")),
            ('label="距离"', 'label="距离" camunda:inputVariable="v"', ("Input_1", "has a variable of its own")),
            (
                "<text>&lt;= 3000</text>",
                "<text>&lt;= </text>",
                ("UnaryTests_11", "rule 1 (DecisionRule_1), input '距离'"),
            ),
            (
                "<text>800</text>",
                "<text></text>",
                ("LiteralExpression_11", "output '费用': Expected a value, but the cell"),
            ),
            (
                "<text>order.distance_metres</text>",
                "<text>order +</text>",
                ("Input_1", "input '距离': Expected Python"),
            ),
            (
                '<decisionTable id="DecisionTable_2">',
                '<informationRequirement id="q"><requiredDecision href="other.dmn#fee"/></informationRequirement>'
                '<decisionTable id="DecisionTable_2">',
                ("needs_review", "in the same file, but 'other.dmn#fee' is not there"),
            ),
            (
                '<outputEntry id="LiteralExpression_51">',
                '<outputEntry id="more"><text>1</text></outputEntry><outputEntry id="LiteralExpression_51">',
                (
                    "DecisionRule_5",
                    "rule 2 (DecisionRule_5): Expected (1, 1) cells for inputs and outputs, but got (1, 2)",
                ),
            ),
            (
                '<output id="Output_2" typeRef="boolean" />',
                '<output id="Output_2"><defaultOutputEntry><text>1 +</text></defaultOutputEntry></output>',
                ("Output_2", "output 'needs_review': Expected Python"),
            ),
        ],
    )
    def test_refused_with_the_element(self, old: str, new: str, finding: tuple[str, str]) -> None:
        text = FILE.read_text("utf-8")
        assert old in text
        problems = find_problems(text.replace(old, new, 1).encode())
        assert any(element == finding[0] and finding[1] in message for element, message in problems), problems

    def test_all_findings_at_once(self) -> None:
        problems = find_problems(write_table([["= 1", "2"], ["[1..", ""], ["a b", "1"]]))
        assert [element for element, _ in problems] == ["c1_0", "c2_0", "c2_1", "c3_0"]


DAY, INSTANT = 'date("2026-03-01")', 'date and time("2026-03-01T08:00:00Z")'
UNARY_TESTS: list[tuple[str, list[object], list[object]]] = [
    ("< 5", [4, 4.9, -1], [5, 6, None]),
    ("<=5", [5], [6, None]),
    ("> 5", [6], [5, None]),
    (">= 5", [5], [4, None]),
    ("!= 5", [4, None, "5"], [5]),
    ("== 5", [5], [4, None]),
    ("5", [5, 5.0], [4, "5", None]),
    ("1", [1, 1.0], [True, 0, None]),
    ("0", [0], [False, None]),
    ("-3", [-3], [3]),
    ("2.5", [2.5], [2]),
    ("[1..5]", [1, 3, 5], [0, 6, None]),
    ("(1..5]", [2, 5], [1, 6]),
    ("[1..5)", [1, 4.9], [5]),
    ("]1..5[", [2], [1, 5]),
    ("(1..5)", [2], [1, 5]),
    ("[-5..-1]", [-3], [0]),
    ("[0.5..1.5]", [1], [2]),
    ("[1..2],[8..9],5", [1, 5, 8], [3, 7, None]),
    ("1,2,3", [1, 2, 3], [0, 4, True]),
    ('"a"', ["a"], ["b", None]),
    ('"a","b"', ["a", "b"], ["c", "a,b"]),
    ('"a,b", "c)..(d"', ["a,b", "c)..(d"], ["a", "c"]),
    ("'it\\'s', \"?\"", ["it's", "?"], ["it"]),
    ('not("a")', ["b", None], ["a"]),
    ('not("a","b")', ["c"], ["a", "b"]),
    ("not(1,2)", [3, "1"], [1, 2]),
    ("not([1..5], > 8)", [0, 7], [1, 9, None]),
    ("not([1..5), ]7..8[, (9))", [5, 7, 8], [1, 7.5, 9, None]),
    ("not(null)", [1, 0], [None]),
    ("not(? > 3)", [3], [4]),
    ("-", [1, None, "a"], []),
    ("", [1, None, "a"], []),
    ("true", [True], [False, None, 1, "true"]),
    ("false", [False], [True, None, 0]),
    ("null", [None], [0, "", False]),
    ("true,false", [True, False], [None]),
    (DAY, ["2026-03-01"], ["2026-03-02", None]),
    (f"< {DAY}", ["2026-02-28"], ["2026-03-01", None]),
    (f'[{DAY}..date("2026-03-31")]', ["2026-03-01", "2026-03-31"], ["2026-04-01", "2026-02-28"]),
    (f"not({DAY})", ["2026-03-02"], ["2026-03-01"]),
    (f"? < {DAY} or ? == date(2026, 4, 1)", ["2026-02-01", "2026-04-01"], ["2026-03-01"]),
    (f">= {INSTANT}", ["2026-03-01T08:00:00Z", "2026-03-01T16:00:00+08:00"], ["2026-03-01T07:59:00Z", None]),
    (INSTANT, ["2026-03-01T16:00:00+08:00"], ["2026-03-01T08:00:01Z"]),
    ("? > 1 and ? < 3", [2], [1, 3]),
    ("? % 2 == 0", [4], [3]),
    ('? in ["a", "b"]', ["a"], ["c"]),
    ('len(?) > 2 and ?.startswith("a")', ["abc"], ["ab", "bcd"]),
    ("? is None or ?.level > limit", [None, {"level": 6}], [{"level": 5}]),
    ("limit", [5], [4]),
    ("< limit * 2", [9], [10]),
    ("[limit..policy.high]", [5, 9], [4, 10]),
    ("policy.allowed", ["a"], ["c"]),
    ("[1,2]", [1, 2, [1, 2]], [3, [1]]),
    ("max(limit, 7), 1", [7, 1], [5]),
]
KNOWN = {"limit": 5, "policy": {"high": 9, "allowed": ["a", "b"]}}


@pytest.mark.parametrize(("test", "passing", "failing"), UNARY_TESTS)
def test_unary_tests(sandbox: Sandbox, test: str, passing: list[object], failing: list[object]) -> None:
    table = parse_table([[test, "1"]])
    for expected, values in ((("r1",), passing), ((), failing)):
        for value in values:
            assert decide(table, {**KNOWN, "x": value}, sandbox).matched == expected, value


@pytest.mark.parametrize(
    "test",
    [
        *(
            "= 5",
            "<",
            "< 5 or",
            "[1..",
            "[1..5",
            "1..5",
            "(1..2..3)",
            "[1...5]",
            "1,,2",
            ", 1",
            "-, 1",
            "not(",
            "not()",
        ),
        *('"a', 'not("a"), "b"', "x > 5", "x and y", "not x", "> ?", "if a then b else c", "a b", "5 # five", 'f"{?}"'),
        *(
            'duration("P1Y2D")',
            'time("08:00:00Z")',
            'date("1 May")',
            'date and time("nope")',
            "__x",
            "x.__class__",
            "eval('1')",
        ),
        *("1) or (True", "1]]) or ([[True", "1\n, 2)\n    or (True", "x := 1", "lambda: (yield)"),
    ],
)
def test_refused_unary_tests(test: str) -> None:
    ((element, message),) = find_problems(write_table([["-", "1"], [test, "1"]], hit="FIRST"))
    assert element == "c2_0"
    assert message.startswith("rule 2 (r2), input 'x': Expected")


@pytest.mark.parametrize(
    "result", ["", " ", "-", "1,2", "= 1", "a b", "1)], [(2", "1\n]]) or ([[2", 'date("x")', "__x"]
)
def test_refused_results(result: str) -> None:
    ((element, message),) = find_problems(write_table([["-", result]]))
    assert element == "c1_1"
    assert message.startswith("rule 1 (r1), output 'y': Expected")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ('"a"', "a"),
        ("true", True),
        ("null", None),
        ("-1.5", -1.5),
        ("[1, 2]", [1, 2]),
        ("x * 2", 6),
        ("policy.high if x > 1 else 0", 9),
        ('{"a": limit}', {"a": 5}),
        (DAY, "2026-03-01"),
        ('"say \\"hi\\"\\n"', 'say "hi"\n'),
    ],
)
def test_results(sandbox: Sandbox, result: str, expected: object) -> None:
    assert decide(parse_table([["-", result]]), {**KNOWN, "x": 3}, sandbox).result == {"y": expected}


class TestHitPolicies:
    ROWS = (("> 1", '"low"', "1"), ("> 5", '"high"', "2"), ("> 7", '"high"', "2"), ("> 9", '"low"', "3"))
    OUTPUTS = ("level", "n")
    PRIORITY = ('"high","low"', "3,2,1")

    def decide(self, sandbox: Sandbox, hit: str, x: int, allowed: Sequence[str] = ()) -> Decision:
        return decide(parse_table(self.ROWS, outputs=self.OUTPUTS, hit=hit, allowed=allowed), {"x": x}, sandbox)

    def test_unique(self, sandbox: Sandbox) -> None:
        assert self.decide(sandbox, "UNIQUE", 3).result == {"level": "low", "n": 1}
        assert self.decide(sandbox, "UNIQUE", 0) == Decision("t", (), (), None, {"x": 0})
        with pytest.raises(DecisionError, match=r"Expected one rule to match, but rule 1 \(r1\) and rule 2 \(r2\) do"):
            self.decide(sandbox, "UNIQUE", 6)

    def test_first(self, sandbox: Sandbox) -> None:
        row: PlainDict = {"level": "low", "n": 1}
        assert self.decide(sandbox, "FIRST", 10) == Decision("t", ("r1",), (row,), row, {"x": 10})

    def test_first_looks_no_further(self, sandbox: Sandbox) -> None:
        table = parse_table([["null", "0"], ["? > 1", "nothing_of_the_kind"]], hit="FIRST")
        assert decide(table, {"x": None}, sandbox).result == {"y": 0}

    def test_any(self, sandbox: Sandbox) -> None:
        table = parse_table([["> 1", "1"], ["> 5", "1"], ["> 7", "true"]], hit="ANY")
        assert decide(table, {"x": 6}, sandbox).result == {"y": 1}
        with pytest.raises(DecisionError, match=r"Expected equal outputs, but rule 1 \(r1\) and rule 3 \(r3\) differ"):
            decide(table, {"x": 8}, sandbox)

    def test_priority(self, sandbox: Sandbox) -> None:
        assert self.decide(sandbox, "PRIORITY", 3, self.PRIORITY).matched == ("r1",)
        assert self.decide(sandbox, "PRIORITY", 10, self.PRIORITY).result == {"level": "high", "n": 2}
        assert self.decide(sandbox, "PRIORITY", 10, ('"low","high"', "3,2,1")).matched == ("r4",)
        assert self.decide(sandbox, "PRIORITY", 0, self.PRIORITY).result is None

    def test_output_order(self, sandbox: Sandbox) -> None:
        decision = self.decide(sandbox, "OUTPUT ORDER", 10, self.PRIORITY)
        assert decision.matched == ("r2", "r3", "r4", "r1")
        assert decision.result == list(decision.rows)

    def test_rule_order_and_collect(self, sandbox: Sandbox) -> None:
        for hit in ("RULE ORDER", "COLLECT"):
            assert self.decide(sandbox, hit, 6).result == [{"level": "low", "n": 1}, {"level": "high", "n": 2}]
            assert self.decide(sandbox, hit, 0).result == []

    def test_a_result_outside_its_values(self, sandbox: Sandbox) -> None:
        problems = find_problems(write_table([["-", '"c"']], hit="PRIORITY", allowed=['"a","b"']))
        assert problems == [("c1_1", "rule 1 (r1), output 'y': Expected one of its values, but got \"c\"")]
        table = parse_table([["-", "x"]], hit="PRIORITY", allowed=['"a","b"'])
        assert decide(table, {"x": "b"}, sandbox).result == {"y": "b"}
        with pytest.raises(DecisionError, match=r"rule 1 \(r1\), output 'y': Expected one of its values, but got 'c'"):
            decide(table, {"x": "c"}, sandbox)

    @pytest.mark.parametrize(
        ("aggregation", "some", "none"), [("SUM", 6.5, None), ("MIN", 1, None), ("MAX", 3.5, None), ("COUNT", 3, 0)]
    )
    def test_aggregation(self, sandbox: Sandbox, aggregation: str, some: float, none: int | None) -> None:
        rows = [["> 1", "1"], ["> 2", "2"], ["> 3", "x - 0.5"], ["> 9", "100"]]
        table = parse_table(rows, hit="COLLECT", aggregation=aggregation)
        decision = decide(table, {"x": 4}, sandbox)
        assert (decision.result, decision.matched, decision.rows) == (some, ("r1", "r2", "r3"), ({"y": some},))
        assert decide(table, {"x": 0}, sandbox).result == none

    def test_a_sum_of_texts(self, sandbox: Sandbox) -> None:
        table = parse_table([["-", "x"]], hit="COLLECT", aggregation="SUM")
        for value in ("a", True, None):
            with pytest.raises(DecisionError, match=r"rule 1 \(r1\), output 'y': Expected a number"):
                decide(table, {"x": value}, sandbox)


class TestErrors:
    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([["-", "1"], ["? > 'a'", "1"]], r"^t, rule 2 \(r2\), input 'x': Expected a result, but TypeError"),
            ([["-", "totl"]], r"rule 1 \(r1\), output 'y': .*'totl' is not defined"),
            ([["-", "x.year"]], r"rule 1 \(r1\), output 'y': .*no attribute 'year'"),
            ([["-", "datetime.min"]], "date.*: use str"),
            ([[f"< {DAY}", "1"]], r"rule 1 \(r1\), input 'x': .*expected date, but got 5"),
        ],
    )
    def test_named(self, sandbox: Sandbox, rows: list[list[str]], message: str) -> None:
        with pytest.raises(DecisionError, match=message):
            decide(parse_table(rows, hit="COLLECT"), {"x": 5}, sandbox)

    def test_an_input_expression(self, sandbox: Sandbox) -> None:
        with pytest.raises(DecisionError, match=r"input 'order\.total': .*KeyError"):
            decide(parse_table([["-", "1"]], inputs=["order.total"]), {"order": {}}, sandbox)

    def test_personal_data(self, sandbox: Sandbox) -> None:
        with pytest.raises(DecisionError, match="no personal data"):
            decide(parse_table([["-", "1"]]), {"x": {"$vault": "a"}}, sandbox)

    def test_budget(self, sandbox: Sandbox) -> None:
        with pytest.raises(SandboxBudgetExceeded):
            decide(parse_table([["-", "1"]]), {"x": 1}, sandbox, TimeBudget(used_seconds=1))


def test_data_may_be_named_like_anything(sandbox: Sandbox) -> None:
    rows = [[DAY, '"e"', 'date + type["x"] + hits + str']]
    table = parse_table(rows, inputs=["date", 'type["x"]'], outputs=["result"])
    values = {"date": "2026-03-01", "type": {"x": "e"}, "hits": "!", "str": "?"}
    assert decide(table, values, sandbox).result == {"result": "2026-03-01e!?"}


def test_a_large_table(sandbox: Sandbox) -> None:
    rows = [[f"[{n}..{n + 1})", f'"k{n}"', str(n)] for n in range(1500)]
    for hit in ("UNIQUE", "FIRST"):
        table = parse_table(rows, inputs=["x", "k"], hit=hit)
        assert decide(table, {"x": 1499, "k": "k1499"}, sandbox).result == {"y": 1499}


class TestMapping:
    ONE = Decision("t", ("r1",), ({"a": 1},), {"a": 1})
    WIDE = Decision("t", ("r1",), ({"a": 1, "b": 2},), {"a": 1, "b": 2})
    NONE = Decision("t", (), (), None)
    TWO = Decision("t", ("r1", "r2"), ({"a": 1}, {"a": 2}), [{"a": 1}, {"a": 2}])

    @pytest.mark.parametrize(
        ("decision", "kind", "expected"),
        [
            (ONE, "singleEntry", 1),
            (NONE, "singleEntry", None),
            (ONE, "singleResult", {"a": 1}),
            (WIDE, "singleResult", {"a": 1, "b": 2}),
            (NONE, "singleResult", None),
            (TWO, "collectEntries", [1, 2]),
            (NONE, "collectEntries", []),
            (TWO, "resultList", [{"a": 1}, {"a": 2}]),
            (NONE, "resultList", []),
        ],
    )
    def test_mapped(self, decision: Decision, kind: str, expected: object) -> None:
        assert map_result(decision, kind) == expected

    @pytest.mark.parametrize(
        ("decision", "kind"),
        [(TWO, "singleEntry"), (TWO, "singleResult"), (WIDE, "singleEntry"), (WIDE, "collectEntries"), (ONE, "best")],
    )
    def test_refused(self, decision: Decision, kind: str) -> None:
        with pytest.raises(DecisionError, match="Expected"):
            map_result(decision, kind)

    def test_an_aggregate_is_one_entry(self, sandbox: Sandbox) -> None:
        table = parse_table([["-", "2"], ["-", "3"]], hit="COLLECT", aggregation="SUM")
        assert map_result(decide(table, {"x": 1}, sandbox), "singleEntry") == 5
