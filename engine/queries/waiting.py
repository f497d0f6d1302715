"""What waits to happen by itself: messages nobody has taken yet, and what begins cases."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from engine.language.model import Element
from engine.runtime.engine import Engine
from engine.storage.actor import SYSTEM
from engine.storage.tables import definition, message, message_turn, process_start

MAX_MESSAGES = 500


@dataclass(frozen=True)
class WaitingMessage:
    """A message nobody has taken yet. `turn_of` is the case it waits for, if it waits for its turn to begin one.

    `sender` is who sent it from outside; none for one of a case or service.
    """

    id: str
    name: str
    key: str
    sender: str | None
    published_at: datetime
    expires_at: datetime
    turn_of: str | None


@dataclass(frozen=True)
class CaseStart:
    """A start event that begins cases by itself. `name` is that of its message or signal, or the text of its timer."""

    definition_id: str
    process_key: str
    process_zh: str
    process_en: str
    element: Element
    kind: str
    name: str
    next_due_at: datetime | None
    fired_at: datetime | None


def list_waiting_messages(engine: Engine) -> tuple[list[WaitingMessage], int]:
    """The oldest messages nobody has taken yet, at most MAX_MESSAGES, and how many there are."""
    is_waiting = message.c.delivered_at.is_(None) & (message.c.expires_at > engine.clock())
    same = and_(message_turn.c.name == message.c.name, message_turn.c.correlation_key == message.c.correlation_key)
    query = (
        select(message, message_turn.c.instance_id)
        .outerjoin(message_turn, same)
        .where(is_waiting)
        .order_by(message.c.number)
        .limit(MAX_MESSAGES)
    )
    with engine.database.read() as connection:
        rows = connection.execute(query).all()
        total = len(rows)
        if total == MAX_MESSAGES:
            total = connection.execute(select(func.count()).select_from(message).where(is_waiting)).scalar_one()
    return [
        WaitingMessage(
            *(row.id, row.name, row.correlation_key),
            None if row.sender_id == SYSTEM.user_id else row.sender_id,
            *(row.published_at, row.expires_at, row.instance_id),
        )
        for row in rows
    ], total


def list_case_starts(engine: Engine) -> list[CaseStart]:
    """Every start event that begins cases by itself: timers first, the next one due on top."""
    query = select(process_start, definition.c.name_zh, definition.c.name_en).join(
        definition, definition.c.id == process_start.c.definition_id
    )
    with engine.database.read() as connection:
        found = [
            CaseStart(
                *(row.definition_id, row.process_key, row.name_zh, row.name_en),
                engine.catalogue.elements(connection, row.definition_id)[row.element],
                *(row.kind, row.name, row.next_due_at, row.fired_at),
            )
            for row in connection.execute(query.order_by(process_start.c.process_key, process_start.c.element))
        ]
    return sorted(found, key=_order)


def _order(start: CaseStart) -> tuple[bool, float, bool]:
    due = start.next_due_at
    return due is None, due.timestamp() if due else 0, start.kind != "timer"
