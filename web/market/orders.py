"""A party's own orders: published, taken, and how a new one begins."""

from dataclasses import dataclass
from datetime import datetime

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.queries.inbox import TaskFilter, TaskRow, list_tasks
from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.services.orders.commands import PROCESS, create_order
from engine.services.orders.queries import PUBLISHED, TAKEN, OrderCard, my_orders
from engine.storage.actor import Actor
from engine.storage.ids import new_token
from web.market.questions import read_token
from web.security import current_actor

PAGE_ROWS = 20
DEMAND_FORM = "hire_order/describe_demand"
DONE = ("release",)


@dataclass(frozen=True)
class OrderRow:
    """An order of one's own with what is to be done about it, if it is one's turn."""

    card: OrderCard
    task: TaskRow | None

    @property
    def due_at(self) -> datetime | None:
        """When the next thing is due that lists know of."""
        if self.task is not None and self.task.due_at is not None:
            return self.task.due_at
        return self.card.expires_at if self.card.state == "open" else None


class OwnOrders:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_orders(self) -> str:
        """What the party has published, or what it has taken; newest first."""
        actor = current_actor()
        side = TAKEN if request.args.get("side") == TAKEN else PUBLISHED
        page = my_orders(self.engine, actor, side, request.args.get("after"), PAGE_ROWS)
        tasks = self._list_tasks(actor)
        by_order = {task.instance_id: task for task in reversed(tasks)}  # the one due first
        done = request.args.get("done")
        return render_template(
            "market/orders.html",
            side=side,
            rows=[OrderRow(card, by_order.get(card.id)) for card in page.rows],
            after=page.after,
            drafts=find_drafts(tasks) if side == PUBLISHED else [],
            done=done if done in DONE else None,
        )

    def publish(self) -> Response | str:
        """Starts an order; describing the demand is its first task."""
        actor = current_actor()
        if request.method == "GET":
            drafts = find_drafts(self._list_tasks(actor))
            return render_template("market/publish.html", drafts=drafts, token=new_token())
        order_id = create_order(self.engine, actor, read_token())
        page = url_for("market.order", order_id=order_id)
        own = [task for task in self._list_tasks(actor) if task.instance_id == order_id]
        if not own:  # sent twice, and the demand is described by now
            return redirect(page, 303)
        return redirect(url_for("staff.task", task_id=own[0].id, next=page), 303)

    def _list_tasks(self, actor: Actor) -> list[TaskRow]:
        """What the actor may do about any order, the first due first."""
        return list_tasks(self.engine, actor, TaskFilter(process_key=PROCESS), limit=MAX_LIMIT).rows


def find_drafts(tasks: list[TaskRow]) -> list[TaskRow]:
    """Orders whose demand nobody has described yet: they are no orders so far, only tasks."""
    return [task for task in tasks if task.element.form_key == DEMAND_FORM]
