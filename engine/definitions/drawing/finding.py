"""What the quality check of a drawing reports."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class DrawingFinding:
    """rule: name of the rule; element: id of the BPMN element, for measures of a plane the id of what it shows."""

    rule: str
    element: str
    severity: Severity
    message: str


def error(rule: str, element: str, message: str) -> DrawingFinding:
    return DrawingFinding(rule, element, "error", message)


def warning(rule: str, element: str, message: str) -> DrawingFinding:
    return DrawingFinding(rule, element, "warning", message)
