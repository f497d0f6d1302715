"""What the two sides of a work task may ask for beside their user tasks: cancel, have it decided, another offer."""

from flask import redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.work_tasks.commands import CANCEL, DISPUTE, cancel_engagement, cancel_task, dispute_engagement
from engine.services.work_tasks.dossiers import fetch_engagement
from engine.services.work_tasks.errors import MayNotApply, NotPossible, WorseTerms
from engine.services.work_tasks.improving import IMPROVE, improve_task
from engine.services.work_tasks.negotiating import revise_offer
from engine.services.work_tasks.queries import ENTERPRISE, TaskView, fetch_task
from engine.storage.ids import new_token
from web.market.questions import bind_question, draw_question, read_token
from web.market.requests import BPS_PER_CENT, read_claim
from web.market.tasks.looks import CANCELLABLE, CANCELLABLE_TASK, DISPUTABLE, is_improvable
from web.security import current_actor

Answer = Response | str | tuple[str, int]
QUESTIONS = {CANCEL: "cancel_engagement", DISPUTE: "dispute"}
_POSSIBLE = {CANCEL: CANCELLABLE, DISPUTE: DISPUTABLE}


class TaskRequests:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def cancel_task(self, task_id: str) -> Answer:
        """The enterprise asks for the end of the whole work task; says before what follows from it."""
        actor = current_actor()
        task = fetch_task(self.engine, actor, task_id)
        if task.side != ENTERPRISE:
            raise NotFound("work_task", task_id)
        stage = "before" if task.card.state in ("in_review", "funding", "recruiting") else "after"
        page = url_for("market.task", task_id=task_id)
        bound = bind_question(self.engine, "cancel_task")
        if request.method == "GET":
            if task.card.state not in CANCELLABLE_TASK:
                raise NotPossible(CANCEL, task.card.state)
            return _draw(task.card.title, f"cancel_task_{stage}", draw_question(bound), page)
        token = read_token()
        if not bound.validate():
            return _draw(task.card.title, f"cancel_task_{stage}", draw_question(bound), page, token), 422
        cancel_task(self.engine, actor, task_id, token, str(bound.values.get("reason") or ""))
        return redirect(url_for("market.task", task_id=task_id, done="cancel"), 303)

    def improve_task(self, task_id: str) -> Answer:
        """The enterprise betters the terms of a work task that recruits."""
        actor = current_actor()
        task = fetch_task(self.engine, actor, task_id)
        if task.side != ENTERPRISE:
            raise NotFound("work_task", task_id)
        page = url_for("market.task", task_id=task_id)
        bound = bind_question(self.engine, "improve_task")
        if request.method == "GET":
            if not is_improvable(task.card):
                raise NotPossible(IMPROVE, task.card.state)
            return _draw(task.card.title, "improve_task", draw_question(bound), page)
        token = read_token()
        if not bound.validate():
            return _draw(task.card.title, "improve_task", draw_question(bound), page, token), 422
        added_fen = bound.values.get("added_fen")
        dates = {name: str(bound.values.get(name) or "") for name in ("signup_deadline", "due_at")}
        try:
            improve_task(self.engine, actor, task_id, token, added_fen if isinstance(added_fen, int) else 0, **dates)
        except WorseTerms as refused:
            return _draw(task.card.title, "improve_task", draw_question(bound), page, token, refused=refused.code), 422
        return redirect(url_for("market.task", task_id=task_id, done="improve"), 303)

    def cancel_engagement(self, task_id: str, worker_id: str) -> Answer:
        """One side asks for the end of one engagement."""
        return self._ask(CANCEL, task_id, worker_id)

    def dispute_engagement(self, task_id: str, worker_id: str) -> Answer:
        """One side asks the platform to decide about one engagement."""
        return self._ask(DISPUTE, task_id, worker_id)

    def _ask(self, kind: str, task_id: str, worker_id: str) -> Answer:
        actor = current_actor()
        dossier = fetch_engagement(self.engine, actor, task_id, worker_id)
        page = url_for("market.engagement", task_id=task_id, worker_id=worker_id)
        bound = bind_question(self.engine, QUESTIONS[kind])
        words = f"{kind}_engagement_{dossier.side}" if kind == CANCEL else "dispute_engagement"
        if request.method == "GET":
            if dossier.card.state not in _POSSIBLE[kind] or dossier.claim_kind:
                raise NotPossible(kind, dossier.card.state)
            return _draw(dossier.card.title, words, draw_question(bound), page)
        token = read_token()
        if not bound.validate():
            return _draw(dossier.card.title, words, draw_question(bound), page, token), 422
        reason, done = str(bound.values.get("reason") or ""), bound.values.get("progress_percent")
        if kind == DISPUTE:
            dispute_engagement(self.engine, actor, task_id, worker_id, token, reason, read_claim(bound.values))
        else:
            progress_bps = done * BPS_PER_CENT if isinstance(done, int) else 0
            cancel_engagement(self.engine, actor, task_id, worker_id, token, reason, progress_bps)
        return redirect(url_for("market.engagement", task_id=task_id, worker_id=worker_id, done=kind), 303)

    def revise_offer(self, task_id: str) -> Answer:
        """The worker replaces his open offer by another."""
        actor = current_actor()
        task = fetch_task(self.engine, actor, task_id)
        page = url_for("market.task", task_id=task_id)
        bound = bind_question(self.engine, "revise_offer")
        if request.method == "GET":
            return self._draw_offer(task, draw_question(bound), page, new_token())
        token, version = read_token(), request.form.get("offer_version", "")
        if not bound.validate() or not version.isdecimal():
            return self._draw_offer(task, draw_question(bound), page, token), 422
        offer_fen = bound.values["offer_fen"]
        assert isinstance(offer_fen, int)
        try:
            revise_offer(self.engine, actor, task_id, token, int(version), offer_fen)
        except MayNotApply as refused:
            return self._draw_offer(task, draw_question(bound), page, token, refused.code), 422
        return redirect(url_for("market.task", task_id=task_id, done="offer"), 303)

    def _draw_offer(self, task: TaskView, fields: Markup, page: str, token: str, refused: str = "") -> str:
        latest = task.sign_up.open_offer if task.sign_up else None
        if latest is None:
            raise NotPossible("offer", task.card.state)
        return _draw(task.card.title, "revise_offer", fields, page, token, latest.version, refused)


def _draw(
    title: str, kind: str, fields: Markup, page: str, token: str = "", version: int | None = None, refused: str = ""
) -> str:
    return render_template(
        "market/tasks/request.html",
        title=title,
        kind=kind,
        fields=fields,
        page=page,
        token=token or new_token(),
        version=version,
        refused=refused,
    )
