"""Items begin: an occurrence has a handling for each of its handlers, or one for all, and each begins a case."""

from datetime import datetime
from typing import Any, cast

from dateutil.rrule import rrulestr
from sqlalchemy import RowMapping, insert, select, update

from engine.definitions.registry import JobDone, JobRun, Outbox, job_handler
from engine.services.job_engine import engine_of
from engine.services.todos.states import SENT, fetch_item
from engine.services.todos.tables import todo_handling, todo_item
from engine.storage.clock import parse_instant
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

ACTIVATE, ACTIVATED = "todo.activate", "todo.activated"
ACTIVE = "active"


def plan_activation(outbox: Outbox, item: RowMapping | dict[str, Any], due_at: datetime | None = None) -> None:
    """The next occurrence begins at its time, or at once."""
    content = cast(PlainDict, item["content"])
    starts_at = parse_instant(str(content["active_from"])) if content["active_from"] else outbox.now
    number = cast(int, item["occurrences"]) + 1
    payload: PlainDict = {"item": item["id"], "version": item["version"], "occurrence": number}
    key = f"{ACTIVATE}:{item['id']}:{item['version']}:{number}"
    outbox.enqueue(ACTIVATE, payload, max(due_at or starts_at, outbox.now), key=key)


@job_handler(ACTIVATE)
def find_next(run: JobRun) -> Plain:
    """When the occurrence after this one begins, if there is one, on the wall clock of the platform."""
    engine = engine_of(run)
    with engine.database.read() as connection:
        item = fetch_item(connection, str(run.payload["item"]))
    rule, content = str(item["content"]["recurrence"]), item["content"]
    if not rule:
        return None
    start = parse_instant(str(content["active_from"])) if content["active_from"] else item["created_at"]
    local = start.astimezone(engine.zone).replace(tzinfo=None)
    after = run.now.astimezone(engine.zone).replace(tzinfo=None)
    found = rrulestr(rule, dtstart=local, forceset=True, ignoretz=True).after(after)
    return found.replace(tzinfo=engine.zone).isoformat() if found else None


@find_next.finish
def activate(done: JobDone, result: Plain) -> None:
    """Begins the handlings of an occurrence; nothing, where the item has changed since this was planned."""
    item = fetch_item(done.connection, str(done.payload["item"]))
    planned = (done.payload["version"], done.payload["occurrence"])
    if item["state"] != ACTIVE or (item["version"], item["occurrences"] + 1) != planned:
        return
    number = item["occurrences"] + 1
    done.connection.execute(update(todo_item).where(todo_item.c.id == item["id"]).values(occurrences=number))
    for handlers in _share_out(item["content"], number):
        _begin(done, item, number, handlers)
    if isinstance(result, str):
        plan_activation(done, {**item, "occurrences": number}, parse_instant(result))


def _share_out(content: PlainDict, number: int) -> list[list[str]]:
    """Who does an occurrence: each one of his own, any of them, or one after the other in turn."""
    handlers = cast(list[str], content["handlers"])
    if content["assignment"] == "each":
        return [[one] for one in handlers]
    return [handlers] if content["assignment"] == "any" else [[handlers[(number - 1) % len(handlers)]]]


def _begin(outbox: Outbox, item: RowMapping, number: int, handlers: list[str]) -> None:
    same = select(todo_handling.c.id).where(todo_handling.c.item_id == item["id"])
    place = len(outbox.connection.execute(same).all()) + 1
    handling_id = new_id()
    row = {
        "id": handling_id,
        "item_id": item["id"],
        "occurrence": number,
        "number": f"{item['number']}-{place}",
        "item_version": item["version"],
        "state": SENT,
        "handlers": handlers,
        "chain": handlers if len(handlers) == 1 else [],
        "level": 0,
        "activated_at": outbox.now,
    }
    outbox.connection.execute(insert(todo_handling).values(row))
    outbox.publish(ACTIVATED, handling_id, {"handling_id": handling_id, "item_id": item["id"]})
