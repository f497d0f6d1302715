"""Who may see and do which task, as SQL: the same condition for lists and for a single task."""

from sqlalchemy import ColumnElement, and_, exists, or_, select

from engine.records.worklist import EXCLUDE, GROUP, PARTY
from engine.storage.actor import Actor
from engine.storage.tables import task, task_candidate


def is_candidate(actor: Actor) -> ColumnElement[bool]:
    """Whether the actor may do a task: his party or a group of his role is a candidate, he has the skill it asks
    for, and he is not excluded."""
    named = exists(
        select(1).where(
            task_candidate.c.task_id == task.c.id,
            or_(
                and_(task_candidate.c.kind == PARTY, task_candidate.c.value == actor.party_id),
                and_(task_candidate.c.kind == GROUP, task_candidate.c.value.in_(sorted(actor.groups))),
            ),
        )
    )
    excluded = exists(
        select(1).where(
            task_candidate.c.task_id == task.c.id,
            task_candidate.c.kind == EXCLUDE,
            task_candidate.c.value.in_({actor.user_id, actor.party_id}),
        )
    )
    return and_(named, or_(task.c.skill.is_(None), task.c.skill.in_(sorted(actor.skills))), ~excluded)


def is_mine(actor: Actor) -> ColumnElement[bool]:
    """Whether a task is the actor's own: he holds it, or it is offered to him as a person."""
    personal = exists(
        select(1).where(
            task_candidate.c.task_id == task.c.id,
            task_candidate.c.kind == PARTY,
            task_candidate.c.value == actor.user_id,
        )
    )
    own = task.c.assignee_id == actor.user_id
    return or_(own, and_(task.c.assignee_id.is_(None), personal)) if actor.party_id == actor.user_id else own
