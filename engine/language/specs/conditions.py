"""Conditional events: the condition is looked at when its event is armed, and when what it can see has changed."""

from typing import Any

from engine.language.errors import TryAgain
from engine.language.expressions import parse_expression
from engine.language.specs.base import evaluate
from engine.language.specs.merge import is_unchanged
from engine.language.specs.scopes import find_visible_data
from engine.language.specs.task import WAITING, TracedTask, awake
from engine.storage.plain import PlainDict


def find_fulfilled(case: Any) -> TracedTask | None:
    """The next conditional event whose condition has come true since it was last looked at."""
    for scope in case.scopes:
        waiting: list[TracedTask] = [
            task for task in awake(scope.tasks) if task._state == WAITING and "held" in task.internal_data
        ]
        if not waiting:
            continue
        data = find_visible_data(scope)
        for task in waiting:
            if _has_come_true(task, data):
                return task
    return None


def _has_come_true(task: TracedTask, data: PlainDict) -> bool:
    """A condition over variables that do not exist yet does not hold. One that fails is an incident of its event."""
    text = task.task_spec.event_definition.text
    names = parse_expression(text).names
    seen = {name: data[name] for name in names if name in data}
    known = task.case.seen_by.get(task.id)
    if known is not None and is_unchanged(known, seen):
        return False
    has_held = task.internal_data["held"]
    try:
        known_anyway = task.workflow.script_engine.environment.globals
        holds = names <= seen.keys() | known_anyway.keys() and bool(evaluate(task, text, seen))
    except TryAgain:
        raise
    except Exception as error:  # noqa: BLE001  # whatever goes wrong in an element becomes its incident
        task.stall("enter", error)
        return False
    task.case.seen_by[task.id] = seen
    task.internal_data["held"] = holds
    return holds and not has_held
