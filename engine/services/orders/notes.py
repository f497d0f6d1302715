"""What the topics of an order have in common: instants of its policy, its state with a note of it, its deadlines."""

from datetime import datetime

from sqlalchemy import update

from engine.definitions.registry import TopicCall
from engine.language.specs.durations import add_duration, parse_duration
from engine.services.orders import states
from engine.services.orders.tables import hire_order
from engine.storage.clock import format_instant
from engine.storage.plain import PlainDict


def later(call: TopicCall, policy_key: str, start: datetime | None = None) -> datetime:
    """The instant a duration of the pinned policy after `start` (now)."""
    return add_duration(start or call.now, parse_duration(str(call.policy[policy_key])), call.calendar.zone)


def note_state(call: TopicCall, order_id: str, state: str, **values: object) -> None:
    """Moves an order into a state and says so in the history."""
    states.move(call.connection, order_id, state, call.now, **values)
    call.note("order_state", order_id=order_id, state=state)


def set_deadlines(call: TopicCall, order_id: str, start_by: datetime, handover_due: datetime) -> PlainDict:
    """Writes by when the taker has to start and to hand over; he is overdue some time after the latter."""
    deadlines = {
        "start_by": start_by,
        "handover_due": handover_due,
        "overdue_at": later(call, "hire_overdue_grace", handover_due),
    }
    call.connection.execute(update(hire_order).where(hire_order.c.id == order_id).values(deadlines))
    return {name: format_instant(at) for name, at in deadlines.items()}
