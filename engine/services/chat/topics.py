"""Topics of the chat room: opened, spoken in, closed by a process. See the package for what they are given."""

from typing import Any

from engine.definitions.registry import TopicCall, topic
from engine.services.chat.lines import say
from engine.services.chat.rooms import close_room, empty_side, find_room, open_room
from engine.storage.clock import parse_instant
from engine.storage.plain import Plain, PlainDict


@topic("chat.open")
def open_chat(call: TopicCall, *, parties: dict[str, Any], order: str = "", until: str | None = None) -> PlainDict:
    """Opens the chat room of an order between parties, each at its side; in an open room replaces who is at a side.

    `parties`: side (requester, courier …): party. `until`: an instant after which nobody writes. Returns: nothing.
    """
    order_id = order or call.instance_id
    is_new = find_room(call.connection, order_id) is None
    fresh = open_room(call, parties, order_id, parse_instant(until) if until else None)
    if is_new:
        say(call, order_id, "opened")
    for party_id in () if is_new else fresh.values():
        say(call, order_id, "joined", about=party_id)
    call.note("chat_room", order=order_id, parties=dict(fresh))
    return {}


@topic("chat.leave")
def leave_chat(call: TopicCall, *, side: str, order: str = "") -> PlainDict:
    """Who is at a side of the chat room is none of its people any more, until somebody takes his side.

    Returns: nothing.
    """
    order_id = order or call.instance_id
    party_id = empty_side(call, side, order_id)
    if party_id is not None:
        say(call, order_id, "left", about=party_id)
        call.note("chat_room", order=order_id, left=party_id)
    return {}


@topic("chat.say")
def say_in_chat(call: TopicCall, *, line: str, facts: dict[str, Plain] | None = None, order: str = "") -> PlainDict:
    """The system says something in the chat room of an order, such as `bought` with its `amount_fen`.

    Nothing is said where there is no room. Returns: nothing.
    """
    order_id = order or call.instance_id
    if find_room(call.connection, order_id) is not None:
        say(call, order_id, line, facts)
    return {}


@topic("chat.close")
def close_chat(call: TopicCall, *, order: str = "") -> PlainDict:
    """The order has ended: its chat room can be read, nobody writes in it, and later its content is deleted.

    Returns: nothing.
    """
    order_id = order or call.instance_id
    room = find_room(call.connection, order_id)
    if room is not None and room.forget_at is None:
        say(call, order_id, "closed")
        close_room(call, order_id)
        call.note("chat_closed", order=order_id)
    return {}
