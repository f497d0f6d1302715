"""The work list: one row per open user task, so that nobody has to load an instance to know what there is to do.

Whom a task is offered to is written with what lists order and narrow tasks by, see `task_candidate`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engine.storage.columns import NEVER
from engine.storage.frozen import frozen
from engine.storage.ids import moment_of
from engine.storage.plain import Plain, PlainDict
from engine.storage.prepared import Prepared
from engine.storage.tables import instance, task, task_candidate

_INSERT_TASK = Prepared(insert(task))
_INSERT_CANDIDATE = Prepared(insert(task_candidate))
_DELETE_TASKS = Prepared(delete(task).where(task.c.id.in_(bindparam("ids", expanding=True))))

PARTY, MEMBER, GROUP, EXCLUDE = "party", "member", "group", "exclude"


def name_member(party_id: str, role: str) -> str:
    """How a candidate row names the members of an organisation who act in a role."""
    return f"{party_id}/{role}"


@frozen
class OpenTask:
    """A user task as it is offered: to a party's people, to members in a role, to groups, never to those excluded."""

    id: str
    definition_id: str
    element: str
    assignee_id: str | None
    parties: tuple[str, ...]
    members: tuple[str, ...]  # see name_member
    groups: tuple[str, ...]
    excluded: tuple[str, ...]
    skill: str | None
    priority: int
    due_at: datetime | None
    follow_up_at: datetime | None
    candidates: frozenset[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        kinds = {PARTY: self.parties, MEMBER: self.members, GROUP: self.groups, EXCLUDE: self.excluded}
        pairs = frozenset((kind, value) for kind, values in kinds.items() for value in values)
        object.__setattr__(self, "candidates", pairs)


def add_tasks(
    connection: Connection, instance_id: str, process_key: str, now: datetime, tasks: Iterable[OpenTask]
) -> None:
    """Offers tasks of a case that have just opened."""
    rows, candidates = [], []
    for one in tasks:
        rows.append(
            {
                "id": one.id,
                "instance_id": instance_id,
                "definition_id": one.definition_id,
                "element": one.element,
                "assignee_id": one.assignee_id,
                "skill": one.skill,
                "priority": one.priority,
                "created_at": now,
                "due_at": one.due_at,
                "follow_up_at": one.follow_up_at,
            }
        )
        listed = _list_by(instance_id, process_key, one.skill, one.priority, one.due_at)
        candidates += [{"task_id": one.id, "kind": kind, "value": value, **listed} for kind, value in one.candidates]
    _INSERT_TASK.send_many(connection, rows)
    _INSERT_CANDIDATE.send_many(connection, candidates)


def _list_by(
    instance_id: str, process_key: str, skill: str | None, priority: int, due_at: datetime | None
) -> dict[str, object]:
    """What lists order and narrow a task by."""
    told = {"process_key": process_key, "skill": skill, "moment": moment_of(instance_id)}
    return {"due_at": due_at or NEVER, "priority": priority, **told}


def move_task(connection: Connection, task_id: str, definition_id: str, element: str) -> None:
    """An open task stands at an element of another diagram from now on, with all else it has."""
    values = {"definition_id": definition_id, "element": element}
    connection.execute(update(task).where(task.c.id == task_id).values(values))


def move_due(connection: Connection, instance_id: str, element: str, due_at: datetime | None) -> None:
    """The open tasks of an element are due at another time, or at none."""
    is_open = (task.c.instance_id == instance_id) & (task.c.element == element)
    connection.execute(update(task).where(is_open).values(due_at=due_at))
    of_them = task_candidate.c.task_id.in_(select(task.c.id).where(is_open))
    connection.execute(update(task_candidate).where(of_them).values(due_at=due_at or NEVER))


def read_offer(connection: Connection, task_id: str) -> PlainDict:
    """To whom an open task is offered, and who holds it, for `restore_offer`."""
    columns = (task.c.assignee_id, task.c.skill, task.c.priority)
    row = connection.execute(select(*columns).where(task.c.id == task_id)).one()
    candidates: list[Plain] = [[*one] for one in sorted(_read_candidates(connection, task_id))]
    return {"task": task_id, **row._mapping, "candidates": candidates}


def restore_offer(connection: Connection, offer: Mapping[str, Any]) -> None:
    """Offers an open task as `read_offer` found it."""
    values = {name: offer[name] for name in ("assignee_id", "skill", "priority")}
    connection.execute(update(task).where(task.c.id == offer["task"]).values(values))
    _replace_candidates(connection, offer["task"], offer["candidates"])


def offer_anew(connection: Connection, one: OpenTask) -> bool:
    """Offers an open task as another diagram says; False if to the same people, who may go on with it."""
    values = {"skill": one.skill, "priority": one.priority}
    connection.execute(update(task).where(task.c.id == one.id).values(values))
    connection.execute(update(task_candidate).where(task_candidate.c.task_id == one.id).values(values))
    return change_candidates(connection, one)


def change_candidates(connection: Connection, one: OpenTask) -> bool:
    """Offers an open task to those it names now, and takes it from who holds it; False if they are the same."""
    if _read_candidates(connection, one.id) == one.candidates:
        return False
    _replace_candidates(connection, one.id, one.candidates)
    connection.execute(update(task).where(task.c.id == one.id).values(assignee_id=None))
    return True


def add_candidate(connection: Connection, task_id: str, kind: str, value: str) -> bool:
    """Offers an open task to one more; False if it is offered to him."""
    if (kind, value) in _read_candidates(connection, task_id):
        return False
    _put_candidates(connection, task_id, [(kind, value)])
    return True


def _read_candidates(connection: Connection, task_id: str) -> set[tuple[str, str]]:
    query = select(task_candidate.c.kind, task_candidate.c.value).where(task_candidate.c.task_id == task_id)
    return {(row.kind, row.value) for row in connection.execute(query)}


def _replace_candidates(connection: Connection, task_id: str, candidates: Iterable[Iterable[str]]) -> None:
    connection.execute(delete(task_candidate).where(task_candidate.c.task_id == task_id))
    _put_candidates(connection, task_id, candidates)


def _put_candidates(connection: Connection, task_id: str, candidates: Iterable[Iterable[str]]) -> None:
    columns = (task.c.instance_id, instance.c.process_key, task.c.skill, task.c.priority, task.c.due_at)
    query = select(*columns).join(instance, instance.c.id == task.c.instance_id).where(task.c.id == task_id)
    listed = _list_by(*connection.execute(query).one())
    rows = [{"task_id": task_id, "kind": kind, "value": value, **listed} for kind, value in candidates]
    _INSERT_CANDIDATE.send_many(connection, rows)


def remove_tasks(connection: Connection, task_ids: list[str]) -> None:
    """Withdraws tasks that are open no more; their candidates go with them."""
    if task_ids:
        _DELETE_TASKS.send(connection, {"ids": task_ids})
