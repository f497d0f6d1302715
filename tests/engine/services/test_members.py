"""Members of an enterprise: its administrators invite, change, disable and remove them; nobody else does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.identity.errors import InvitationNotYours, InvitationOver, LastAdministrator, MemberInvalid
from engine.services.identity.invitations import (
    LIFE,
    Invitation,
    accept_invitation,
    find_invitation,
    invite_member,
    list_invitations,
    revoke_invitation,
)
from engine.services.identity.members import (
    Member,
    disable_member,
    enable_member,
    list_members,
    remove_member,
    set_everyones_limit,
    set_member,
    set_own_acceptance,
)
from engine.services.identity.passwords import Passwords
from engine.services.identity.people import STREAM, grant_role, groups_of, register_organisation, register_person
from engine.services.identity.policies import may_accept_own
from engine.services.identity.sessions import RoleNotHeld, Session, choose_role, find_session, open_session
from engine.services.payments.limits import find_spend_limit
from engine.storage.actor import SYSTEM, Actor
from tests.support.clock import ManualClock

PASSWORDS = Passwords(1)
ADMIN, OPERATOR, ACCEPTOR, FINANCE = (
    *("enterprise_admin", "enterprise_operator"),
    *("enterprise_acceptor", "enterprise_finance"),
)


@dataclass
class Firm:
    """An enterprise with an administrator and an operator; the administrator of another one."""

    engine: Engine

    def __post_init__(self) -> None:
        self.id, other = (register_organisation(self.engine, SYSTEM, name_zh=n, name_en=n) for n in ("acme", "rival"))
        self.ada, self.olga = self.join("ada", self.id, ADMIN), self.join("olga", self.id, OPERATOR)
        self.rita = self.join("rita", other, ADMIN)

    def person(self, login: str) -> str:
        return register_person(
            self.engine, PASSWORDS, SYSTEM, login=login, password="twelve birds", name_zh=login, name_en=login
        )

    def join(self, login: str, party_id: str, role: str) -> Actor:
        user_id = self.person(login)
        grant_role(self.engine, SYSTEM, user_id, party_id, role)
        return Actor(user_id, party_id, role, groups_of(role))

    def member(self, actor: Actor) -> Member | None:
        with self.engine.database.read() as connection:
            return next((one for one in list_members(connection, self.id) if one.user_id == actor.user_id), None)

    def enter(self, actor: Actor) -> Callable[[], Session | None]:
        """Signs in and chooses the role; gives how the session stands."""
        with self.engine.database.read() as connection:
            fresh = find_session(connection, open_session(self.engine, actor.user_id), self.engine.clock())
        assert fresh is not None
        # A session is found by its secret alone, so the secret of the new one is looked at again later.
        secret = choose_role(self.engine, fresh, actor.party_id, actor.role)

        def look() -> Session | None:
            with self.engine.database.read() as connection:
                return find_session(connection, secret, self.engine.clock())

        assert look() is not None
        return look

    def invite(self, login: str = "lin", token: str = "t1", **changed: object) -> Invitation:
        entry = {"login": login, "name": "Lin", "roles": {OPERATOR, ACCEPTOR}, "limit_fen": 5_000} | changed
        made = invite_member(self.engine, self.ada, token, **entry)  # type: ignore[arg-type]
        with self.engine.database.read() as connection:
            found = list_invitations(connection, self.engine.keys, self.id, self.engine.clock())
        return next(one for one in found if one.id == made)

    def events(self) -> list[str]:
        with self.engine.database.read() as connection:
            return [str(row.kind) for row in read_stream(connection, STREAM)]


@pytest.fixture
def firm(any_engine: Engine) -> Firm:
    return Firm(any_engine)


def test_only_its_own_administrator_changes_members(firm: Firm) -> None:
    """Administrator, colleague and stranger, for every command."""
    engine, olga = firm.engine, firm.olga.user_id
    former = Actor(firm.olga.user_id, firm.id, ADMIN, groups_of(ADMIN))  # says so, but is not
    invitation = firm.invite()
    commands: list[Callable[[Actor], object]] = [
        lambda actor: set_member(engine, actor, olga, {OPERATOR, FINANCE}, 100),
        lambda actor: disable_member(engine, actor, olga),
        lambda actor: enable_member(engine, actor, olga),
        lambda actor: revoke_invitation(engine, actor, invitation.id),
        lambda actor: remove_member(engine, actor, olga),
    ]
    of_the_firm: list[Callable[[Actor], object]] = [
        lambda actor: invite_member(engine, actor, "t", login="new", name="New", roles={OPERATOR}),
        lambda actor: set_everyones_limit(engine, actor, 100),
        lambda actor: set_own_acceptance(engine, actor, False),
    ]
    before = firm.events()
    for command in (*commands, *of_the_firm):
        for actor in (firm.olga, former):
            with pytest.raises(NotFound):
                command(actor)
    for command in commands:
        with pytest.raises(NotFound):
            command(firm.rita)
    assert firm.events() == before
    for command in (*commands, *of_the_firm):
        command(firm.ada)
    assert firm.events()[len(before) :] == [
        *("grant_role", "set_spend_limit", "disable_member", "enable_member", "revoke_invitation"),
        *("revoke_role", "revoke_role", "set_spend_limit", "invite_member", "set_spend_limit", "set_own_acceptance"),
    ]
    assert firm.member(firm.olga) is None


def test_roles_and_limit_are_as_last_set_and_a_repetition_changes_nothing(firm: Firm) -> None:
    set_member(firm.engine, firm.ada, firm.olga.user_id, {FINANCE, OPERATOR}, 7_000)
    after = firm.events()
    set_member(firm.engine, firm.ada, firm.olga.user_id, {FINANCE, OPERATOR}, 7_000)
    disable_member(firm.engine, firm.ada, firm.olga.user_id)
    disable_member(firm.engine, firm.ada, firm.olga.user_id)
    assert firm.events() == [*after, "disable_member"]
    found = firm.member(firm.olga)
    assert found is not None
    assert (found.roles, found.limit_fen, found.is_disabled) == ((OPERATOR, FINANCE), 7_000, True)
    for roles, limit_fen in ((set(), None), ({"auditor"}, None), ({OPERATOR}, -1)):
        with pytest.raises(MemberInvalid):
            set_member(firm.engine, firm.ada, firm.olga.user_id, roles, limit_fen)
    set_everyones_limit(firm.engine, firm.ada, 300)
    with firm.engine.database.read() as connection:
        assert find_spend_limit(connection, firm.id, firm.olga.user_id) == 7_000
        assert find_spend_limit(connection, firm.id, firm.ada.user_id) == 300


@pytest.mark.parametrize("how", ["disable", "remove", "take_role"])
def test_sessions_end_at_once_and_the_role_is_gone(firm: Firm, how: str) -> None:
    for_the_firm, ada = firm.enter(firm.olga), firm.ada
    for_herself = firm.enter(Actor(firm.olga.user_id, firm.olga.user_id, "individual"))
    if how == "disable":
        disable_member(firm.engine, ada, firm.olga.user_id)
    elif how == "remove":
        remove_member(firm.engine, ada, firm.olga.user_id)
    else:
        set_member(firm.engine, ada, firm.olga.user_id, {FINANCE}, None)
    assert for_the_firm() is None
    alone = for_herself()
    assert alone is not None
    with pytest.raises(RoleNotHeld):
        choose_role(firm.engine, alone, firm.id, OPERATOR)
    if how == "disable":
        enable_member(firm.engine, ada, firm.olga.user_id)
        assert choose_role(firm.engine, alone, firm.id, OPERATOR)


def test_the_last_administrator_stays(firm: Firm) -> None:
    engine, ada = firm.engine, firm.ada
    attempts: list[Callable[[], None]] = [
        lambda: remove_member(engine, ada, ada.user_id),
        lambda: disable_member(engine, ada, ada.user_id),
        lambda: set_member(engine, ada, ada.user_id, {OPERATOR}, None),
    ]
    for attempt in attempts:
        with pytest.raises(LastAdministrator):
            attempt()
    set_member(engine, ada, firm.olga.user_id, {ADMIN}, None)
    remove_member(engine, ada, ada.user_id)
    heir = Actor(firm.olga.user_id, firm.id, ADMIN, groups_of(ADMIN))
    with pytest.raises(LastAdministrator):
        disable_member(engine, heir, heir.user_id)


def test_an_invitation_makes_one_account_a_member_once(firm: Firm) -> None:
    engine, found = firm.engine, firm.invite(login=" LIN ")
    assert firm.invite(login="lin") == found, "a repeated request finds the same invitation"
    lin, other = firm.person("lin"), firm.person("other")
    with pytest.raises(InvitationNotYours):
        accept_invitation(engine, other, found)
    for _ in range(2):
        assert accept_invitation(engine, lin, found) == (firm.id, OPERATOR)
    member = firm.member(Actor(lin, lin, "individual"))
    assert member is not None
    assert (member.roles, member.limit_fen) == ((OPERATOR, ACCEPTOR), 5_000)
    assert firm.events().count("accept_invitation") == 1
    with pytest.raises(MemberInvalid):
        firm.invite(login="lin", token="t2")


def test_an_invitation_ends_by_time_and_by_hand_and_its_link_cannot_be_guessed(firm: Firm, clock: ManualClock) -> None:
    engine, keys, lin = firm.engine, firm.engine.keys, firm.person("lin")
    revoked, late = firm.invite(token="t1"), firm.invite(token="t2")
    with engine.database.read() as connection:
        assert find_invitation(connection, keys, late.id, late.proof, clock()).login == "lin"
        for wrong in (revoked.proof, "", "é"):
            with pytest.raises(NotFound):
                find_invitation(connection, keys, late.id, wrong, clock())
    revoke_invitation(engine, firm.ada, revoked.id)
    clock.advance(seconds=(LIFE + timedelta(seconds=1)).total_seconds())
    for over in (revoked, late):
        with pytest.raises(InvitationOver):
            accept_invitation(engine, lin, over)
    for field, entry in (("login", {"login": "a b"}), ("name", {"name": " "}), ("roles", {"roles": ()})):
        with pytest.raises(MemberInvalid) as refused:
            firm.invite(token="t3", **entry)
        assert refused.value.field == field


def test_an_enterprise_may_forbid_to_accept_ones_own(firm: Firm) -> None:
    with firm.engine.database.read() as connection:
        assert may_accept_own(connection, firm.id)
    for is_allowed in (False, True, False):
        set_own_acceptance(firm.engine, firm.ada, is_allowed)
        with firm.engine.database.read() as connection:
            assert may_accept_own(connection, firm.id) is is_allowed
