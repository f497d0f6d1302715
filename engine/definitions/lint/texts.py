"""Whether expressions, scripts and literals can be read."""

import re
from collections.abc import Iterator

from engine.definitions.lint.diagram import Diagram
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule
from engine.definitions.lint.uses import uses_in
from engine.language.expressions import ExpressionError

# Operators of JUEL, JavaScript and Groovy.
_JUEL = re.compile(r"&&|\|\||![^=]|\b(eq|ne|lt|le|gt|ge|empty|null|true|false)\b")


@rule(
    "expression-invalid",
    "error",
    en="{detail} (line {line} of the {place} {text}): {remedy}.",
    zh="{place_zh} {text} 第 {line} 行无法读取（{detail}）：{remedy_zh}。",
)
def check_expressions(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Every text is Python, with ${…} around the whole where a literal may stand too; FEEL (`=…`) is not understood."""
    for use in (use for scope in diagram.scopes for use in uses_in(scope)):
        try:
            use.parse()
        except ExpressionError as error:
            first = " ".join(use.text.split())[:60]
            remedy, remedy_zh = _find_remedy(use.text.strip())
            facts = {"detail": error, "line": error.line, "text": first, "remedy": remedy, "remedy_zh": remedy_zh}
            yield problem(use.part, place=use.place, place_zh=use.place_zh, **facts)


def _find_remedy(text: str) -> tuple[str, str]:
    """What to do: how Python says what other products write otherwise."""
    if text.startswith("="):
        return "write the FEEL text as Python inside ${…}", "请把 FEEL 改写为 ${…} 中的 Python"
    if text.startswith("#{"):
        return "write ${…} around Python", "请改写为 ${…} 中的 Python"
    if _JUEL.search(text):
        return "write and, or, not, ==, None, True and False, as Python does", (
            "请按 Python 写 and、or、not、==、None、True、False"
        )
    return "correct it", "请改正"
