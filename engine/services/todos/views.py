"""What the forms of the to-do items show beside process data."""

from typing import cast

from sqlalchemy import select

from engine.definitions.registry import ViewCall, view
from engine.services.todos.content import FIELDS, differences
from engine.services.todos.events import EVENTS, name_event
from engine.services.todos.people import describe_rows, list_handlers, list_names
from engine.services.todos.showing import NOTES, show_value
from engine.services.todos.states import fetch_handling, fetch_item
from engine.services.todos.tables import todo_change, todo_exception, todo_transfer
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict

_SHOWN = ("item_class", "priority", "business_link", "attachments")


@view("todo_item", needs=["handling_id"])
def show_item(call: ViewCall) -> Plain:
    """The item of a handling as it is now, its due time and who had it before."""
    handling = fetch_handling(call.connection, str(call.data["handling_id"]))
    item = fetch_item(call.connection, handling["item_id"])
    content: PlainDict = item["content"]
    rows: list[Plain] = [
        _fact("编号", "Number", "number", handling["number"]),
        _fact("标题", "Title", "title", content["title"]),
        _fact("事项内容", "The item itself", "body", content["body"]),
        *([_fact("截止时间", "Due", "due_at", format_instant(handling["due_at"]))] if handling["due_at"] else []),
        *(
            _fact(*FIELDS[name], name, show_value(call.connection, name, content[name]))
            for name in _SHOWN
            if content[name] not in ("", [], None)
        ),
        _fact("版本", "Version", "version", item["version"]),
    ]
    for one in call.connection.execute(
        select(todo_transfer).where(todo_transfer.c.handling_id == handling["id"]).order_by(todo_transfer.c.id)
    ):
        people = list_names(call.connection, [one.from_id]) + " → " + list_names(call.connection, [one.to_id])
        rows.append(_fact("流转", "Transfer", "transfer", f"{people}: {one.reason}"))
    if result := handling["result"]:
        said = f"{list_names(call.connection, [handling['handled_by']])}: {result['result']} {result['comment']}"
        rows.append(_fact("处理结果", "Result", "result", said.strip()))
    return rows


@view("todo_notes")
def list_notes(call: ViewCall) -> Plain:
    """What whoever fills the form in must know first: why it came back, what is wrong; nothing where all is well."""
    codes = [call.data.get("refusal"), *cast(list[Plain], call.data.get("problems") or [])]
    rows: list[Plain] = [
        _fact("提示", "Note", "note", dict(zip(("zh", "en"), NOTES[str(one)], strict=True))) for one in codes if one
    ]
    if remark := call.data.get("review_note"):
        rows.append(_fact("复核人说明", "The reviewer says", "remark", remark))
    return rows


@view("todo_conflict")
def show_conflict(call: ViewCall) -> Plain:
    """Where a change differs from the item as somebody else has changed it meanwhile; nothing where nobody has."""
    if not call.data.get("is_changed"):
        return None
    difference = show_difference(call)
    return difference["rows"] if isinstance(difference, dict) else None


@view("todo_exception", needs=["exception_id"])
def show_exception(call: ViewCall) -> Plain:
    """The exception of a handling that is open."""
    is_this = todo_exception.c.id == str(call.data["exception_id"])
    row = call.connection.execute(select(todo_exception).where(is_this)).mappings().one()
    event_zh, event_en = name_event(row["event_type"])
    return [
        _fact("事件类型", "Event type", "event_type", {"zh": event_zh, "en": event_en}),
        _fact("严重程度", "Severity", "severity", row["severity"]),
        _fact("发生时间", "Occurred", "occurred_at", format_instant(row["occurred_at"])),
        _fact("情况说明", "What happened", "description", row["description"]),
        _fact("建议措施", "Proposed", "proposed_action", row["proposed_action"] or "–"),
        _fact("备案人", "Filed by", "filed_by", list_names(call.connection, [row["filed_by"]])),
    ]


@view("todo_difference")
def show_difference(call: ViewCall) -> Plain:
    """Before and after of every field a change touches, against the item as it is now."""
    row = call.connection.execute(select(todo_change).where(todo_change.c.id == call.instance_id)).mappings().one()
    item = fetch_item(call.connection, row["item_id"])
    before: PlainDict = item["content"] if item["version"] else {}
    rows: list[Plain] = [
        {
            "name": name,
            "zh": FIELDS[name][0],
            "en": FIELDS[name][1],
            "before": show_value(call.connection, name, old),
            "after": show_value(call.connection, name, new),
        }
        for name, old, new in differences(before, row["content"])
    ]
    return {"kind": row["kind"], "rows": rows, "version": item["version"]}


@view("todo_handler_choices")
def list_choices(call: ViewCall) -> Plain:
    """Everybody who may be given items."""
    return describe_rows(call.connection, list_handlers(call.connection), call.language)


@view("todo_transfer_targets", needs=["handling_id"])
def list_targets(call: ViewCall) -> Plain:
    """To whom the reader may transfer: every other handler but the one who has it now."""
    handling = fetch_handling(call.connection, str(call.data["handling_id"]))
    holders = {call.actor.user_id, *cast(list[str], handling["handlers"])}
    others = [one for one in list_handlers(call.connection) if one not in holders]
    return describe_rows(call.connection, others, call.language)


@view("todo_event_choices", needs=["handling_id"])
def list_events(call: ViewCall) -> Plain:
    """The kinds of events one may file for this item; all of them where it names none."""
    handling = fetch_handling(call.connection, str(call.data["handling_id"]))
    wanted = fetch_item(call.connection, handling["item_id"])["content"]["event_types"] or [*EVENTS]
    place = 0 if call.language == "zh" else 1
    return [{"id": one, "name": name_event(one)[place]} for one in wanted]


def _fact(zh: str, en: str, name: str, value: Plain) -> PlainDict:
    return {"zh": zh, "en": en, "name": name, "value": value}
