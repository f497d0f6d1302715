"""Topics of the handler: result, transfer, answer to a transfer, exception."""

from typing import Any, cast

from sqlalchemy import insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.language.errors import BpmnError
from engine.services.notifications.recipients import find_people
from engine.services.notifications.telling import withdraw
from engine.services.todos import states
from engine.services.todos.events import name_event
from engine.services.todos.people import SUPERVISOR, list_handlers, list_names
from engine.services.todos.tables import todo_exception, todo_transfer
from engine.services.todos.telling import make_notice, subject_of, tell
from engine.services.todos.topics.delivering import cancel_reminders, fetch_both, replan, say_due
from engine.storage.clock import parse_instant
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict

OFFERED, ACCEPTED, SILENT, DECLINED = "offered", "accepted", "silent", "declined"
REPAIR_REQUESTED = "repair.requested"


@topic("record_result", reads=["handle"])
def record_result(call: TopicCall, *, handling_id: str) -> PlainDict:
    """Records the first handling result: who, when, what.

    Reads the form of handle. Returns: is_checked (whether a supervisor looks at it before it counts).
    """
    form = call.values_of("handle")
    _, item = fetch_both(call, handling_id)
    is_checked = bool(item["content"]["needs_check"])
    result: PlainDict = {name: form.get(name) or "" for name in ("result", "comment")}
    result["attachments"] = form.get("attachments") or []
    values = {"result": result, "handled_by": call.actor.user_id}
    states.move(call.connection, handling_id, states.CHECK if is_checked else states.SENT, **values)
    call.note("todo_result", handling_id=handling_id, result=result["result"])
    return {"is_checked": is_checked}


@topic("return_result", reads=["check_result"])
def return_result(call: TopicCall, *, handling_id: str) -> PlainDict:
    """Gives a result back to its handler, with the supervisor's remark.

    Reads the form of check_result. Returns: due_at.
    """
    handling, item = fetch_both(call, handling_id)
    states.move(call.connection, handling_id, states.SENT)
    note = str(call.values_of("check_result").get("check_note") or "–")
    people = [handling["handled_by"]]
    notice = make_notice(call.keys, call.now, handling, item, "todo_returned", people, call.task_id, note=note)
    tell(call, call.calendar.zone, notice)
    return say_due(call, handling_id)


@topic("transfer_item", reads=["handle"])
def transfer_item(call: TopicCall, *, handling_id: str) -> PlainDict:
    """Offers the item to another handler, who is sent it with its reminder at once.

    Reads the form of handle. Returns: nothing. Raises BpmnError TRANSFER_REFUSED (refusal) where the target is the
    handler himself, no handler any more, held it twice before, or the chain is too long.
    """
    form = call.values_of("handle")
    handling, item = fetch_both(call, handling_id)
    target, reason = str(form["transfer_to"]), str(form["transfer_reason"])
    if refusal := find_refusal(call, cast(list[str], handling["chain"]), target):
        raise BpmnError("TRANSFER_REFUSED", values={"refusal": refusal})
    row: dict[str, Any] = {
        "id": new_id(),
        "handling_id": handling_id,
        "from_id": call.actor.user_id,
        "to_id": target,
        "reason": reason,
        "is_kept_informed": int(bool(form.get("keep_informed"))),
        "state": OFFERED,
        "note": "",
        "offered_at": call.now,
    }
    call.connection.execute(insert(todo_transfer).values(row))
    states.move(call.connection, handling_id, states.TRANSFER)
    withdraw(call.connection, call.now, subject_of(handling_id))
    notice = make_notice(
        *(call.keys, call.now, handling, item, "todo_transferred", [target], row["id"]),
        actions=("accept", "decline"),
        from_name=list_names(call.connection, [call.actor.user_id]),
        reason=reason,
    )
    tell(call, call.calendar.zone, notice)
    call.note("todo_transfer", handling_id=handling_id, to=target)
    return {}


def find_refusal(call: TopicCall, chain: list[str], target: str) -> str:
    """Why the item may not go to somebody: a code; empty where it may."""
    holders = chain or [call.actor.user_id]
    if target in (call.actor.user_id, holders[-1]):
        return "self"
    if target not in list_handlers(call.connection):
        return "inactive"
    if holders.count(target) >= int(str(call.policy["todo_returns_limit"])) + 1:
        return "returned"
    if len(holders) > int(str(call.policy["todo_transfer_limit"])):
        return "chain"
    return ""


@topic("answer_transfer", reads=["accept_transfer"])
def answer_transfer(call: TopicCall, *, handling_id: str, is_accepted: bool, is_silent: bool = False) -> PlainDict:
    """Writes down whether the new handler takes the item; silence is consent. Due time and reminders stay.

    Reads the form of accept_transfer. Returns: due_at.
    """
    handling, item = fetch_both(call, handling_id)
    is_offered = (todo_transfer.c.handling_id == handling_id) & (todo_transfer.c.state == OFFERED)
    offer = call.connection.execute(select(todo_transfer).where(is_offered)).mappings().one()
    note = "" if is_silent else str(call.values_of("accept_transfer").get("decline_reason") or "")
    state = DECLINED if not is_accepted else SILENT if is_silent else ACCEPTED
    answer = {"state": state, "note": note, "answered_at": call.now}
    call.connection.execute(update(todo_transfer).where(todo_transfer.c.id == offer["id"]).values(answer))
    values = {}
    if is_accepted:
        chain = [*(handling["chain"] or [offer["from_id"]]), offer["to_id"]]
        values = {"handlers": [offer["to_id"]], "chain": chain}
    states.move(call.connection, handling_id, states.SENT, **values)
    withdraw(call.connection, call.now, subject_of(handling_id))
    answer_zh, answer_en = ("已接受", "accepted") if is_accepted else ("被拒绝", "declined")
    notice = make_notice(
        *(call.keys, call.now, handling, item, "todo_transfer_answered", [offer["from_id"]], offer["id"]),
        to_name=list_names(call.connection, [offer["to_id"]]),
        note=note,
        answer_zh=answer_zh,
        answer_en=answer_en,
    )
    tell(call, call.calendar.zone, notice)
    return say_due(call, handling_id)


@topic("file_exception", reads=["handle"])
def file_exception(
    call: TopicCall,
    *,
    handling_id: str,
    owner_group: str,
    severity: str,
    is_paused: bool,
    distribution: str,
) -> PlainDict:
    """Registers an exception by its event type and shares it at once with its owner and all who are to know.

    Reads the form of handle. `distribution`: roles, comma list. Returns: exception_id, shared_with (how many people).
    """
    form = call.values_of("handle")
    handling, item = fetch_both(call, handling_id)
    roles = [one.strip() for one in distribution.split(",") if one.strip()]
    filed_severity = str(form.get("severity") or severity)
    row: dict[str, Any] = {
        "id": new_id(),
        "handling_id": handling_id,
        "event_type": str(form["event_type"]),
        "severity": min(severity, filed_severity),  # P1 is the gravest: filing can raise it, not lower it
        "owner_group": owner_group,
        "distribution": roles,
        "is_paused": int(is_paused),
        "description": str(form["description"]),
        "proposed_action": str(form.get("proposed_action") or ""),
        "occurred_at": parse_instant(str(form["occurred_at"])) if form.get("occurred_at") else call.now,
        "filed_by": call.actor.user_id,
        "filed_at": call.now,
    }
    call.connection.execute(insert(todo_exception).values(row))
    states.move(call.connection, handling_id, states.EXCEPTION)
    if is_paused:
        cancel_reminders(call, handling_id)
    withdraw(call.connection, call.now, subject_of(handling_id))
    event_zh, event_en = name_event(row["event_type"])
    people = find_people(call.connection, [], [owner_group, SUPERVISOR, *roles])
    notice = make_notice(
        *(call.keys, call.now, handling, item, "todo_exception", people, row["id"]),
        severity=row["severity"],
        event_zh=event_zh,
        event_en=event_en,
        description=row["description"],
    )
    told = tell(call, call.calendar.zone, notice)
    call.note("todo_exception", handling_id=handling_id, event_type=row["event_type"], severity=row["severity"])
    return {"exception_id": row["id"], "shared_with": told}


@topic("request_repair")
def request_repair(call: TopicCall, *, handling_id: str, exception_id: str) -> PlainDict:
    """Asks for the repair of what an exception is about; the repair process says `repair.finished` when it is over.

    Returns: source_ref (the number of the handling, the key of that message).
    """
    handling, item = fetch_both(call, handling_id)
    query = select(todo_exception.c.description).where(todo_exception.c.id == exception_id)
    description = str(call.connection.execute(query).scalar_one())
    number = str(handling["number"])
    payload: PlainDict = {"customer": "", "title": item["title"], "description": description}
    call.publish(REPAIR_REQUESTED, "", {**payload, "source": "todo", "source_ref": number})
    return {"source_ref": number}


@topic("close_exception", reads=["resolve_exception"])
def close_exception(call: TopicCall, *, handling_id: str, exception_id: str) -> PlainDict:
    """Closes an exception as its owner decided; all who knew of it and its handler are told.

    Reads the form of resolve_exception. Returns: due_at.
    """
    form = call.values_of("resolve_exception")
    handling, item = fetch_both(call, handling_id)
    is_this = todo_exception.c.id == exception_id
    row = call.connection.execute(select(todo_exception).where(is_this)).mappings().one()
    closed = {"outcome": form["outcome"], "resolution": form["resolution"], "closed_at": call.now}
    call.connection.execute(update(todo_exception).where(is_this).values(closed))
    if form["outcome"] == "resume":
        states.move(call.connection, handling_id, states.SENT)
        replan(call, handling, item, moves_due=False)
    event_zh, event_en = name_event(row["event_type"])
    people = {*find_people(call.connection, [], [row["owner_group"], *row["distribution"]]), row["filed_by"]}
    notice = make_notice(
        *(call.keys, call.now, handling, item, "todo_exception_closed"),
        sorted(people - {call.actor.user_id}),
        exception_id,
        event_zh=event_zh,
        event_en=event_en,
        resolution=str(form["resolution"]),
    )
    tell(call, call.calendar.zone, notice)
    return say_due(call, handling_id)
