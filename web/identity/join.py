"""Behind the link of an invitation: the person invited becomes a member, with the account he has or a new one."""

from flask import Blueprint, g, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from engine.runtime.engine import Engine
from engine.services.identity.errors import InvitationOver
from engine.services.identity.invitations import (
    MAX_NAME_CHARACTERS,
    Invitation,
    accept_invitation,
    find_invitation,
    has_account,
)
from engine.services.identity.passwords import MAX_CHARACTERS, MIN_CHARACTERS, Passwords
from engine.services.identity.people import register_person
from engine.services.identity.sessions import Session, choose_role, find_session, open_session
from engine.storage.actor import SYSTEM
from engine.storage.tables import party
from web.security import set_session_cookie


def add_join(blueprint: Blueprint, engine: Engine, passwords: Passwords) -> None:
    """Adds the page to the blueprint `identity`."""
    blueprint.add_url_rule(
        "/join/<invitation_id>/<proof>", "join", JoinDoor(engine, passwords).join, methods=("GET", "POST")
    )


class JoinDoor:
    """The view, over one engine."""

    def __init__(self, engine: Engine, passwords: Passwords) -> None:
        self.engine = engine
        self.passwords = passwords

    def join(self, invitation_id: str, proof: str) -> Response | str | tuple[str, int]:
        """Shows what one is invited to; on consent goes straight to work in the first of the roles given."""
        with self.engine.database.read() as connection:
            found = find_invitation(connection, self.engine.keys, invitation_id, proof, self.engine.clock())
        session: Session | None = g.session
        if request.method == "GET" or not self._may_accept(session, found):
            return self._draw(found)
        wrong = ""
        if session is None:
            session, wrong = self._register(found)
        if session is None:
            return self._draw(found, wrong), 422
        try:
            party_id, role = accept_invitation(self.engine, session.user_id, found)
        except InvitationOver:
            return self._draw(found), 409
        response = redirect(url_for("identity.home"), 303)
        set_session_cookie(response, choose_role(self.engine, session, party_id, role))
        return response

    def _may_accept(self, session: Session | None, found: Invitation) -> bool:
        if session is not None:
            return session.login == found.login
        return found.is_open and not self._has_account(found)

    def _register(self, found: Invitation) -> tuple[Session | None, str]:
        """A new account for the person invited, signed in; or what is wrong with what he typed."""
        name, password = request.form.get("name", "").strip(), request.form.get("password", "")
        if not 0 < len(name) <= MAX_NAME_CHARACTERS:
            return None, "name"
        if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
            return None, "password"
        names = {"name_zh": name, "name_en": name}
        try:
            user_id = register_person(
                self.engine, self.passwords, SYSTEM, login=found.login, password=password, language=g.language, **names
            )
        except IntegrityError:  # the account was made meanwhile
            return None, "login"
        with self.engine.database.read() as connection:
            return find_session(connection, open_session(self.engine, user_id), self.engine.clock()), ""

    def _has_account(self, found: Invitation) -> bool:
        with self.engine.database.read() as connection:
            return has_account(connection, found.login)

    def _draw(self, found: Invitation, wrong: str = "") -> str:
        with self.engine.database.read() as connection:
            firm = connection.execute(party.select().where(party.c.id == found.party_id)).one()
            is_known = has_account(connection, found.login)
        return render_template(
            "identity/join.html",
            found=found,
            firm=g.fmt.name(firm.name_zh, firm.name_en),
            is_known=is_known,
            wrong=wrong,
            name=request.form.get("name", found.name),
            here=request.path,
            least=MIN_CHARACTERS,
        )
