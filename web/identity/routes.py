"""The pages in front of all others."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.queries.inbox import ALL, LATE, count_tasks
from engine.runtime.engine import Engine
from engine.services.identity.passwords import Passwords
from engine.services.identity.people import ORGANISATION, PERSON, Membership, list_memberships, normalise_login
from engine.services.identity.sessions import (
    Session,
    check_credentials,
    choose_role,
    close_session,
    find_session,
    open_session,
)
from engine.storage.actor import PLATFORM
from web.identity.join import add_join
from web.identity.members import add_members
from web.identity.register import add_register
from web.navigation import list_bottom_links
from web.preferences import KEPT_FOR, save_preferences
from web.security import clear_session_cookie, current_session, local_target, set_session_cookie
from web.throttling import Throttle

ROLE_COOKIE = "role"  # what to act as on this device without asking
WINDOW = timedelta(minutes=15)
ATTEMPTS_PER_ACCOUNT = 10
ATTEMPTS_PER_ADDRESS = 100
ROLE_ICONS = {
    "individual": "user",
    "courier_ordinary": "bike",
    "courier_professional": "bike",
    "enterprise_admin": "settings-2",
    "enterprise_operator": "building-2",
    "enterprise_acceptor": "circle-check",
    "enterprise_finance": "wallet",
    "platform_reviewer": "user-check",
    "platform_senior_reviewer": "users",
    "platform_finance": "landmark",
    "customer_service": "headset",
    "arbiter": "scale",
    "repair_dispatcher": "wrench",
    "repair_verifier": "badge-check",
    "todo_manager": "list-checks",
    "todo_reviewer": "users",
    "todo_handler": "list",
    "todo_supervisor": "list",
    "exception_owner": "triangle-alert",
    "analyst": "workflow",
    "auditor": "eye",
    "platform_operator": "settings-2",
}


@dataclass(frozen=True)
class Choice:
    """A card of the role page: what one may act as, and how much waits there."""

    membership: Membership
    tasks: int
    late_tasks: int


def make_identity(engine: Engine) -> Blueprint:
    """The blueprint `identity`, with its own count of failed sign-ins."""
    blueprint = Blueprint("identity", __name__, template_folder="templates")
    door = Door(engine)
    blueprint.add_url_rule("/", "home", door.show_home)
    blueprint.add_url_rule("/sign-in", "sign_in", door.sign_in, methods=("GET", "POST"))
    blueprint.add_url_rule("/role", "role", door.choose, methods=("GET", "POST"))
    blueprint.add_url_rule("/sign-out", "sign_out", door.sign_out, methods=("POST",))
    blueprint.add_url_rule("/preferences", "preferences", door.set_preferences, methods=("POST",))
    blueprint.add_url_rule("/menu", "menu", door.show_menu)
    add_members(blueprint, engine)
    add_join(blueprint, engine, door.passwords)
    add_register(blueprint, engine, door.passwords)
    return blueprint


class Door:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.passwords = Passwords(engine.settings.password_cost)
        self.by_account = Throttle(engine.clock, ATTEMPTS_PER_ACCOUNT, WINDOW)
        self.by_address = Throttle(engine.clock, ATTEMPTS_PER_ADDRESS, WINDOW)

    def show_home(self) -> Response | str:
        """The first page of the acting role; the list of everything where it has none."""
        if current_session().actor is None:
            return redirect(url_for("identity.role"), 303)
        links = list_bottom_links()
        return redirect(links[0].url, 303) if links else render_template("identity/menu.html")

    def show_menu(self) -> str:
        """Everything the acting role can open, for small screens."""
        return render_template("identity/menu.html")

    def sign_in(self) -> Response | str | tuple[str, int]:
        """Asks for login and password; on the right ones goes on to the role, or straight to work."""
        if request.method == "GET":
            return redirect(url_for("identity.home"), 303) if g.session else self._show_sign_in()
        login, password = request.form.get("login", ""), request.form.get("password", "")
        account = normalise_login(login)
        self.by_address.count_attempt(request.remote_addr or "")
        self.by_account.count_attempt(account)
        user_id = check_credentials(self.engine, self.passwords, login, password)
        if user_id is None:
            return self._show_sign_in(login, is_refused=True), 422
        self.by_account.forget_key(account)
        self.by_address.take_back(request.remote_addr or "")
        if g.session is not None:
            close_session(self.engine, g.session)
        return self._enter(open_session(self.engine, user_id))

    def choose(self) -> Response | str:
        """Offers what the person may act as; changes to it and records the change."""
        session = current_session()
        if request.method == "GET":
            return render_template(
                "identity/role.html",
                groups=self._group_roles(session),
                icons=ROLE_ICONS,
                is_kept=ROLE_COOKIE in request.cookies,
                target=_target(),
            )
        party_id, _, role = request.form.get("role", "").partition("/")
        response = self._act_as(session, party_id, role)
        if "keep" in request.form:
            response.set_cookie(
                ROLE_COOKIE,
                f"{party_id}/{role}",
                max_age=KEPT_FOR,
                httponly=True,
                samesite="Lax",
                secure=request.is_secure,
            )
        else:
            response.delete_cookie(ROLE_COOKIE)
        return response

    def sign_out(self) -> Response:
        """Ends the session."""
        close_session(self.engine, current_session())
        response = redirect(url_for("identity.sign_in"), 303)
        clear_session_cookie(response)
        return response

    def set_preferences(self) -> Response:
        """Changes language or theme and goes back to the page."""
        response = redirect(_target() or url_for("identity.home"), 303)
        save_preferences(self.engine, response, request.form.get("language"), request.form.get("theme"))
        return response

    def _show_sign_in(self, login: str = "", is_refused: bool = False) -> str:
        return render_template("identity/sign_in.html", login=login, is_refused=is_refused, target=_target())

    def _enter(self, secret: str) -> Response:
        """Goes straight on where there is nothing to choose or the choice was kept; else asks for the role."""
        with self.engine.database.read() as connection:
            session = find_session(connection, secret, self.engine.clock())
            assert session is not None, "the session was opened just now"
            held = list_memberships(connection, session.user_id)
        kept = request.cookies.get(ROLE_COOKIE)
        choices = [m for m in held if len(held) == 1 or f"{m.party_id}/{m.role}" == kept]
        if choices:
            return self._act_as(session, choices[0].party_id, choices[0].role)
        response = redirect(url_for("identity.role", next=_target()), 303)
        set_session_cookie(response, secret)
        return response

    def _act_as(self, session: Session, party_id: str, role: str) -> Response:
        secret = choose_role(self.engine, session, party_id, role)
        response = redirect(_target() or url_for("identity.home"), 303)
        set_session_cookie(response, secret)
        return response

    def _group_roles(self, session: Session) -> list[list[Choice]]:
        """What the person may act as, by party: the platform, organisations, himself."""
        with self.engine.database.read() as connection:
            held = list_memberships(connection, session.user_id)
        order = {PLATFORM: 0, ORGANISATION: 1, PERSON: 2}
        held.sort(key=lambda m: (order[m.kind], m.party_id))
        choices = [self._count_tasks(session, membership) for membership in held]
        return [list(group) for _, group in groupby(choices, key=lambda choice: choice.membership.party_id)]

    def _count_tasks(self, session: Session, membership: Membership) -> Choice:
        counts = count_tasks(self.engine, membership.act_as(session.user_id))
        return Choice(membership, counts[ALL], counts[LATE])


def _target() -> str | None:
    return local_target(request.values.get("next"))
