"""The rules about decisions as a whole: for each a file that breaks it, with what is said, and one that keeps it."""

from collections.abc import Sequence

import pytest

from engine.definitions.findings import Finding
from engine.definitions.lint import RULES, lint_files
from tests.engine.language.test_decisions import write_graph, write_table

PATH = "bpmn/shop/t.dmn"
BROKEN: dict[str, tuple[bytes, str, str]] = {
    "decision-overlap": (
        write_table([["<= 5", "1"], [">= 5", "2"]]),
        "r2",
        "Expected one rule to match at most, but rules 1 and 2 both match x = 5:",
    ),
    "decision-conflict": (
        write_table([["< 5", "1"], ["> 3", "1"], ["4", "2"]], hit="ANY", defaults=["0"]),
        "r3",
        "rules 1 and 3 both match x = 4 and differ",
    ),
    "decision-gap": (write_table([["< 5", "1"], ["> 5", "2"]]), "t", "but none matches x = 5: add a rule"),
    "decision-incomplete": (
        write_table([['"a"', "true", "1"], ['"b"', "-", "2"]], inputs=["k", "is_new"], listed=['"a","b"', ""]),
        "t",
        'but none matches k = "a", is_new = false: add a rule',
    ),
    "decision-shadowed": (
        write_table([["< 3", "1"], [">= 3", "2"], ["7", "3"], ["-", "4"]], hit="FIRST"),
        "r3",
        "Expected rule 3 to decide something",
    ),
    "decision-never": (write_table([["[5..1]", "1"], ["-", "2"]]), "c1_0", "passes the test c1_0 of rule 1"),
    "decision-undecided": (write_table([["? % 2 == 0", "1"], ["> 5", "2"], ["<= 5", "3"]]), "c1_0", "c1_0 depends on"),
    "decision-too-large": (
        write_table([[f"[{n}..{n + 900}]", str(n)] for n in range(900)], hit="COLLECT"),
        "t",
        "but t is too large",
    ),
}


def lint(content: bytes) -> list[Finding]:
    return lint_files({PATH: content})


def test_every_rule_has_a_case() -> None:
    about_several_files = {"decision-key-duplicate", "decision-copied"}
    assert set(BROKEN) | about_several_files == {rule.id for rule in RULES.values() if rule.theme == "tables"}


@pytest.mark.parametrize("rule", BROKEN)
def test_breach_is_found(rule: str) -> None:
    content, element, words = BROKEN[rule]
    found = next(one for one in lint(content) if one.rule == rule)
    assert (found.file, found.element, found.severity) == (PATH, element, RULES[rule].severity)
    assert words in found.message
    assert found.message_zh
    assert "{" not in found.message + found.message_zh


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ([["< 5", "1"], [">= 5", "2"]], {}),
        ([["<= 5", "1"], [">= 6", "2"]], {"types": ["integer"]}),
        ([["[0..5)", "1"]], {"listed": ["[0..5)"]}),
        ([["true", "1"], ["false", "2"]], {}),
        ([['"a"', "1"], ['not("a")', "2"]], {}),
        ([["< 5", "1"], ["< 3", "1"], [">= 5", "2"]], {"hit": "ANY"}),
        ([["3", "1"]], {"defaults": ["0"]}),
        ([["3", "1"], ["3", "2"]], {"hit": "COLLECT"}),
        ([["3", "1"], ["3", "2"]], {"hit": "RULE ORDER"}),
        ([["? > 3", "1"], ["-", "2"]], {"hit": "FIRST"}),
        ([['< date("2026-01-01")', "1"], ['>= date("2026-01-01")', "2"]], {"types": ["date"]}),
        ([['< time("08:00")', "1"], ['>= time("08:00")', "2"]], {"types": ["time"]}),
    ],
)
def test_what_keeps_the_rules_is_clean(rows: Sequence[Sequence[str]], options: dict[str, object]) -> None:
    assert lint(write_table(rows, **options)) == []  # type: ignore[arg-type]  # options by name


def test_a_decision_in_two_files_is_found() -> None:
    table = write_table([["-", "1"]])
    findings = lint_files({"bpmn/a/one.dmn": table, "bpmn/b/two.dmn": table})
    assert [(one.file, one.rule) for one in findings] == [
        ("bpmn/a/one.dmn", "decision-key-duplicate"),
        ("bpmn/b/two.dmn", "decision-key-duplicate"),
    ]
    assert "it is also in bpmn/b/two.dmn" in findings[0].message


def test_a_decision_that_others_go_on_with_as_it_was_is_found() -> None:
    """`price` was deployed with a `t` of its own; `t` is now deployed alone."""
    deployed = {"bpmn/shared/price.dmn": write_graph(rows=[["-", "1"]])}
    (found,) = lint_files({PATH: write_table([["-", "2"]])}, context=deployed)
    assert (found.rule, found.element) == ("decision-copied", "t")
    assert "price goes on with the t of its own file" in found.message
    assert lint_files({PATH: write_table([["-", "1"]])}, context=deployed) == []
    both = {"bpmn/shared/price.dmn": write_graph(rows=[["-", "2"]])}
    assert lint_files(both, context={"bpmn/shared/t.dmn": write_table([["-", "1"]])}) == []


@pytest.mark.parametrize(
    "xml",
    [
        write_table([["+".join(["1"] * 900), "1"], ["not " * 3000 + "?", "1"], ["[" * 300 + "]" * 300, "1"]]),
        write_table([['duration("P99999999999999D")', "1"], ['duration("P' + "9" * 5000 + 'Y")', "1"]], hit="FIRST"),
        write_table([["-"] * 400 + ["1"]], inputs=[f"x{number}" for number in range(400)]),
        write_table([['< date("0001-01-01")', "1"], ['> date("9999-12-31")', "1"]]),
        write_table([["< 1e999", "1"], ["> 1e308", "1"], ["5" * 300, "1"]], hit="FIRST"),
    ],
)
def test_what_is_beyond_all_bounds_is_only_reported(xml: bytes) -> None:
    assert all(finding.message_zh for finding in lint(xml))
