"""Who may see and do which task, as SQL: the same condition for lists and for a single task.

The conditions are built once, with bind parameters that `describe_actor` fills: building them anew for every request
would cost more than running them.
"""

from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, select, union_all

from engine.records.worklist import EXCLUDE, GROUP, MEMBER, PARTY, name_member
from engine.storage.actor import PLATFORM, Actor
from engine.storage.tables import instance, instance_party, membership, task, task_candidate

Operand: TypeAlias = Any  # a value, or a bind parameter that stands for one
NOBODY = ""


def _names(party: Operand, person: Operand, roles: Operand, groups: Operand) -> ColumnElement[bool]:
    """Whether a candidate row names an actor: his party, himself, his role in his party, or a group of his role."""
    return or_(
        and_(task_candidate.c.kind == PARTY, or_(task_candidate.c.value == party, task_candidate.c.value == person)),
        and_(task_candidate.c.kind == MEMBER, task_candidate.c.value.in_(roles)),
        and_(task_candidate.c.kind == GROUP, task_candidate.c.value.in_(groups)),
    )


def _is_fit(party: Operand, person: Operand, user: Operand, skills: Operand) -> ColumnElement[bool]:
    """Whether nothing speaks against an actor: he has the skill the task asks for, and neither he nor a party he
    belongs to is excluded, whatever he acts as. Asked anew each time: who joins a party later is out from then on.
    """
    belongs = select(membership.c.party_id).where(membership.c.user_id == user)
    excluded = select(1).where(
        task_candidate.c.task_id == task.c.id,
        task_candidate.c.kind == EXCLUDE,
        or_(task_candidate.c.value.in_((party, person, user)), task_candidate.c.value.in_(belongs)),
    )
    return and_(or_(task.c.skill.is_(None), task.c.skill.in_(skills)), ~exists(excluded))


_PARTY: Operand = bindparam("actor_party")
_PERSON: Operand = bindparam("actor_person")
_USER: Operand = bindparam("actor_user")
_ROLES: Operand = bindparam("actor_roles", expanding=True)
_GROUPS: Operand = bindparam("actor_groups", expanding=True)
_SKILLS: Operand = bindparam("actor_skills", expanding=True)

NAMES_ACTOR = _names(_PARTY, _PERSON, _ROLES, _GROUPS)
_IS_FIT = _is_fit(_PARTY, _PERSON, _USER, _SKILLS)
# Whether the actor may do a task.
IS_CANDIDATE: ColumnElement[bool] = and_(
    exists(select(1).where(task_candidate.c.task_id == task.c.id, NAMES_ACTOR)), _IS_FIT
)
# The same, found from the actor's side: cheap where he is a candidate of few tasks, however many there are in all.
IS_CANDIDATE_OF_FEW: ColumnElement[bool] = and_(
    task.c.id.in_(select(task_candidate.c.task_id).where(NAMES_ACTOR)), _IS_FIT
)
_held = task.alias("held")
_OFFERED_IN_PERSON = select(task_candidate.c.task_id).where(
    task_candidate.c.kind == PARTY, task_candidate.c.value == _PERSON
)
_HELD = select(_held.c.id).where(_held.c.assignee_id == _USER)
_IS_UNCLAIMED = task.c.assignee_id.is_(None)
# Whether a task is free for the actor to do: nobody else holds it.
IS_FREE: ColumnElement[bool] = or_(_IS_UNCLAIMED, task.c.assignee_id == _USER)
# Whether a task is the actor's own: he holds it, or it is offered to him as a person. Found from his side.
IS_MINE: ColumnElement[bool] = and_(IS_FREE, task.c.id.in_(union_all(_HELD, _OFFERED_IN_PERSON)))
# Whether it waits for anybody of a group. Not the negation of IS_MINE, which is null where nobody holds the task.
IS_POOLED: ColumnElement[bool] = and_(_IS_UNCLAIMED, task.c.id.not_in(_OFFERED_IN_PERSON))
_IS_PARTY = select(1).where(instance_party.c.instance_id == instance.c.id, instance_party.c.party_id == _PARTY)
_HAS_TASK = select(1).where(task.c.instance_id == instance.c.id, IS_CANDIDATE)
# Whether the actor takes part in a case: it is his party's own, or he may do an open task of it.
TAKES_PART: ColumnElement[bool] = or_(exists(_IS_PARTY), exists(_HAS_TASK))


def describe_actor(actor: Actor) -> dict[str, object]:
    """The bind parameters of the conditions above."""
    return {
        "actor_party": actor.party_id,
        "actor_user": actor.user_id,
        "actor_person": actor.data_id if actor.party_id in (actor.user_id, PLATFORM) else NOBODY,
        "actor_roles": [name_member(actor.party_id, role) for role in sorted(actor.groups)],
        "actor_groups": sorted(actor.groups),
        "actor_skills": sorted(actor.skills),
    }
