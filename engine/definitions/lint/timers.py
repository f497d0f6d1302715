"""Texts of timers and due dates."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from engine.definitions.lint.diagram import Diagram, Node, kind_of, text_of
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule
from engine.definitions.lint.uses import timer_texts
from engine.language.errors import ValueUnfit
from engine.language.specs.durations import Duration, parse_duration

CYCLE = re.compile(r"R(?P<count>\d*)/(?:(?P<start>[^/]+)/)?(?P<duration>[^/]+)", re.ASCII)
MAX_REPETITIONS = 1_000
MAX_TEXT = 100


def read_duration(text: str) -> Duration | None:
    """An ISO 8601 duration, or `WT:` with one in working time; None for anything else."""
    try:
        return parse_duration(text.removeprefix("WT:")[:MAX_TEXT])
    except (ValueUnfit, ValueError, OverflowError):
        return None


def is_positive(text: str) -> bool:
    """Whether it is a duration longer than nothing."""
    duration = read_duration(text)
    return duration is not None and (duration.months > 0 or duration.rest > timedelta())


def is_instant(text: str) -> bool:
    """An ISO 8601 instant with its offset."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


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
    en="Expected {expected}, but got {text}: write it so, or an expression in ${{…}}.",
    zh="应为 {expected}，但现在是 {text}：请照此填写，或使用 ${{…}} 表达式。",
)
def check_timer_text(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A timer that cannot be read fails when the case arrives there; cron texts are not understood."""
    for node, kind, text in _literals(diagram):
        cycle = CYCLE.fullmatch(text[:MAX_TEXT])
        if kind == "timeDuration" and not _is_unsigned(text):
            yield problem(node, expected="a duration such as PT4H, P3D or WT:P1D", text=text[:MAX_TEXT])
        elif kind == "timeDate" and not is_instant(text):
            yield problem(
                node, expected="an instant with its offset such as 2026-12-31T18:00:00+08:00", text=text[:MAX_TEXT]
            )
        elif kind == "timeCycle" and not (cycle and _is_unsigned(cycle["duration"]) and _is_start(cycle["start"])):
            yield problem(node, expected="a cycle such as R3/PT12H (cron is not supported)", text=text[:MAX_TEXT])


def _is_unsigned(text: str) -> bool:
    """Whether it is a duration, apart from a sign, which has a rule of its own."""
    return not text or read_duration(text.removeprefix("-")) is not None


def _is_start(text: str | None) -> bool:
    return text is None or is_instant(text)


@rule(
    "timer-not-positive",
    "error",
    en="Expected a time longer than zero, but got {text}: write a positive one.",
    zh="时间应大于零，但现在是 {text}：请填写正数。",
)
def check_timer_positive(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """The sign of a duration is ignored, a zero cycle repeats without end in one step."""
    for node, kind, text in _literals(diagram):
        cycle = CYCLE.fullmatch(text[:MAX_TEXT])
        duration = cycle["duration"] if kind == "timeCycle" and cycle else text if kind == "timeDuration" else ""
        is_zero_cycle = cycle is not None and cycle["count"].strip("0") == "" and cycle["count"] != ""
        if is_zero_cycle or (duration and _is_unsigned(duration) and not is_positive(duration)):
            yield problem(node, text=text[:MAX_TEXT])


@rule(
    "timer-repetitions",
    "error",
    en=f"Expected at most {MAX_REPETITIONS} repetitions, but got {{text}}: lower the number.",
    zh=f"重复次数最多 {MAX_REPETITIONS} 次，但现在是 {{text}}：请减少。",
)
def check_repetitions(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Every repetition leaves tasks in the state of the case until the activity ends."""
    for node, kind, text in _literals(diagram):
        cycle = CYCLE.fullmatch(text[:MAX_TEXT]) if kind == "timeCycle" else None
        if cycle and cycle["count"] and int(cycle["count"]) > MAX_REPETITIONS:
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
        is_process_start = node.kind == "startEvent" and node.scope.owner is None
        if is_cycle and not is_process_start and not (node.is_listener and not node.is_interrupting):
            yield problem(node)


@rule(
    "due-date-text",
    "error",
    en="Expected {attribute} as a duration (PT4H, WT:P1D), an instant with offset or ${{…}}, but got {text}.",
    zh="{attribute} 应为时长（PT4H、WT:P1D）、带时区的时刻或 ${{…}}，但现在是 {text}。",
)
def check_due_dates(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A date that cannot be read fails when the task is created."""
    for node in diagram.of_kind("userTask"):
        for attribute in ("dueDate", "followUpDate"):
            text = node.camunda(attribute)
            if text and not is_dynamic(text) and not is_positive(text) and not is_instant(text):
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
