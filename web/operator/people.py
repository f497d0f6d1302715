"""People and organisations before the platform's operators: who may act as what at the platform, who is suspended."""

from pathlib import Path

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from engine.definitions.forms import BoundForm
from engine.runtime.engine import Engine
from engine.services.identity.errors import LastAdministrator
from engine.services.identity.staff import (
    REVIEWERS,
    Account,
    find_account,
    list_accounts,
    reinstate_party,
    set_staff_roles,
    suspend_party,
)
from engine.storage.plain import PlainDict
from web.market.questions import bind_question, draw_question
from web.security import current_actor

FORMS = Path(__file__).parent / "forms"
PAGE_ROWS = 50
CHANGES = {"suspend": suspend_party, "reinstate": reinstate_party}
DONE = ("roles", *CHANGES)


class PeopleDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def list_all(self) -> str:
        """Everybody, or those a search finds; the newest first."""
        search, after = request.args.get("q", "").strip(), request.args.get("after", "")
        is_staff = "staff" in request.args
        with self.engine.database.read() as connection:
            rows = list_accounts(connection, search, after, PAGE_ROWS + 1, is_staff=is_staff)
        return render_template(
            "operator/people.html",
            rows=rows[:PAGE_ROWS],
            after=rows[PAGE_ROWS - 1].party_id if len(rows) > PAGE_ROWS else None,
            search=search,
            is_staff=is_staff,
        )

    def show(self, party_id: str) -> str:
        """One of them, with what may be changed."""
        return self._draw(self._find(party_id))

    def set_roles(self, party_id: str) -> Response | tuple[str, int]:
        """Gives exactly the roles and skills that were ticked."""
        account = self._find(party_id)
        bound = bind_question(self.engine, "roles", None, FORMS)
        if not bound.validate():
            return self._draw(account, roles=bound), 422
        chosen, skills = _read_list(bound, "roles"), _read_list(bound, "skills")
        roles = {role: skills if role in REVIEWERS else [] for role in chosen}
        try:
            set_staff_roles(self.engine, current_actor(), party_id, roles, str(bound.values["reason"]))
        except LastAdministrator:
            return self._draw(account, roles=bound, is_last=True), 409
        return redirect(url_for("operator.person", party_id=party_id, done="roles"), 303)

    def set_standing(self, party_id: str) -> Response | tuple[str, int]:
        """Suspends a party, or reinstates it."""
        account, name = self._find(party_id), request.form.get("do", "")
        if name not in CHANGES:
            raise BadRequest
        bound = bind_question(self.engine, "standing", None, FORMS)
        if not bound.validate():
            return self._draw(account, standing=bound), 422
        CHANGES[name](self.engine, current_actor(), party_id, str(bound.values["cause"]))
        return redirect(url_for("operator.person", party_id=party_id, done=name), 303)

    def _find(self, party_id: str) -> Account:
        with self.engine.database.read() as connection:
            return find_account(connection, party_id)

    def _draw(
        self,
        account: Account,
        roles: BoundForm | None = None,
        standing: BoundForm | None = None,
        is_last: bool = False,
    ) -> str:
        skills = sorted({skill for held in account.staff_roles.values() for skill in held})
        present: PlainDict = {"roles": [*account.staff_roles], "skills": [*skills]}
        roles = roles or bind_question(self.engine, "roles", present, FORMS, is_sent=False)
        standing = standing or bind_question(self.engine, "standing", None, FORMS, is_sent=False)
        done = request.args.get("done", "")
        return render_template(
            "operator/person.html",
            account=account,
            roles=draw_question(roles),
            standing=draw_question(standing),
            is_last=is_last,
            done=done if done in DONE else "",
        )


def _read_list(bound: BoundForm, name: str) -> list[str]:
    values = bound.values.get(name)
    return [str(one) for one in values] if isinstance(values, list) else []
