"""A requester's errands: how one begins, those under way, those that ended."""

from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from engine.commands.form_drafts import fill_draft
from engine.queries.inbox import TaskFilter, TaskRow, list_tasks
from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.services.errands.commands import REQUESTER, create_errand
from engine.services.errands.queries import ACTIVE, PAST, ErrandCard, list_errands
from engine.services.errands.repeating import DESCRIBE, read_described
from engine.services.errands.states import PROCESS
from engine.storage.actor import Actor
from engine.storage.ids import new_token
from engine.storage.plain import PlainDict
from web.errands.looks import CATEGORIES
from web.market.questions import read_token
from web.security import current_actor
from web.texts import current_language

PAGE_ROWS = 20
USUAL: PlainDict = {"order_class": "ordinary", "timing": "now"}
"""What most choose."""


@dataclass(frozen=True)
class ErrandRow:
    """An errand of one's own with what is to be done about it, if it is one's turn."""

    card: ErrandCard
    task: TaskRow | None


class RequesterDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_errands(self) -> str:
        """The six categories to begin with, drafts, errands under way, and those that ended, page by page."""
        actor, after = current_actor(), request.args.get("after")
        tasks = self._list_tasks(actor)
        by_order = {task.instance_id: task for task in reversed(tasks)}  # the one due first
        running = list_errands(self.engine, actor, REQUESTER, ACTIVE, limit=MAX_LIMIT).rows
        ended = list_errands(self.engine, actor, REQUESTER, PAST, after, PAGE_ROWS)
        return render_template(
            "errands/index.html",
            drafts=[task for task in tasks if task.element.id == DESCRIBE],
            running=[ErrandRow(card, by_order.get(card.id)) for card in running],
            ended=ended,
            is_first=after is None,
            token=new_token(),
        )

    def begin(self) -> Response:
        """Begins an errand of a category, or one like an earlier one; describing it is its first task."""
        actor, token, like = current_actor(), read_token(), request.form.get("like", "")
        known: PlainDict = read_described(self.engine, actor, like) if like else {"category": _read_category()}
        order_id = create_errand(self.engine, actor, token)
        page = url_for("errands.order", order_id=order_id)
        own = [task for task in self._list_tasks(actor) if task.instance_id == order_id]
        if not own:  # sent twice, and described by now
            return redirect(page, 303)
        fill_draft(self.engine, actor, own[0].id, USUAL | known, current_language())
        return redirect(url_for("staff.task", task_id=own[0].id, next=page), 303)

    def _list_tasks(self, actor: Actor) -> list[TaskRow]:
        """What the actor may do about any errand, the first due first."""
        return list_tasks(self.engine, actor, TaskFilter(process_key=PROCESS), limit=MAX_LIMIT).rows


def _read_category() -> str:
    category = request.form.get("category", "")
    if category not in CATEGORIES:
        raise BadRequest
    return category
