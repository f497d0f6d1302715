"""What a check of a definition found: one fault, where it is and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from engine.storage.plain import PlainDict

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One fault of one file. An error keeps the file from being deployed, a warning does not.

    `element` is the id of the element, or "line 12" where it has none.
    """

    file: str
    element: str
    rule: str
    severity: Severity
    message: str
    message_zh: str = ""

    def to_json(self) -> PlainDict:
        return {
            "file": self.file,
            "element": self.element,
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
            "message_zh": self.message_zh,
        }


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether one of them keeps the files from being deployed."""
    return any(finding.severity == "error" for finding in findings)
