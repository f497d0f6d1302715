"""Topics of the maintenance of items (B.11): one change at a time, checked, approved by a second person, applied."""

from typing import cast

from sqlalchemy import RowMapping, insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.services.notifications.telling import Notice, tell
from engine.services.todos.activating import ACTIVE, plan_activation
from engine.services.todos.content import FIELDS, find_problems, make_content
from engine.services.todos.people import list_handlers
from engine.services.todos.states import fetch_item
from engine.services.todos.tables import todo_change, todo_handling, todo_item, todo_version
from engine.services.todos.topics.supervising import HANDLER_CHANGED
from engine.storage.plain import Plain, PlainDict

ADD, MODIFY, HANDLERS, DELETE = "add", "modify", "handlers", "delete"
DRAFT, IN_REVIEW, APPLIED, REJECTED, DROPPED = "draft", "in_review", "applied", "rejected", "dropped"
ITEM_CHANGED, ITEM_WITHDRAWN = "item.changed", "item.withdrawn"


def _fetch_change(call: TopicCall) -> RowMapping:
    return call.connection.execute(select(todo_change).where(todo_change.c.id == call.instance_id)).mappings().one()


@topic("open_todo_change")
def open_change(call: TopicCall, *, item_id: str) -> PlainDict:
    """Begins with the item as it is now: what its form shows.

    Returns: title, body, item_class, priority, active_from, due_at, due_rule, recurrence, handlers, assignment,
    allowed, needs_check, reminder_rule, event_types, business_link, attachments.
    """
    change, item = _fetch_change(call), fetch_item(call.connection, item_id)
    call.describe(item["title"], item["title"], number=item["number"])
    content = cast(PlainDict, change["content"])
    shown: PlainDict = {**content, "priority": str(content["priority"])}
    shown["handlers"] = [{"id": one, "note": ""} for one in cast(list[str], content["handlers"])]
    return {name: shown[name] for name in FIELDS}


@topic("check_todo_change", reads=["edit_item", "edit_handlers", "confirm_delete"])
def check_change(call: TopicCall, *, item_id: str, is_filled: bool = False) -> PlainDict:
    """Checks a change as it was filled in, and whether the item was changed by somebody else meanwhile.

    Reads the forms of edit_item, edit_handlers and confirm_delete. Returns: problems (codes, empty if there are none),
    item_class, is_trusted (whether it comes from another system).
    """
    change, item = _fetch_change(call), fetch_item(call.connection, item_id)
    content = cast(PlainDict, change["content"])
    if not is_filled:
        content = make_content(_read_form(call, str(change["kind"])), content)
    if change["kind"] == DELETE:
        problems: list[str] = []
    else:
        problems = find_problems(content, list_handlers(call.connection), call.now)
    values = {"content": content, "base_version": item["version"], "state": DRAFT if problems else IN_REVIEW}
    call.connection.execute(update(todo_change).where(todo_change.c.id == call.instance_id).values(values))
    call.describe(str(content["title"]), str(content["title"]), number=item["number"])
    return {
        "problems": [*problems],
        "item_class": content["item_class"],
        "is_trusted": bool(item["source_id"]) and is_filled,
    }


def _read_form(call: TopicCall, kind: str) -> PlainDict:
    form = call.values_of({HANDLERS: "edit_handlers", DELETE: "confirm_delete"}.get(kind, "edit_item"))
    if kind in (ADD, MODIFY):  # a field that was emptied is empty, not as before
        return {name: form.get(name) or "" for name in ("active_from", "due_at", "due_rule", "recurrence")} | form
    return form


@topic("check_todo_version")
def check_version(call: TopicCall, *, item_id: str) -> PlainDict:
    """Whether the item was changed while this change waited, to something else than this.

    Returns: is_changed.
    """
    change, item = _fetch_change(call), fetch_item(call.connection, item_id)
    return {"is_changed": change["base_version"] != item["version"] and change["content"] != item["content"]}


@topic("apply_todo_change")
def apply_change(call: TopicCall, *, item_id: str) -> PlainDict:
    """Makes a change effective: a new version of the item, and its first or next occurrence where it begins anew.

    Returns: version, running (how many handlings are under way).
    """
    change, item = _fetch_change(call), fetch_item(call.connection, item_id)
    content, version = cast(PlainDict, change["content"]), int(item["version"]) + 1
    is_deleted = change["kind"] == DELETE
    values = {
        "version": version,
        "state": "deleted" if is_deleted else ACTIVE,
        "title": content["title"],
        "content": content,
        "updated_at": call.now,
    }
    call.connection.execute(update(todo_item).where(todo_item.c.id == item_id).values(values))
    reviewer = call.actor.user_id if call.actor.user_id != change["maker_id"] else None
    row = {"item_id": item_id, "version": version, "kind": change["kind"], "content": content, "at": call.now}
    row |= {"maker_id": change["maker_id"], "reviewer_id": reviewer}
    call.connection.execute(insert(todo_version).values(row))
    _end(call, APPLIED)
    fresh = {**item, **values}
    running = _find_running(call, item_id)
    begins_again = str(content["recurrence"]) != str(item["content"]["recurrence"])
    if not is_deleted and (not item["occurrences"] or content["recurrence"] or begins_again):
        plan_activation(call, fresh)
    call.note("todo_version", item_id=item_id, version=version, change=str(change["kind"]))
    return {"version": version, "running": len(running)}


@topic("tell_handlings", reads=["confirm_delete"])
def tell_handlings(call: TopicCall, *, item_id: str) -> PlainDict:
    """Tells every handling of the item that is under way what has changed: the item, its handlers, or that it is gone.

    Returns: nothing.
    """
    change, item = _fetch_change(call), fetch_item(call.connection, item_id)
    before = select(todo_version.c.content).where(
        todo_version.c.item_id == item_id, todo_version.c.version == item["version"] - 1
    )
    old = cast(PlainDict, call.connection.execute(before).scalar_one())
    handlers = cast(list[str], item["content"]["handlers"])
    for handling_id in _find_running(call, item_id):
        if change["kind"] == DELETE:
            reason = str(call.values_of("confirm_delete").get("delete_reason") or "")
            call.publish(ITEM_WITHDRAWN, handling_id, {"reason": reason})
        elif handlers != old["handlers"] and item["content"]["assignment"] != "each":
            target: list[Plain] = [*handlers] if item["content"]["assignment"] == "any" else [handlers[0]]
            call.publish(HANDLER_CHANGED, handling_id, {"handlers": target})
        if change["kind"] != DELETE and {**old, "handlers": handlers} != item["content"]:
            call.publish(ITEM_CHANGED, handling_id, {"version": item["version"]})
    return {}


def _find_running(call: TopicCall, item_id: str) -> list[str]:
    query = select(todo_handling.c.id).where(todo_handling.c.item_id == item_id, todo_handling.c.closed_at.is_(None))
    return list(call.connection.execute(query.order_by(todo_handling.c.id)).scalars())


@topic("return_todo_change", reads=["four_eyes"])
def return_change(call: TopicCall, *, item_id: str) -> PlainDict:
    """Gives a change back to its maker, with the reviewer's remark.

    Reads the form of four_eyes. Returns: review_note.
    """
    change, item = _fetch_change(call), fetch_item(call.connection, item_id)
    note = str(call.values_of("four_eyes").get("review_remark") or "–")
    call.connection.execute(update(todo_change).where(todo_change.c.id == call.instance_id).values(state=DRAFT))
    facts: PlainDict = {"title": f"{item['number']} {item['title']}", "note": note}
    told = Notice(
        key=call.key,
        template="todo_change_returned",
        facts=facts,
        subject=f"change:{call.instance_id}",
        path=f"/todos/items/{item_id}",
        recipients=[str(change["maker_id"])],
    )
    tell(call, call.calendar.zone, [told])
    return {"review_note": note}


@topic("drop_todo_change")
def drop_change(call: TopicCall, *, item_id: str, is_rejected: bool) -> PlainDict:
    """Ends a change that does not take effect: rejected, withdrawn, or never finished. The item stays as it was.

    Returns: nothing.
    """
    _end(call, REJECTED if is_rejected else DROPPED)
    item = fetch_item(call.connection, item_id)
    if not item["version"]:  # it was never effective
        call.connection.execute(update(todo_item).where(todo_item.c.id == item_id).values(state="deleted"))
    return {}


def _end(call: TopicCall, state: str) -> None:
    ended = {"state": state, "open_item_id": None, "ended_at": call.now}
    call.connection.execute(update(todo_change).where(todo_change.c.id == call.instance_id).values(ended))
