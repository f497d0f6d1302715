"""What platform operators do about people: who of the platform may act as what, and who is suspended. With a reason.

The reason is kept in the vault under the party it is about; the stream `system:identity` holds its reference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, or_, select, update

from engine.records.history import append_system
from engine.records.jobs import enqueue
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.identity.errors import LastAdministrator, MemberInvalid
from engine.services.identity.people import ROLES, STREAM, add_membership, drop_membership, found_platform
from engine.storage import vault
from engine.storage.actor import PLATFORM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.plain import PlainDict
from engine.storage.tables import membership, party, session, user

OPERATOR = "platform_operator"
PLATFORM_ROLES = tuple(role for role, kind in ROLES.items() if kind == PLATFORM)
SKILLS = ("content", "undertaker", "deliverable", "qualification", "result")
REVIEWERS = frozenset({"platform_reviewer", "platform_senior_reviewer"})
"""The roles whose tasks ask for a skill."""
SUSPENDED = "party_suspended"
"""The job that lets services draw the consequences of a suspension."""
MAX_REASON_CHARACTERS = 500


@dataclass(frozen=True)
class Account:
    """A party on the operators' list; an organisation has no login. `staff_roles`: role and skills at the platform."""

    party_id: str
    kind: str
    login: str | None
    name_zh: str
    name_en: str
    is_suspended: bool
    staff_roles: Mapping[str, tuple[str, ...]]


def list_accounts(
    connection: Connection, search: str = "", after: str = "", limit: int = 50, *, is_staff: bool = False
) -> list[Account]:
    """Persons and organisations whose name or login holds a text, the newest first; `is_staff`: the platform's only."""
    staff = select(membership.c.user_id).where(membership.c.party_id == PLATFORM)
    query = _ACCOUNTS.where(party.c.id != PLATFORM)
    if search:
        columns = (party.c.name_zh, party.c.name_en, user.c.login)
        query = query.where(or_(*(one.icontains(search, autoescape=True) for one in columns)))
    if after:
        query = query.where(party.c.id < after)
    if is_staff:
        query = query.where(party.c.id.in_(staff))
    rows = connection.execute(query.order_by(party.c.id.desc()).limit(limit)).all()
    roles = _list_staff_roles(connection, [row.id for row in rows])
    return [
        Account(row.id, row.kind, row.login, row.name_zh, row.name_en, bool(row.is_suspended), roles.get(row.id, {}))
        for row in rows
    ]


_ACCOUNTS = select(
    party.c.id, party.c.kind, party.c.name_zh, party.c.name_en, party.c.is_suspended, user.c.login
).outerjoin(user, user.c.id == party.c.id)


def find_account(connection: Connection, party_id: str) -> Account:
    """One of them. Raises NotFound."""
    row = connection.execute(_ACCOUNTS.where(party.c.id == party_id, party.c.id != PLATFORM)).one_or_none()
    if row is None:
        raise NotFound("party", party_id)
    roles = _list_staff_roles(connection, [party_id]).get(party_id, {})
    return Account(row.id, row.kind, row.login, row.name_zh, row.name_en, bool(row.is_suspended), roles)


def _list_staff_roles(connection: Connection, user_ids: Sequence[str]) -> dict[str, dict[str, tuple[str, ...]]]:
    rows = connection.execute(
        select(membership.c.user_id, membership.c.role, membership.c.skills).where(
            membership.c.party_id == PLATFORM, membership.c.user_id.in_(user_ids)
        )
    )
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in sorted(rows, key=lambda row: PLATFORM_ROLES.index(row.role)):
        found.setdefault(row.user_id, {})[row.role] = tuple(row.skills)
    return found


def set_staff_roles(
    engine: Engine, actor: Actor, user_id: str, roles: Mapping[str, Sequence[str]], reason: str
) -> None:
    """Gives a person exactly these roles at the platform, each with its skills; sessions in a lost role end at once.

    Raises NotFound, MemberInvalid, LastAdministrator.
    """
    _check_reason(reason)
    if not set(roles) <= set(PLATFORM_ROLES):
        raise MemberInvalid("roles", f"Expected roles at the platform, but got {sorted(roles)}")
    if any(not set(skills) <= set(SKILLS) or (skills and role not in REVIEWERS) for role, skills in roles.items()):
        raise MemberInvalid("skills", f"Expected skills among {SKILLS} of reviewers")

    def work(unit: UnitOfWork) -> None:
        _hold_platform(unit, actor)
        held = find_account(unit.connection, user_id)
        if held.login is None:
            raise NotFound("user", user_id)
        wanted = {role: tuple(one for one in SKILLS if one in skills) for role, skills in roles.items()}
        lost = [role for role, skills in held.staff_roles.items() if wanted.get(role) != skills]
        gained = [role for role, skills in wanted.items() if dict(held.staff_roles).get(role) != skills]
        if not lost and not gained:
            return
        facts: PlainDict = {"user": user_id, "reason": vault.put(unit.connection, engine.keys, user_id, reason.strip())}
        append_system(unit, engine.keys, STREAM, actor, "set_staff_roles", facts)
        for role in lost:
            drop_membership(unit, engine, actor, user_id, PLATFORM, role)
        for role in gained:
            add_membership(unit, engine, actor, user_id, PLATFORM, role, wanted[role])
        ended = [role for role in lost if role not in wanted]
        theirs = (session.c.user_id == user_id, session.c.party_id == PLATFORM, session.c.role.in_(ended))
        unit.connection.execute(delete(session).where(*theirs))
        if not unit.connection.execute(_COUNT_OPERATORS).scalar_one():
            raise LastAdministrator

    engine.database.transact(work)


def suspend_party(engine: Engine, actor: Actor, party_id: str, reason: str) -> None:
    """A party may publish, sign up for and take nothing from now on; what runs goes on, open sign-ups lapse.

    Raises NotFound, MemberInvalid.
    """
    _set_suspended(engine, actor, party_id, reason, is_suspended=True)


def reinstate_party(engine: Engine, actor: Actor, party_id: str, reason: str) -> None:
    """Ends a suspension; what lapsed by it stays lapsed. Raises NotFound, MemberInvalid."""
    _set_suspended(engine, actor, party_id, reason, is_suspended=False)


def _set_suspended(engine: Engine, actor: Actor, party_id: str, reason: str, *, is_suspended: bool) -> None:
    _check_reason(reason)

    def work(unit: UnitOfWork) -> None:
        _hold_platform(unit, actor)
        if find_account(unit.connection, party_id).is_suspended == is_suspended:
            return
        unit.connection.execute(update(party).where(party.c.id == party_id).values(is_suspended=int(is_suspended)))
        facts: PlainDict = {
            "party": party_id,
            "reason": vault.put(unit.connection, engine.keys, party_id, reason.strip()),
        }
        kind = "suspend_party" if is_suspended else "reinstate_party"
        append_system(unit, engine.keys, STREAM, actor, kind, facts)
        if is_suspended:
            enqueue(unit.connection, unit.now, SUSPENDED, {"party": party_id})

    engine.database.transact(work)


def _check_reason(reason: str) -> None:
    if not 0 < len(reason.strip()) <= MAX_REASON_CHARACTERS:
        raise MemberInvalid("reason", f"Expected a reason of at most {MAX_REASON_CHARACTERS} characters")


_COUNT_OPERATORS = select(func.count()).where(membership.c.party_id == PLATFORM, membership.c.role == OPERATOR)


def _hold_platform(unit: UnitOfWork, actor: Actor) -> None:
    """Locks the platform. Raises NotFound where the actor is not, or no more, one of its operators."""
    found_platform(unit)
    unit.connection.execute(select(party.c.id).where(party.c.id == PLATFORM).with_for_update())
    query = _COUNT_OPERATORS.where(membership.c.user_id == actor.user_id)
    if (actor.party_id, actor.role) != (PLATFORM, OPERATOR) or not unit.connection.execute(query).scalar_one():
        raise NotFound("platform", PLATFORM)
