"""Every expression and script of a diagram with its place, and what each node writes into the process data."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal as OneOf

from lxml import etree

from engine.definitions.lint.diagram import Node, Part, Scope, baton, bpmn, camunda, text_of
from engine.definitions.lint.project import Project
from engine.language.expressions import (
    Expression,
    ExpressionError,
    Literal,
    Script,
    parse_expression,
    parse_literal_or_expression,
    parse_script,
)

ASSIGNMENTS = ("assignee", "candidateUsers", "candidateGroups", "dueDate", "followUpDate", "priority")
TIMERS = ("timeDate", "timeDuration", "timeCycle")
PLACES_ZH = {
    "condition": "条件",
    "script": "脚本",
    "timer": "定时器",
    "assignment": "办理人或期限",
    "input mapping": "输入映射",
    "output mapping": "输出映射",
    "correlation key": "关联键",
    "collection": "集合",
    "completion condition": "完成条件",
    "list column": "列表栏",
}


Form = OneOf["expression", "value", "script"]


@lru_cache(4096)
def _parse(form: Form, text: str) -> Expression | Script | Literal | ExpressionError:
    """Errors are given back, so that they are remembered too: every rule asks again."""
    try:
        if form == "script":
            return parse_script(text)
        return parse_expression(text) if form == "expression" else parse_literal_or_expression(text)
    except ExpressionError as error:
        return ExpressionError(str(error), error.line)


@dataclass(frozen=True)
class Use:
    """One text that is evaluated: at the entry of `node`, or after it when `is_after`.

    form: "expression" is bare Python, "value" a literal or `${expression}`. `is_data` is false where the text sees
    something else than the process data (the result of a service, the payload of a message), `is_anytime` true where
    it is evaluated again and again, over what any node may have written in between.
    """

    part: Part
    node: Node
    place: str
    text: str
    form: Form = "expression"
    is_after: bool = False
    is_data: bool = True
    is_anytime: bool = False

    @property
    def place_zh(self) -> str:
        return PLACES_ZH[self.place]

    def parse(self) -> Expression | Script | Literal:
        """Raises ExpressionError."""
        found = _parse(self.form, self.text)
        if isinstance(found, ExpressionError):
            raise found
        return found

    def reads(self) -> frozenset[str]:
        """The variables it needs; none when it cannot be read."""
        try:
            found = self.parse()
        except ExpressionError:
            return frozenset()
        if isinstance(found, Literal):
            return frozenset()
        return found.names - found.assigned if isinstance(found, Script) else found.names


def uses_in(scope: Scope) -> Iterator[Use]:
    """All texts of one scope, those of inner scopes excluded."""
    for node in scope.nodes:
        yield from _of_node(node)
        for flow in node.outgoing:
            if flow.condition is not None and text_of(flow.condition):
                yield Use(flow, node, "condition", text_of(flow.condition), is_after=True)


def _of_node(node: Node) -> Iterator[Use]:
    if node.kind == "scriptTask":
        yield Use(node, node, "script", node.xml.findtext(bpmn("script")) or "", "script")
    for timer in timer_texts(node):
        yield Use(node, node, "timer", text_of(timer), "value")
    if text := event_condition(node):
        yield Use(node, node, "condition", text, is_anytime=True)
    for name in ASSIGNMENTS if node.kind == "userTask" else ():
        if node.camunda(name):
            yield Use(node, node, "assignment", node.camunda(name), "value")
    for name in ("subject", "amount"):
        if node.baton(name):
            yield Use(node, node, "list column", node.baton(name), "value")
    for part in node.baton("exclude").split(",") if node.kind == "userTask" else ():
        if part.strip() and not part.strip().startswith(("actor:", "relation:")):
            yield Use(node, node, "assignment", part.strip())
    if node.baton("correlationKey"):
        is_data = node.kind != "startEvent" or node.is_armed_start
        yield Use(node, node, "correlation key", node.baton("correlationKey"), "value", is_data=is_data)
    yield from _of_mappings(node)
    yield from _of_loop(node)


def _of_mappings(node: Node) -> Iterator[Use]:
    for parameter in node.parameters("inputParameter"):
        yield Use(node, node, "input mapping", text_of(parameter), "value")
    for parameter in node.parameters("outputParameter"):
        yield Use(node, node, "output mapping", text_of(parameter), "value", is_data=False)
    for tag, place, is_data in (("in", "input mapping", True), ("out", "output mapping", False)):
        for mapping in node.extensions(tag):
            if source := (mapping.get("source") or mapping.get("sourceExpression") or "").strip():
                yield Use(node, node, place, source, is_data=is_data)
            if key := (mapping.get("businessKey") or "").strip():
                yield Use(node, node, place, key, "value", is_data=is_data)


def _of_loop(node: Node) -> Iterator[Use]:
    if node.loop is None:
        return
    if collection := (node.loop.get(camunda("collection")) or "").strip():
        yield Use(node, node, "collection", collection)
    if cardinality := text_of(node.loop.find(bpmn("loopCardinality"))):
        yield Use(node, node, "collection", cardinality)
    if condition := text_of(node.loop.find(bpmn("completionCondition"))):
        yield Use(node, node, "completion condition", condition, is_after=True)
    if element := (node.loop.get(baton("outputElement")) or "").strip():
        yield Use(node, node, "output mapping", element, is_data=False)


def timer_texts(node: Node) -> list[etree._Element]:
    """The timeDate, timeDuration and timeCycle elements of an event."""
    definition = node.definition("timer")
    return [] if definition is None else [xml for tag in TIMERS for xml in definition.findall(bpmn(tag))]


def event_condition(node: Node) -> str:
    """The condition of a conditional event; empty when there is none."""
    definition = node.definition("conditional")
    return text_of(definition.find(bpmn("condition"))) if definition is not None else ""


def element_variable(node: Node) -> str:
    """The variable that holds the item of a multi-instance; empty when there is none."""
    return (node.loop.get(camunda("elementVariable")) or "").strip() if node.loop is not None else ""


def writes_of(node: Node, project: Project) -> set[str]:
    """The variables a node itself writes, those of the nodes inside it excluded; what a multi-instance collects too."""
    written = set(_mapped_names(node))
    form = project.forms.get(node.camunda("formKey"))
    if form:
        written.update(form.variables)
    if node.kind == "scriptTask":
        script = _parse("script", node.xml.findtext(bpmn("script")) or "")
        if isinstance(script, Script):
            written.update(name for name in script.assigned if not name.startswith("_"))
    return written - {""}


def output_collection(node: Node) -> str:
    """The variable a multi-instance collects its results in; empty when it collects none."""
    return (node.loop.get(baton("outputCollection")) or "").strip() if node.loop is not None else ""


def _mapped_names(node: Node) -> Iterator[str]:
    for parameter in node.parameters("outputParameter"):
        yield (parameter.get("name") or "").strip()
    for mapping in node.extensions("out"):
        yield (mapping.get("target") or "").strip()
    if node.kind == "businessRuleTask":
        yield node.camunda("resultVariable")


def writes_outside(node: Node, project: Project) -> set[str]:
    """The variables that what follows a node sees changed: its own and those of the nodes inside it.

    Out of a multi-instance comes nothing but the collected results.
    """
    if node.loop is not None:
        return {output_collection(node)} - {""}
    scopes = node.body.walk() if node.body else ()
    written = writes_of(node, project)
    for child in (child for scope in scopes for child in scope.nodes):
        written |= writes_of(child, project) | {output_collection(child)}
    return written - {""}
