"""A crowd of handlers who are all reminded in the same minute."""

from datetime import datetime, time
from typing import Any

from sqlalchemy import insert

from engine.records.jobs import enqueue
from engine.runtime.engine import Engine
from engine.services.notifications.hours import Hours
from engine.services.notifications.preferences import Address, Preferences, save_preferences
from engine.services.todos.content import make_content
from engine.services.todos.reminding import REMIND
from engine.services.todos.tables import todo_handling, todo_item, todo_reminder
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.tables import party, user

ALWAYS = Hours(time(0), time(0))


def gather_crowd(engine: Engine, reminders: int, handlers: int, due_at: datetime) -> None:
    """Handlers with mail addresses who are told at any hour, and for each reminder an open handling."""
    people = [f"handler{number}" for number in range(handlers)]

    def work(unit: UnitOfWork) -> None:
        now = unit.now
        standing = {"is_certified": 0, "has_agreement": 0, "is_suspended": 0, "created_at": now}
        parties = [{"id": one, "kind": "person", "name_zh": one, "name_en": one, **standing} for one in people]
        account = {"password_hash": "-", "is_disabled": 0, "created_at": now}
        unit.connection.execute(insert(party), parties)
        unit.connection.execute(insert(user), [{"id": one, "login": one, **account} for one in people])
        item = _describe_item(people, reminders, now)
        unit.connection.execute(insert(todo_item), item)
        handlings = [_describe_handling(item, number, people[number % handlers], now) for number in range(reminders)]
        unit.connection.execute(insert(todo_handling), handlings)
        rest = {"template": "todo_reminder", "channels": ["mail"], "only_if": "open", "level": 0, "state": "planned"}
        rows = [{"id": new_id(), "handling_id": one["id"], "due_at": due_at, **rest} for one in handlings]
        unit.connection.execute(insert(todo_reminder), rows)
        enqueue(unit.connection, now, REMIND, {}, due_at, key=REMIND)

    engine.database.transact(work)
    for one in people:
        chosen = Preferences({"mail": Address(f"{one}@example.org")}, ALWAYS)
        save_preferences(engine, Actor(one, one, "individual"), chosen)


def _describe_item(people: list[str], occurrences: int, now: datetime) -> dict[str, Any]:
    content = make_content({"title": "每日核对", "body": "核对前一日流水。", "handlers": [*people], "due_rule": "P9D"})
    item: dict[str, Any] = {"id": new_id(), "number": "TD-1", "source_id": "", "external_id": new_id(), "version": 1}
    item |= {"state": "active", "title": content["title"], "content": content, "occurrences": occurrences}
    return item | {"created_by": "boss", "created_at": now, "updated_at": now}


def _describe_handling(item: dict[str, Any], number: int, handler: str, now: datetime) -> dict[str, Any]:
    row = {"id": new_id(), "item_id": item["id"], "occurrence": number, "number": f"TD-1-{number}", "item_version": 1}
    return row | {"state": "sent", "handlers": [handler], "chain": [], "level": 0, "activated_at": now}
