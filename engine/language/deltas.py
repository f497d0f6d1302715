"""The data of a task as a saved row tells them: what differs from the data it counts against."""

from typing import Any

from engine.language.specs.merge import is_unchanged
from engine.language.specs.task import TracedTask
from engine.storage.plain import PlainDict


def find_delta(base: PlainDict, data: PlainDict) -> tuple[PlainDict, list[str]]:
    """The variables that changed, and those that are gone.

    Sorted, so that a case saved twice is the same to the byte: a merge brings variables in an order of its own.
    """
    changed = {k: v for k, v in sorted(data.items()) if k not in base or not is_unchanged(base[k], v)}
    return changed, sorted(name for name in base if name not in data)


def apply_delta(base: PlainDict, changed: PlainDict, gone: list[str]) -> PlainDict:
    """The data again; the very base where nothing differs."""
    if gone:
        base = {name: value for name, value in base.items() if name not in gone}
    return {**base, **changed} if changed else base


def make_row(head: list[Any], task: TracedTask, base: PlainDict) -> list[Any]:
    """A row: the head, internal data, changed and gone variables; empty ones at its end are left out."""
    row = [*head, task.internal_data, *_recall_delta(task, base)]
    while not row[-1]:
        row.pop()
    return row


def read_row(row: list[Any], head: int) -> tuple[PlainDict, PlainDict, list[str]]:
    """What follows a head of so many values."""
    rest: list[Any] = [*row[head:], *({}, {}, [])[len(row) - head :]]
    return rest[0], rest[1], rest[2]


def _recall_delta(task: TracedTask, base: PlainDict) -> tuple[PlainDict, list[str]]:
    """What nobody has touched is saved as it was loaded."""
    if task.thawed is not None and task.thawed.data is task.data and task.thawed.base is base:
        return task.thawed.changed, task.thawed.gone
    return find_delta(base, task.data)
