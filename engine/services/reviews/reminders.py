"""Reminders and escalation of open tasks: who is told, and who may do them besides."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from engine.definitions.registry import TopicCall, topic
from engine.records.worklist import EXCLUDE, GROUP, MEMBER, add_candidate, name_member
from engine.services.notifications.recipients import find_people
from engine.services.notifications.telling import Notice, tell
from engine.services.reviews.tables import reminder
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict
from engine.storage.tables import instance, task, task_candidate

USER = "user"


@topic("remind")
def remind(call: TopicCall, *, element: str, skill: str = "") -> PlainDict:
    """Reminds whoever holds the open tasks of an element, else all to whom they are offered.

    `skill` narrows it to the tasks that ask for that skill. Returns: reminded_count.
    """
    rows = [
        {
            "id": new_id(),
            "instance_id": call.instance_id,
            "task_id": one.id,
            "element": element,
            "addressee_kind": kind,
            "addressee": addressee,
            "at": call.now,
        }
        for one in _find_open(call, element, skill)
        for kind, addressee in _find_addressees(call.connection, one)
    ]
    if rows:
        call.connection.execute(insert(reminder), rows)
        call.note("reminded", of=element, addressees=[f"{row['addressee_kind']}:{row['addressee']}" for row in rows])
        tell(call, call.calendar.zone, [_make_notice(call, row) for row in rows])
    return {"reminded_count": len(rows)}


@topic("offer_to_group")
def offer_to_group(call: TopicCall, *, element: str, group: str, skill: str = "") -> PlainDict:
    """Offers the open tasks of an element to one group more, and reminds all who may do them now.

    Whoever holds such a task keeps it. Returns: reminded_count.
    """
    for one in _find_open(call, element, skill):
        if add_candidate(call.connection, one.id, GROUP, group):
            call.note("offered", of=element, offered_task=one.id, group=group)
    return remind(call, element=element, skill=skill)


@topic("offer_to_members")
def offer_to_members(call: TopicCall, *, element: str, party: str, role: str) -> PlainDict:
    """Offers the open tasks of an element to members of an organisation in one role more, and reminds all who may do
    them now.

    Whoever holds such a task keeps it. Returns: reminded_count.
    """
    for one in _find_open(call, element, ""):
        if add_candidate(call.connection, one.id, MEMBER, name_member(party, role)):
            call.note("offered", of=element, offered_task=one.id, group=role)
    return remind(call, element=element)


def _make_notice(call: TopicCall, row: dict[str, Any]) -> Notice:
    """The reminder as people are told of it; a name of the element is what the case shows of its task anyway."""
    addressee, is_group = row["addressee"], row["addressee_kind"] == GROUP
    party_id = addressee.partition("/")[0]  # of the members in a role: the organisation
    return Notice(
        key=f"{call.key}:{row['task_id']}",
        template="task_reminder",
        facts=_describe_case(call),
        subject=f"task:{row['task_id']}",
        path=f"/tasks/{row['task_id']}",
        recipients=find_people(call.connection, [] if is_group else [party_id], [addressee] if is_group else []),
    )


def _describe_case(call: TopicCall) -> PlainDict:
    query = select(instance.c.subject_zh, instance.c.subject_en).where(instance.c.id == call.instance_id)
    row = call.connection.execute(query).one()
    return {"subject_zh": row.subject_zh, "subject_en": row.subject_en}


def _find_open(call: TopicCall, element: str, skill: str) -> Sequence[Row[Any, Any]]:
    query = select(task.c.id, task.c.assignee_id).where(
        task.c.instance_id == call.instance_id, task.c.element == element
    )
    if skill:
        query = query.where(task.c.skill == skill)
    return call.connection.execute(query.order_by(task.c.id)).all()


def _find_addressees(connection: Connection, one: Row[Any, Any]) -> Iterator[tuple[str, str]]:
    if one.assignee_id is not None:
        yield USER, one.assignee_id
        return
    candidates = select(task_candidate.c.kind, task_candidate.c.value).where(
        task_candidate.c.task_id == one.id, task_candidate.c.kind != EXCLUDE
    )
    for row in connection.execute(candidates.order_by(task_candidate.c.kind, task_candidate.c.value)):
        yield row.kind, row.value
