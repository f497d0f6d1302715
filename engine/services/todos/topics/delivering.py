"""Topics that bring an item to its handlers and take it back: planned, delivered, refreshed, closed everywhere."""

from datetime import datetime
from typing import cast

from sqlalchemy import RowMapping, insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.records.worklist import move_due
from engine.services.notifications.telling import plan_job, withdraw
from engine.services.todos import states
from engine.services.todos.callbacks import plan_callback
from engine.services.todos.people import list_names, with_substitutes
from engine.services.todos.planning import plan_escalation, plan_reminders, read_quiet, shift
from engine.services.todos.reminding import CANCELLED, PLANNED, REMIND
from engine.services.todos.states import fetch_handling, fetch_item
from engine.services.todos.tables import todo_reminder, todo_transfer
from engine.services.todos.telling import ARRIVED, make_notice, subject_of, tell
from engine.storage.clock import format_instant, parse_instant
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict

HANDLE = "handle"


def fetch_both(call: TopicCall, handling_id: str) -> tuple[RowMapping, RowMapping]:
    """The handling and its item."""
    handling = fetch_handling(call.connection, handling_id)
    return handling, fetch_item(call.connection, handling["item_id"])


def replan(call: TopicCall, handling: RowMapping, item: RowMapping, *, moves_due: bool) -> PlainDict:
    """Plans all that is still to come anew; with `moves_due` the due time follows from the item as it is now."""
    content = cast(PlainDict, item["content"])
    due_at = _find_due(call, handling, content) if moves_due else handling["due_at"]
    states.write(call.connection, handling["id"], due_at=due_at, item_version=item["version"])
    cancel_reminders(call, handling["id"])
    rule = call.decide("reminder_rule_default", {"rule": content["reminder_rule"]})
    steps = call.decide("escalation_rule", {"priority": content["priority"]})
    planned = [
        *plan_reminders(rule.rows, call.calendar, handling["activated_at"], due_at, read_quiet(call.policy)),
        *(one for one in plan_escalation(steps.rows, call.calendar, due_at) if one.level > handling["level"]),
    ]
    rows = [
        {
            "id": new_id(),
            "handling_id": handling["id"],
            "template": one.template,
            "channels": [*one.channels],
            "only_if": one.only_if,
            "level": one.level,
            "due_at": one.at,
            "state": PLANNED,
        }
        for one in planned
        if one.at > call.now or one.level
    ]
    if rows:
        call.connection.execute(insert(todo_reminder), rows)
    for at in {max(row["due_at"], call.now) for row in rows}:
        plan_job(call, REMIND, {}, at)
    call.note("reminders_planned", times=[format_instant(row["due_at"]) for row in rows])
    move_due(call.connection, call.instance_id, HANDLE, due_at)
    return {"due_at": format_instant(due_at) if due_at else "", "reminder_count": len(rows)}


def say_due(call: TopicCall, handling_id: str) -> PlainDict:
    """The due time as it is now, for the task that opens again."""
    due_at = fetch_handling(call.connection, handling_id)["due_at"]
    return {"due_at": format_instant(due_at) if due_at else ""}


def _find_due(call: TopicCall, handling: RowMapping, content: PlainDict) -> datetime | None:
    if content["due_at"]:
        return parse_instant(str(content["due_at"]))
    if content["due_rule"]:
        return shift(call.calendar, handling["activated_at"], str(content["due_rule"]))
    return None


def cancel_reminders(call: TopicCall, handling_id: str) -> None:
    """Nothing that was planned comes any more."""
    is_planned = (todo_reminder.c.handling_id == handling_id) & (todo_reminder.c.state == PLANNED)
    call.connection.execute(update(todo_reminder).where(is_planned).values(state=CANCELLED))


@topic("plan_reminders")
def plan_all(call: TopicCall, *, handling_id: str) -> PlainDict:
    """Works out when the handlers of an item are reminded and when it escalates, by its rules, the calendar and quiet
    hours.

    Returns: due_at (an instant; empty without), reminder_count.
    """
    handling, item = fetch_both(call, handling_id)
    states.write(call.connection, handling_id, instance_id=call.instance_id)
    call.describe(item["title"], item["title"], number=handling["number"])
    return replan(call, handling, item, moves_due=handling["due_at"] is None)


@topic("deliver_item")
def deliver_item(call: TopicCall, *, handling_id: str) -> PlainDict:
    """Sends the item itself with its reminder to the handlers, and to whoever stands in for them.

    Returns: told_count.
    """
    handling, item = fetch_both(call, handling_id)
    people = with_substitutes(call.connection, handling["handlers"], call.now)
    notice = make_notice(call.keys, call.now, handling, item, ARRIVED, people, call.task_id)
    plan_callback(call, handling, item, "sent")
    return {"told_count": tell(call, call.calendar.zone, notice)}


@topic("refresh_item")
def refresh_item(call: TopicCall, *, handling_id: str) -> PlainDict:
    """Shows the handlers the item as it was changed; a due time that moved is planned anew.

    Returns: due_at, reminder_count.
    """
    handling, item = fetch_both(call, handling_id)
    planned = replan(call, handling, item, moves_due=True)
    people = with_substitutes(call.connection, handling["handlers"], call.now)
    withdraw(call.connection, call.now, subject_of(handling_id))
    handling = fetch_handling(call.connection, handling_id)
    notice = make_notice(call.keys, call.now, handling, item, "todo_changed", people, f"v{item['version']}")
    tell(call, call.calendar.zone, notice)
    return planned


@topic("retract_item")
def retract_item(call: TopicCall, *, handling_id: str, reason: str) -> PlainDict:
    """Takes an item back everywhere: lists, messages under way, reminders, open links; whom a message has reached is
    told that there is nothing to do any more.

    Returns: nothing.
    """
    handling, item = fetch_both(call, handling_id)
    states.close(call.connection, handling_id, states.WITHDRAWN, call.now)
    cancel_reminders(call, handling_id)
    reached = withdraw(call.connection, call.now, subject_of(handling_id))
    notice = make_notice(
        *(call.keys, call.now, handling, item, "todo_withdrawn", reached, "withdrawn"), reason=reason or "–"
    )
    tell(call, call.calendar.zone, notice)
    plan_callback(call, handling, item, states.WITHDRAWN)
    return {}


@topic("close_everywhere")
def close_everywhere(call: TopicCall, *, handling_id: str, outcome: str) -> PlainDict:
    """Closes a handled item everywhere: its notifications go, nothing planned comes any more, the system it is from is
    told, and whoever transferred it and wanted to stay informed.

    `outcome`: done or handled (by its exception). Returns: nothing.
    """
    handling, item = fetch_both(call, handling_id)
    states.close(call.connection, handling_id, outcome, call.now)
    cancel_reminders(call, handling_id)
    withdraw(call.connection, call.now, subject_of(handling_id))
    query = select(todo_transfer.c.from_id).where(
        todo_transfer.c.handling_id == handling_id,
        todo_transfer.c.is_kept_informed == 1,
        todo_transfer.c.state.in_(("accepted", "silent")),
    )
    informed = {*call.connection.execute(query).scalars()} - {call.actor.user_id}
    by_name = list_names(call.connection, [handling["handled_by"] or call.actor.user_id])
    notice = make_notice(*(call.keys, call.now, handling, item, "todo_done", sorted(informed), "done"), by_name=by_name)
    tell(call, call.calendar.zone, notice)
    plan_callback(call, handling, item, outcome)
    return {}
