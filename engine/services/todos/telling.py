"""How those concerned are told of an item: the item itself, with signed links to act on it."""

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from engine.definitions.registry import Outbox
from engine.services.notifications import telling
from engine.services.notifications.channels.port import CHANNELS, MAIL
from engine.services.notifications.telling import Notice
from engine.services.todos.content import COMPLETE
from engine.services.todos.links import sign_action
from engine.storage.clock import format_instant
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict

ARRIVED, REMINDER, OVERDUE = "todo_arrived", "todo_reminder", "todo_overdue"
TO_ACT = frozenset({ARRIVED, REMINDER, OVERDUE, "todo_changed", "todo_transferred"})
MOST_URGENT = 1


def subject_of(handling_id: str) -> str:
    """What notifications of a handling are about."""
    return f"todo:{handling_id}"


def make_notice(
    keys: KeyRing,
    now: datetime,
    handling: RowMapping,
    item: RowMapping,
    template: str,
    recipients: Collection[str],
    occasion: str,
    *,
    channels: Collection[str] = CHANNELS,
    actions: Collection[str] = (COMPLETE,),
    **more: Plain,
) -> Notice:
    """A notice of a handling, with the item itself. `occasion` tells one such notice from the next."""
    content: PlainDict = item["content"]
    due_at = handling["due_at"]
    facts: PlainDict = {
        "title": f"{handling['number']} {content['title']}",
        "body": content["body"],
        "priority": content["priority"],
        "due_at": format_instant(due_at) if due_at else "",
        **more,
    }
    allowed = [*actions] if template in TO_ACT else []
    if COMPLETE in allowed and (COMPLETE not in _list(content["allowed"]) or content["needs_check"]):
        allowed.remove(COMPLETE)  # what is checked afterwards is not done by a single press

    def sign(user_id: str) -> list[Plain]:
        return [{"key": one, "path": sign_action(keys, now, str(handling["id"]), user_id, one)} for one in allowed]

    return Notice(
        key=f"{handling['id']}:{template}:{occasion}",
        template=template,
        facts=facts,
        subject=subject_of(str(handling["id"])),
        path=f"/todos/handlings/{handling['id']}",
        recipients=recipients,
        channels=channels,
        is_urgent=content["priority"] == MOST_URGENT,
        fallback=MAIL if template in TO_ACT else None,
        actions=sign,
    )


def tell(outbox: Outbox, zone: ZoneInfo, *notices: Notice) -> int:
    """See `notifications.telling.tell`."""
    return telling.tell(outbox, zone, notices)


def _list(value: Plain) -> list[Plain]:
    return value if isinstance(value, list) else []
