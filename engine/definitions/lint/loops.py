"""Multi-instance activities."""

from collections.abc import Iterator

from engine.definitions.lint.calls import start_variables
from engine.definitions.lint.diagram import Diagram, Node, Scope, baton, bpmn, camunda, text_of
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule
from engine.definitions.lint.uses import element_variable, writes_of

BY_NAME = ("loopDataInputRef", "loopDataOutputRef", "inputDataItem", "outputDataItem")


def _loops(diagram: Diagram) -> Iterator[tuple[Node, str, str, str]]:
    """Each multi-instance with its collection, output collection and output element."""
    for node in diagram.nodes:
        if node.loop is not None:
            names = (camunda("collection"), baton("outputCollection"), baton("outputElement"))
            collection, output, element = ((node.loop.get(name) or "").strip() for name in names)
            yield node, collection, output, element


def _has_cardinality(node: Node) -> bool:
    return node.loop is not None and bool(text_of(node.loop.find(bpmn("loopCardinality"))))


@rule(
    "loop-collection-missing",
    "error",
    en="Expected camunda:collection on the multi-instance {element}, but there is none: name the list it runs over.",
    zh="多实例 {element} 应填写 camunda:collection，但没有：请填写遍历的列表。",
)
def check_collection(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Without a list or a number the count of instances is unknown and the parser refuses the file."""
    for node, collection, _, _ in _loops(diagram):
        if not collection and not _has_cardinality(node):
            yield problem(node)


@rule(
    "loop-both",
    "error",
    en="Expected a list or a number of instances, but {element} has both: delete the loopCardinality.",
    zh="应填写列表或次数之一，但 {element} 两者都有：请删除固定次数。",
)
def check_cardinality(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """With a list and a number nobody knows which one counts."""
    for node, collection, _, _ in _loops(diagram):
        if collection and _has_cardinality(node):
            yield problem(node)


@rule(
    "loop-data-by-name",
    "error",
    en="Expected camunda:collection and camunda:elementVariable, but {element} uses {tag}: use the attributes instead.",
    zh="应使用 camunda:collection 和 camunda:elementVariable，但 {element} 用了 {tag}：请改用属性。",
)
def check_by_name(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """The modeler drops these elements when it saves the file, and the loop is gone."""
    for node, *_ in _loops(diagram):
        for tag in BY_NAME:
            if node.loop is not None and node.loop.find(bpmn(tag)) is not None:
                yield problem(node, tag=tag)


@rule(
    "loop-variable-missing",
    "error",
    en="Expected camunda:elementVariable on the multi-instance {element}, but there is none: name the "
    "variable of one item.",
    zh="多实例 {element} 应填写 camunda:elementVariable，但没有：请填写单项变量名。",
)
def check_element_variable(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Without a variable no instance knows which item it is about."""
    for node, *_ in _loops(diagram):
        if not element_variable(node) and not _has_cardinality(node):
            yield problem(node)


@rule(
    "loop-variable-clash",
    "error",
    en="Expected a variable of its own for the items of {element}, but {name} is used in the process "
    "already: rename it.",
    zh="{element} 的单项变量应独立命名，但 {name} 已在流程中使用：请改名。",
)
def check_variable_clash(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """When the variable exists already the activity fails as soon as it starts."""
    writers: dict[Scope, dict[str, set[Node]]] = {}
    for node, _, output, element in _loops(diagram):
        process = node.scope.process
        if process not in writers:
            writers[process] = _writers(process, project)
        inside = {child for scope in (node.body.walk() if node.body else ()) for child in scope.nodes} | {node}
        given = set[str]().union(*start_variables(process))
        for name in sorted({element_variable(node), element} - {""}):
            if name in given or name == output or writers[process].get(name, set()) - inside:
                yield problem(node, name=name)


def _writers(process: Scope, project: Project) -> dict[str, set[Node]]:
    """The nodes that write each variable of a process."""
    writers: dict[str, set[Node]] = {}
    for node in (node for scope in process.walk() for node in scope.nodes):
        for name in writes_of(node, project):
            writers.setdefault(name, set()).add(node)
    return writers


@rule(
    "loop-output-incomplete",
    "error",
    en="Expected baton:outputCollection and baton:outputElement together on {element}, but one is missing: "
    "set both or none.",
    zh="{element} 的 baton:outputCollection 与 baton:outputElement 应同时填写，但缺少一个：请都填或都不填。",
)
def check_output(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Results without an element, or without a place to collect them, are lost."""
    for node, _, output, element in _loops(diagram):
        if bool(output) != bool(element):
            yield problem(node)
