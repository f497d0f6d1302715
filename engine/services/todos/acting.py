"""What a signed link does when its button is pressed: the task of this very person, as if he had opened it himself."""

from dataclasses import dataclass

from sqlalchemy import RowMapping
from werkzeug.datastructures import MultiDict

from engine.commands.tasks import complete_task
from engine.queries.inbox import find_tasks_of_case
from engine.runtime.engine import Engine
from engine.services.identity.people import list_memberships
from engine.services.todos.links import Link
from engine.services.todos.people import HANDLER, list_names
from engine.services.todos.states import fetch_handling, fetch_item
from engine.storage.actor import PLATFORM, Actor

READY, DONE, EXPIRED, GONE = "ready", "done", "expired", "gone"
TASKS = {
    "complete": ("handle", {"action": "complete", "result": "done"}),
    "accept": ("accept_transfer", {"answer": "accept"}),
    "decline": ("accept_transfer", {"answer": "decline", "decline_reason": "通过消息拒绝 / Declined from a message"}),
}
"""The task each action completes, and with what."""


@dataclass(frozen=True)
class Page:
    """What somebody who follows a link is shown. `outcome`: ready (the button acts), done (it was handled: by whom and
    how), expired (he is asked to sign in), gone (withdrawn, or no longer his).
    """

    outcome: str
    handling: RowMapping
    item: RowMapping
    by: str = ""


def look(engine: Engine, link: Link) -> Page:
    """How the item of a link stands. Reads only."""
    with engine.database.read() as connection:
        handling = fetch_handling(connection, link.handling_id)
        item = fetch_item(connection, handling["item_id"])
        by = list_names(connection, [handling["handled_by"]]) if handling["handled_by"] else ""
    if handling["result"] is not None and handling["state"] not in ("sent", "withdrawn"):
        return Page(DONE, handling, item, by)
    if link.expires_at <= engine.clock():
        return Page(EXPIRED, handling, item)
    is_open = _find_task(engine, link) is not None
    return Page(READY if is_open else GONE, handling, item, by)


def act(engine: Engine, link: Link) -> Page:
    """Does what the link says, once; pressed again it gives what came of it. Raises FormRejected, TaskTaken."""
    page = look(engine, link)
    if page.outcome != READY:
        return page
    found = _find_task(engine, link)
    if found is not None:
        actor, task_id = found
        _, values = TASKS[link.action]
        complete_task(engine, actor, task_id, link.nonce, MultiDict(values))
    page = look(engine, link)
    return Page(DONE, page.handling, page.item, page.by)


def _find_task(engine: Engine, link: Link) -> tuple[Actor, str] | None:
    """The open task the link is for, and its person acting as a handler, if he still may."""
    element, _ = TASKS.get(link.action, ("", {}))
    with engine.database.read() as connection:
        instance_id = fetch_handling(connection, link.handling_id)["instance_id"]
        roles = [one for one in list_memberships(connection, link.user_id) if one.party_id == PLATFORM]
        actor = next((one.act_as(link.user_id) for one in roles if one.role == HANDLER), None)
        if actor is None or instance_id is None:
            return None
        task_id = find_tasks_of_case(connection, actor, instance_id).get(element)
    return (actor, task_id) if task_id else None
