"""What an incident says of an error: its kind, its message, and the line, variable or source it names."""

import re
from dataclasses import dataclass

from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException

from engine.language.errors import BpmnError, EngineError
from engine.storage.plain import PlainDict

MAX_MESSAGE_CHARACTERS = 2000
UNEXPECTED = "unexpected"
BUSINESS = "bpmn_error"
_UNDEFINED = re.compile(r"(?:name '(\w+)' is not defined|KeyError: (\w+))")


@dataclass(frozen=True)
class Failure:
    """`code` is the key of a text in the catalogues (`incident.kind.<code>`)."""

    code: str
    message: str
    facts: PlainDict


def describe_failure(error: Exception) -> Failure:
    """What is known of an error that stopped an element."""
    if isinstance(error, WorkflowTaskException):
        return _describe_expression(error)
    if isinstance(error, BpmnError):
        message = f"Expected a boundary event for error {error.code}, but nothing catches it: {error}"
        return _make(BUSINESS, message, {"error": error.code})
    if isinstance(error, EngineError):
        return _make(error.code, str(error), error.facts)
    return _make(UNEXPECTED, f"{type(error).__name__}: {error}", {})


def _describe_expression(error: WorkflowTaskException) -> Failure:
    """The message of SpiffWorkflow's exception names the element; the sandbox's own error says of which kind it is."""
    cause = error.__cause__
    code = cause.code if isinstance(cause, EngineError) else UNEXPECTED
    return _make(code, str(error), {"line": error.line_number, "source": error.error_line})


def _make(code: str, message: str, facts: PlainDict) -> Failure:
    found = _UNDEFINED.search(message)
    named: PlainDict = {"variable": found[1] or found[2]} if found else {}
    known: PlainDict = {name: value for name, value in {**named, **facts}.items() if value not in (None, "", 0)}
    return Failure(code, message[:MAX_MESSAGE_CHARACTERS], known)
