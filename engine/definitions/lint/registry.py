"""The rules of the lint: each has an id, a severity, a sentence in two languages and a reason (its docstring)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from lxml import etree

from engine.definitions.findings import Finding, Severity
from engine.definitions.lint.diagram import Diagram, Part, label_of
from engine.definitions.lint.project import Project


@dataclass(frozen=True)
class Problem:
    """A breach of a rule: where, and the facts its sentence names."""

    element: str
    facts: Mapping[str, object]


Check = Callable[[Diagram, Project], Iterable[Problem]]


@dataclass(frozen=True)
class Rule:
    """`en` and `zh` are sentences with the facts in braces, `element` among them; `reason` says what for."""

    id: str
    severity: Severity
    en: str
    zh: str
    reason: str
    theme: str
    check: Check | None = field(default=None, compare=False)

    def find_at(self, file: str, element: str, /, **facts: object) -> Finding:
        """The finding for one breach."""
        named = {"element": element} | {key: str(value) for key, value in facts.items()}
        return Finding(file, element, self.id, self.severity, self.en.format(**named), self.zh.format(**named))


RULES: dict[str, Rule] = {}


def declare(
    rule_id: str, severity: Severity, *, en: str, zh: str, reason: str, theme: str, check: Check | None = None
) -> Rule:
    """Registers a rule; without a check the reading of the file reports it. Raises ValueError on a known id."""
    if rule_id in RULES:
        raise ValueError(f"Expected a new rule id, but {rule_id!r} is registered already.")
    RULES[rule_id] = Rule(rule_id, severity, en, zh, " ".join(reason.split()), theme, check)
    return RULES[rule_id]


def rule(rule_id: str, severity: Severity, *, en: str, zh: str) -> Callable[[Check], Check]:
    """Registers the decorated check of one diagram under this id; its docstring is the reason."""

    def register(check: Check) -> Check:
        theme = check.__module__.rpartition(".")[2]
        declare(rule_id, severity, en=en, zh=zh, reason=check.__doc__ or "", theme=theme, check=check)
        return check

    return register


def problem(subject: Part | etree._Element, /, **facts: object) -> Problem:
    """A breach at this part of the diagram."""
    xml = subject.xml if isinstance(subject, Part) else subject
    return Problem(label_of(xml), facts)
