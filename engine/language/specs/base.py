"""What all our specs share: children on demand, failures that become incidents, `asyncBefore`, and parameters."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from engine.language.errors import TryAgain, ValueUnfit
from engine.language.expressions import is_wrapped, unwrap
from engine.language.model import Element
from engine.language.specs.task import FINISHED, FUTURE, WAITING, TracedTask
from engine.language.values import Border
from engine.storage.plain import Plain, PlainDict

VARIABLE = re.compile(r"[^\W\d]\w*")


class OnDemand:
    """Children are made when their parent completes.

    Stock predicts whole branches ahead: it stores and rewrites them, and recurses through a long diagram.
    """

    chooses_outputs = False  # the spec made its children itself
    is_scope_listener = False  # waits beside the flow of its scope, which ends without it
    name: str
    outputs: list[Any]

    def _predict(self, task: TracedTask, *_arguments: object, **_options: object) -> None:
        """Nothing is predicted."""

    def _on_complete(self, task: TracedTask) -> None:
        self._on_complete_hook(task)
        if not self.chooses_outputs and not task.workflow.completed:
            for spec in self.outputs:
                task._add_child(spec)
        for child in task.children:
            if child._state == FUTURE:
                child.task_spec._update(child)
        task.workflow._task_completed_notify(task)

    def _on_complete_hook(self, task: TracedTask) -> None:
        """What a spec does when its task has completed, before what follows starts."""

    def _on_cancel(self, task: TracedTask) -> None:
        """What a spec does when its task was cancelled."""

    def _on_ready(self, task: TracedTask) -> None:
        """Stock tests here, every time, what the parser has made sure of."""

    def child_completed(self, task: TracedTask, child: TracedTask) -> None:
        """What the spec of the parent does when a child has completed."""

    def tokens_at(self, task: TracedTask) -> list[TracedTask]:
        """The task, and what it is to be done together with."""
        return [task]

    def own_values(self, child: TracedTask) -> PlainDict:
        """What a child has besides the data of its parent."""
        return {}


class ElementSpec(OnDemand):
    """A flow node of the diagram. Comes first among the bases of its class."""

    element: Element
    is_async = False  # asyncBefore: a commit and a job in front of it

    def _update(self, task: TracedTask) -> None:
        try:
            if self.is_async and "released" not in task.internal_data:
                self._hold(task)
            elif self._update_hook(task):
                task._ready()
        except Exception as error:
            if task._state & FINISHED or isinstance(error, TryAgain):
                raise
            task.stall("enter", error)

    def _hold(self, task: TracedTask) -> None:
        task._inherit_data()
        task.internal_data["async"] = True
        task._set_state(WAITING)

    def _update_hook(self, task: TracedTask) -> bool:
        task._inherit_data()
        return True

    def _on_complete_hook(self, task: TracedTask) -> None:
        body = task.parent
        if body is not None:
            body.task_spec.child_completed(body, task)


def evaluate(task: TracedTask, expression: str, context: Mapping[str, Plain] | None = None) -> Any:
    """The value of an expression, over the data of the task or over a context that hides them.

    It may be a date or a Decimal, which process data cannot hold.
    """
    values = task.data if context is None else context
    name = unwrap(expression).strip()
    if VARIABLE.fullmatch(name) and name in values:
        return values[name]  # spares a worker
    return task.workflow.script_engine.evaluate_on(task, expression, values)


def resolve(task: TracedTask, text: str, context: Mapping[str, Plain] | None = None) -> Plain:
    """A literal stands for itself, `${expression}` for its value. Raises ValueRefused unless it is plain."""
    return Border([], is_stored=True).accept(evaluate(task, text, context)) if is_wrapped(text) else text


def map_values(
    task: TracedTask, pairs: Iterable[tuple[str, str]], context: Mapping[str, Plain] | None = None
) -> PlainDict:
    """Input or output parameters: exactly what is mapped, nothing else."""
    return {name: resolve(task, text, context) for name, text in pairs}


def copy_values(task: TracedTask, pairs: Iterable[tuple[str, str]], data: PlainDict) -> PlainDict:
    """Mappings of a call activity: a variable that is absent is none, an expression must have a value."""
    values: PlainDict = {}
    for name, text in pairs:
        source = unwrap(text).strip()
        is_absent = VARIABLE.fullmatch(source) is not None and source not in data
        values[name] = None if is_absent else resolve(task, text, data)
    return values


def find_correlation_key(task: TracedTask, text: str) -> str:
    """The key that a message and its receiver must agree on. Raises ValueUnfit when there is none."""
    value = resolve(task, text)
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        raise ValueUnfit(f"Expected a correlation key, but {text} gave {value!r}", expression=text)
    return str(value)
