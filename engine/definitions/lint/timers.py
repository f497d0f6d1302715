"""Texts of timers and due dates."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.definitions.lint.diagram import Diagram, Node, kind_of, text_of
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule
from engine.definitions.lint.uses import timer_texts
from engine.language.errors import ValueUnfit
from engine.language.specs.durations import WORKING, NotForward, parse_duration, parse_working_time
from engine.language.specs.schedules import parse_date, parse_repetition, start_cycle

MAX_REPETITIONS = 1_000
MAX_TEXT = 100
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)  # no date of a diagram lies before it
EXPECTED_ZH = {
    "timeDuration": "PT4H、P3D 或 WT:P1D 这样的时长",
    "timeDate": "2026-12-31T18:00 这样的日期和时间（无时区时为平台时区）",
    "timeCycle": "R3/PT12H、R/2026-12-01T09:00/P1D 这样的周期，或 0 9 * * MON-FRI 这样的 cron 表达式",
}


class AnyDays:
    """A calendar for texts that are only read: every day is a working day."""

    zone = ZoneInfo("UTC")

    def working_time(self, text: str, start: datetime) -> datetime:
        """See `Calendar`."""
        days, hours = parse_working_time(text)
        return start + timedelta(days=days) + hours


def find_fault(kind: str, text: str) -> ValueUnfit | None:
    """What the engine would say of a timeDuration, timeDate or timeCycle; None if it can be read."""
    try:
        if kind == "timeCycle":
            start_cycle(text, BEGINNING, AnyDays())
        elif kind == "timeDate":
            parse_date(text, AnyDays.zone)
        elif text.startswith(WORKING):
            parse_working_time(text)
        else:
            parse_duration(text)
    except ValueUnfit as fault:
        return fault
    return None


def is_dynamic(text: str) -> bool:
    return text.startswith("${")


def _literals(diagram: Diagram) -> Iterator[tuple[Node, str, str]]:
    """Timer node, kind of text and the text, expressions excluded."""
    for node in diagram.nodes:
        for timer in timer_texts(node):
            if not is_dynamic(text_of(timer)):
                yield node, kind_of(timer), text_of(timer)


@rule(
    "timer-missing",
    "error",
    en="Expected one time in the timer of {element}, but there are {count}: write a duration, a date or a cycle.",
    zh="{element} 的定时器应有且只有一个时间，但有 {count} 个：请填写时长、日期或周期。",
)
def check_timer_present(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A timer without a time is refused by the parser, of several the first one counts."""
    for node in diagram.nodes:
        texts = timer_texts(node)
        if node.definition("timer") is not None and (len(texts) != 1 or not text_of(texts[0])):
            yield problem(node, count=len([xml for xml in texts if text_of(xml)]))


@rule(
    "timer-text",
    "error",
    en="{detail}: write it so, or an expression in ${{…}}.",
    zh="应为{expected_zh}，但现在是 {text}：请照此填写，或使用 ${{…}} 表达式。",
)
def check_timer_text(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A timer that cannot be read fails when the case arrives there, or never starts one."""
    for node, kind, text in _literals(diagram):
        fault = find_fault(kind, text[:MAX_TEXT]) if text else None
        if fault is not None and not isinstance(fault, NotForward):
            yield problem(node, detail=fault, expected_zh=EXPECTED_ZH[kind], text=text[:MAX_TEXT])


@rule(
    "timer-not-positive",
    "error",
    en="{detail}: write one longer than zero.",
    zh="时间应大于零，但现在是 {text}：请填写正数。",
)
def check_timer_positive(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A time of no length or one that goes backward is a slip; the case would not wait at all."""
    for node, kind, text in _literals(diagram):
        fault = find_fault(kind, text[:MAX_TEXT])
        if isinstance(fault, NotForward):
            yield problem(node, detail=fault, text=text[:MAX_TEXT])


@rule(
    "timer-repetitions",
    "error",
    en=f"Expected at most {MAX_REPETITIONS} repetitions, but got {{text}}: lower the number.",
    zh=f"重复次数最多 {MAX_REPETITIONS} 次，但现在是 {{text}}：请减少。",
)
def check_repetitions(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Every repetition leaves tasks in the state of the case until the activity ends. A start leaves none."""
    for node, kind, text in _literals(diagram):
        if kind == "timeCycle" and not node.starts_cases and find_fault(kind, text[:MAX_TEXT]) is None:
            count = parse_repetition(text).count
            if count is not None and count > MAX_REPETITIONS:
                yield problem(node, text=text[:MAX_TEXT])


@rule(
    "timer-cycle-place",
    "error",
    en="Expected a cycle only on an event that does not interrupt or that starts the process, but {element} is "
    "another: use a duration, or let the event not interrupt.",
    zh="周期只能用于不中断的事件或流程的开始事件，但 {element} 不是：请改用时长，或把事件设为不中断。",
)
def check_cycle_place(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """On an intermediate event every turn makes another token; what interrupts happens once only (M4)."""
    for node in diagram.nodes:
        is_cycle = any(kind_of(timer) == "timeCycle" for timer in timer_texts(node))
        is_repeatable = node.starts_cases or (node.is_listener and not node.is_interrupting)
        if is_cycle and not is_repeatable:
            yield problem(node)


@rule(
    "timer-start-text",
    "error",
    en="Expected a time written out on the start event {element}, but {text} is an expression: before a case begins "
    "there are no data, so write the duration, date or cycle itself.",
    zh="开始事件 {element} 的时间应直接写出，但 {text} 是表达式：流程开始前没有数据，请直接填写时长、日期或周期。",
)
def check_start_text(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """When a timer starts cases is fixed at the deployment."""
    for node in (node for node in diagram.nodes if node.starts_cases):
        for timer in timer_texts(node):
            if is_dynamic(text_of(timer)):
                yield problem(node, text=text_of(timer)[:MAX_TEXT])


@rule(
    "due-date-text",
    "error",
    en="Expected {attribute} as a duration (PT4H, WT:P1D), a date with its time of day or ${{…}}, but got {text}.",
    zh="{attribute} 应为时长（PT4H、WT:P1D）、日期和时间或 ${{…}}，但现在是 {text}。",
)
def check_due_dates(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A date that cannot be read fails when the task is created."""
    for node in diagram.of_kind("userTask"):
        for attribute in ("dueDate", "followUpDate"):
            text = node.camunda(attribute)
            if text and not is_dynamic(text) and all(find_fault(kind, text) for kind in ("timeDuration", "timeDate")):
                yield problem(node, attribute=attribute, text=text[:MAX_TEXT])


@rule(
    "priority-text",
    "error",
    en="Expected camunda:priority as a whole number or ${{…}}, but got {text}.",
    zh="camunda:priority 应为整数或 ${{…}}，但现在是 {text}。",
)
def check_priority(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A priority that is no number fails when the task is created."""
    for node in diagram.of_kind("userTask"):
        text = node.camunda("priority")
        if text and not is_dynamic(text) and not re.fullmatch(r"-?\d{1,6}", text, re.ASCII):
            yield problem(node, text=text[:MAX_TEXT])
