"""The inbox and the page of a task."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from flask import Blueprint, Response, abort, current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.tasks import FormRejected, claim_task, complete_task, unclaim_task
from engine.definitions.forms import BoundForm, is_refresh
from engine.queries.definitions import drawing_of
from engine.queries.inbox import ALL, VIEWS, TaskRow, count_tasks, list_tasks
from engine.queries.progress import fetch_progress
from engine.runtime.engine import Engine
from engine.runtime.starts import list_starts
from engine.runtime.tasks import TaskView, bind_task, fetch_task
from engine.storage.ids import new_token
from web.rendering import render_form
from web.security import current_actor, is_partial, local_target
from web.staff.starts import add_starts
from web.staff.turns import Silence, find_silences, list_turns
from web.texts import current_language
from web.uploads import collect_fields

PAGE_ROWS = 50
THIS_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Group:
    """Tasks due at about the same time: late, today, week, later, or none where nothing is due."""

    name: str
    rows: list[TaskRow]


def make_staff(engine: Engine) -> Blueprint:
    """The blueprint `staff`."""
    blueprint = Blueprint("staff", __name__, template_folder="templates")
    desk = Desk(engine)
    blueprint.add_url_rule("/inbox", "inbox", desk.show_inbox)
    blueprint.add_url_rule("/tasks/<task_id>", "task", desk.show_task)
    blueprint.add_url_rule("/tasks/<task_id>", "complete", desk.complete, methods=("POST",))
    blueprint.add_url_rule("/tasks/<task_id>/claim", "claim", desk.claim, methods=("POST",))
    blueprint.add_url_rule("/tasks/<task_id>/unclaim", "unclaim", desk.unclaim, methods=("POST",))
    blueprint.add_url_rule("/diagrams/<definition_id>", "diagram", desk.show_diagram)
    add_starts(blueprint, engine)
    return blueprint


class Desk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_inbox(self) -> str:
        """Open tasks: all, mine, my groups', late; searched and paged."""
        actor = current_actor()
        view = request.args.get("view", ALL)
        if view not in VIEWS:
            view = ALL
        search = request.args.get("q", "").strip()
        try:
            page = list_tasks(self.engine, actor, view, search, after=request.args.get("after"), limit=PAGE_ROWS)
        except ValueError:  # an address somebody has cut off
            abort(400)
        return render_template(
            "staff/inbox.html",
            groups=[Group(name, list(rows)) for name, rows in groupby(page.rows, _name_group)],
            after=page.after,
            view=view,
            search=search,
            counts=count_tasks(self.engine, actor),
            is_done="done" in request.args,
            is_started="started" in request.args,
            has_starts=bool(list_starts(self.engine, actor)),
            is_personal=actor.party_id == actor.user_id,
        )

    def show_task(self, task_id: str) -> str:
        """A task with its form, empty or as far as it is known."""
        view = fetch_task(self.engine, current_actor(), task_id)
        bound = bind_task(self.engine, current_actor(), view, current_language()) if view.form else None
        return self._render(view, bound, new_token())

    def complete(self, task_id: str) -> BaseResponse | tuple[str, int] | str:
        """Completes the task; with errors the form comes back as it was filled in."""
        actor, token = current_actor(), request.form.get("token", "")
        if is_refresh(request.form):
            view = fetch_task(self.engine, actor, task_id)
            fields = collect_fields(self.engine, actor)
            return self._render(view, bind_task(self.engine, actor, view, current_language(), fields), token)
        fields = collect_fields(self.engine, actor)
        try:
            complete_task(self.engine, actor, task_id, token, fields, current_language())
        except FormRejected as refused:
            view = fetch_task(self.engine, actor, task_id)
            return self._render(view, refused.bound, token), 422
        target = local_target(request.form.get("next")) or url_for("staff.inbox", done=task_id)
        return redirect(target, 303)

    def claim(self, task_id: str) -> BaseResponse:
        """Takes the task out of its pool."""
        claim_task(self.engine, current_actor(), task_id)
        return redirect(local_target(request.form.get("next")) or url_for("staff.task", task_id=task_id), 303)

    def unclaim(self, task_id: str) -> BaseResponse:
        """Gives the task back to its pool."""
        unclaim_task(self.engine, current_actor(), task_id)
        return redirect(url_for("staff.inbox"), 303)

    def show_diagram(self, definition_id: str) -> Response:
        """The BPMN file of a process, for the viewer."""
        response = Response(drawing_of(self.engine, definition_id), mimetype="application/xml")
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        return response

    def _render(self, view: TaskView, bound: BoundForm | None, token: str) -> str:
        actor = current_actor()
        fields = render_form(current_app.jinja_env, bound, g.fmt) if bound else ""
        if is_partial(request) and request.method == "POST" and is_refresh(request.form):
            return str(fields)
        progress = fetch_progress(self.engine, actor, view.instance_id)
        return render_template(
            "staff/task.html",
            task=view,
            fields=fields,
            has_files=bool(bound and bound.form.file_keys),
            token=token,
            progress=progress,
            turns=list_turns(progress),
            silences=self._find_silences(view),
            is_held=view.assignee_id == actor.user_id,
            is_personal=actor.party_id == actor.user_id,
            target=local_target(request.values.get("next")),
        )

    def _find_silences(self, view: TaskView) -> list[Silence]:
        with self.engine.database.read() as connection:
            return find_silences(self.engine.catalogue.elements(connection, view.definition_id), view.element.id)


def _name_group(task: TaskRow) -> str:
    if task.due_at is None:
        return "none"
    now = g.fmt.now
    if task.due_at < now:
        return "late"
    day, today = (at.astimezone(g.fmt.zone).date() for at in (task.due_at, now))
    if day == today:
        return "today"
    return "week" if day - today < THIS_WEEK else "later"
