"""'Return to an earlier step' is a token move: it needs no past in the state, and leaves other branches alone."""

from typing import Any

from engine.language.errors import EngineError
from engine.language.specs.activities import EventSubProcess
from engine.language.specs.events import BoundaryEventSplit, EventBasedGateway, EventSubProcessStart
from engine.language.specs.gateways import JoiningSpec
from engine.language.specs.merge import find_fork
from engine.language.specs.task import OPEN, TracedTask
from engine.language.workflow import Case
from engine.storage.plain import PlainDict


class MoveRefused(EngineError):
    """A token cannot go there from here."""


def move_token(case: Case, task: TracedTask, target: str, data: PlainDict) -> None:
    """Take the token of `task` away, with what is attached to it and inside it, and start `target` with `data`.

    The target must be of the same scope, and the token must not leave an open fork backwards: the fork would start
    all its branches again. Raises MoveRefused, with nothing changed.
    """
    workflow = task.workflow
    if not task._state & OPEN:
        raise MoveRefused("Expected an open task, but it has ended")
    if isinstance(task.task_spec, EventSubProcess | EventSubProcessStart):
        raise MoveRefused("Expected a step of the flow, but an event sub-process stands beside it")
    specs = workflow.spec.task_specs
    is_place = target in specs and specs[target].bpmn_id == target
    if not is_place or isinstance(specs[target], EventSubProcess | EventSubProcessStart):
        raise MoveRefused(f"Expected an element of the same scope, but {target} is none", element=target)
    spec = specs.get(f"{target}.BoundaryEventSplit", specs[target])
    top = _find_top(task)
    attached = _find_attached(top)
    others = [other for other in workflow.tasks.values() if other._state & OPEN and other not in attached]
    for other in others:
        if other.is_descendant_of(top):
            name = other.task_spec.bpmn_id
            raise MoveRefused(f"Expected nothing else to have come of this step, but {name} is open", element=name)
        if _reaches(spec, find_fork([task, other]).task_spec):
            raise MoveRefused("Expected a move inside its branch, but it would leave an open fork", element=target)
    anchor = top.parent
    assert anchor is not None  # a process begins with its start task, which has ended
    for gone in attached:
        gone.cancel()
    workflow._remove_task(top.id)
    child = anchor._add_child(spec)
    child.data = dict(data)
    child.internal_data["given"] = True
    spec._update(child)
    case.do_engine_steps()


def _find_top(task: TracedTask) -> TracedTask:
    """The split of its boundary events, the body of its multi-instance, the gateway its event waits behind."""
    top = task
    while top.parent is not None:
        is_group = isinstance(top.parent.task_spec, BoundaryEventSplit | EventBasedGateway)
        if not is_group and not top.parent._state & OPEN:
            break
        top = top.parent
    return top


def _find_attached(top: TracedTask) -> list[TracedTask]:
    """The open tasks under `top` that go with it: not those of a branch that a non-interrupting event began."""
    attached, stack = [], [top]
    while stack:
        task = stack.pop()
        if task._state & OPEN:
            attached.append(task)
        if task is top or task._state & OPEN:
            stack.extend(task.children)
    return attached


def _reaches(spec: Any, fork: Any) -> bool:
    """Whether a token on `spec` can come to the fork before it comes to a join."""
    seen, stack = {spec.name}, [spec]
    while stack:
        found = stack.pop()
        if found is fork:
            return True
        if isinstance(found, JoiningSpec) and len(found._inputs) > 1 and found is not spec:
            continue
        for output in found.outputs:
            if output.name not in seen:
                seen.add(output.name)
                stack.append(output)
    return False
