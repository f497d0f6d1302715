"""The addresses of work tasks on the market."""

from flask import Blueprint

from engine.runtime.engine import Engine
from web.market.tasks.listing import TaskLists
from web.market.tasks.looks import (
    ENGAGEMENT_LOOKS,
    ENGAGEMENT_STEPS,
    SIGN_UP_LOOKS,
    TASK_LOOKS,
    TASK_STEPS,
    engagement_step,
    task_step,
)
from web.market.tasks.page import TaskPages
from web.market.tasks.requests import TaskRequests

BOTH = ("GET", "POST")
HELPERS = {
    "task_looks": TASK_LOOKS,
    "engagement_looks": ENGAGEMENT_LOOKS,
    "sign_up_looks": SIGN_UP_LOOKS,
    "task_steps": TASK_STEPS,
    "engagement_steps": ENGAGEMENT_STEPS,
    "task_step": task_step,
    "engagement_step": engagement_step,
}


def add_task_rules(blueprint: Blueprint, engine: Engine) -> None:
    """Adds the pages of work tasks to the blueprint `market`."""
    lists, pages, asked = TaskLists(engine), TaskPages(engine), TaskRequests(engine)
    one, engagement = "/tasks/<task_id>", "/tasks/<task_id>/engagements/<worker_id>"
    blueprint.add_url_rule("/market/tasks", "tasks", lists.show_market)
    blueprint.add_url_rule("/work", "own_tasks", lists.show_own)
    blueprint.add_url_rule("/work/new", "open_task", lists.open_task, methods=BOTH)
    blueprint.add_url_rule(f"/market{one}", "task", pages.show_task)
    blueprint.add_url_rule(f"/market{one}/attachments/<file_id>", "task_attachment", pages.show_attachment)
    blueprint.add_url_rule(f"/market{one}/apply", "apply", pages.apply, methods=("POST",))
    blueprint.add_url_rule(f"/market{one}/withdraw", "withdraw", pages.withdraw, methods=("POST",))
    blueprint.add_url_rule(f"/market{one}/offer", "revise_offer", asked.revise_offer, methods=BOTH)
    blueprint.add_url_rule(f"/market{one}/improve", "improve_task", asked.improve_task, methods=BOTH)
    blueprint.add_url_rule(f"/market{one}/cancel", "cancel_task", asked.cancel_task, methods=BOTH)
    blueprint.add_url_rule(f"/market{engagement}", "engagement", pages.show_engagement)
    blueprint.add_url_rule(f"/market{engagement}/cancel", "cancel_engagement", asked.cancel_engagement, methods=BOTH)
    blueprint.add_url_rule(f"/market{engagement}/dispute", "dispute_engagement", asked.dispute_engagement, methods=BOTH)
