"""Coming to the platform: an account as an enterprise or an individual, and a further enterprise of one's own."""

from datetime import timedelta

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.runtime.engine import Engine
from engine.services.identity.passwords import MIN_CHARACTERS, Passwords
from engine.services.identity.sessions import Session, choose_role, find_session, open_session
from engine.services.onboarding.registration import (
    ENTERPRISE,
    INDIVIDUAL,
    KINDS,
    MAX_COMPANY,
    MAX_NAME_CHARACTERS,
    Registered,
    Registration,
    RegistrationInvalid,
    found_enterprise,
    register,
)
from engine.storage.actor import Actor
from engine.storage.ids import new_token
from web.market.questions import read_token
from web.security import current_session, local_target, set_session_cookie
from web.throttling import Throttle

WINDOW = timedelta(hours=1)
ATTEMPTS_PER_ADDRESS = 20
KIND_ICONS = {ENTERPRISE: "building-2", INDIVIDUAL: "user"}
FIRST_PAGE = {ENTERPRISE: "market.company", INDIVIDUAL: "market.certification"}


def add_register(blueprint: Blueprint, engine: Engine, passwords: Passwords) -> None:
    """Adds the pages to the blueprint `identity`."""
    desk = RegisterDesk(engine, passwords)
    blueprint.add_url_rule("/register", "register", desk.register, methods=("GET", "POST"))
    blueprint.add_url_rule("/enterprises/new", "found", desk.found, methods=("GET", "POST"))


class RegisterDesk:
    """The views, over one engine, with its own count of registrations."""

    def __init__(self, engine: Engine, passwords: Passwords) -> None:
        self.engine = engine
        self.passwords = passwords
        self.by_address = Throttle(engine.clock, ATTEMPTS_PER_ADDRESS, WINDOW)

    def register(self) -> Response | str | tuple[str, int]:
        """Asks as what one comes, then for the account; goes on to the certification."""
        if g.session is not None:
            return redirect(_target() or url_for("identity.home"), 303)
        kind = request.values.get("as", "")
        if kind not in KINDS:
            return render_template("identity/register.html", kind="", kinds=KINDS, icons=KIND_ICONS, target=_target())
        if request.method == "GET":
            return self._draw(kind)
        self.by_address.count_attempt(request.remote_addr or "")
        typed = {name: request.form.get(name, "") for name in ("login", "password", "name", "company")}
        try:
            come = register(self.engine, self.passwords, Registration(kind=kind, language=g.language, **typed))
        except RegistrationInvalid as invalid:
            return self._draw(kind, invalid.field), 422
        with self.engine.database.read() as connection:
            session = find_session(connection, open_session(self.engine, come.user_id), self.engine.clock())
        assert session is not None, "the session was opened just now"
        return self._enter(session, come)

    def found(self) -> Response | str | tuple[str, int]:
        """Asks for the name of an enterprise; whoever is signed in becomes its administrator."""
        session = current_session()
        if request.method == "GET":
            return self._draw_found(new_token())
        token, company = read_token(), request.form.get("company", "")
        try:
            come = found_enterprise(self.engine, Actor(session.user_id, session.user_id, INDIVIDUAL), company, token)
        except RegistrationInvalid as invalid:
            return self._draw_found(token, invalid.field), 422
        return self._enter(session, come)

    def _enter(self, session: Session, come: Registered) -> Response:
        kind = INDIVIDUAL if come.role == INDIVIDUAL else ENTERPRISE
        response = redirect(_target() or url_for(FIRST_PAGE[kind]), 303)
        set_session_cookie(response, choose_role(self.engine, session, come.party_id, come.role))
        return response

    def _draw(self, kind: str, wrong: str = "") -> str:
        return render_template(
            "identity/register.html",
            kind=kind,
            target=_target(),
            wrong=wrong,
            typed={name: request.form.get(name, "") for name in ("login", "name", "company")},
            least=MIN_CHARACTERS,
            longest_name=MAX_NAME_CHARACTERS,
            longest_company=MAX_COMPANY,
        )

    def _draw_found(self, token: str, wrong: str = "") -> str:
        return render_template(
            "identity/found.html",
            token=token,
            wrong=wrong,
            company=request.form.get("company", ""),
            longest_company=MAX_COMPANY,
        )


def _target() -> str | None:
    """Where somebody was going when he was asked to register."""
    return local_target(request.values.get("next"))
