"""Invitations to an enterprise: a link that one account may use, once, to become a member.

Nobody but the person invited ever knows his password. The link carries a proof made of the invitation's id and a key of
the platform, so nothing secret is stored and an administrator may look the link up as long as it is open.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, insert, select, update

from engine.records.history import append_system
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.identity.errors import InvitationNotYours, InvitationOver, MemberInvalid
from engine.services.identity.members import change_limit, check_entry, hold_enterprise
from engine.services.identity.people import (
    ENTERPRISE_ROLES,
    STREAM,
    add_membership,
    is_login,
    normalise_login,
)
from engine.services.identity.sessions import NO_ROLE
from engine.services.identity.tables import invitation
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.digests import authenticate
from engine.storage.keys import KeyRing
from engine.storage.plain import PlainDict
from engine.storage.tables import membership, party, user

LIFE = timedelta(days=7)
MAX_NAME_CHARACTERS = 60
PROOF_BYTES = 24


@dataclass(frozen=True)
class Invitation:
    """An invitation as administrators and the person invited see it. `proof` belongs into the link."""

    id: str
    proof: str
    party_id: str
    login: str
    name: str
    roles: tuple[str, ...]
    limit_fen: int | None
    invited_by: str
    invited_at: datetime
    expires_at: datetime
    is_open: bool


def invite_member(
    engine: Engine,
    actor: Actor,
    token: str,
    *,
    login: str,
    name: str,
    roles: Collection[str],
    limit_fen: int | None = None,
) -> str:
    """Invites somebody by the login he has or will have; gives the invitation's id, the same for a repeated token.

    Raises NotFound, MemberInvalid.
    """
    login, name = normalise_login(login), name.strip()
    check_entry(roles, limit_fen)
    if not is_login(login):
        raise MemberInvalid("login", f"Expected a login, but got {login!r}")
    if not 0 < len(name) <= MAX_NAME_CHARACTERS:
        raise MemberInvalid("name", f"Expected a name of at most {MAX_NAME_CHARACTERS} characters")
    given = [role for role in ENTERPRISE_ROLES if role in roles]
    invitation_id = hashlib.sha256(f"{actor.user_id}:{actor.party_id}:{token}".encode()).hexdigest()[:32]

    def work(unit: UnitOfWork) -> None:
        hold_enterprise(unit, actor)
        if unit.connection.execute(select(invitation.c.id).where(invitation.c.id == invitation_id)).first():
            return
        if _is_member(unit.connection, actor.party_id, login):
            raise MemberInvalid("login", "Expected somebody who is not a member yet")
        row = {
            "id": invitation_id,
            "party_id": actor.party_id,
            "login": login,
            "name": name,
            "roles": given,
            "limit_fen": limit_fen,
            "invited_by": actor.user_id,
            "invited_at": unit.now,
            "expires_at": unit.now + LIFE,
        }
        unit.connection.execute(insert(invitation), row)
        facts: PlainDict = {"invitation": invitation_id, "party": actor.party_id, "roles": [*given]}
        append_system(unit, engine.keys, STREAM, actor, "invite_member", facts)

    engine.database.transact(work)
    return invitation_id


def revoke_invitation(engine: Engine, actor: Actor, invitation_id: str) -> None:
    """Takes an invitation back; nothing to do if it is over. Raises NotFound."""

    def work(unit: UnitOfWork) -> None:
        hold_enterprise(unit, actor)
        row = unit.connection.execute(select(invitation).where(invitation.c.id == invitation_id)).one_or_none()
        if row is None or row.party_id != actor.party_id:
            raise NotFound("invitation", invitation_id)
        if row.accepted_at or row.revoked_at:
            return
        changed = update(invitation).where(invitation.c.id == invitation_id).values(revoked_at=unit.now)
        unit.connection.execute(changed)
        facts: PlainDict = {"invitation": invitation_id, "party": actor.party_id}
        append_system(unit, engine.keys, STREAM, actor, "revoke_invitation", facts)

    engine.database.transact(work)


def list_invitations(connection: Connection, keys: KeyRing, party_id: str, now: datetime) -> list[Invitation]:
    """The open invitations of an enterprise, the newest first."""
    rows = connection.execute(
        select(invitation).where(invitation.c.party_id == party_id).order_by(invitation.c.invited_at.desc())
    )
    return [found for found in (_read(row, keys, now) for row in rows) if found.is_open]


def find_invitation(connection: Connection, keys: KeyRing, invitation_id: str, proof: str, now: datetime) -> Invitation:
    """The invitation behind a link, over or not. Raises NotFound for a link that was never made."""
    row = connection.execute(select(invitation).where(invitation.c.id == invitation_id)).one_or_none()
    if row is None or not hmac.compare_digest(_prove(keys, invitation_id).encode(), proof.encode()):
        raise NotFound("invitation", invitation_id)
    return _read(row, keys, now)


def has_account(connection: Connection, login: str) -> bool:
    """Whether there is an account of this login."""
    return connection.execute(select(user.c.id).where(user.c.login == login)).first() is not None


def accept_invitation(engine: Engine, user_id: str, found: Invitation) -> tuple[str, str]:
    """The person invited becomes a member; gives the party and the first of his roles. Doing so again changes nothing.

    Raises InvitationNotYours, InvitationOver.
    """
    actor = Actor(user_id, user_id, NO_ROLE)

    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(select(party.c.id).where(party.c.id == found.party_id).with_for_update())
        row = unit.connection.execute(select(invitation).where(invitation.c.id == found.id)).one()
        login = unit.connection.execute(select(user.c.login).where(user.c.id == user_id)).scalar_one()
        if login != row.login:
            raise InvitationNotYours
        if row.accepted_at:
            return
        if not _read(row, engine.keys, unit.now).is_open:
            raise InvitationOver
        unit.connection.execute(update(invitation).where(invitation.c.id == found.id).values(accepted_at=unit.now))
        if not _is_member(unit.connection, found.party_id, row.login):  # else another link was faster
            for role in found.roles:
                add_membership(unit, engine, actor, user_id, found.party_id, role, ())
            if found.limit_fen is not None:
                change_limit(unit, engine, Actor(user_id, found.party_id, NO_ROLE), user_id, found.limit_fen)
        append_system(unit, engine.keys, STREAM, actor, "accept_invitation", {"invitation": found.id})

    engine.database.transact(work)
    return found.party_id, found.roles[0]


def _is_member(connection: Connection, party_id: str, login: str) -> bool:
    query = select(membership.c.role).join(user, user.c.id == membership.c.user_id)
    return connection.execute(query.where(membership.c.party_id == party_id, user.c.login == login)).first() is not None


def _read(row: Row[tuple[object, ...]], keys: KeyRing, now: datetime) -> Invitation:
    is_open = row.accepted_at is None and row.revoked_at is None and row.expires_at > now
    return Invitation(
        row.id,
        _prove(keys, row.id),
        row.party_id,
        row.login,
        row.name,
        tuple(row.roles),
        row.limit_fen,
        row.invited_by,
        row.invited_at,
        row.expires_at,
        is_open,
    )


def _prove(keys: KeyRing, invitation_id: str) -> str:
    digest = authenticate(keys.session, f"invitation:{invitation_id}".encode())
    return urlsafe_b64encode(digest[:PROOF_BYTES]).decode()
