"""Files of other products: the report says for each what is to be done, in both languages, and soon."""

import re
from random import Random

import pytest

from engine.definitions.drawing import complete_drawing, has_drawing
from engine.definitions.findings import Finding, has_errors
from engine.definitions.lint import lint_files
from tests.engine.definitions.drawing.test_lay_out import semantics
from tests.engine.definitions.intake.foreign import PRODUCTS
from tests.engine.definitions.intake.taking_in import take_in
from tests.engine.definitions.lint.build import (
    CONTEXT,
    diagram,
    document,
    end,
    flow,
    loop,
    path,
    process,
    script,
    start,
    user,
)
from tests.support.effort import takes_at_most

LIMIT_SECONDS = 0.5
LIMIT_SECONDS_LARGE = 8.0  # some times what it takes on an idle machine (0.3 to 1.4): a guard, no measurement
PATH = "bpmn/shop/shop.bpmn"
CHINESE = re.compile("[\u4e00-\u9fff]")

# What must be said, by element, and a part of the sentence that says what to do.
EXPECTED: dict[str, set[tuple[str, str, str]]] = {
    "camunda_7": {
        ("book", "service-topic-missing", "set camunda:topic"),
        ("book", "attribute-unknown", "camunda:class"),
        ("pay", "attribute-unknown", "camunda:expression"),
        ("notify", "extension-unknown", "connector"),
        ("approve", "extension-unknown", "taskListener"),
        ("invoice", "extension-unknown", "executionListener"),
        ("sum", "script-format", "rewrite it in Python"),
        ("f3", "expression-invalid", "write and, or, not"),
        ("f4", "expression-invalid", "write ${…} around Python"),
        ("large", "split-default-missing", "mark one flow as default"),
    },
    "camunda_8": {
        ("score", "service-topic-missing", "set camunda:topic"),
        ("score", "extension-foreign", "taskDefinition belongs to another engine"),
        ("decide", "user-form-missing", "set camunda:formKey"),
        ("rate", "decision-missing", "camunda:decisionRef"),
        ("pay_out", "call-element-missing", "set calledElement"),
        ("f4", "expression-invalid", "write the FEEL text as Python"),
    },
    "flowable": {
        ("approve", "user-candidate-missing", "set camunda:candidateGroups"),
        ("mail", "service-topic-missing", "set camunda:topic"),
        ("mail", "extension-foreign", "another engine"),
    },
    "signavio": {
        ("sid-process", "not-executable", 'isExecutable="true"'),
        ("sid-1", "name-missing", "name it"),
        ("sid-2", "extension-foreign", "another engine"),
    },
    "drawn_only": {
        ("b", "not-executable", "draw an empty pool"),
        ("b2", "path-without-end", "end event"),
    },
    "choreography": {("t", "choreography", "draw pools with message flows"), ("line 2", "no-process", "draw one")},
    "unusual": {
        ("adhoc", "ad-hoc", "draw the order"),
        ("complex", "complex-gateway", "draw the rule"),
        ("ced", "compensation", "draw the reversal"),
        ("g1", "global-task", "make it a process"),
        ("store", "data-store", "use a topic"),
        ("io2", "io-specification", "map the data"),
    },
    "cmmn": {("line 1", "diagram-unreadable", "draw it as a BPMN process")},
    "xpdl": {("line 1", "diagram-unreadable", "export the file as BPMN 2.0")},
    "html": {("line 1", "diagram-unreadable", "download the file again")},
    "old_bpmn": {("line 1", "diagram-unreadable", "export the file as BPMN 2.0")},
    "wrong encoding": {("line 2", "diagram-unreadable", "mend that line")},
    "zip": {("line 1", "diagram-unreadable", "unpack it")},
    "empty": {("line 1", "diagram-unreadable", "choose it again")},
    "json": {("line 1", "diagram-unreadable", ".form file")},
}
READABLE = ("bpmn2 prefix", "no prefix", "utf-16", "byte order mark", "gb18030", "unknown namespaces")
EXPECTED |= {name: {("pack", "name-en-missing", "set baton:nameEn")} for name in READABLE}


def lint(content: bytes) -> list[Finding]:
    return lint_files({PATH: content}, context=CONTEXT)


def test_every_product_has_its_expectations() -> None:
    assert set(PRODUCTS) == set(EXPECTED)


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_report_says_what_is_to_be_done(name: str) -> None:
    reports: list[list[Finding]] = []
    content = PRODUCTS[name]
    assert takes_at_most(LIMIT_SECONDS, lambda: reports.append(take_in(PATH, content, CONTEXT, Random(1))))
    findings = reports[-1]
    assert has_errors(findings)
    assert all(CHINESE.search(finding.message_zh) for finding in findings)
    for element, rule, part in EXPECTED[name]:
        said = [finding.message for finding in findings if (finding.element, finding.rule) == (element, rule)]
        assert any(part in message for message in said), (element, rule, said)


@pytest.mark.parametrize("name", ["camunda_7", "camunda_8", "flowable", "signavio", "drawn_only", "unusual", *READABLE])
def test_a_file_without_shapes_is_drawn_and_keeps_what_others_wrote(name: str) -> None:
    drawn = complete_drawing(PRODUCTS[name])
    assert has_drawing(drawn)
    assert semantics(drawn) == semantics(PRODUCTS[name])
    assert complete_drawing(drawn) == drawn


def _row(count: int, part: str) -> bytes:
    """So many elements in a row; `{n}` is the number of each."""
    ids = [f"t{n}" for n in range(count)]
    return diagram(start(), *(part.replace("{n}", str(n)) for n in range(count)), end(), path("begin", *ids, "done"))


LARGE = {
    "tasks": _row(1_990, user("t{n}")),
    "loops": _row(1_900, user("t{n}", inside=loop('camunda:collection="c{n}" camunda:elementVariable="e{n}"'))),
    "processes": document(
        *(process(start(f"s{n}"), end(f"e{n}"), path(f"s{n}", f"e{n}"), key=f"p{n}") for n in range(990))
    ),
    "scripts": _row(1_200, script("name_{n} = name_{n}_of", "t{n}")),
    "flows": diagram(
        start(),
        end(),
        *(script(f"a = {n}", f"t{n}") for n in range(900)),
        *(flow(f"t{n}", f"t{n * 7 % 900}") for n in range(900)),
        *(flow(f"t{n}", "done") for n in range(900)),
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_two_thousand_elements_are_checked_parsed_and_drawn_in_time(name: str) -> None:
    results: list[tuple[list[Finding], bytes]] = []
    content = LARGE[name]
    assert takes_at_most(LIMIT_SECONDS_LARGE, lambda: results.append((lint(content), complete_drawing(content))))
    findings, drawn = results[-1]
    assert findings
    assert has_drawing(drawn)
