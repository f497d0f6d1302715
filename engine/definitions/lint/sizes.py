"""How large a file may be. A file beyond these limits is not examined further."""

from collections.abc import Iterator

from engine.definitions.lint.diagram import Diagram
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule
from engine.definitions.lint.uses import uses_in

MAX_NODES = 300
MAX_ELEMENTS = 20_000
MAX_TEXT_CHARACTERS = 30_000


@rule(
    "too-many-nodes",
    "error",
    en=f"Expected at most {MAX_NODES} flow nodes in a file, but there are {{count}}: split it into called processes.",
    zh=f"一个文件最多 {MAX_NODES} 个流程节点，但有 {{count}} 个：请拆分为被调用的流程。",
)
def check_nodes(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Nobody can read such a picture, and the parser of the engine gives up on chains of about 450 nodes."""
    if len(diagram.nodes) > MAX_NODES:
        yield problem(diagram.root, count=len(diagram.nodes))


@rule(
    "too-many-elements",
    "error",
    en=f"Expected at most {MAX_ELEMENTS} XML elements with the drawing, but there are {{count}}: split the file.",
    zh=f"文件（含图形）最多 {MAX_ELEMENTS} 个 XML 元素，但有 {{count}} 个：请拆分文件。",
)
def check_elements(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A file must be examined in half a second."""
    count = sum(1 for _ in diagram.root.iter("*"))
    if count > MAX_ELEMENTS:
        yield problem(diagram.root, count=count)


@rule(
    "too-much-text",
    "error",
    en=f"Expected at most {MAX_TEXT_CHARACTERS} characters of expressions and scripts, but there are {{count}}: "
    "move the work into services.",
    zh=f"表达式和脚本最多 {MAX_TEXT_CHARACTERS} 个字符，但有 {{count}} 个：请把处理移到服务中。",
)
def check_text(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Programs belong into services, where they are tested."""
    count = sum(len(use.text) for scope in diagram.scopes for use in uses_in(scope))
    if count > MAX_TEXT_CHARACTERS:
        yield problem(diagram.root, count=count)
