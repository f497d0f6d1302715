"""What people are told of express tasks. The path of a worker's notice is the link of his line."""

from collections.abc import Mapping
from typing import Any

from engine.definitions.registry import TopicCall
from engine.services.express.links import make_path
from engine.services.express.states import fetch_task
from engine.services.notifications.telling import Notice, tell
from engine.storage.clock import format_instant


def tell_worker(call: TopicCall, line: Mapping[Any, Any], template: str) -> None:
    """Tells the person of a line, once for each call."""
    task = fetch_task(call.connection, line["task_id"])
    notice = Notice(
        key=f"{call.key}:{template}",
        template=template,
        facts={"title": task["title"], "confirm_by_at": format_instant(task["confirm_by"])},
        subject=f"case:{call.instance_id}",
        path=make_path(call.keys, line["id"], line["version"]),
        recipients=[line["worker_id"]],
    )
    tell(call, call.calendar.zone, [notice])
