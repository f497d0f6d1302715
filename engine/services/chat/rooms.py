"""Rooms: who is at which side, who may read and write what, and how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Row, and_, false, insert, or_, select, true, update

from engine.definitions.registry import TopicCall
from engine.runtime.errors import NotFound
from engine.services.chat.errors import RoomClosed
from engine.services.chat.tables import chat_look, chat_member, chat_message, chat_room
from engine.services.policy import end_of
from engine.storage.actor import PLATFORM, Actor
from engine.storage.plain import Plain, PlainDict

READERS = frozenset({"customer_service", "arbiter"})
"""In which roles the platform's people may read a room, once they have said why."""
LIMITS = (
    *("chat_voice_seconds", "chat_tell_after", "chat_retention", "chat_look_validity"),
    *("chat_phone_after_end", "chat_phone_patience"),
)
FORGET = "chat.forget"


def room_topic(order_id: str) -> str:
    """What is told in `engine.changes` after somebody has said something."""
    return f"chat:{order_id}"


@dataclass(frozen=True)
class Access:
    """An actor before a room that is his business. `places`: those of his party, the present one last; none of who only
    looks.
    """

    actor: Actor
    room: Row[Any]
    places: tuple[Row[Any], ...]

    @property
    def side(self) -> str | None:
        """At which side he is now; None who has left, and who only looks."""
        present = [one.side for one in self.places if one.left_seq is None]
        return str(present[-1]) if present else None

    def sees(self) -> ColumnElement[bool]:
        """Which messages: those of the time his party was there; all for who looks with a reason."""
        if not self.places:
            return true()
        spans = [
            and_(
                chat_message.c.seq > one.joined_seq,
                true() if one.left_seq is None else chat_message.c.seq <= one.left_seq,
            )
            for one in self.places
        ]
        return or_(false(), *spans)

    def may_write(self, now: datetime) -> bool:
        """Whether he may say something now."""
        return self.side is not None and (self.room.until is None or self.room.until > now)

    def check_writable(self, now: datetime) -> str:
        """His side. Raises RoomClosed, NotFound for who only looks."""
        side = self.side
        if side is None:
            raise NotFound("chat room", self.room.order_id)
        if not self.may_write(now):
            raise RoomClosed(self.room.order_id)
        return side


def look(connection: Connection, actor: Actor, order_id: str, now: datetime) -> Access:
    """The room of an order for somebody it concerns. Raises NotFound, for a stranger as well."""
    room = find_room(connection, order_id)
    if room is None:
        raise NotFound("chat room", order_id)
    own = select(chat_member).where(chat_member.c.order_id == order_id, chat_member.c.party_id == actor.party_id)
    places = tuple(connection.execute(own.order_by(chat_member.c.joined_seq)))
    if not places and not looks(connection, actor, order_id, now):
        raise NotFound("chat room", order_id)
    return Access(actor, room, places)


def find_room(connection: Connection, order_id: str) -> Row[Any] | None:
    """The row of a room; None where the order has none (yet)."""
    return connection.execute(select(chat_room).where(chat_room.c.order_id == order_id)).one_or_none()


def may_look(actor: Actor) -> bool:
    """Whether a role may read rooms, with a reason."""
    return actor.party_id == PLATFORM and actor.role in READERS


def looks(connection: Connection, actor: Actor, order_id: str, now: datetime) -> bool:
    """Whether he has said why he reads it, and not too long ago."""
    if not may_look(actor):
        return False
    query = select(chat_look.c.id).where(
        chat_look.c.order_id == order_id,
        chat_look.c.user_id == actor.user_id,
        chat_look.c.role == actor.role,
        chat_look.c.until > now,
    )
    return connection.execute(query.limit(1)).first() is not None


def limit_of(room: Row[Any], name: str) -> Plain:
    """What the room goes by: a value of the policy, as it was when it was opened."""
    return cast(PlainDict, room.limits)[name]


def list_present(connection: Connection, order_id: str) -> dict[str, str]:
    """The parties of the sides as they are now."""
    query = select(chat_member.c.side, chat_member.c.party_id)
    present = query.where(chat_member.c.order_id == order_id, chat_member.c.left_seq.is_(None))
    return {row.side: row.party_id for row in connection.execute(present.order_by(chat_member.c.side))}


def open_room(
    call: TopicCall, parties: Mapping[str, str], order_id: str = "", until: datetime | None = None
) -> Mapping[str, str]:
    """Opens the room of an order with a party at each side; of a room that is open, replaces the parties of the sides
    named. Gives those who are new, by side.
    """
    order_id = order_id or call.instance_id
    if find_room(call.connection, order_id) is None:
        row = {
            "order_id": order_id,
            "number": call.business_key or order_id,
            "limits": _read_limits(call),
            "last_seq": 0,
            "opened_at": call.now,
            "until": until,
        }
        call.connection.execute(insert(chat_room).values(row))
    present = list_present(call.connection, order_id)
    fresh = {side: party_id for side, party_id in parties.items() if present.get(side) != party_id}
    for side, party_id in fresh.items():
        _seat(call.connection, order_id, side, party_id)
    return fresh


def _read_limits(call: TopicCall) -> PlainDict:
    if missing := sorted(set(LIMITS) - call.policy.keys()):
        raise ValueError(f"Expected {', '.join(missing)} in the policy of the case, but it is not there")
    return {name: call.policy[name] for name in LIMITS}


def empty_side(call: TopicCall, side: str, order_id: str = "") -> str | None:
    """Who is at a side leaves: he reads what was said so far, and nothing more. Gives him; None where nobody is."""
    order_id = order_id or call.instance_id
    party_id = list_present(call.connection, order_id).get(side)
    if party_id is not None:
        _unseat(call.connection, order_id, side)
    return party_id


def _unseat(connection: Connection, order_id: str, side: str) -> int:
    """Empties a side; gives the number of the newest message."""
    last = connection.execute(select(chat_room.c.last_seq).where(chat_room.c.order_id == order_id)).scalar_one()
    at_side = (chat_member.c.order_id == order_id, chat_member.c.side == side, chat_member.c.left_seq.is_(None))
    connection.execute(update(chat_member).where(*at_side).values(left_seq=last))
    return int(last)


def _seat(connection: Connection, order_id: str, side: str, party_id: str) -> None:
    last = _unseat(connection, order_id, side)
    row = {"order_id": order_id, "side": side, "party_id": party_id, "joined_seq": last, "read_seq": last}
    connection.execute(insert(chat_member).values(row))


def close_room(call: TopicCall, order_id: str = "") -> None:
    """Nobody writes from now on; what was said is deleted when its time is over. Nothing where there is no room."""
    room = find_room(call.connection, order_id or call.instance_id)
    if room is None or room.forget_at is not None:
        return
    forget_at = end_of(str(limit_of(room, "chat_retention")), call.now, call.calendar.zone)
    closed = {"until": call.now, "forget_at": forget_at}
    call.connection.execute(update(chat_room).where(chat_room.c.order_id == room.order_id).values(closed))
    call.enqueue(FORGET, {"order": room.order_id}, due_at=forget_at, key=f"{FORGET}:{room.order_id}")
