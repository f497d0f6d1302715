"""Policy values: those a diagram reads are loaded, and those it loads exist.

The topic `load_policy` takes the list `keys` and gives a dict; diagrams keep it as `cfg` (M11).
"""

import ast
from collections.abc import Iterator

from engine.definitions.lint.diagram import Diagram, Node, Scope, text_of
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule
from engine.definitions.lint.uses import Use, uses_in
from engine.language.expressions import ExpressionError, Literal
from engine.language.suggest import suggest
from engine.language.syntax import read_module

TOPIC = "load_policy"


def _loaders(process: Scope) -> list[Node]:
    nodes = (node for scope in process.walk() for node in scope.of_kind("serviceTask"))
    return [node for node in nodes if node.camunda("topic") == TOPIC]


def _loaded_keys(loader: Node) -> set[str] | None:
    """The keys it loads; None when they are not written down as a list of texts."""
    for parameter in loader.parameters("inputParameter"):
        if parameter.get("name") == "keys":
            tree = _parse(Use(loader, loader, "input mapping", text_of(parameter), "value"))
            body = tree.body[0] if tree and len(tree.body) == 1 else None
            value = body.value if isinstance(body, ast.Expr) else None
            items = value.elts if isinstance(value, ast.List) else None
            if items is not None and all(isinstance(i, ast.Constant) and isinstance(i.value, str) for i in items):
                return {str(item.value) for item in items if isinstance(item, ast.Constant)}
    return None


def _parse(use: Use) -> ast.Module | None:
    try:
        found = use.parse()
        return None if isinstance(found, Literal) else read_module(found.source.strip())
    except (ExpressionError, SyntaxError):
        return None


def _read_keys(use: Use, variables: set[str]) -> Iterator[str]:
    """The keys read from one of the variables, as `cfg["key"]` or `cfg.key`."""
    tree = _parse(use) if use.reads() & variables else None
    for node in ast.walk(tree) if tree else ():
        if not (isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.value, ast.Name)):
            continue
        if node.value.id in variables and isinstance(node, ast.Attribute):
            yield node.attr
        elif node.value.id in variables and isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            yield str(node.slice.value)


@rule(
    "policy-key-not-loaded",
    "error",
    en="Expected the policy value {key} to be loaded, but load_policy does not list it{hint}: add it to the keys.",
    zh="规则值 {key} 没有载入{hint}：请加入 load_policy 的 keys。",
)
def check_loaded(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A value that was not loaded opens an incident where it is read (M11)."""
    for process in diagram.processes:
        loaders = _loaders(process)
        keys = [_loaded_keys(loader) for loader in loaders]
        if not loaders or None in keys:
            continue
        loaded = set[str]().union(*(found for found in keys if found))
        names = {str(p.get("name")) for loader in loaders for p in loader.parameters("outputParameter")}
        for use in (use for scope in process.walk() for use in uses_in(scope) if use.is_data):
            for key in sorted(set(_read_keys(use, names)) - loaded):
                yield problem(use.part, key=key, hint=suggest(key, loaded))


@rule(
    "policy-key-unknown",
    "error",
    en="Expected a value of the policy, but {key} is none{hint}: correct it, or add it to policy.json.",
    zh="规则文件中没有 {key}{hint}：请改正，或加入 policy.json。",
)
def check_known(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A key the policy does not hold opens an incident in every case (M11)."""
    if not project.policy:
        return
    for process in diagram.processes:
        for loader in _loaders(process):
            for key in sorted((_loaded_keys(loader) or set()) - project.policy):
                yield problem(loader, key=key, hint=suggest(key, project.policy))
