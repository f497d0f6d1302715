"""Names people see, in both languages."""

from collections.abc import Iterator

from lxml import etree

from engine.definitions.lint.diagram import Diagram, Part, baton, bpmn
from engine.definitions.lint.gateways import choosing_splits
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule

MAX_NAME, MAX_EVENT_NAME = 200, 120
_AWAITED = (bpmn("message"), bpmn("signal"))


def _must_be_named(diagram: Diagram) -> Iterator[etree._Element]:
    """Activities, events, processes, pools and lanes. Only throw events without a trigger may stay unnamed."""
    yield from (
        node.xml for node in diagram.nodes if not node.is_gateway and not _is_silent(node.kind, len(node.definitions))
    )
    yield from (process.xml for process in diagram.processes)
    yield from diagram.root.iter(bpmn("participant"), bpmn("lane"))


def _is_silent(kind: str, definitions: int) -> bool:
    return kind == "intermediateThrowEvent" and not definitions


@rule(
    "name-missing",
    "error",
    en="Expected a Chinese name on {kind}, but it has none: name it (task: verb + object; event: state reached).",
    zh="{kind} 应有中文名称，但没有：请命名（任务：动词+宾语；事件：已达到的状态）。",
)
def check_names(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Work lists, history and pictures show the name; without one they show the id (M10)."""
    for xml in _must_be_named(diagram):
        if not (xml.get("name") or "").strip():
            yield problem(xml, kind=etree.QName(xml).localname)


@rule(
    "name-en-missing",
    "error",
    en="Expected an English name beside {name}, but there is none: set baton:nameEn.",
    zh="{name} 应有英文名称，但没有：请填写 baton:nameEn。",
)
def check_english_names(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Every text shown to people exists in both languages (M10)."""
    parts: list[Part] = [*diagram.nodes, *diagram.flows]
    named = [*_must_be_named(diagram), *(part.xml for part in parts)]
    for xml in dict.fromkeys(named):
        name = (xml.get("name") or "").strip()
        if name and not (xml.get(baton("nameEn")) or "").strip():
            yield problem(xml, name=name)


@rule(
    "name-too-long",
    "error",
    en="Expected a name of at most {most} characters, but {element} has one of {count}: move the rest into the "
    "documentation.",
    zh="名称最多 {most} 个字符，但 {element} 的有 {count} 个：请把其余内容写进说明文字。",
)
def check_name_length(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Lists have no room for more, nor have the rows behind them."""
    for xml in diagram.root.iter(bpmn("*")):
        most = MAX_EVENT_NAME if xml.tag in _AWAITED else MAX_NAME
        count = max(len(xml.get("name") or ""), len(xml.get(baton("nameEn")) or ""))
        if count > most:
            yield problem(xml, most=most, count=count)


@rule(
    "gateway-question",
    "error",
    en="Expected a question as the name of the split {element}, but it is {name}: ask what its flows answer "
    "(“是否通过？”, “Approved?”).",
    zh="分支网关 {element} 的名称应为问句，但现在是 {name}：请用问句命名（“是否通过？”“Approved?”）。",
)
def check_questions(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Readers understand a split by its question and the answers on its flows (M10)."""
    for node in choosing_splits(diagram):
        english = node.baton("nameEn")
        if not node.name.endswith(("?", "？")) or (english and not english.endswith("?")):
            yield problem(node, name=f"{node.name} {english}".strip() or "missing")


@rule(
    "flow-answer",
    "error",
    en="Expected an answer on the flow {flow} behind a question, but it has no name: write the answer (“是”, “Yes”).",
    zh="问句之后的流 {flow} 应写明答案，但没有名称：请填写答案（“是”“Yes”）。",
)
def check_answers(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A flow without an answer leaves the reader to guess the condition (M10)."""
    for node in choosing_splits(diagram):
        for flow in node.outgoing:
            if not flow.name:
                yield problem(flow, flow=flow.id)
