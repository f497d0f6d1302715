"""The views of a task: its form, the draft of it, what people say about the case."""

import re
from collections.abc import Mapping

from flask import Response, abort, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.comments import add_comment
from engine.commands.form_drafts import save_draft
from engine.commands.tasks import FormRejected, claim_task, complete_task, unclaim_task
from engine.definitions.forms import BoundForm, is_refresh
from engine.definitions.forms.messages import say
from engine.queries.side import fetch_side
from engine.records.history import LAST
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.form_drafts import Draft, DraftChanged, ask_draft, fetch_earlier
from engine.runtime.tasks import TaskView, bind_task, fetch_task
from engine.services.one_time_codes.codes import TooManyCodes, send_code
from engine.services.one_time_codes.component import CODE
from engine.storage.frozen import frozen
from engine.storage.ids import new_id, new_token
from web.here import asked, kept, running
from web.rendering import render_form
from web.rendering.display import show_file
from web.security import current_actor, is_partial, local_target, wants_json
from web.staff.turns import find_followers, find_silences, list_turns
from web.texts import current_language, text
from web.uploads import collect_fields

REVISION = "_draft"  # the field that says from which draft a form was made
NEWEST = 100  # records of the case whose steps are listed, unless all are asked for
TOKEN = re.compile(r"[0-9a-f]{32}")


@frozen
class Sheet:
    """A form as it goes on the page: what is in it, the token of this filling, the draft it was made from.

    `is_stale`: the draft was saved elsewhere meanwhile, and what is shown is what was typed here.
    """

    bound: BoundForm | None
    token: str
    revision: int = 0
    draft: Draft | None = None
    is_stale: bool = False


class TaskDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show(self, task_id: str) -> str:
        """A task with its form: as the person left it, empty, or as far as it is known."""
        actor = current_actor()
        view = fetch_task(self.engine, actor, task_id)
        if is_partial(asked()):
            return render_template("staff/task_parts.html", **self._describe(view))
        with self.engine.database.read() as connection:
            find_draft = ask_draft(self.engine, connection, actor, view)
            around = self._describe(view)
            draft = find_draft()
        bound = None
        if view.form:
            values = draft.values if draft else fetch_earlier(self.engine, view)
            bound = bind_task(self.engine, actor, view, current_language(), draft=values)
        return self._render(view, Sheet(bound, new_token(), draft.revision if draft else 0, draft), around)

    def complete(self, task_id: str) -> BaseResponse | tuple[str, int] | str:
        """Completes the task; with errors the form comes back as it was filled in. A script hears where to go on."""
        actor, asking = current_actor(), asked()
        token = asking.form.get("token", "")
        fields = collect_fields(self.engine, actor)
        if is_refresh(asking.form):
            view = fetch_task(self.engine, actor, task_id)
            bound = bind_task(self.engine, actor, view, current_language(), fields)
            if is_partial(asking):
                return _draw_fields(task_id, bound)
            return self._render(view, Sheet(bound, token, _read_revision()))
        try:
            complete_task(self.engine, actor, task_id, token, fields, current_language())
        except FormRejected as refused:
            view = fetch_task(self.engine, actor, task_id)
            return self._render(view, Sheet(refused.bound, token, _read_revision())), 422
        target = local_target(asking.form.get("next")) or url_for("staff.inbox", done=task_id)
        return jsonify(next=target) if wants_json(asking) else redirect(target, 303)

    def save_draft(self, task_id: str) -> BaseResponse:
        """Keeps the form as typed. To a script it says the new revision and when; to a browser it shows the task."""
        actor, revision = current_actor(), _read_revision()
        fields = collect_fields(self.engine, actor)
        try:
            draft = save_draft(self.engine, actor, task_id, revision, fields, current_language())
        except DraftChanged as changed:
            return self._answer_stale(task_id, fields, changed.revision)
        if wants_json(request):
            return jsonify(revision=draft.revision, saved=text("form_draft.saved", at=kept().fmt.time(draft.saved_at)))
        return redirect(url_for("staff.task", task_id=task_id, next=local_target(request.form.get("next"))), 303)

    def send_code(self, task_id: str) -> BaseResponse | str | tuple[str, int]:
        """Sends a one-time code to who fills the form in; the form stays as it is."""
        actor = current_actor()
        fields = collect_fields(self.engine, actor)
        view = fetch_task(self.engine, actor, task_id)
        keys = [part.name for part in view.form.inputs.values() if part.type == CODE] if view.form else []
        if not keys:
            raise NotFound("task", task_id)
        problem = None
        try:
            send_code(self.engine, actor, view.instance_id)
        except TooManyCodes as refused:
            problem = say(current_language(), "code_later", at=kept().fmt.time(refused.again_at))
        bound = bind_task(self.engine, actor, view, current_language(), fields)
        if problem:
            bound.errors[keys[0]] = [problem]
        if is_partial(request):
            return _draw_fields(task_id, bound)
        page = self._render(view, Sheet(bound, request.form.get("token", ""), _read_revision()))
        return (page, 429) if problem else page

    def comment(self, task_id: str) -> BaseResponse:
        """Says something to those who take part in the case."""
        token = request.form.get("token", "")
        if not TOKEN.fullmatch(token):
            abort(400)
        add_comment(self.engine, current_actor(), task_id, token, request.form.get("text", ""))
        target = local_target(request.form.get("next"))
        return redirect(url_for("staff.task", task_id=task_id, next=target, _anchor="comments"), 303)

    def claim(self, task_id: str) -> BaseResponse:
        """Takes the task out of its pool."""
        claim_task(self.engine, current_actor(), task_id)
        return redirect(local_target(request.form.get("next")) or url_for("staff.task", task_id=task_id), 303)

    def unclaim(self, task_id: str) -> BaseResponse:
        """Gives the task back to its pool."""
        unclaim_task(self.engine, current_actor(), task_id)
        return redirect(url_for("staff.inbox"), 303)

    def _answer_stale(self, task_id: str, fields: MultiDict[str, str], newest: int) -> Response:
        """Nothing is lost: saving once more, from the page as it is now, takes what was typed here."""
        if wants_json(request):
            response = jsonify(revision=newest)
        else:
            actor = current_actor()
            view = fetch_task(self.engine, actor, task_id)
            bound = bind_task(self.engine, actor, view, current_language(), fields)
            sheet = Sheet(bound, request.form.get("token", ""), newest, is_stale=True)
            response = make_response(self._render(view, sheet))
        response.status_code = 409
        return response

    def _render(self, view: TaskView, sheet: Sheet, around: Mapping[str, object] | None = None) -> str:
        form = sheet.bound.form if sheet.bound else None
        return render_template(
            "staff/task.html",
            fields=render_form(running().jinja_env, sheet.bound, kept().fmt) if sheet.bound else "",
            form=form,
            sheet=sheet,
            may_keep_here=form is not None and not form.personal_fields,
            **(around or self._describe(view)),
        )

    def _describe(self, view: TaskView) -> dict[str, object]:
        """What the page says around the form."""
        actor = current_actor()
        side = fetch_side(self.engine, actor, view.instance_id, LAST if "whole" in asked().args else NEWEST)
        with self.engine.database.read() as connection:
            elements = self.engine.catalogue.elements(connection, view.definition_id)
        return {
            "task": view,
            "progress": side.progress,
            "turns": list_turns(side.progress),
            "silences": find_silences(elements, view.element.id),
            "followers": find_followers(elements, view.element.id),
            "comments": side.comments,
            "comment_token": new_id(),
            "files": [(one, show_file(one.describe())) for one in side.files],
            "is_held": view.assignee_id == actor.user_id,
            "is_personal": actor.party_id == actor.user_id,
            "target": local_target(asked().values.get("next")),
        }


def _draw_fields(task_id: str, bound: BoundForm) -> str:
    """The fields alone: they may stand on another page than the task's."""
    return str(render_form(running().jinja_env, bound, kept().fmt, url_for("staff.complete", task_id=task_id)))


def _read_revision() -> int:
    """From which draft the form was made."""
    return request.form.get(REVISION, 0, type=int)
