"""What an incident says of an error: its kind, its message, and the line, variable or source it names."""

import re
from dataclasses import dataclass

from engine.language.errors import BpmnError, EngineError
from engine.language.sandbox import SandboxBudgetExceeded, SandboxError
from engine.language.script_engine import ExpressionFailed
from engine.storage.plain import PlainDict

MAX_MESSAGE_CHARACTERS = 2000
UNEXPECTED, BUSINESS, EXPRESSION, BUDGET = "unexpected", "bpmn_error", "expression_failed", "sandbox_budget_exceeded"
_UNDEFINED = re.compile(r"(?:name '(\w+)' is not defined|KeyError: '?(\w+))")


@dataclass(frozen=True)
class Failure:
    """`code` is the key of a text in the catalogues (`incident.kind.<code>`)."""

    code: str
    message: str
    facts: PlainDict


def describe_failure(error: Exception) -> Failure:
    """What is known of an error that stopped an element."""
    if isinstance(error, BpmnError):
        message = f"Expected a boundary event for error {error.code}, but nothing catches it: {error}"
        return _make(BUSINESS, message, {"error": error.code})
    if isinstance(error, SandboxError | ExpressionFailed):
        is_spent = isinstance(error, SandboxBudgetExceeded) or isinstance(error.__cause__, SandboxBudgetExceeded)
        source = error.source_line.strip() if isinstance(error, ExpressionFailed) else error.source
        return _make(BUDGET if is_spent else EXPRESSION, str(error), {"line": error.line, "source": source})
    if isinstance(error, EngineError):
        return _make(error.code, str(error), error.facts)
    return _make(UNEXPECTED, f"{type(error).__name__}: {error}", {})


def _make(code: str, message: str, facts: PlainDict) -> Failure:
    found = _UNDEFINED.search(message)
    named: PlainDict = {"variable": found[1] or found[2]} if found else {}
    known: PlainDict = {name: value for name, value in {**named, **facts}.items() if value not in (None, "", 0)}
    return Failure(code, message[:MAX_MESSAGE_CHARACTERS], known)
