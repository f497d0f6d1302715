"""Messages as rows: each gets the next number of its room. Lines are what the system says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, update

from engine.definitions.registry import Outbox
from engine.services.chat.tables import chat_message, chat_room
from engine.storage.actor import SYSTEM
from engine.storage.ids import new_id
from engine.storage.plain import Plain

TEXT, PICTURE, VOICE, LINE = "text", "picture", "voice", "line"
LINES: Mapping[str, frozenset[str]] = {
    name: frozenset(facts.split())
    for name, facts in {
        "opened": "",
        "joined": "",
        "left": "",
        "closed": "",
        "phone_ready": "",
        "phone_down": "",
        "phone_ended": "",
        "called": "",
        "spoke": "seconds",
        "missed": "",
        "looked": "",
        "bought": "amount_fen",
        "picked_up": "",
        "arrived": "",
        "handed_over": "",
        "returning": "",
        "returned": "",
        "cancelled": "",
    }.items()
}
"""What the system may say, and the facts each line tells; `chat.line.<name>` in the catalogue puts it into words.

`amount_fen` is shown as money, `seconds` as a duration; `joined`, `left` and `called` name the party they are
about.
"""


def add_message(connection: Connection, now: datetime, order_id: str, **values: Any) -> int:
    """Adds a message to a room; gives its number. What two say at once comes one after the other."""
    taken = update(chat_room).where(chat_room.c.order_id == order_id).values(last_seq=chat_room.c.last_seq + 1)
    seq = connection.execute(taken.returning(chat_room.c.last_seq)).scalar_one()
    row = {"is_masked": 0, "file_id": None, "content": None, "sent_at": now, **values}
    connection.execute(insert(chat_message).values(row | {"order_id": order_id, "seq": seq}))
    return int(seq)


def say(
    outbox: Outbox,
    order_id: str,
    line: str,
    facts: Mapping[str, Plain] | None = None,
    *,
    about: str = SYSTEM.party_id,
) -> int:
    """The system says something in a room, `about` a party where its words name one; gives the number of the line.

    Raises ValueError for a line it does not know, or whose facts are not those of `LINES`.
    """
    told = dict(facts or {})
    if line not in LINES or LINES[line] != told.keys():
        raise ValueError(f"Expected a line of the chat room with its facts, but got {line!r}, {sorted(told)}")
    said = {"token": new_id(), "kind": LINE, "side": "", "author_id": SYSTEM.user_id, "party_id": about}
    return add_message(outbox.connection, outbox.now, order_id, **said, content={"line": line, "facts": told})
