"""Who may see and do which task, as SQL: the same condition for lists and for a single task.

The conditions are built once, with bind parameters that `describe_actor` fills: building them anew for every request
would cost more than running them.
"""

from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, exists, or_, select

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


def _is_excluded(party: Operand, person: Operand, user: Operand) -> ColumnElement[bool]:
    """Whether an actor or a party he belongs to is excluded, whatever he acts as. Asked anew each time: who joins a
    party later is out from then on.
    """
    belongs = select(membership.c.party_id).where(membership.c.user_id == user)
    excluded = select(1).where(
        task_candidate.c.task_id == task.c.id,
        task_candidate.c.kind == EXCLUDE,
        or_(task_candidate.c.value.in_((party, person, user)), task_candidate.c.value.in_(belongs)),
    )
    return is_there(excluded)


def has_skill(asked: ColumnElement[str | None]) -> ColumnElement[bool]:
    """Whether the actor has the skill a task asks for."""
    return or_(asked.is_(None), asked.in_(bindparam("actor_skills", expanding=True)))


def is_there(query: Select[Any]) -> ColumnElement[bool]:
    """Whether a query has a row, asked for each row by itself: as a join it might be asked for all at once."""
    return query.limit(1).scalar_subquery().is_not(None)


_PARTY: Operand = bindparam("actor_party", type_=String)
_PERSON: Operand = bindparam("actor_person", type_=String)
_USER: Operand = bindparam("actor_user", type_=String)
_ROLES: Operand = bindparam("actor_roles", expanding=True)
_GROUPS: Operand = bindparam("actor_groups", expanding=True)

NAMES_ACTOR = _names(_PARTY, _PERSON, _ROLES, _GROUPS)
IS_EXCLUDED = _is_excluded(_PARTY, _PERSON, _USER)
# Whether the actor may do a task.
IS_CANDIDATE: ColumnElement[bool] = and_(
    exists(select(1).where(task_candidate.c.task_id == task.c.id, NAMES_ACTOR)), has_skill(task.c.skill), ~IS_EXCLUDED
)
# Whether a task is free for the actor to do: nobody else holds it.
IS_UNCLAIMED = task.c.assignee_id.is_(None)
IS_HELD = task.c.assignee_id == _USER
IS_FREE: ColumnElement[bool] = or_(IS_UNCLAIMED, IS_HELD)
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
