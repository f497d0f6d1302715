"""How large a file may be. A file beyond these limits is not examined further."""

from collections.abc import Iterator
from typing import cast

from engine.definitions.lint.diagram import Diagram
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule
from engine.definitions.lint.uses import uses_in

READABLE_NODES = 300
MAX_NODES = 2_000
MAX_DEPTH = 50
MAX_ELEMENTS = 60_000
MAX_TEXT_CHARACTERS = 30_000


@rule(
    "too-many-nodes",
    "error",
    en=f"Expected at most {MAX_NODES} flow nodes in a file, but there are {{count}}: split it into called processes.",
    zh=f"一个文件最多 {MAX_NODES} 个流程节点，但有 {{count}} 个：请拆分为被调用的流程。",
)
def check_nodes(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """The engine is tested with as many; a larger file is no diagram but a program."""
    if len(diagram.nodes) > MAX_NODES:
        yield problem(diagram.root, count=len(diagram.nodes))


@rule(
    "many-nodes",
    "warning",
    en=f"Expected at most {READABLE_NODES} flow nodes in a file, but there are {{count}}: split it into called "
    "processes.",
    zh=f"一个文件宜在 {READABLE_NODES} 个流程节点以内，但有 {{count}} 个：请拆分为被调用的流程。",
)
def check_readable(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """It runs, but nobody can read such a picture."""
    if READABLE_NODES < len(diagram.nodes) <= MAX_NODES:
        yield problem(diagram.root, count=len(diagram.nodes))


@rule(
    "too-deep",
    "error",
    en=f"Expected at most {MAX_DEPTH} sub-processes inside each other, but {{element}} lies deeper: "
    "turn the inner ones into called processes.",
    zh=f"子流程最多嵌套 {MAX_DEPTH} 层，但 {{element}} 更深：请把内层改为被调用的流程。",
)
def check_depth(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Nobody can follow it, and every level is a scope of its own in the state of a case."""
    for process in diagram.processes:
        scopes = [process]
        for _ in range(MAX_DEPTH + 1):
            scopes = [node.body for scope in scopes for node in scope.nodes if node.body]
        if scopes:
            yield problem(scopes[0])


@rule(
    "too-many-elements",
    "error",
    en=f"Expected at most {MAX_ELEMENTS} XML elements with the drawing, but there are {{count}}: split the file.",
    zh=f"文件（含图形）最多 {MAX_ELEMENTS} 个 XML 元素，但有 {{count}} 个：请拆分文件。",
)
def check_elements(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A file must be examined in half a second."""
    count = int(cast(float, diagram.root.xpath("count(//*)")))
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
