"""Sessions: kept on the server, found by the hash of a secret that only the person's browser holds."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from engine.language.errors import EngineError
from engine.records.history import append_system
from engine.runtime.engine import Engine
from engine.services.identity.passwords import Passwords
from engine.services.identity.people import STREAM, groups_of, normalise_login
from engine.services.notifications.tables import count_unread
from engine.storage.actor import Actor, Origin
from engine.storage.database import UnitOfWork
from engine.storage.digests import digest_hex
from engine.storage.frozen import frozen
from engine.storage.plain import PlainDict
from engine.storage.prepared import Prepared
from engine.storage.tables import membership, party, session, user

IDLE_LIMIT = timedelta(hours=12)
TOTAL_LIMIT = timedelta(days=7)
TOUCH_INTERVAL = timedelta(minutes=5)  # how stale `seen_at` may be: a write per request would cost more than it tells
NO_ROLE = "none"


class RoleNotHeld(EngineError):
    """The user may not act as this."""

    def __init__(self, role: str) -> None:
        super().__init__(f"Expected a role that the user holds, but got {role!r}")


class SessionEnded(EngineError):
    """The session was closed meanwhile."""

    def __init__(self) -> None:
        super().__init__("Expected an open session, but it was closed")


@frozen
class Session:
    """A signed-in person; `actor` is none until he has chosen what to act as, or has lost it."""

    id: str
    user_id: str
    login: str
    name_zh: str
    name_en: str
    language: str | None
    created_at: datetime
    seen_at: datetime
    actor: Actor | None
    party_name_zh: str | None
    party_name_en: str | None
    unread: int  # notifications that the person has not opened


_person = party.alias("person")
_acting = party.alias("acting")
_SESSION = Prepared(
    select(
        session,
        user.c.login,
        user.c.language,
        _person.c.name_zh,
        _person.c.name_en,
        _acting.c.name_zh.label("party_name_zh"),
        _acting.c.name_en.label("party_name_en"),
        membership.c.skills,
        count_unread(session.c.user_id).label("unread"),
    )
    .join(user, and_(user.c.id == session.c.user_id, user.c.is_disabled == 0))
    .join(_person, _person.c.id == user.c.id)
    .outerjoin(
        membership,
        and_(
            membership.c.user_id == session.c.user_id,
            membership.c.party_id == session.c.party_id,
            membership.c.role == session.c.role,
            membership.c.is_disabled == 0,
        ),
    )
    .outerjoin(_acting, _acting.c.id == membership.c.party_id)
    .where(
        session.c.id == bindparam("session_id"),
        session.c.seen_at > bindparam("seen_after"),
        session.c.created_at > bindparam("created_after"),
    )
)
_ACCOUNT = select(user.c.id, user.c.password_hash, user.c.is_disabled).where(user.c.login == bindparam("login"))


def check_credentials(engine: Engine, passwords: Passwords, login: str, password: str) -> str | None:
    """The user whose login and password these are; none for a wrong one, an unknown and a disabled account alike."""
    with engine.database.read() as connection:
        account = connection.execute(_ACCOUNT, {"login": normalise_login(login)}).one_or_none()
    if account is None or account.is_disabled:
        passwords.is_password(None, password)
        return None
    if not passwords.is_password(account.password_hash, password):
        return None
    user_id: str = account.id
    if passwords.is_outdated(account.password_hash):
        fresh = passwords.hash_password(password)
        engine.database.transact(
            lambda unit: unit.connection.execute(update(user).where(user.c.id == user_id).values(password_hash=fresh))
        )
    return user_id


def open_session(engine: Engine, user_id: str) -> str:
    """A new session without a role; gives the secret for the cookie. Sessions that have run out are swept away."""

    def work(unit: UnitOfWork) -> str:
        run_out = or_(session.c.seen_at <= unit.now - IDLE_LIMIT, session.c.created_at <= unit.now - TOTAL_LIMIT)
        unit.connection.execute(delete(session).where(run_out))
        append_system(unit, engine.keys, STREAM, _nobody_yet(user_id), "sign_in", {})
        return _insert_session(unit, user_id, None, None, unit.now)

    return engine.database.transact(work)


def find_session(connection: Connection, secret: str, now: datetime, origin: Origin | None = None) -> Session | None:
    """The live session of a secret: not run out, its account open, its role still held. `origin`: of who shows it."""
    parameters = {
        "session_id": _hash_secret(secret),
        "seen_after": now - IDLE_LIMIT,
        "created_after": now - TOTAL_LIMIT,
    }
    row = _SESSION.first(connection, parameters)
    if row is None:
        return None
    actor = None
    if row.skills is not None:
        actor = Actor(row.user_id, row.party_id, row.role, groups_of(row.role), frozenset(row.skills), origin)
    return Session(
        row.id,
        row.user_id,
        row.login,
        row.name_zh,
        row.name_en,
        row.language,
        row.created_at,
        row.seen_at,
        actor,
        row.party_name_zh,
        row.party_name_en,
        row.unread,
    )


def touch_session(engine: Engine, found: Session) -> None:
    """Notes that the person is still there, at most once in `TOUCH_INTERVAL`."""
    if engine.clock() - found.seen_at < TOUCH_INTERVAL:
        return
    engine.database.transact(
        lambda unit: unit.connection.execute(update(session).where(session.c.id == found.id).values(seen_at=unit.now))
    )


def choose_role(engine: Engine, found: Session, party_id: str, role: str) -> str:
    """Acts as something else from now on; gives the new secret, the old one is worth nothing. Recorded.

    The total limit still counts from sign-in. Raises RoleNotHeld, SessionEnded.
    """

    def work(unit: UnitOfWork) -> str:
        held = select(membership.c.role).where(
            membership.c.user_id == found.user_id,
            membership.c.party_id == party_id,
            membership.c.role == role,
            membership.c.is_disabled == 0,
        )
        if unit.connection.execute(held).first() is None:
            raise RoleNotHeld(role)
        if unit.connection.execute(delete(session).where(session.c.id == found.id)).rowcount != 1:
            raise SessionEnded
        facts: PlainDict = {"party": party_id, "role": role, "former_party": None, "former_role": None}
        if found.actor:
            facts |= {"former_party": found.actor.party_id, "former_role": found.actor.role}
        append_system(unit, engine.keys, STREAM, _acting_as(found), "choose_role", facts)
        return _insert_session(unit, found.user_id, party_id, role, found.created_at)

    return engine.database.transact(work)


def close_session(engine: Engine, found: Session) -> None:
    """Signs out: the secret is worth nothing from now on."""

    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(delete(session).where(session.c.id == found.id))
        append_system(unit, engine.keys, STREAM, _acting_as(found), "sign_out", {})

    engine.database.transact(work)


def _insert_session(
    unit: UnitOfWork, user_id: str, party_id: str | None, role: str | None, created_at: datetime
) -> str:
    secret = secrets.token_urlsafe(32)
    row = {
        "id": _hash_secret(secret),
        "user_id": user_id,
        "party_id": party_id,
        "role": role,
        "created_at": created_at,
        "seen_at": unit.now,
    }
    unit.connection.execute(insert(session), row)
    return secret


def _hash_secret(secret: str) -> str:
    return digest_hex(secret.encode())


def _nobody_yet(user_id: str) -> Actor:
    return Actor(user_id, user_id, NO_ROLE)


def _acting_as(found: Session) -> Actor:
    return found.actor or _nobody_yet(found.user_id)
