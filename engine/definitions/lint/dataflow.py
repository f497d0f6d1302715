"""Which variables are known where, and whether every variable that is read is known."""

from collections.abc import Iterator, Mapping
from functools import reduce
from operator import or_

from engine.definitions.forms import Form
from engine.definitions.forms.model import walk
from engine.definitions.lint.calls import start_variables
from engine.definitions.lint.diagram import Diagram, Node, Scope
from engine.definitions.lint.graph import follow_flows, sort_forward
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule
from engine.definitions.lint.uses import Use, element_variable, output_collection, uses_in, writes_of
from engine.language.expressions import Expression, ExpressionError
from engine.language.suggest import suggest

ALWAYS_KNOWN = frozenset({"now"})


class KnownVariables:
    """For each node of a process the variables that some path to it can have written, as bits of one integer.

    What was written inside a sub-process is known behind its end, not behind its boundary events (M13); out of a
    multi-instance comes only what it collects. The start of an event sub-process is armed when its scope begins; it
    starts with all the scope knows.
    """

    def __init__(self, process: Scope, project: Project) -> None:
        self.nodes = [node for scope in process.walk() for node in scope.nodes]
        self._bits: dict[str, int] = {}
        self._own = {node: self._mask(writes_of(node, project)) for node in self.nodes}
        self._collected = {node: self._mask({output_collection(node)}) for node in self.nodes}
        self._items = {node: self._mask({element_variable(node)}) for node in self.nodes}
        self._always = self._mask(ALWAYS_KNOWN)
        self._start = self._always | self._mask(set().union(*start_variables(process)))
        self._before: dict[Node, int] = dict.fromkeys(self.nodes, 0)
        self._after: dict[Node, int] = dict.fromkeys(self.nodes, 0)
        self._settle(process)

    def _mask(self, names: set[str] | frozenset[str]) -> int:
        mask = 0
        for name in names - {""}:
            mask |= self._bits.setdefault(name, 1 << len(self._bits))
        return mask

    @property
    def names(self) -> set[str]:
        """Every variable of the process."""
        return set(self._bits)

    def knows(self, use: Use, name: str) -> bool:
        """Whether the variable can exist where the text is evaluated."""
        if use.is_anytime:
            return name in self._bits
        mask = self._after[use.node] if use.is_after else self._before[use.node] | self._items[use.node]
        return bool(mask & self._bits.get(name, 0))

    def _settle(self, process: Scope) -> None:
        order = [node for scope in process.walk() for node in sort_forward(scope)[0]]
        has_changed = True
        while has_changed:
            has_changed = False
            for node in order:
                before, after = self._enter(node), 0
                self._before[node] = before
                after = self._leave(node)
                if after != self._after[node]:
                    self._after[node], has_changed = after, True

    def _enter(self, node: Node) -> int:
        if node.host is not None:
            return self._before[node.host]
        if node.is_armed_start and node.scope.owner is not None:
            return self._begin(node.scope.owner.scope)
        if node.is_event_sub_process:
            others = (self._after[other] for other in node.scope.nodes if other is not node)
            return reduce(or_, others, self._begin(node.scope))
        mask = 0
        for flow in node.incoming:
            mask |= self._after[flow.source] if flow.source else 0
        if node.starts_cases and node.definitions:
            return self._always
        return mask if node.incoming else self._begin(node.scope)

    def _begin(self, scope: Scope) -> int:
        owner = scope.owner
        return self._start if owner is None else self._before[owner] | self._items[owner]

    def _leave(self, node: Node) -> int:
        if node.loop is not None:
            return self._before[node] | self._collected[node]
        mask = self._before[node] | self._own[node]
        if node.is_armed_start and node.scope.owner is not None:
            mask |= self._before[node.scope.owner]
        for child in node.body.nodes if node.body else ():
            if not any(follow_flows(child)) and child.kind != "boundaryEvent":
                mask |= self._after[child]
        return mask


@rule(
    "unknown-variable",
    "warning",
    en="Expected a variable that is known here, but nothing before writes {name}{hint} ({place} {text}): "
    "correct the name, map it, or list it in baton:startVariables of the process.",
    zh="此处没有变量 {name}{hint}（{place_zh} {text}）：请改正名称、添加映射，或列入流程的 baton:startVariables。",
)
def check_variables(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A variable that does not exist opens an incident when the case gets there; mostly it is misspelt."""
    for process in diagram.processes:
        known = KnownVariables(process, project)
        for use in (use for scope in process.walk() for use in uses_in(scope) if use.is_data):
            for name in sorted(name for name in use.reads() if not known.knows(use, name)):
                text = " ".join(use.text.split())[:60]
                hint = suggest(name, known.names - {name})
                if name in known.names:
                    hint = " (it is written elsewhere, but on no path to here)"
                yield problem(use.part, name=name, hint=hint, place=use.place, place_zh=use.place_zh, text=text)


@rule(
    "decision-input-unknown",
    "warning",
    en="Expected the variable {name} before {element}, but nothing writes it{hint}: the table {table} needs it.",
    zh="{element} 之前没有变量 {name}{hint}，但决策表 {table} 需要它。",
)
def check_decision_inputs(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A table whose input does not exist cannot decide."""
    for process in diagram.processes:
        known: KnownVariables | None = None
        for node in (node for scope in process.walk() for node in scope.of_kind("businessRuleTask")):
            table = project.decisions.get(node.camunda("decisionRef"))
            mapped = {(parameter.get("name") or "").strip() for parameter in node.parameters("inputParameter")}
            if table is None:
                continue
            known = known or KnownVariables(process, project)
            use = Use(node, node, "input mapping", "")
            for name in sorted(name for name in table.names - mapped if not known.knows(use, name)):
                hint = suggest(name, known.names - {name})
                yield problem(node, name=name, hint=hint, table=table.key)


@rule(
    "view-variable-unknown",
    "error",
    en="Expected the variable {name} before {element}, but nothing writes it{hint}: {view}, which the form {form} "
    "shows, needs it.",
    zh="{element} 之前没有变量 {name}{hint}，但表单 {form} 要显示的 {view} 需要它。",
)
def check_views(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """What a form shows of a service cannot be made without it: nobody can open the task."""
    for process in diagram.processes:
        known: KnownVariables | None = None
        for node in (node for scope in process.walk() for node in scope.of_kind("userTask")):
            key = node.camunda("formKey")
            for view, answers in _list_views(project.forms[key], project) if key in project.forms else ():
                known = known or KnownVariables(process, project)
                use = Use(node, node, "input mapping", "")
                if known.knows(use, view):  # then the case brings itself what is shown
                    continue
                for name in project.registry.view_needs[view]:
                    if name not in answers and not known.knows(use, name):
                        yield problem(node, name=name, hint=suggest(name, known.names - {name}), form=key, view=view)


def _list_views(form: Form, project: Project) -> list[tuple[str, tuple[str, ...]]]:
    """The views a form shows that need process data, each with the answers of the form it is made of as well."""
    parts = [one for part, _ in walk(form.components) for one in (part, *part.entry)]
    shown = {(source, part.reads) for part in parts for source in part.sources}
    return sorted((source, reads) for source, reads in shown if project.registry.view_needs.get(source))


@rule(
    "personal-in-expression",
    "error",
    en="Expected no personal field in a {place}, but {text} reads {name}: let a service compare it, "
    "or hand it on alone as ${{{name}}}.",
    zh="{place_zh} 中不能使用个人信息字段，但 {text} 读取了 {name}：请由服务比较，或以 ${{{name}}} 单独传递。",
)
def check_personal(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A personal field is a sealed reference: no expression sees the text, and comparing references is wrong."""
    for process in diagram.processes:
        personal = _personal_names(process, project)
        for use in (use for scope in process.walk() for use in uses_in(scope) if use.is_data):
            if not personal or _is_handed_on(use, personal):
                continue
            for name in sorted(use.reads() & personal.keys()):
                text = " ".join(use.text.split())[:60]
                yield problem(use.part, place=use.place, place_zh=use.place_zh, text=text, name=name)


def _personal_names(process: Scope, project: Project) -> Mapping[str, str]:
    forms = (project.forms.get(node.camunda("formKey")) for scope in process.walk() for node in scope.nodes)
    return {key: form.key for form in forms if form for key in form.personal_fields if key in form.variables}


def _is_handed_on(use: Use, personal: Mapping[str, str]) -> bool:
    """Whether the text is nothing but the variable, in a mapping."""
    if use.place != "input mapping":
        return False
    try:
        found = use.parse()
    except ExpressionError:
        return False
    return isinstance(found, Expression) and found.source.strip() in personal
