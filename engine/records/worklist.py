"""The work list: one row per open user task, so that nobody has to load an instance to know what there is to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engine.storage.plain import Plain, PlainDict
from engine.storage.prepared import Prepared
from engine.storage.tables import task, task_candidate

_INSERT_TASK = Prepared(insert(task))
_INSERT_CANDIDATE = Prepared(insert(task_candidate))
_DELETE_TASKS = Prepared(delete(task).where(task.c.id.in_(bindparam("ids", expanding=True))))

PARTY, MEMBER, GROUP, EXCLUDE = "party", "member", "group", "exclude"


def name_member(party_id: str, role: str) -> str:
    """How a candidate row names the members of an organisation who act in a role."""
    return f"{party_id}/{role}"


@dataclass(frozen=True)
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


def add_tasks(connection: Connection, instance_id: str, now: datetime, tasks: Iterable[OpenTask]) -> None:
    """Offers tasks that have just opened."""
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
        candidates += [{"task_id": one.id, "kind": kind, "value": value} for kind, value in one.candidates]
    _INSERT_TASK.run_many(connection, rows)
    _INSERT_CANDIDATE.run_many(connection, candidates)


def move_task(connection: Connection, task_id: str, definition_id: str, element: str) -> None:
    """An open task stands at an element of another diagram from now on, with all else it has."""
    values = {"definition_id": definition_id, "element": element}
    connection.execute(update(task).where(task.c.id == task_id).values(values))


def read_offer(connection: Connection, task_id: str) -> PlainDict:
    """To whom an open task is offered, and who holds it, for `restore_offer`."""
    columns = (task.c.assignee_id, task.c.skill, task.c.priority)
    row = connection.execute(select(*columns).where(task.c.id == task_id)).one()
    query = select(task_candidate.c.kind, task_candidate.c.value).where(task_candidate.c.task_id == task_id)
    candidates: list[Plain] = [[one.kind, one.value] for one in connection.execute(query)]
    return {"task": task_id, **row._mapping, "candidates": candidates}


def restore_offer(connection: Connection, offer: Mapping[str, Any]) -> None:
    """Offers an open task as `read_offer` found it."""
    _put_candidates(connection, offer["task"], offer["candidates"])
    values = {name: offer[name] for name in ("assignee_id", "skill", "priority")}
    connection.execute(update(task).where(task.c.id == offer["task"]).values(values))


def offer_anew(connection: Connection, one: OpenTask) -> bool:
    """Offers an open task as another diagram says; False if to the same people, who may go on with it."""
    values = {"skill": one.skill, "priority": one.priority}
    connection.execute(update(task).where(task.c.id == one.id).values(values))
    return change_candidates(connection, one)


def change_candidates(connection: Connection, one: OpenTask) -> bool:
    """Offers an open task to those it names now, and takes it from who holds it; False if they are the same."""
    is_of_task = task_candidate.c.task_id == one.id
    query = select(task_candidate.c.kind, task_candidate.c.value).where(is_of_task)
    if {(row.kind, row.value) for row in connection.execute(query)} == one.candidates:
        return False
    _put_candidates(connection, one.id, one.candidates)
    connection.execute(update(task).where(task.c.id == one.id).values(assignee_id=None))
    return True


def _put_candidates(connection: Connection, task_id: str, candidates: Iterable[Iterable[str]]) -> None:
    connection.execute(delete(task_candidate).where(task_candidate.c.task_id == task_id))
    rows = [{"task_id": task_id, "kind": kind, "value": value} for kind, value in candidates]
    _INSERT_CANDIDATE.run_many(connection, rows)


def remove_tasks(connection: Connection, task_ids: list[str]) -> None:
    """Withdraws tasks that are open no more; their candidates go with them."""
    if task_ids:
        _DELETE_TASKS.run(connection, {"ids": task_ids})
