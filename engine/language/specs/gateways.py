"""Gateways: a token waits at a join until its partners are there, then one of each incoming flow goes on together."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.defaults import ExclusiveGateway as StockExclusiveGateway
from SpiffWorkflow.bpmn.specs.defaults import InclusiveGateway as StockInclusiveGateway
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin

from engine.language.errors import ValueUnfit
from engine.language.repairs import repairs
from engine.language.specs.base import ElementSpec, OnDemand, evaluate
from engine.language.specs.merge import apply_changes, find_changes, find_fork, merge_tokens
from engine.language.specs.scopes import find_idle_listeners, find_origin, find_running, keep_ended, take_ended
from engine.language.specs.task import UNFINISHED, WAITING, TracedTask, awake


class JoiningSpec(ElementSpec):
    """A gateway that may have several incoming flows.

    Every token that arrives waits as a task of its own, and firing takes one of each flow; more than one on a flow
    stay. Stock guesses from the tree who has arrived, and on a cycle counts arrivals of turns before.
    """

    _inputs: list[str]

    def _update_hook(self, task: TracedTask) -> bool:
        if "arrival" not in task.internal_data:
            task._inherit_data()
            if len(self._inputs) < 2:
                return True
            task.internal_data["arrival"] = 1 + max(other.count("arrival") for other in self.tokens_at(task))
            task._set_state(WAITING)
        return self._fire(task)

    def may_fire(self, task: TracedTask, arrived: Counter[str]) -> bool:
        """`arrived`: how many tokens wait on each incoming flow, by the name of the spec it comes from."""
        raise NotImplementedError

    @repairs("arrivals-by-the-clock", "Who arrived last at a join is told by the wall clock, which may jump.")
    def _fire(self, task: TracedTask) -> bool:
        tokens = sorted(self.tokens_at(task), key=lambda token: token.count("arrival"))
        if any(token is not task and "stalled" in token.internal_data for token in tokens):
            return False
        if not self.may_fire(task, Counter(_source(token) for token in tokens)):
            return False
        room, consumed = Counter(self._inputs), []
        for token in tokens:
            if room[_source(token)]:
                room[_source(token)] -= 1
                consumed.append(token)
        if task not in consumed:
            return False
        task.data = merge_tokens(consumed, self.element.last_wins)
        for token in consumed:
            if token is not task:
                token.internal_data["joined"] = True
                token.cancel()
        return True

    def tokens_at(self, task: TracedTask) -> list[TracedTask]:
        """Those that have arrived, this one, and one that could not go on; not one that fires at this moment."""
        own = [other for other in awake(task.workflow.tasks) if other.task_spec is self]
        return [t for t in own if t is task or _has_arrived(t) or "stalled" in t.internal_data]


def _has_arrived(token: TracedTask) -> bool:
    """Not while it is held in front of the gateway by `asyncBefore`."""
    return token._state == WAITING and "async" not in token.internal_data


def _source(token: TracedTask) -> str:
    assert token.parent is not None
    return token.parent.task_spec.name  # type: ignore[no-any-return]  # SpiffWorkflow is untyped


class ParallelGateway(JoiningSpec, BpmnSpecMixin):  # type: ignore[misc]  # SpiffWorkflow is untyped
    @repairs(
        "parallel-join-on-a-cycle",
        "A parallel join on a cycle counts arrivals of earlier turns: it fires early, and tokens double.",
    )
    def may_fire(self, task: TracedTask, arrived: Counter[str]) -> bool:
        return arrived >= Counter(self._inputs)

    def _run_hook(self, task: TracedTask) -> bool:
        return True


@repairs(
    "flows-by-height",
    "The first condition that holds is looked for in the order of how high the targets are drawn.",
)
class ExclusiveGateway(ElementSpec, StockExclusiveGateway):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """The first flow whose condition holds, in the order of the file (stock: by the height of what they lead to)."""

    chooses_outputs = True

    def _run_hook(self, task: TracedTask) -> bool:
        chosen = next(_find_matches(self, task), self.default_task_spec)
        if chosen is None:
            raise ValueUnfit("Expected a condition to hold or a default flow, but there is none", element=self.bpmn_id)
        task._add_child(self._wf_spec.task_specs[chosen])
        return True


class InclusiveGateway(JoiningSpec, StockInclusiveGateway):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """Waits while a token can still reach an empty incoming flow, unless it can reach a filled one as well.

    Stock overlooks tokens inside an open sub-process, fires early and runs what follows twice.
    """

    chooses_outputs = True

    @repairs(
        "inclusive-join-early",
        "An inclusive join overlooks tokens inside an open sub-process: it fires early, and what follows runs twice.",
    )
    def may_fire(self, task: TracedTask, arrived: Counter[str]) -> bool:
        filled = set(arrived)
        empty = set(self._inputs) - filled
        if not empty:
            return True
        reachable = self._find_sources()
        for other in awake(task.workflow.tasks):
            if "async" in other.internal_data and other.task_spec is self:
                if _source(other) in empty:
                    return False
            elif other._state & UNFINISHED and other.task_spec is not self:
                reached = reachable[other.task_spec.name]
                if reached & empty and not reached & filled:
                    return False
        return True

    def _find_sources(self) -> defaultdict[str, set[str]]:
        """Which of the incoming flows a token on each spec can reach without passing this gateway."""
        specs, reachable = self._wf_spec.task_specs, defaultdict[str, set[str]](set)
        for source in set(self._inputs):
            stack = [source]
            while stack:
                name = stack.pop()
                if name != self.name and source not in reachable[name]:
                    reachable[name].add(source)
                    stack.extend(specs[name]._inputs)
        return reachable

    def _run_hook(self, task: TracedTask) -> bool:
        defaults = [name for condition, name in self.cond_task_specs if condition is None]
        chosen = list(_find_matches(self, task)) or defaults
        if not chosen:
            raise ValueUnfit("Expected a condition to hold or a default flow, but there is none", element=self.bpmn_id)
        for name in chosen:
            task._add_child(self._wf_spec.task_specs[name])
        return True


def _find_matches(gateway: Any, task: TracedTask) -> Iterator[str]:
    for condition, name in gateway.cond_task_specs:
        if condition is not None and evaluate(task, condition.args[0]):
            yield name


@repairs(
    "lost-update-at-the-end",
    "Of branches that end each for itself the last one overwrites what the others changed.",
)
class EndJoin(OnDemand, BpmnTaskSpec):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """Behind all end events and event sub-processes: the scope ends with the last token.

    What earlier ones changed is kept in `ended`, see `specs.scopes`. The later arrival wins: branches that end each for
    itself (reminders, say) need not write distinct variables. When the flow is over and event sub-processes still run,
    `data` are those it ended with, to which each of them adds what it changed since it started.
    """

    def _update_hook(self, task: TracedTask) -> bool:
        task._inherit_data()
        scope, origin = task.workflow, find_origin(task)
        others = [other for other in find_running(scope) if other is not task]
        flow = [other for other in others if find_origin(other) is None]
        if origin is not None and not flow:
            task.data = apply_changes(scope.data, find_changes(origin.data, task.data))
        elif not flow:
            task.data = apply_changes(task.data, take_ended(scope, task.data))
        else:
            keep_ended(task, [(other, find_fork([task, other]) if origin is None else origin) for other in flow])
            task.cancel()
            return False
        if others:
            scope.data = task.data
            task.cancel()
            return False
        for listener in find_idle_listeners(scope):
            listener.cancel()
        return True

    def _run_hook(self, task: TracedTask) -> bool:
        return True


class EndTask(OnDemand, BpmnTaskSpec):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """The last task of a process; the workflow knows it by its name, `End`."""

    def _update_hook(self, task: TracedTask) -> bool:
        task._inherit_data()
        return True

    def _run_hook(self, task: TracedTask) -> bool:
        return True
