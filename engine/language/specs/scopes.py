"""The data of a scope at one moment, put together from its tokens.

Data belong to tokens. An event sub-process starts with all that its scope knows, and a condition is about it.
"""

from collections.abc import Container, Iterable
from itertools import chain
from typing import Any

from engine.language.specs.loops import LoopSpec
from engine.language.specs.merge import ABSENT, apply_changes, find_changes, get_value, is_unchanged, merge_tokens
from engine.language.specs.task import READY, UNFINISHED, TracedTask, awake
from engine.storage.plain import PlainDict


class _Everything(Container[str]):
    def __contains__(self, name: object) -> bool:
        return True


EVERYTHING = _Everything()


def find_origin(task: TracedTask) -> TracedTask | None:
    """The event that started the event sub-process of its scope this task belongs to; none for one of the flow."""
    return next((found for found in chain((task,), task.ancestors) if found.task_spec.is_scope_listener), None)


def find_idle_listeners(scope: Any) -> list[TracedTask]:
    """The start events of event sub-processes that nothing has happened to yet."""
    listeners = [task for task in awake(scope.tasks) if task.task_spec.is_scope_listener]
    return [task for task in listeners if task._state & UNFINISHED and task._state != READY]


def find_running(scope: Any) -> list[TracedTask]:
    """What keeps a scope from ending."""
    idle = find_idle_listeners(scope)
    return [task for task in scope.tasks.values() if task._state & UNFINISHED and task not in idle]


def find_current_data(scope: Any) -> PlainDict:
    """What the tokens of a scope and those that have ended made of its data; of two changes the later one counts."""
    running = find_running(scope)
    tokens = [task for task in running if find_origin(task) is None and not _is_in_loop(task)]
    if tokens:
        data = merge_tokens(tokens, EVERYTHING)
        data = apply_changes(data, take_ended(scope, data))
    else:
        data = scope.data
    for task in running:
        origin = find_origin(task)
        if origin is not None and origin is not task:
            data = apply_changes(data, find_changes(origin.data, task.data))
    return data


def find_visible_data(scope: Any) -> PlainDict:
    """The current data of a scope, with what has changed around it since it began and it has not changed itself.

    Into a called process nothing is seen from outside.
    """
    data, holder = find_current_data(scope), scope.task_tree.scope_task
    if holder is None or not holder.task_spec.shares_data:
        return data
    is_instance = holder.parent is not None and isinstance(holder.parent.task_spec, LoopSpec)
    before = holder.parent.data if is_instance else holder.data
    since = find_changes(before, find_visible_data(holder.workflow))
    own = scope.task_tree.data
    seen = {name: new for name, new in since.items() if is_unchanged(get_value(own, name), get_value(data, name))}
    return apply_changes(data, seen)


def take_ended(scope: Any, data: PlainDict) -> dict[str, object]:
    """What tokens that ended before changed, as far as these data still have a value that was changed."""
    return {
        name: _unbox(new)
        for name, (held, new) in scope.ended.items()
        if _is_among(get_value(data, name), map(_unbox, held))
    }


def keep_ended(task: TracedTask, others: list[tuple[TracedTask, TracedTask]]) -> None:
    """Note what a token changed that ends while others go on, each given with the task its way parted from this one.

    By variable: the values that others hold and have not touched since, and the new value; each in a box, which is
    empty for absent. A value the token only inherited is no change, even where another parted before it was written.
    """
    ended = task.workflow.ended
    for name in {name for data in (task.data, *(fork.data for _, fork in others)) for name in data}:
        value, bases = get_value(task.data, name), [get_value(fork.data, name) for _, fork in others]
        held, last = ended.get(name, ([], None))
        known = [_unbox(box) for box in (*held, last) if box is not None]
        is_known = _is_among(value, known)
        is_new = not is_known and not all(is_unchanged(base, value) for base in bases)
        if is_new or is_known:
            theirs = [get_value(other.data, name) for other, _ in others]
            pairs = zip(theirs, bases, strict=True)
            untouched = _distinct(each for each, base in pairs if _is_among(each, (base, *known)))
            ended[name] = [[_box(each) for each in untouched], _box(value) if is_new else last]


def _is_in_loop(task: TracedTask) -> bool:
    """Whether it is an instance of a multi-instance or loop: out of those comes only what their body takes over."""
    return any(isinstance(found.task_spec, LoopSpec) and found._state & UNFINISHED for found in task.ancestors)


def _box(value: object) -> list[object]:
    return [] if value is ABSENT else [value]


def _unbox(box: list[object]) -> object:
    return box[0] if box else ABSENT


def _is_among(value: object, values: Iterable[object]) -> bool:
    return any(is_unchanged(each, value) for each in values)


def _distinct(values: Iterable[object]) -> list[object]:
    found: list[object] = []
    for value in values:
        if not _is_among(value, found):
            found.append(value)
    return found
