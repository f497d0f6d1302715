"""People, organisations and memberships. Every change is an event of the stream `system:identity`, by ids only."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engine.definitions.registry import MEMBER_ROLES
from engine.records.history import append_system
from engine.runtime.engine import Engine
from engine.services.identity.passwords import Passwords
from engine.storage.actor import PLATFORM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.grams import add_party_grams
from engine.storage.ids import new_id
from engine.storage.tables import membership, party, session, user

STREAM = "system:identity"

PERSON, ORGANISATION = "person", "organisation"
ROLES: dict[str, str] = {
    "individual": PERSON,
    "courier_ordinary": PERSON,
    "courier_professional": PERSON,
    "enterprise_admin": ORGANISATION,
    "enterprise_operator": ORGANISATION,
    "enterprise_acceptor": ORGANISATION,
    "enterprise_finance": ORGANISATION,
    "platform_reviewer": PLATFORM,
    "platform_senior_reviewer": PLATFORM,
    "platform_finance": PLATFORM,
    "customer_service": PLATFORM,
    "arbiter": PLATFORM,
    "repair_dispatcher": PLATFORM,
    "repair_verifier": PLATFORM,
    "todo_manager": PLATFORM,
    "todo_reviewer": PLATFORM,
    "todo_handler": PLATFORM,
    "todo_supervisor": PLATFORM,
    "exception_owner": PLATFORM,
    "analyst": PLATFORM,
    "auditor": PLATFORM,
    "platform_operator": PLATFORM,
}
"""Every role one may act in, and whose it is: a person's own, an organisation's member's, the platform's."""
ENTERPRISE_ROLES = tuple(role for role, kind in ROLES.items() if kind == ORGANISATION)
ADMINISTRATOR = "enterprise_admin"
MEMBER_ROLES.update(ENTERPRISE_ROLES)


def groups_of(role: str) -> frozenset[str]:
    """The candidate groups of a role: itself. An administrator does whatever a member of his enterprise may."""
    return frozenset(ENTERPRISE_ROLES if role == ADMINISTRATOR else {role})


@dataclass(frozen=True)
class Membership:
    """One thing a user may act as."""

    party_id: str
    kind: str  # of the role: person, organisation, platform
    party_name_zh: str
    party_name_en: str
    role: str
    skills: frozenset[str]

    def act_as(self, user_id: str) -> Actor:
        """The user acting in this role."""
        return Actor(user_id, self.party_id, self.role, groups_of(self.role), self.skills)


_MEMBERSHIPS = (
    select(membership.c.party_id, party.c.name_zh, party.c.name_en, membership.c.role, membership.c.skills)
    .join(party, party.c.id == membership.c.party_id)
    .where(membership.c.user_id == bindparam("user_id"), membership.c.is_disabled == 0)
)


def list_memberships(connection: Connection, user_id: str) -> list[Membership]:
    """Everything a user may act as, in the order of `ROLES`."""
    rows = connection.execute(_MEMBERSHIPS, {"user_id": user_id})
    order = list(ROLES)
    found = [Membership(r.party_id, ROLES[r.role], r.name_zh, r.name_en, r.role, frozenset(r.skills)) for r in rows]
    return sorted(found, key=lambda m: (order.index(m.role), m.party_id))


_LOGIN = re.compile(r"\w[\w.@+\-]{1,79}")


def is_login(login: str) -> bool:
    """Whether an account may have this login, normalised: 2 to 80 letters, digits and `. @ + - _`."""
    return _LOGIN.fullmatch(login) is not None


def normalise_login(login: str) -> str:
    """A login as it is stored and compared: no blanks around it, no difference of case."""
    return login.strip().casefold()


def register_person(
    engine: Engine,
    passwords: Passwords,
    actor: Actor,
    *,
    login: str,
    password: str,
    name_zh: str,
    name_en: str,
    language: str | None = None,
) -> str:
    """A new person with an account, who may act as `individual`; gives his id, which is his party id as well.

    Raises ValueError for a password that is too short or too long, IntegrityError for a login that is taken.
    """
    password_hash = passwords.hash_password(password)
    names = (name_zh, name_en)
    return engine.database.transact(lambda unit: add_person(unit, engine, actor, login, password_hash, names, language))


def add_person(
    unit: UnitOfWork,
    engine: Engine,
    actor: Actor,
    login: str,
    password_hash: str,
    names: tuple[str, str],
    language: str | None = None,
) -> str:
    """The same within a transaction, with the password hashed before. `names`: Chinese and English."""
    user_id = new_id()
    _insert_party(unit, user_id, PERSON, *names)
    account = {
        "id": user_id,
        "login": normalise_login(login),
        "password_hash": password_hash,
        "language": language,
        "is_disabled": 0,
        "created_at": unit.now,
    }
    unit.connection.execute(insert(user), account)
    append_system(unit, engine.keys, STREAM, actor, "register_person", {"user": user_id})
    add_membership(unit, engine, actor, user_id, user_id, "individual", ())
    return user_id


def register_organisation(engine: Engine, actor: Actor, *, name_zh: str, name_en: str) -> str:
    """A new organisation without members; gives its party id."""
    party_id = new_id()
    return engine.database.transact(lambda unit: add_organisation(unit, engine, actor, (name_zh, name_en), party_id))


def add_organisation(unit: UnitOfWork, engine: Engine, actor: Actor, names: tuple[str, str], party_id: str) -> str:
    """The same within a transaction. `names`: Chinese and English."""
    _insert_party(unit, party_id, ORGANISATION, *names)
    append_system(unit, engine.keys, STREAM, actor, "register_organisation", {"party": party_id})
    return party_id


def grant_role(
    engine: Engine, actor: Actor, user_id: str, party_id: str, role: str, skills: Sequence[str] = ()
) -> None:
    """Lets a user act as `role` for a party. Raises ValueError where the role is not one of that kind of party."""

    def work(unit: UnitOfWork) -> None:
        if party_id == PLATFORM:
            found_platform(unit)
        kind = PLATFORM if party_id == PLATFORM else _fetch_kind(unit, party_id)
        if ROLES.get(role) != kind or (kind == PERSON and user_id != party_id):
            raise ValueError(f"Expected a role of a {kind}, but got {role!r}")
        add_membership(unit, engine, actor, user_id, party_id, role, skills)

    engine.database.transact(work)


def revoke_role(engine: Engine, actor: Actor, user_id: str, party_id: str, role: str) -> None:
    """Takes a role away. Sessions that act in it lose it with their next request."""
    engine.database.transact(lambda unit: drop_membership(unit, engine, actor, user_id, party_id, role))


def disable_user(engine: Engine, actor: Actor, user_id: str) -> None:
    """Closes an account: nobody can sign in to it, and its sessions end at once."""

    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(update(user).where(user.c.id == user_id).values(is_disabled=1))
        unit.connection.execute(delete(session).where(session.c.user_id == user_id))
        append_system(unit, engine.keys, STREAM, actor, "disable_user", {"user": user_id})

    engine.database.transact(work)


def change_password(engine: Engine, passwords: Passwords, actor: Actor, user_id: str, password: str) -> None:
    """Sets a new password and ends every session of the account. Raises ValueError as `register_person` does."""
    password_hash = passwords.hash_password(password)

    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(update(user).where(user.c.id == user_id).values(password_hash=password_hash))
        unit.connection.execute(delete(session).where(session.c.user_id == user_id))
        append_system(unit, engine.keys, STREAM, actor, "change_password", {"user": user_id})

    engine.database.transact(work)


def set_language(engine: Engine, user_id: str, language: str) -> None:
    """Remembers the language a user wants to read."""
    engine.database.transact(
        lambda unit: unit.connection.execute(update(user).where(user.c.id == user_id).values(language=language))
    )


def _insert_party(unit: UnitOfWork, party_id: str, kind: str, name_zh: str, name_en: str) -> None:
    row = {
        "id": party_id,
        "kind": kind,
        "name_zh": name_zh,
        "name_en": name_en,
        "is_certified": 0,
        "has_agreement": 0,
        "is_suspended": 0,
        "created_at": unit.now,
    }
    unit.connection.execute(insert(party), row)
    add_party_grams(unit.connection, party_id, name_zh, name_en)


def found_platform(unit: UnitOfWork) -> None:
    """The platform as a party, which its people are members of."""
    if unit.connection.execute(select(party.c.id).where(party.c.id == PLATFORM)).first() is None:
        _insert_party(unit, PLATFORM, ORGANISATION, "服务平台", "Service platform")


def _fetch_kind(unit: UnitOfWork, party_id: str) -> str:
    kind: str = unit.connection.execute(select(party.c.kind).where(party.c.id == party_id)).scalar_one()
    return kind


def add_membership(
    unit: UnitOfWork,
    engine: Engine,
    actor: Actor,
    user_id: str,
    party_id: str,
    role: str,
    skills: Sequence[str],
    is_disabled: bool = False,
) -> None:
    """Lets a user act in a role, within a transaction. The role must be one of the party."""
    row = {"user_id": user_id, "party_id": party_id, "role": role, "skills": list(skills)}
    unit.connection.execute(insert(membership), row | {"is_disabled": int(is_disabled)})
    append_system(
        unit,
        engine.keys,
        STREAM,
        actor,
        "grant_role",
        {"user": user_id, "party": party_id, "role": role, "skills": list(skills)},
    )


def drop_membership(unit: UnitOfWork, engine: Engine, actor: Actor, user_id: str, party_id: str, role: str) -> None:
    """Takes a role away, within a transaction."""
    unit.connection.execute(
        delete(membership).where(
            membership.c.user_id == user_id, membership.c.party_id == party_id, membership.c.role == role
        )
    )
    facts = {"user": user_id, "party": party_id, "role": role}
    append_system(unit, engine.keys, STREAM, actor, "revoke_role", {**facts})
