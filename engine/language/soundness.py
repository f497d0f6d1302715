"""Whether tokens that stand where they stand can all go on: a join that can never fire, a step that would come twice.

Only what is certain counts: a way that may be taken is taken to be taken. Many cases stand at the same places, so the
answers are kept.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from engine.language.specs.events import BoundaryEvent, BoundaryEventSplit, StartEvent
from engine.language.specs.gateways import InclusiveGateway, JoiningSpec, ParallelGateway
from engine.language.specs.loops import LoopSpec
from engine.language.specs.task import UNFINISHED, TracedTask

Place = tuple[str, str | None]
"""The name of a spec; of a token that waits at a join also that of the spec it came from."""


def find_starving(scope: Any) -> str | None:
    """A parallel join that an open token can come to, and that can never have a token on each of its flows."""
    return _find_starving(scope.spec, tuple(sorted(set_places(scope), key=str)))


def find_overtaking(scope: Any) -> tuple[str, str] | None:
    """Two open elements of which the second comes after the first without a join between them."""
    return _find_overtaking(scope.spec, tuple(sorted({name for name, _ in set_places(scope)})))


def set_places(scope: Any) -> list[Place]:
    """Where the tokens of a scope stand; events beside other work are no places of their own, instances neither."""
    return [_place(task) for task in scope.tasks.values() if task._state & UNFINISHED and _is_token(task)]


def _is_token(task: TracedTask) -> bool:
    is_inside = task.parent is not None and isinstance(task.parent.task_spec, LoopSpec)
    is_instance = is_inside and task.parent is not None and task.parent._state & UNFINISHED
    return not is_instance and not task.task_spec.is_scope_listener


def _place(task: TracedTask) -> Place:
    is_at_join = isinstance(task.task_spec, JoiningSpec) and "arrival" in task.internal_data
    return task.task_spec.name, task.parent.task_spec.name if is_at_join and task.parent is not None else None


@lru_cache(maxsize=4096)
def _find_starving(spec: Any, places: tuple[Place, ...]) -> str | None:
    for join in spec.task_specs.values():
        if not isinstance(join, ParallelGateway) or len(join._inputs) < 2:
            continue
        covers, can_fork = [], False
        for name, source in places:
            if name == join.name and source is not None:
                covers.append({source})
                continue
            passed = list(_walk(spec.task_specs[name], join))
            covers.append({one.name for one in passed if join in one.outputs})
            can_fork = can_fork or any(_is_fork(one) for one in passed)
        arriving = [one for one in covers if one]
        reached = set[str]().union(*arriving)
        is_starved = reached != set(join._inputs) or (not can_fork and len(arriving) < len(join._inputs))
        if arriving and is_starved:
            return str(join.name)
    return None


@lru_cache(maxsize=4096)
def _find_overtaking(spec: Any, names: tuple[str, ...]) -> tuple[str, str] | None:
    places = {name: spec.task_specs[name] for name in names}
    for name, place in places.items():
        if isinstance(place, BoundaryEvent) or (isinstance(place, JoiningSpec) and len(place._inputs) > 1):
            continue
        for passed in _walk(place, None):
            other = passed.name
            if other != name and other in places and not isinstance(passed, BoundaryEvent):
                return name, other
    return None


def _walk(place: Any, join: Any) -> Iterator[Any]:
    """Every spec a token can come to: without passing one join, or, where none is named, any."""
    seen, stack = {place.name}, [place]
    while stack:
        found = stack.pop()
        yield found
        for output in found.outputs:
            is_barrier = output is join if join is not None else _is_join(output)
            if not is_barrier and output.name not in seen:
                seen.add(output.name)
                stack.append(output)


def _is_join(spec: Any) -> bool:
    return isinstance(spec, JoiningSpec) and len(spec._inputs) > 1


def _is_fork(spec: Any) -> bool:
    is_kind = isinstance(spec, ParallelGateway | InclusiveGateway | StartEvent | BoundaryEventSplit)
    return is_kind and len(spec.outputs) > 1
