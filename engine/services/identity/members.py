"""Members of an enterprise: who may act for it, in which roles, up to what amount. Only its administrators change that.

An administrator is asked for again inside each transaction, with his enterprise locked, so that of two who take each
other's role one stays. Every change is an event of the stream `system:identity`; what is so already is no change.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from engine.records.history import append_system
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.identity.errors import LastAdministrator, MemberInvalid
from engine.services.identity.people import ADMINISTRATOR, ENTERPRISE_ROLES, STREAM, add_membership, drop_membership
from engine.services.identity.tables import enterprise_policy
from engine.services.payments.limits import EVERYONE, drop_spend_limit, list_spend_limits, set_spend_limit
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.plain import PlainDict
from engine.storage.tables import membership, party, session, user

MAX_LIMIT_FEN = 1_000_000_000_00


@dataclass(frozen=True)
class Member:
    """Somebody who may act for an enterprise. `limit_fen`: what he may spend without finance; none: as everybody."""

    user_id: str
    login: str
    name_zh: str
    name_en: str
    roles: tuple[str, ...]
    is_disabled: bool
    limit_fen: int | None


def list_members(connection: Connection, party_id: str) -> list[Member]:
    """The members of an enterprise, administrators first, those who are disabled last."""
    rows = connection.execute(
        select(membership.c.user_id, membership.c.role, membership.c.is_disabled, user.c.login)
        .add_columns(party.c.name_zh, party.c.name_en)
        .join(user, user.c.id == membership.c.user_id)
        .join(party, party.c.id == membership.c.user_id)
        .where(membership.c.party_id == party_id)
    ).all()
    limits = list_spend_limits(connection, party_id)
    people: dict[str, list[Row[tuple[object, ...]]]] = {}
    for row in rows:
        people.setdefault(row.user_id, []).append(row)
    members = [_read_member(held, limits) for held in people.values()]
    return sorted(members, key=lambda one: (one.is_disabled, ADMINISTRATOR not in one.roles, one.user_id))


def find_member(connection: Connection, party_id: str, user_id: str) -> Member:
    """One of them. Raises NotFound."""
    found = next((one for one in list_members(connection, party_id) if one.user_id == user_id), None)
    if found is None:
        raise NotFound("member", user_id)
    return found


def _read_member(held: list[Row[tuple[object, ...]]], limits: dict[str, int]) -> Member:
    one, roles = held[0], {row.role for row in held}
    order = tuple(role for role in ENTERPRISE_ROLES if role in roles)
    is_disabled = all(row.is_disabled for row in held)
    return Member(one.user_id, one.login, one.name_zh, one.name_en, order, is_disabled, limits.get(one.user_id))


def set_member(engine: Engine, actor: Actor, user_id: str, roles: Collection[str], limit_fen: int | None) -> None:
    """Gives a member exactly these roles and this limit. Sessions that act in a role he loses end at once.

    Raises NotFound, MemberInvalid, LastAdministrator.
    """
    check_entry(roles, limit_fen)

    def work(unit: UnitOfWork) -> None:
        hold_enterprise(unit, actor)
        member = find_member(unit.connection, actor.party_id, user_id)
        for role in (role for role in ENTERPRISE_ROLES if role in set(roles) - set(member.roles)):
            add_membership(unit, engine, actor, user_id, actor.party_id, role, (), member.is_disabled)
        for role in (role for role in member.roles if role not in roles):
            drop_membership(unit, engine, actor, user_id, actor.party_id, role)
            _end_sessions(unit, actor.party_id, user_id, role)
        if limit_fen != member.limit_fen:
            change_limit(unit, engine, actor, user_id, limit_fen)
        _keep_administrator(unit, actor.party_id)

    engine.database.transact(work)


def set_everyones_limit(engine: Engine, actor: Actor, limit_fen: int | None) -> None:
    """What members without a limit of their own may spend; none: any amount. Raises NotFound, MemberInvalid."""
    check_entry({ADMINISTRATOR}, limit_fen)

    def work(unit: UnitOfWork) -> None:
        hold_enterprise(unit, actor)
        if list_spend_limits(unit.connection, actor.party_id).get(EVERYONE) != limit_fen:
            change_limit(unit, engine, actor, EVERYONE, limit_fen)

    engine.database.transact(work)


def disable_member(engine: Engine, actor: Actor, user_id: str) -> None:
    """A member may not act for the enterprise until he is enabled again; his sessions for it end at once.

    Raises NotFound, LastAdministrator.
    """
    _switch(engine, actor, user_id, is_disabled=True)


def enable_member(engine: Engine, actor: Actor, user_id: str) -> None:
    """A disabled member may act again, in the roles he had. Raises NotFound."""
    _switch(engine, actor, user_id, is_disabled=False)


def remove_member(engine: Engine, actor: Actor, user_id: str) -> None:
    """Takes every role of a member away, and his limit; his sessions for the enterprise end at once.

    Raises NotFound, LastAdministrator.
    """

    def work(unit: UnitOfWork) -> None:
        hold_enterprise(unit, actor)
        member = find_member(unit.connection, actor.party_id, user_id)
        for role in member.roles:
            drop_membership(unit, engine, actor, user_id, actor.party_id, role)
        if member.limit_fen is not None:
            change_limit(unit, engine, actor, user_id, None)
        _end_sessions(unit, actor.party_id, user_id)
        _keep_administrator(unit, actor.party_id)

    engine.database.transact(work)


def set_own_acceptance(engine: Engine, actor: Actor, is_allowed: bool) -> None:
    """Whether members may accept what is delivered for a task they published. Holds for acceptances that open from now
    on. Raises NotFound.
    """

    def work(unit: UnitOfWork) -> None:
        hold_enterprise(unit, actor)
        of_party = enterprise_policy.c.party_id == actor.party_id
        unit.connection.execute(delete(enterprise_policy).where(of_party))
        row = {"party_id": actor.party_id, "may_accept_own": int(is_allowed)}
        unit.connection.execute(insert(enterprise_policy), row)
        facts: PlainDict = {"party": actor.party_id, "may_accept_own": is_allowed}
        append_system(unit, engine.keys, STREAM, actor, "set_own_acceptance", facts)

    engine.database.transact(work)


def hold_enterprise(unit: UnitOfWork, actor: Actor) -> None:
    """Locks the actor's enterprise. Raises NotFound where he is not, or no more, an administrator of it."""
    unit.connection.execute(select(party.c.id).where(party.c.id == actor.party_id).with_for_update())
    query = _count_administrators(actor.party_id).where(membership.c.user_id == actor.user_id)
    if actor.role != ADMINISTRATOR or not unit.connection.execute(query).scalar_one():
        raise NotFound("enterprise", actor.party_id)


def check_entry(roles: Collection[str], limit_fen: int | None) -> None:
    """Raises MemberInvalid unless these are roles of an enterprise, at least one, and the limit is an amount."""
    if not roles or not set(roles) <= set(ENTERPRISE_ROLES):
        raise MemberInvalid("roles", f"Expected at least one of {ENTERPRISE_ROLES}, but got {sorted(roles)}")
    if limit_fen is not None and not 0 <= limit_fen <= MAX_LIMIT_FEN:
        raise MemberInvalid("limit_fen", f"Expected 0 to {MAX_LIMIT_FEN} fen, but got {limit_fen}")


def change_limit(unit: UnitOfWork, engine: Engine, actor: Actor, user_id: str, limit_fen: int | None) -> None:
    """Sets or lifts a limit, within a transaction, and records it."""
    if limit_fen is None:
        drop_spend_limit(unit.connection, actor.party_id, user_id)
    else:
        set_spend_limit(unit.connection, actor.party_id, user_id, limit_fen)
    facts: PlainDict = {"party": actor.party_id, "user": user_id, "limit_fen": limit_fen}
    append_system(unit, engine.keys, STREAM, actor, "set_spend_limit", facts)


def _switch(engine: Engine, actor: Actor, user_id: str, *, is_disabled: bool) -> None:
    def work(unit: UnitOfWork) -> None:
        hold_enterprise(unit, actor)
        if find_member(unit.connection, actor.party_id, user_id).is_disabled == is_disabled:
            return
        theirs = (membership.c.party_id == actor.party_id, membership.c.user_id == user_id)
        unit.connection.execute(update(membership).where(*theirs).values(is_disabled=int(is_disabled)))
        if is_disabled:
            _end_sessions(unit, actor.party_id, user_id)
            _keep_administrator(unit, actor.party_id)
        kind = "disable_member" if is_disabled else "enable_member"
        append_system(unit, engine.keys, STREAM, actor, kind, {"party": actor.party_id, "user": user_id})

    engine.database.transact(work)


def _end_sessions(unit: UnitOfWork, party_id: str, user_id: str, role: str | None = None) -> None:
    of_role = [session.c.role == role] if role else []
    unit.connection.execute(
        delete(session).where(session.c.party_id == party_id, session.c.user_id == user_id, *of_role)
    )


def _keep_administrator(unit: UnitOfWork, party_id: str) -> None:
    if not unit.connection.execute(_count_administrators(party_id)).scalar_one():
        raise LastAdministrator


def _count_administrators(party_id: str) -> Select[int]:
    return select(func.count()).where(
        membership.c.party_id == party_id,
        membership.c.role == ADMINISTRATOR,
        membership.c.is_disabled == 0,
    )
