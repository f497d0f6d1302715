"""What an incident says of an error, whatever way it came."""

import pytest

from engine.language.errors import BpmnError, MergeConflict
from engine.language.sandbox import SandboxBudgetExceeded, SandboxError
from engine.language.script_engine import ExpressionFailed
from engine.runtime.failures import describe_failure

SCRIPT = "a = 1\nb = totl"


def wrap(cause: SandboxError) -> ExpressionFailed:
    error = ExpressionFailed("work", cause)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code", "facts"),
    [
        (
            wrap(SandboxError("name 'totl' is not defined (did you mean total?)", 2, SCRIPT)),
            "expression_failed",
            {"line": 2, "source": "b = totl", "variable": "totl"},
        ),
        (
            SandboxError("KeyError: 'totl'", 0, "a['totl']"),
            "expression_failed",
            {"source": "a['totl']", "variable": "totl"},
        ),
        (wrap(SandboxBudgetExceeded("too long", 0, SCRIPT)), "sandbox_budget_exceeded", {}),
        (SandboxBudgetExceeded("too long", 0, "x"), "sandbox_budget_exceeded", {"source": "x"}),
        (MergeConflict("total"), "merge_conflict", {"variable": "total"}),
        (BpmnError("LATE", "too late"), "bpmn_error", {"error": "LATE"}),
        (ZeroDivisionError("by zero"), "unexpected", {}),
    ],
)
def test_the_kind_and_what_is_known_are_told(error: Exception, code: str, facts: dict[str, object]) -> None:
    failure = describe_failure(error)
    assert (failure.code, failure.facts) == (code, facts)
    assert str(error) in failure.message


def test_a_long_message_is_cut() -> None:
    assert len(describe_failure(ValueError("x" * 10_000)).message) == 2000
