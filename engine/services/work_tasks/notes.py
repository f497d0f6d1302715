"""What the topics of work tasks have in common: instants of the policy, states with a note of them, amounts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, RowMapping, select

from engine.definitions.registry import TopicCall
from engine.language.specs.schedules import find_due
from engine.services.ledger.fees import compute_settlement, read_terms
from engine.services.ledger.rules import Book
from engine.services.ledger.topics.calls import open_book
from engine.services.work_tasks import states
from engine.services.work_tasks.tables import engagement
from engine.storage.plain import Plain, PlainDict

PREPAYMENT, ON_COMPLETION, NEGOTIABLE, PIECEWORK = "prepayment", "on_completion", "negotiable", "piecework"
MANUAL, AUTOMATIC = "manual", "automatic"
FIRST_COME, SCORE, LOTTERY = "first_come", "score", "lottery"
_MOVED: WeakKeyDictionary[TopicCall, set[str]] = WeakKeyDictionary()
REMINDER = timedelta(days=1)
"""How long before a delivery is due its worker is reminded."""
PROCESS, ENGAGEMENT_PROCESS = "normal_task", "task_engagement"


def later(call: TopicCall, policy_key: str, start: datetime | None = None) -> datetime:
    """The instant a duration of the pinned policy, natural or `WT:`, after `start` (now)."""
    return find_due(str(call.policy[policy_key]), start or call.now, call.calendar)


def note_task(call: TopicCall, task_id: str, state: str, **values: object) -> None:
    """Moves a work task into a state and says so in the history. Raises RuntimeError if this call has moved it before:
    a service task makes one transition.
    """
    _move_once(call, task_id)
    states.move_task(call.connection, task_id, state, call.now, **values)
    call.note("work_task_state", task_id=task_id, state=state)


def note_engagement(call: TopicCall, engagement_id: str, state: str, **values: object) -> None:
    """Moves an engagement into a state and says so in the history, as `note_task`."""
    _move_once(call, engagement_id)
    states.move_engagement(call.connection, engagement_id, state, call.now, **values)
    call.note("engagement_state", engagement_id=engagement_id, state=state)


def _move_once(call: TopicCall, row_id: str) -> None:
    moved = _MOVED.setdefault(call, set())
    if row_id in moved:
        raise RuntimeError(f"Expected {call.element} to make one transition of {row_id}, but it makes another")
    moved.add(row_id)


def charge_of(task: Mapping[Any, Any], gross_fen: int) -> int:
    """What a gross pay costs the enterprise: with the fee where that is on top."""
    return compute_settlement(gross_fen, read_terms(task["fee"]), fee_bearer=task["fee_bearer"]).charge_fen


def is_paid_at_acceptance(task: RowMapping) -> bool:
    """Whether the pay is charged to the enterprise's wallet at acceptance, not frozen before."""
    is_negotiated = task["mode"] == NEGOTIABLE and task["negotiable_settlement"] == "on_completion"
    return bool(task["mode"] == ON_COMPLETION or is_negotiated)


def whole(values: PlainDict, name: str, default: int = 0) -> int:
    """A whole number of a form; the default where it was left blank."""
    value: Plain = values.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def list_engagements(connection: Connection, task_id: str) -> list[RowMapping]:
    """The engagements of a work task in the order they were offered."""
    query = select(engagement).where(engagement.c.task_id == task_id)
    return list(connection.execute(query.order_by(engagement.c.offered_at, engagement.c.id)).mappings())


def book_for(call: TopicCall, order_ref: str, part: str) -> Book:
    """The ledger for one of several entries of the same service task; each part has a key of its own."""
    book = open_book(call, order_ref)
    return replace(book, origin=replace(book.origin, key=f"{call.key}:{part}"))
