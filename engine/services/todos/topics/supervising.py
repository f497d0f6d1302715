"""Topics of escalation: who is told at which level, and what a supervisor does about an overdue item."""

from sqlalchemy import update

from engine.definitions.registry import TopicCall, topic
from engine.services.notifications.recipients import find_people
from engine.services.notifications.telling import withdraw
from engine.services.todos import states
from engine.services.todos.people import list_names, with_substitutes
from engine.services.todos.states import fetch_handling
from engine.services.todos.tables import todo_transfer
from engine.services.todos.telling import OVERDUE, make_notice, subject_of, tell
from engine.services.todos.topics.delivering import fetch_both, replan, say_due
from engine.storage.clock import parse_instant
from engine.storage.plain import PlainDict

HANDLER_CHANGED = "handler.changed"
REASSIGN, EXTEND, TAKE_OVER = "reassign", "extend", "take_over"


@topic("escalate_item")
def escalate_item(call: TopicCall, *, handling_id: str, level: int, groups: list[str]) -> PlainDict:
    """Marks an item as overdue at a level of escalation and tells roles of the platform; at the first level also its
    handlers.

    Returns: told_count.
    """
    handling, item = fetch_both(call, handling_id)
    states.write(call.connection, handling_id, level=max(level, handling["level"]))
    handlers = with_substitutes(call.connection, handling["handlers"], call.now)
    people = find_people(call.connection, [], groups)
    occasion = f"level{level}:{call.task_id}"
    notices = [
        make_notice(
            *(call.keys, call.now, handling, item, "todo_escalated", people, occasion),
            level=level,
            handler_names=list_names(call.connection, handlers),
        )
    ]
    if level == 1:
        notices.append(make_notice(call.keys, call.now, handling, item, OVERDUE, handlers, occasion))
    call.note("todo_escalated", handling_id=handling_id, level=level)
    return {"told_count": tell(call, call.calendar.zone, *notices)}


@topic("decide_overdue_item", reads=["supervisor_action"])
def decide_overdue(call: TopicCall, *, handling_id: str) -> PlainDict:
    """What the supervisor decides of an overdue item: another handler, more time, or he does it himself.

    Reads the form of supervisor_action. Returns: nothing; with a new handler the message handler.changed follows.
    """
    form = call.values_of("supervisor_action")
    decision, reason = str(form["decision"]), str(form["decision_reason"])
    call.note("todo_supervised", handling_id=handling_id, decision=decision, reason=reason)
    if decision == EXTEND:
        states.write(call.connection, handling_id, due_at=parse_instant(str(form["extended_to"])), level=0)
        handling, item = fetch_both(call, handling_id)
        replan(call, handling, item, moves_due=False)
        people = with_substitutes(call.connection, handling["handlers"], call.now)
        tell(
            *(call, call.calendar.zone),
            make_notice(call.keys, call.now, handling, item, "todo_changed", people, call.task_id),
        )
        return {}
    target = call.actor.user_id if decision == TAKE_OVER else str(form["reassign_to"])
    call.publish(HANDLER_CHANGED, handling_id, {"handlers": [target]})
    return {}


@topic("change_handlers")
def change_handlers(call: TopicCall, *, handling_id: str, handlers: list[str]) -> PlainDict:
    """Gives an item to other handlers; an offer of a transfer that is still open is void. With no handlers it stays
    with those who have it: their substitutes may have changed.

    Returns: due_at.
    """
    handling = fetch_handling(call.connection, handling_id)
    fresh = handlers or handling["handlers"]
    open_offer = (todo_transfer.c.handling_id == handling_id) & (todo_transfer.c.state == "offered")
    call.connection.execute(update(todo_transfer).where(open_offer).values(state="declined", answered_at=call.now))
    chain = [*handling["chain"], *fresh] if handlers and len(fresh) == 1 else handling["chain"]
    values = {"handlers": fresh, "chain": chain, "level": 0 if handlers else handling["level"]}
    states.move(call.connection, handling_id, states.SENT, **values)
    withdraw(call.connection, call.now, subject_of(handling_id))
    return say_due(call, handling_id)
