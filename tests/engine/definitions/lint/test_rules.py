"""For every rule a diagram that breaks it, with a finding that says so, and one that keeps it and is clean."""

import pytest

from engine.definitions.findings import Finding, has_errors
from engine.definitions.lint import RULES, Registry, lint_files
from engine.definitions.registry import Topic
from tests.engine.definitions.lint.build import CONTEXT
from tests.engine.definitions.lint.cases_content import CALLS, DATA, EVENTS, TASKS
from tests.engine.definitions.lint.cases_shape import SHAPE

CASES = {**SHAPE, **EVENTS, **TASKS, **CALLS, **DATA}
REGISTRY = Registry(
    {
        "send": Topic("send", lambda call, **values: {}, frozenset({"to"}), frozenset({"text"}), {}),
        "keep": Topic("keep", lambda call: {}, frozenset(), frozenset(), {}, reads=("ask",)),
    },
    {"order.taker"},
    {"shop_keeper"},
    {"parcel": ["parcel_id"]},
)
# Reported by the reading of other files than diagrams, and by the parser: see test_files.py and test_tables.py.
OTHER_FILES = {
    "form-invalid",
    "decision-invalid",
    "policy-invalid",
    "agreement-invalid",
    "calendar-invalid",
    "file-unknown",
    "key-too-long",
    "diagram-unparsable",
}
# Known only where files are deployed: see tests/engine/commands/test_deployments.py.
DEPLOYED = {"call-version-unknown"}
OTHER_FILES |= {rule.id for rule in RULES.values() if rule.theme == "tables"}
PATH = "bpmn/shop/shop.bpmn"


def lint(content: bytes) -> list[Finding]:
    return lint_files({PATH: content}, REGISTRY, context=CONTEXT)


def test_every_rule_has_a_case() -> None:
    assert set(CASES) | OTHER_FILES | DEPLOYED == set(RULES)


@pytest.mark.parametrize("rule", CASES)
def test_breach_is_found(rule: str) -> None:
    found = [finding for finding in lint(CASES[rule][0]) if finding.rule == rule]
    assert found
    for finding in found:
        assert finding.file == PATH
        assert finding.severity == RULES[rule].severity
        assert finding.element
        assert finding.message
        assert finding.message_zh
        assert "{" not in finding.message.replace("${", "")


@pytest.mark.parametrize("rule", CASES)
def test_what_keeps_the_rule_is_clean(rule: str) -> None:
    findings = lint(CASES[rule][1])
    assert rule not in {finding.rule for finding in findings}
    assert not has_errors(findings), findings
