"""Attributes and extension elements of the camunda and baton namespaces: known, harmless or refused."""

from collections.abc import Iterator
from typing import cast

from lxml import etree

from engine.definitions.lint.diagram import Diagram, bpmn, kind_of
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule
from engine.language.model import ACTIVITIES, BATON, CAMUNDA, EVENTS, GATEWAYS

ANYWHERE = {"baton:nameEn", "baton:documentationEn", "camunda:modelerTemplate", "camunda:modelerTemplateVersion"}
MESSAGE_KINDS = EVENTS | {"sendTask", "receiveTask"}
KNOWN: dict[str, set[str]] = {
    "process": {"camunda:candidateStarterGroups", "baton:startVariables", "baton:subject", "baton:amount"},
    "startEvent": {"camunda:formKey", "camunda:initiator"},
    "userTask": {
        "camunda:formKey",
        "camunda:assignee",
        "camunda:candidateUsers",
        "camunda:candidateGroups",
        "camunda:dueDate",
        "camunda:followUpDate",
        "camunda:priority",
        "baton:memberRoles",
        "baton:skill",
        "baton:relation",
        "baton:exclude",
        "baton:verbs",
        "baton:returnTo",
        "baton:refill",
        "baton:subject",
        "baton:amount",
    },
    "serviceTask": {"camunda:topic", "camunda:type"},
    "businessRuleTask": {"camunda:decisionRef", "camunda:resultVariable", "camunda:mapDecisionResult"},
    "callActivity": {"camunda:calledElementBinding", "camunda:calledElementVersion"},
    "parallelGateway": {"baton:lastWins"},
    "inclusiveGateway": {"baton:lastWins"},
    "multiInstanceLoopCharacteristics": {
        "camunda:collection",
        "camunda:elementVariable",
        "baton:outputCollection",
        "baton:outputElement",
    },
}
IGNORED = {
    "process": {"camunda:versionTag", "camunda:historyTimeToLive", "camunda:isStartableInTasklist"},
    "serviceTask": {"camunda:taskPriority"},
}
IGNORED_ANYWHERE = {"camunda:exclusive", "camunda:jobPriority", "camunda:diagramRelationId"}

ASYNC_KINDS = ACTIVITIES | GATEWAYS | EVENTS - {"boundaryEvent"}
PARAMETER_KINDS = {
    "inputParameter": {"serviceTask", "sendTask", "intermediateThrowEvent", "endEvent"},
    "outputParameter": {"serviceTask", "receiveTask", "intermediateCatchEvent", "boundaryEvent", "startEvent"},
}
PREFIXES = {f"{{{CAMUNDA}": "camunda", f"{{{BATON}": "baton"}  # of qualified names, `{namespace}local`
_FIND_EXTENDED = etree.XPath("//*[@camunda:* or @baton:*]", namespaces={"camunda": CAMUNDA, "baton": BATON})
KNOWN_ELEMENTS = {"inputOutput", "inputParameter", "outputParameter", "in", "out"}
IGNORED_ELEMENTS = {"properties", "property", "modelerTemplateIcon"}


def _foreign_attributes(diagram: Diagram) -> Iterator[tuple[etree._Element, str, str]]:
    """Element, its kind, and each attribute of our two namespaces with its usual prefix."""
    for xml in cast(list[etree._Element], _FIND_EXTENDED(diagram.root)):
        kind = kind_of(xml)
        for name in xml.attrib:
            namespace, _, local = str(name).rpartition("}")
            if prefix := PREFIXES.get(namespace):
                yield xml, kind, f"{prefix}:{local}"


def _is_known(kind: str, attribute: str) -> bool:
    return (
        attribute in ANYWHERE
        or attribute in KNOWN.get(kind, ())
        or (attribute == "camunda:asyncBefore" and kind in ASYNC_KINDS)
        or (attribute == "baton:correlationKey" and kind in MESSAGE_KINDS)
    )


def _is_ignored(kind: str, attribute: str) -> bool:
    return attribute in IGNORED_ANYWHERE or attribute in IGNORED.get(kind, ())


@rule(
    "attribute-unknown",
    "error",
    en="Expected an attribute the engine reads, but {attribute} on a {kind} is not one: delete it, or spell "
    "it as in the guide.",
    zh="引擎不读取 {kind} 上的 {attribute}：请删除，或按说明改正拼写。",
)
def check_attributes(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """What is not read is not done: a listener, a Java class, a misspelt attribute."""
    for xml, kind, attribute in _foreign_attributes(diagram):
        if not _is_known(kind, attribute) and not _is_ignored(kind, attribute):
            yield problem(xml, attribute=attribute, kind=kind or etree.QName(xml).localname)


@rule(
    "attribute-ignored",
    "warning",
    en="Expected nothing of {attribute}, but it is there: it is harmless and ignored.",
    zh="{attribute} 会被忽略，没有影响。",
)
def check_ignored_attributes(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Some attributes of other tools have no effect here and do no harm."""
    for xml, kind, attribute in _foreign_attributes(diagram):
        if _is_ignored(kind, attribute) and not _is_known(kind, attribute):
            yield problem(xml, attribute=attribute)


def _foreign_elements(diagram: Diagram) -> Iterator[tuple[etree._Element, str]]:
    for namespace in (CAMUNDA, BATON):
        for xml in diagram.root.iter(f"{{{namespace}}}*"):
            yield xml, etree.QName(xml).localname


@rule(
    "extension-unknown",
    "error",
    en="Expected a mapping of data, but {tag} is none the engine reads: delete it, or use input and output parameters.",
    zh="引擎不读取扩展元素 {tag}：请删除，或改用输入输出参数。",
)
def check_extensions(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Listeners, connectors and embedded forms are ignored; work they were meant to do is not done."""
    for xml, tag in _foreign_elements(diagram):
        if tag not in KNOWN_ELEMENTS | IGNORED_ELEMENTS:
            yield problem(xml, tag=tag)


@rule(
    "extension-ignored",
    "warning",
    en="Expected nothing of {tag}, but it is there: it is harmless and ignored.",
    zh="{tag} 会被忽略，没有影响。",
)
def check_ignored_extensions(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Properties of other tools have no effect here and do no harm."""
    for xml, tag in _foreign_elements(diagram):
        if tag in IGNORED_ELEMENTS:
            yield problem(xml, tag=tag)


@rule(
    "extension-foreign",
    "warning",
    en="Expected extension elements of camunda only, but {tag} belongs to another engine: nothing it says is done.",
    zh="扩展元素 {tag} 属于其他引擎，不会执行：请删除，或改用 camunda 的属性。",
)
def check_foreign_extensions(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Topics, forms and listeners written for another engine are kept in the file and ignored."""
    for holder in diagram.root.iter(bpmn("extensionElements")):
        for xml in holder.iterchildren("*"):
            if etree.QName(xml).namespace not in (CAMUNDA, BATON):
                yield problem(xml, tag=etree.QName(xml).localname)


@rule(
    "parameter-incomplete",
    "error",
    en="Expected {tag} with a name and one text, but {found}: complete it.",
    zh="{tag} 应有名称和一段文本，但 {found}：请补全。",
)
def check_parameters(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A parameter without a name is lost; a nested script, list or map is not read."""
    for node in diagram.nodes:
        for tag in ("inputParameter", "outputParameter"):
            for parameter in node.parameters(tag):
                if not (parameter.get("name") or "").strip():
                    yield problem(node, tag=tag, found="it has no name")
                elif len(parameter):
                    yield problem(node, tag=tag, found=f"{parameter.get('name')} holds elements instead of a text")


@rule(
    "parameter-duplicate",
    "error",
    en="Expected each parameter once, but {name} is mapped {count} times: keep one.",
    zh="每个参数只能映射一次，但 {name} 映射了 {count} 次：请只保留一个。",
)
def check_duplicate_parameters(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Of two mappings to one name the last wins, in the order of the file."""
    for node in diagram.nodes:
        groups = [[p.get("name") for p in node.parameters(tag)] for tag in ("inputParameter", "outputParameter")]
        groups += [[m.get("target") for m in node.extensions(tag)] for tag in ("in", "out")]
        for names in groups:
            for name in sorted({name for name in names if name and names.count(name) > 1}):
                yield problem(node, name=name, count=names.count(name))


@rule(
    "parameter-place",
    "error",
    en="Expected {tag} on another element, but a {kind} does not use it: {fix}.",
    zh="{kind} 不使用 {tag}：请移到正确的元素上。",
)
def check_parameter_place(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Mappings on elements that do not read them are lost in silence."""
    for node in diagram.nodes:
        is_call = node.kind == "callActivity"
        fix = "use camunda:in and camunda:out" if is_call else "the data of the process is seen there anyway"
        is_plain_start = node.kind == "startEvent" and not node.definitions
        if is_plain_start:
            fix = "list the variables in baton:startVariables of the process"
        for tag, kinds in PARAMETER_KINDS.items():
            is_used = node.kind in kinds and not is_plain_start
            if node.parameters(tag) and not is_used:
                yield problem(node, tag=f"camunda:{tag}", kind=node.kind, fix=fix)
        for tag in ("in", "out"):
            if node.extensions(tag) and not is_call:
                yield problem(node, tag=f"camunda:{tag}", kind=node.kind, fix="use input and output parameters")
