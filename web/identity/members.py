"""The members of the acting enterprise: a page for its administrators."""

from pathlib import Path

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from engine.definitions.forms import BoundForm
from engine.runtime.engine import Engine
from engine.services.identity.errors import LastAdministrator, MemberInvalid
from engine.services.identity.invitations import invite_member, list_invitations, revoke_invitation
from engine.services.identity.members import (
    Member,
    disable_member,
    enable_member,
    find_member,
    list_members,
    remove_member,
    set_everyones_limit,
    set_member,
    set_own_acceptance,
)
from engine.services.identity.policies import may_accept_own
from engine.services.payments.limits import EVERYONE, list_spend_limits
from engine.storage.ids import new_token
from engine.storage.plain import PlainDict
from web.market.questions import bind_question, draw_question, read_token
from web.security import current_actor

FORMS = Path(__file__).parent / "forms"
CHANGES = {"disable": disable_member, "enable": enable_member, "remove": remove_member}
DONE = ("invited", "revoked", "saved", *CHANGES)


def add_members(blueprint: Blueprint, engine: Engine) -> None:
    """Adds the pages to the blueprint `identity`."""
    desk, both = MemberDesk(engine), ("GET", "POST")
    blueprint.add_url_rule("/members", "members", desk.show_members)
    blueprint.add_url_rule("/members/invite", "invite", desk.invite, methods=both)
    blueprint.add_url_rule("/members/rules", "rules", desk.set_rules, methods=both)
    blueprint.add_url_rule("/members/<user_id>", "member", desk.edit, methods=both)
    blueprint.add_url_rule("/members/<user_id>/change", "change_member", desk.change, methods=("POST",))
    revoke = "/members/invitations/<invitation_id>/revoke"
    blueprint.add_url_rule(revoke, "revoke_invitation", desk.revoke, methods=("POST",))


class MemberDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_members(self) -> str:
        """Who may act for the enterprise, who is invited, and what the enterprise has decided."""
        party_id, now = current_actor().party_id, self.engine.clock()
        with self.engine.database.read() as connection:
            members = list_members(connection, party_id)
            return render_template(
                "identity/members.html",
                members=members,
                names={one.user_id: g.fmt.name(one.name_zh, one.name_en) for one in members},
                invitations=list_invitations(connection, self.engine.keys, party_id, now),
                everyones_fen=list_spend_limits(connection, party_id).get(EVERYONE),
                may_accept_own=may_accept_own(connection, party_id),
                done=_read_done(),
            )

    def invite(self) -> Response | str | tuple[str, int]:
        """Asks whom to invite; then makes the link."""
        bound = self._bind("invite")
        if request.method == "GET":
            return self._draw("invite", bound, token=new_token())
        token, wrong = read_token(), ""
        if bound.validate():
            login, name = str(bound.values["login"]), str(bound.values["name"])
            roles, limit_fen = _read_entry(bound)
            try:
                invite_member(
                    self.engine, current_actor(), token, login=login, name=name, roles=roles, limit_fen=limit_fen
                )
            except MemberInvalid as refused:
                wrong = refused.field
            else:
                return redirect(url_for("identity.members", done="invited", _anchor="invitations"), 303)
        return self._draw("invite", bound, token=token, wrong=wrong), 422

    def revoke(self, invitation_id: str) -> Response:
        """Takes an invitation back."""
        revoke_invitation(self.engine, current_actor(), invitation_id)
        return redirect(url_for("identity.members", done="revoked"), 303)

    def edit(self, user_id: str) -> Response | str | tuple[str, int]:
        """Roles and limit of a member."""
        member = self._find(user_id)
        bound = self._bind("member", {"roles": [*member.roles], "limit_fen": member.limit_fen})
        if request.method == "GET":
            return self._draw("member", bound, member=member)
        if not bound.validate():
            return self._draw("member", bound, member=member), 422
        try:
            set_member(self.engine, current_actor(), user_id, *_read_entry(bound))
        except LastAdministrator:
            return self._draw("member", bound, member=member, is_last=True), 409
        return redirect(url_for("identity.members", done="saved"), 303)

    def change(self, user_id: str) -> Response | tuple[str, int]:
        """Disables, enables or removes a member."""
        name, member = request.form.get("do", ""), self._find(user_id)
        if name not in CHANGES:
            raise BadRequest
        try:
            CHANGES[name](self.engine, current_actor(), user_id)
        except LastAdministrator:
            bound = self._bind("member", {"roles": [*member.roles], "limit_fen": member.limit_fen}, is_sent=False)
            return self._draw("member", bound, member=member, is_last=True), 409
        return redirect(url_for("identity.members", done=name), 303)

    def set_rules(self) -> Response | str | tuple[str, int]:
        """What the enterprise decides for all of its members."""
        actor = current_actor()
        with self.engine.database.read() as connection:
            limit_fen = list_spend_limits(connection, actor.party_id).get(EVERYONE)
            is_allowed = may_accept_own(connection, actor.party_id)
        bound = self._bind("rules", {"limit_fen": limit_fen, "may_accept_own": is_allowed})
        if request.method == "GET":
            return self._draw("rules", bound)
        if not bound.validate():
            return self._draw("rules", bound), 422
        wanted = bound.values["limit_fen"]
        set_everyones_limit(self.engine, actor, wanted if isinstance(wanted, int) else None)
        set_own_acceptance(self.engine, actor, bool(bound.values["may_accept_own"]))
        return redirect(url_for("identity.members", done="saved"), 303)

    def _find(self, user_id: str) -> Member:
        with self.engine.database.read() as connection:
            return find_member(connection, current_actor().party_id, user_id)

    def _bind(self, name: str, draft: PlainDict | None = None, *, is_sent: bool = True) -> BoundForm:
        return bind_question(self.engine, name, draft, FORMS, is_sent=is_sent)

    def _draw(self, page: str, bound: BoundForm, **shown: object) -> str:
        empty: dict[str, object] = {"member": None, "token": "", "wrong": "", "is_last": False}
        return render_template("identity/member.html", page=page, fields=draw_question(bound), **empty | shown)


def _read_entry(bound: BoundForm) -> tuple[list[str], int | None]:
    roles, limit_fen = bound.values["roles"], bound.values["limit_fen"]
    return [str(role) for role in roles] if isinstance(roles, list) else [], (
        limit_fen if isinstance(limit_fen, int) else None
    )


def _read_done() -> str:
    done = request.args.get("done", "")
    return done if done in DONE else ""
