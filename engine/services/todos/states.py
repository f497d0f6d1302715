"""The state machine of a handling (F.3). `move` is the only function that writes `todo_handling.state`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from engine.services.todos.tables import todo_handling, todo_item

SENT, TRANSFER, CHECK, EXCEPTION = "sent", "transferring", "checking", "exception"
DONE, CLOSED_BY_EXCEPTION, WITHDRAWN = "done", "handled", "withdrawn"
OPEN_STATES = frozenset({SENT, TRANSFER, CHECK, EXCEPTION})
TRANSITIONS: Mapping[str, frozenset[str]] = {
    SENT: frozenset({SENT, TRANSFER, CHECK, EXCEPTION, DONE, WITHDRAWN}),
    TRANSFER: frozenset({SENT, WITHDRAWN}),
    CHECK: frozenset({SENT, DONE, WITHDRAWN}),
    EXCEPTION: frozenset({SENT, CLOSED_BY_EXCEPTION, WITHDRAWN}),
    DONE: frozenset(),
    CLOSED_BY_EXCEPTION: frozenset(),
    WITHDRAWN: frozenset(),
}
_SELECT = select(todo_handling).where(todo_handling.c.id == bindparam("handling_id_"))
_SELECT_ITEM = select(todo_item).where(todo_item.c.id == bindparam("item_id_"))


def fetch_handling(connection: Connection, handling_id: str) -> RowMapping:
    """The row of a handling. Raises LookupError if there is none."""
    row = connection.execute(_SELECT, {"handling_id_": handling_id}).mappings().one_or_none()
    if row is None:
        raise LookupError(f"Expected a handling, but found none under {handling_id!r}")
    return row


def fetch_item(connection: Connection, item_id: str) -> RowMapping:
    """The row of an item. Raises LookupError if there is none."""
    row = connection.execute(_SELECT_ITEM, {"item_id_": item_id}).mappings().one_or_none()
    if row is None:
        raise LookupError(f"Expected a to-do item, but found none under {item_id!r}")
    return row


def move(connection: Connection, handling_id: str, state: str, **values: Any) -> None:
    """Brings a handling into another state and writes `values` too. Raises ValueError for a transition F.3 lacks."""
    before = fetch_handling(connection, handling_id)["state"]
    if state not in TRANSITIONS[before]:
        raise ValueError(f"Expected one of {sorted(TRANSITIONS[before])} after {before}, but got {state!r}")
    write(connection, handling_id, state=state, **values)


def write(connection: Connection, handling_id: str, **values: Any) -> None:
    """Writes columns of a handling."""
    connection.execute(update(todo_handling).where(todo_handling.c.id == handling_id).values(values))


def close(connection: Connection, handling_id: str, state: str, now: datetime, **values: Any) -> None:
    """Ends a handling."""
    move(connection, handling_id, state, closed_at=now, **values)
