"""Reading the files, and handing each to the rules, the form reader, the table reader and the parser of the engine."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import PurePosixPath

import orjson

from engine.definitions.agreements import AgreementInvalid, parse_agreement
from engine.definitions.calendars import CalendarInvalid, parse_calendar
from engine.definitions.drawing import NotDrawable, has_drawing
from engine.definitions.findings import Finding, has_errors
from engine.definitions.forms import FormInvalid, parse_form
from engine.definitions.lint.diagram import Diagram
from engine.definitions.lint.project import Project, form_key_of
from engine.definitions.lint.registry import RULES, declare
from engine.definitions.lint.tables import check_decision
from engine.definitions.lint.unreadable import explain_unreadable
from engine.language.decisions import DecisionInvalid
from engine.language.errors import BpmnUnreadable, DefinitionUnparsable
from engine.language.parser import parse_process

MAX_FINDINGS_PER_RULE = 30
CALENDAR_FILE = "calendar.json"
MAX_POLICY_BYTES = 200_000
MAX_KEY, MAX_NAME = 120, 200
SIZES = "sizes"

UNREADABLE = declare(
    "diagram-unreadable",
    "error",
    en="{detail}.",
    zh="{detail_zh}。",
    reason="Only well-formed BPMN of bounded size without DOCTYPE and entities is read; anything else is an "
    "accident or an attack.",
    theme="reading",
)
UNPARSABLE = declare(
    "diagram-unparsable",
    "error",
    en="{detail}",
    zh="引擎无法执行此图：{detail}",
    reason="Whatever the other rules did not foresee and the parser of the engine refuses.",
    theme="reading",
)
NO_DRAWING = declare(
    "drawing-missing",
    "warning",
    en="Expected every element to be drawn, but some have no shape: open and save the file in the modeler, "
    "or let it be laid out.",
    zh="每个元素都应画出，但有的没有图形：请在建模器中打开并保存，或自动布局。",
    reason="Without shapes the modeler and the case view show an empty page.",
    theme="reading",
)
BAD_FORM = declare(
    "form-invalid",
    "error",
    en="{detail}",
    zh="{detail_zh}",
    reason="A form that cannot be read cannot be filled in.",
    theme="reading",
)
BAD_DECISION = declare(
    "decision-invalid",
    "error",
    en="{detail}",
    zh="决策无法使用：{detail_zh}",
    reason="Hit policies and cells that would silently decide wrongly are refused.",
    theme="reading",
)
BAD_POLICY = declare(
    "policy-invalid",
    "error",
    en="Expected a JSON object, but {detail}: correct the file.",
    zh="应为 JSON 对象（{detail}）：请改正。",
    reason="The policy holds the values that diagrams read as cfg.",
    theme="reading",
)
BAD_CALENDAR = declare(
    "calendar-invalid",
    "error",
    en="{detail}: correct the file.",
    zh="{detail_zh}：请改正文件。",
    reason="The calendar holds the company's own holidays, working days and opening hours, by which `WT:` times count.",
    theme="reading",
)
LONG_KEY = declare(
    "key-too-long",
    "error",
    en="Expected keys of at most {most} characters, and names of at most {most_name}, but {key} is longer: shorten it.",
    zh="键最多 {most} 个字符，名称最多 {most_name} 个，但 {key} 更长：请缩短。",
    reason="The rows of definitions have room for so many.",
    theme="reading",
)
BAD_AGREEMENT = declare(
    "agreement-invalid",
    "error",
    en="Expected an agreement that can be signed, but {detail}: correct the file.",
    zh="协议无法签署（{detail_zh}）：请改正。",
    reason="What people sign must be whole, in both languages.",
    theme="reading",
)
UNKNOWN_FILE = declare(
    "file-unknown",
    "error",
    en="Expected bpmn/<process>/<name>.bpmn, .dmn or .json, or forms/<process>/<name>.form or .agreement, "
    "but got {path}: "
    "rename or leave it out.",
    zh="文件应为 bpmn/<流程>/<名称>.bpmn、.dmn、.json 或 forms/<流程>/<名称>.form、.agreement，"
    "但现在是 {path}：请改名或移除。",
    reason="The path says what a file is; other files cannot be deployed.",
    theme="reading",
)


def check_file(path: str, content: bytes, project: Project) -> Iterator[Finding]:
    """All findings of one file."""
    suffix = path.rpartition(".")[2]
    check = CHECKS.get(suffix)
    if check is None:
        yield UNKNOWN_FILE.find_at(path, "line 1", path=path)
    else:
        yield from check(path, content, project)


def _check_diagram(path: str, content: bytes, project: Project) -> Iterator[Finding]:
    diagram = project.read_diagrams[path]
    if isinstance(diagram, BpmnUnreadable):
        detail, detail_zh = explain_unreadable(content, diagram)
        yield UNREADABLE.find_at(path, f"line {max(diagram.line, 1)}", detail=detail, detail_zh=detail_zh)
        return
    findings = list(_check_rules(diagram, project))
    yield from findings
    if not has_errors(findings):
        yield from _check_parsing(diagram, project)
        yield from _check_drawing(path, content)


def _check_rules(diagram: Diagram, project: Project) -> Iterator[Finding]:
    """What the rules find, at most so many findings per rule; of a file that is too large only this."""
    for is_about_size in (True, False):
        findings = [
            rule.find_at(diagram.file, problem.element, **problem.facts)
            for rule in RULES.values()
            if rule.check and (rule.theme == SIZES) == is_about_size
            for problem in islice(rule.check(diagram, project), MAX_FINDINGS_PER_RULE)
        ]
        yield from findings
        if is_about_size and has_errors(findings):
            return


def _check_parsing(diagram: Diagram, project: Project) -> Iterator[Finding]:
    for process in diagram.processes:
        try:
            parse_process(project.sources, process.id)
        except DefinitionUnparsable as error:
            yield UNPARSABLE.find_at(diagram.file, error.element_id or process.id, detail=error)


def _check_drawing(path: str, content: bytes) -> Iterator[Finding]:
    try:
        is_drawn = has_drawing(content)
    except NotDrawable:
        is_drawn = False
    if not is_drawn:
        yield NO_DRAWING.find_at(path, "line 1")


def _check_form(path: str, content: bytes, project: Project) -> Iterator[Finding]:
    try:
        parse_form(form_key_of(path), content)
    except FormInvalid as error:
        for found in error.findings:
            element = found.component or "line 1"
            yield BAD_FORM.find_at(path, element, detail=found.message("en"), detail_zh=found.message("zh"))
    yield from _check_key(path, "line 1", form_key_of(path))


def _check_decisions(path: str, content: bytes, project: Project) -> Iterator[Finding]:
    decisions = project.read_decisions[path]
    if isinstance(decisions, DecisionInvalid):
        for element, problem in decisions.findings:
            yield BAD_DECISION.find_at(path, element or "line 1", detail=problem.of("en"), detail_zh=problem.of("zh"))
        return
    for one in decisions:
        yield from _check_key(path, one.key, one.key, one.name)
        yield from islice(check_decision(path, one, project), MAX_FINDINGS_PER_RULE)


def _check_key(path: str, element: str, key: str, name: str = "") -> Iterator[Finding]:
    if len(key) > MAX_KEY or len(name) > MAX_NAME:
        shown = (key if len(key) > MAX_KEY else name)[:MAX_KEY] + "…"
        yield LONG_KEY.find_at(path, element[:MAX_KEY], most=MAX_KEY, most_name=MAX_NAME, key=shown)


def _check_values(path: str, content: bytes, project: Project) -> Iterator[Finding]:
    """Of a JSON file: the company's days, or policy values."""
    if PurePosixPath(path).name == CALENDAR_FILE:
        yield from _check_calendar(path, content)
        return
    if len(content) > MAX_POLICY_BYTES:
        yield BAD_POLICY.find_at(path, "line 1", detail=f"it has more than {MAX_POLICY_BYTES} bytes")
        return
    try:
        policy = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        yield BAD_POLICY.find_at(path, f"line {error.lineno}", detail=error)
        return
    if not isinstance(policy, dict):
        yield BAD_POLICY.find_at(path, "line 1", detail=f"it is a {type(policy).__name__}")


def _check_calendar(path: str, content: bytes) -> Iterator[Finding]:
    try:
        parse_calendar(content)
    except CalendarInvalid as error:
        for problem in error.problems:
            yield BAD_CALENDAR.find_at(path, problem.key or "line 1", detail=problem.en, detail_zh=problem.zh)


def _check_agreement(path: str, content: bytes, project: Project) -> Iterator[Finding]:
    try:
        found = parse_agreement(content)
    except AgreementInvalid as error:
        yield BAD_AGREEMENT.find_at(path, "line 1", detail=error, detail_zh=error.zh)
        return
    yield from _check_key(path, "line 1", PurePosixPath(path).stem, max(found.name.zh, found.name.en, key=len))


CHECKS: Mapping[str, Callable[[str, bytes, Project], Iterator[Finding]]] = {
    "bpmn": _check_diagram,
    "dmn": _check_decisions,
    "form": _check_form,
    "json": _check_values,
    "agreement": _check_agreement,
}
