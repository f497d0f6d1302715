"""A person's confirmations: all of them, one of them, and the link by which he comes to it."""

from flask import abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.queries.inbox import TaskFilter, TaskRow, list_tasks
from engine.queries.page import MAX_LIMIT
from engine.queries.progress import fetch_progress
from engine.runtime.engine import Engine
from engine.services.agreements.signatures import is_bound
from engine.services.express.commands import LinkNotMeant, accept_invitation
from engine.services.express.confirmations import (
    Confirmation,
    fetch_confirmation,
    list_confirmations,
    look_at_link,
)
from engine.services.express.states import LINE_PROCESS
from engine.services.identity.sessions import Session
from engine.services.identity.standing import fetch_party
from engine.services.onboarding.capacities import INDIVIDUAL
from engine.services.payments.methods import describe_method
from engine.storage.actor import Actor
from web.security import current_actor
from web.staff.turns import list_turns

PAGE_ROWS = 20


class ConfirmationDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_confirmations(self) -> str:
        """What one was or is asked to confirm, the newest first."""
        actor, after = current_actor(), request.args.get("after")
        try:
            page = list_confirmations(self.engine, actor, after, PAGE_ROWS)
        except ValueError:  # an address somebody has cut off
            abort(400)
        opened: dict[str, list[TaskRow]] = {}
        for row in self._list_own(actor):
            opened.setdefault(row.instance_id, []).append(row)
        return render_template("express/confirmations.html", page=page, opened=opened)

    def show_confirmation(self, line_id: str) -> str:
        """One of them: what it pays, how far it is, what is still missing, and what happens next."""
        actor = current_actor()
        found = fetch_confirmation(self.engine, actor, line_id)
        return render_template(
            "express/confirmation.html",
            found=found,
            tasks=self._list_of(actor, found),
            turns=list_turns(fetch_progress(self.engine, actor, found.line["case_id"])),
            standing=self._read_standing(actor),
        )

    def go_on(self, line_id: str) -> Response:
        """Straight to the next screen of a confirmation; to its page where there is none."""
        actor = current_actor()
        found = fetch_confirmation(self.engine, actor, line_id)
        for row in self._list_of(actor, found):
            here = url_for("express.next_step", line_id=line_id)
            return redirect(url_for("staff.task", task_id=row.id, next=here), 303)
        return redirect(url_for("express.confirmation", line_id=line_id), 303)

    def follow_link(self, line_id: str, proof: str) -> Response | str | tuple[str, int]:
        """What the link is about, for anybody who has it; with an account one goes on to confirm it."""
        found = look_at_link(self.engine, line_id, proof)
        session: Session | None = g.session
        actor = session.actor if session is not None else None
        if actor is not None and actor.party_id == found.line["worker_id"]:
            return redirect(url_for("express.next_step", line_id=line_id), 303)
        if request.method == "GET":
            return self._draw_link(found, actor)
        try:
            accept_invitation(self.engine, current_actor(), line_id, proof)
        except LinkNotMeant as refused:
            return self._draw_link(found, actor, refused.reason), 403
        return redirect(url_for("express.next_step", line_id=line_id), 303)

    def _draw_link(self, found: Confirmation, actor: Actor | None, refused: str = "") -> str:
        is_person = actor is not None and actor.role == INDIVIDUAL
        if actor is not None and not is_person:
            refused = "not_a_person"
        elif actor is not None and found.line["worker_id"] is not None:
            refused = "another_person"
        return render_template("express/link.html", found=found, refused=refused, path=request.path)

    def _read_standing(self, actor: Actor) -> dict[str, bool]:
        """What must be there before one is paid (XT-04)."""
        with self.engine.database.read() as connection:
            known = fetch_party(connection, actor.party_id)
            return {
                "certified": bool(known.is_certified),
                "signed": is_bound(connection, known),
                "payout_set": describe_method(connection, self.engine.keys, actor.party_id) is not None,
            }

    def _list_of(self, actor: Actor, found: Confirmation) -> list[TaskRow]:
        return [row for row in self._list_own(actor) if row.instance_id == found.line["case_id"]]

    def _list_own(self, actor: Actor) -> list[TaskRow]:
        return list_tasks(self.engine, actor, TaskFilter(process_key=LINE_PROCESS), limit=MAX_LIMIT).rows
