"""Whether expressions, scripts and literals can be read."""

from collections.abc import Iterator

from engine.definitions.lint.diagram import Diagram
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule
from engine.definitions.lint.uses import uses_in
from engine.language.expressions import ExpressionError


@rule(
    "expression-invalid",
    "error",
    en="{detail} (line {line} of the {place} {text}): correct it.",
    zh="{place_zh} {text} 第 {line} 行无法读取（{detail}）：请改正。",
)
def check_expressions(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Every text is Python, with ${…} around the whole where a literal may stand too; FEEL (`=…`) is not understood."""
    for use in (use for scope in diagram.scopes for use in uses_in(scope)):
        try:
            use.parse()
        except ExpressionError as error:
            first = " ".join(use.text.split())[:60]
            yield problem(use.part, detail=error, line=error.line, place=use.place, place_zh=use.place_zh, text=first)
