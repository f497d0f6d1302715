"""Starting a case: what the acting role may start, and the form that begins it."""

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.commands.starts import start_process
from engine.commands.tasks import FormRejected
from engine.definitions.forms import BoundForm, is_refresh
from engine.queries.inbox import TaskFilter, list_tasks
from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.runtime.starts import StartView, bind_start, fetch_start, list_starts
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from web.rendering import render_form
from web.security import current_actor, is_partial
from web.texts import current_language
from web.uploads import collect_fields


def add_starts(blueprint: Blueprint, engine: Engine) -> None:
    """Adds the views to the blueprint `staff`."""
    desk = StartDesk(engine)
    blueprint.add_url_rule("/start", "starts", desk.list_all)
    blueprint.add_url_rule("/start/<process_key>", "start", desk.show)
    blueprint.add_url_rule("/start/<process_key>", "begin", desk.begin, methods=("POST",))


class StartDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def list_all(self) -> str:
        """The processes the acting role may start."""
        return render_template("staff/starts.html", processes=list_starts(self.engine, current_actor()))

    def show(self, process_key: str) -> str:
        """A process with the form that begins it."""
        actor = current_actor()
        view = fetch_start(self.engine, actor, process_key)
        bound = bind_start(self.engine, actor, view, current_language()) if view.form else None
        return self._render(view, bound, new_id())

    def begin(self, process_key: str) -> Response | tuple[str, int] | str:
        """Starts a case and goes to its first task, if that is the starter's; a form with errors comes back."""
        actor, token = current_actor(), request.form.get("token", "")
        fields = collect_fields(self.engine, actor)
        if is_refresh(request.form):
            view = fetch_start(self.engine, actor, process_key)
            return self._render(view, bind_start(self.engine, actor, view, current_language(), fields), token)
        try:
            instance_id = start_process(self.engine, actor, process_key, token, fields, current_language())
        except FormRejected as refused:
            return self._render(fetch_start(self.engine, actor, process_key), refused.bound, token), 422
        return redirect(self._find_next(actor, process_key, instance_id), 303)

    def _find_next(self, actor: Actor, process_key: str, instance_id: str) -> str:
        rows = list_tasks(self.engine, actor, TaskFilter(process_key=process_key), limit=MAX_LIMIT).rows
        own = [row for row in rows if row.instance_id == instance_id]
        return url_for("staff.task", task_id=own[0].id) if own else url_for("staff.inbox", started=instance_id)

    def _render(self, view: StartView, bound: BoundForm | None, token: str) -> str:
        fields = render_form(current_app.jinja_env, bound, g.fmt) if bound else ""
        if is_partial(request) and request.method == "POST" and is_refresh(request.form):
            return str(fields)
        return render_template(
            "staff/start.html",
            process=view.process,
            fields=fields,
            has_files=bool(bound and bound.form.file_keys),
            token=token,
        )
