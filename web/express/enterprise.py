"""An enterprise's express tasks: all of them, how one begins, how one stands, and how it is called off."""

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.queries.inbox import TaskFilter, TaskRow, list_tasks
from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.services.express.commands import cancel_express_task, create_express_task
from engine.services.express.queries import TaskView, fetch_express_task, list_express_tasks
from engine.services.express.states import LINE_PROCESS, PROCESS
from engine.services.express.tables import express_line
from engine.services.work_tasks.errors import NotPossible
from engine.storage.actor import Actor
from engine.storage.ids import new_token
from web.market.questions import read_token
from web.security import current_actor

PAGE_ROWS = 20
SHOWN_CORRECTIONS = 20


class ExpressDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_tasks(self) -> str:
        """The enterprise's express tasks, the newest first."""
        actor, after = current_actor(), request.args.get("after")
        try:
            page = list_express_tasks(self.engine, actor, after, PAGE_ROWS)
        except ValueError:  # an address somebody has cut off
            abort(400)
        opened: dict[str, list[TaskRow]] = {}
        for row in self._list_own(actor, PROCESS):
            opened.setdefault(row.instance_id, []).append(row)
        return render_template("express/tasks.html", page=page, opened=opened)

    def open_task(self) -> Response | str:
        """Starts an express task; filling it in is its first task."""
        actor = current_actor()
        if request.method == "GET":
            return render_template("express/open.html", token=new_token())
        task_id = create_express_task(self.engine, actor, read_token())
        page = url_for("express.task", task_id=task_id)
        own = [row for row in self._list_own(actor, PROCESS) if row.instance_id == task_id]
        return redirect(url_for("staff.task", task_id=own[0].id, next=page) if own else page, 303)

    def show_task(self, task_id: str) -> str:
        """One express task: its way, its lines by state, its money, and what is to be done now."""
        actor = current_actor()
        view = fetch_express_task(self.engine, actor, task_id)
        own = [row for row in self._list_own(actor, PROCESS) if row.instance_id == task_id]
        return render_template(
            "express/task.html",
            view=view,
            tasks=own,
            corrections=self._list_corrections(actor, view),
            is_cancelled="cancelled" in request.args,
        )

    def cancel(self, task_id: str) -> Response | str:
        """The enterprise calls it off: open lines are refunded."""
        actor = current_actor()
        view = fetch_express_task(self.engine, actor, task_id)
        if request.method == "GET":
            if not view.may_cancel:
                raise NotPossible("cancellation", view.row["state"])
            return render_template("express/cancel.html", view=view, token=new_token())
        cancel_express_task(self.engine, actor, task_id, read_token())
        return redirect(url_for("express.task", task_id=task_id, cancelled=1), 303)

    def _list_corrections(self, actor: Actor, view: TaskView) -> list[tuple[int, TaskRow]]:
        """The lines whose persons found something wrong, by number, with what is to be done about each."""
        rows = {row.instance_id: row for row in self._list_own(actor, LINE_PROCESS)}
        if not rows:
            return []
        with self.engine.database.read() as connection:
            of_task = (express_line.c.list_id == view.row["list_id"], express_line.c.state == "problem")
            query = express_line.select().where(*of_task).order_by(express_line.c.number)
            found = connection.execute(query.limit(SHOWN_CORRECTIONS)).mappings().all()
        return [(line["number"], rows[line["case_id"]]) for line in found if line["case_id"] in rows]

    def _list_own(self, actor: Actor, process: str) -> list[TaskRow]:
        return list_tasks(self.engine, actor, TaskFilter(process_key=process), limit=MAX_LIMIT).rows
