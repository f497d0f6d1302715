"""Who may publish a work task, and who may sign up for one: one list of conditions for pages and commands."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, func, select

from engine.services.agreements.signatures import is_bound
from engine.services.identity.people import ORGANISATION, PERSON
from engine.services.onboarding.persons import find_same_person
from engine.services.work_tasks.tables import application, engagement
from engine.storage.actor import Actor
from engine.storage.tables import membership, party

PUBLISHERS = frozenset({"enterprise_admin", "enterprise_operator"})
SIDES = frozenset({"enterprise_admin", "enterprise_operator", "enterprise_acceptor"})
"""The roles in which somebody acts for an enterprise towards its workers."""


def find_publishing_obstacle(connection: Connection, actor: Actor) -> str | None:
    """Why the actor may not open a work task; None if he may."""
    row = connection.execute(select(party).where(party.c.id == actor.party_id)).one_or_none()
    if row is None or row.kind != ORGANISATION:
        return "not_an_enterprise"
    if actor.role not in PUBLISHERS:
        return "wrong_role"
    if standing := _find_standing(connection, row):
        return standing
    unpaid = select(func.count()).where(
        engagement.c.enterprise_id == actor.party_id, engagement.c.payment_blocked_at.is_not(None)
    )
    return "unpaid" if connection.execute(unpaid).scalar_one() else None


def _find_standing(connection: Connection, row: Row[Any]) -> str | None:
    if not row.is_certified:
        return "not_certified"
    if not is_bound(connection, row):
        return "no_agreement"
    return "suspended" if row.is_suspended else None


def takes_signups(task: RowMapping, now: datetime) -> bool:
    """Whether a work task is open for sign-ups."""
    return task["state"] in ("recruiting", "awarding") and not task["list_closed_at"] and now < task["signup_deadline"]


def find_signup_obstacle(connection: Connection, actor: Actor, task: RowMapping) -> str | None:
    """Why the actor may not sign up for an open work task; None if he may."""
    row = connection.execute(select(party).where(party.c.id == actor.party_id)).one_or_none()
    if row is None or row.kind != PERSON or actor.party_id != actor.user_id:
        return "not_a_person"
    if find_same_person(connection, actor.party_id):
        return "same_person"
    if standing := _find_standing(connection, row):
        return standing
    if _belongs(connection, actor.user_id, task["enterprise_id"]):
        return "related_party"
    before = select(func.count()).where(application.c.task_id == task["id"], application.c.worker_id == actor.party_id)
    return "signed_up_before" if connection.execute(before).scalar_one() else None


def _belongs(connection: Connection, user_id: str, party_id: str) -> bool:
    query = select(func.count()).where(membership.c.user_id == user_id, membership.c.party_id == party_id)
    return bool(connection.execute(query).scalar_one())
