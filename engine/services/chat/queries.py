"""Rooms as pages show them, each message only to whom it was said."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import orjson
from sqlalchemy import Connection, Row, and_, func, select

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.chat.lines import LINE, PICTURE, TEXT, VOICE
from engine.services.chat.media import find_sound, strip_picture
from engine.services.chat.phones.bonds import BOUND, find_bond, is_simulated
from engine.services.chat.rooms import Access, find_room, limit_of, look
from engine.services.chat.tables import chat_member, chat_message
from engine.services.chat.writing import place_of
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.clock import format_instant
from engine.storage.plain import PlainDict
from engine.storage.tables import file, party

PAGE_MESSAGES = 200


@dataclass(frozen=True)
class Message:
    """One message. `text` is None once its author was erased, and of everything but text; `content` holds `line` and
    `facts` of a line, `seconds` and `bars` of a voice. `by`: the party that says it, or that a line is about, in both
    languages. `is_gone`: the time to keep it is over.
    """

    seq: int
    kind: str
    side: str
    by: tuple[str, str]
    is_own: bool
    text: str | None
    content: PlainDict
    is_masked: bool
    is_gone: bool
    sent_at: datetime


@dataclass(frozen=True)
class PhoneView:
    """The phone of a room. `state`: asked, bound, down, released, or none where there never was one."""

    state: str
    number: str | None
    is_simulated: bool


@dataclass(frozen=True)
class RoomView:
    """A room as one reader sees it. `names`: of the parties by side, in both languages. `read_seq`: how far the others
    have read, `own_seq` how far he has. `has_more`: there are older messages than those shown. `mark`: see `mark_room`.
    """

    order_id: str
    number: str
    side: str | None
    may_write: bool
    is_closed: bool
    names: Mapping[str, tuple[str, str]]
    messages: list[Message]
    has_more: bool
    last_seq: int
    own_seq: int
    read_seq: int
    phone: PhoneView
    voice_seconds: int
    forget_at: datetime | None
    mark: str


def fetch_room(engine: Engine, actor: Actor, order_id: str, after: int = 0, before: int | None = None) -> RoomView:
    """The room of an order with its newest messages: those behind `after`, or a page of those ahead of `before`.

    Raises NotFound, for a stranger as well, and for staff who have not said why they look.
    """
    now = engine.clock()
    with engine.database.read() as connection:
        access = look(connection, actor, order_id, now)
        rows = _list_rows(connection, access, after, before)
        places = _list_places(connection, order_id)
        bond = find_bond(connection, order_id)
        messages = _read(engine, connection, access, rows[:PAGE_MESSAGES])
    present = [one for one in places if one.left_seq is None]
    others = [one.read_seq for one in present if one.party_id != actor.party_id]
    is_bound = bond is not None and bond.state == BOUND
    return RoomView(
        order_id=order_id,
        number=access.room.number,
        side=access.side,
        may_write=access.may_write(now),
        is_closed=_is_over(access.room, now),
        names={one.side: (one.name_zh or "", one.name_en or "") for one in present},
        messages=messages,
        has_more=len(rows) > PAGE_MESSAGES,
        last_seq=access.room.last_seq,
        own_seq=max((one.read_seq for one in access.places), default=access.room.last_seq),
        read_seq=max(others, default=0),
        phone=PhoneView(
            bond.state if bond else "none", bond.number if is_bound and bond else None, is_simulated(engine)
        ),
        voice_seconds=cast(int, limit_of(access.room, "chat_voice_seconds")),
        forget_at=access.room.forget_at,
        mark=_make_mark(access.room, places, now),
    )


def _list_rows(connection: Connection, access: Access, after: int, before: int | None) -> list[Row[Any]]:
    """The newest first, one more than a page holds."""
    named = select(chat_message, party.c.name_zh, party.c.name_en)
    query = named.join(party, party.c.id == chat_message.c.party_id, isouter=True).where(
        chat_message.c.order_id == access.room.order_id, chat_message.c.seq > after, access.sees()
    )
    if before is not None:
        query = query.where(chat_message.c.seq < before)
    return list(connection.execute(query.order_by(chat_message.c.seq.desc()).limit(PAGE_MESSAGES + 1)))


def _list_places(connection: Connection, order_id: str) -> list[Row[Any]]:
    query = select(chat_member, party.c.name_zh, party.c.name_en).join(
        party, party.c.id == chat_member.c.party_id, isouter=True
    )
    return list(connection.execute(query.where(chat_member.c.order_id == order_id).order_by(chat_member.c.side)))


def _read(engine: Engine, connection: Connection, access: Access, rows: list[Row[Any]]) -> list[Message]:
    sealed = {
        place_of(row.order_id, row.token): row.content for row in rows if row.kind == TEXT and row.content is not None
    }
    texts = vault.open_all_sealed(connection, engine.keys, sealed)
    return [
        Message(
            row.seq,
            row.kind,
            row.side,
            (row.name_zh or "", row.name_en or ""),
            row.party_id == access.actor.party_id,
            texts.get(place_of(row.order_id, row.token)),
            {} if row.kind == TEXT or row.content is None else row.content,
            bool(row.is_masked),
            row.content is None,
            row.sent_at,
        )
        for row in reversed(rows)
    ]


@dataclass(frozen=True)
class Attachment:
    """A picture (a copy without what the camera wrote into it) or a voice message, to be sent to a browser."""

    media_type: str
    content: bytes | Path


def fetch_attachment(engine: Engine, actor: Actor, order_id: str, seq: int) -> Attachment:
    """The file of a message. Raises NotFound, for a stranger as well, and once it was deleted."""
    with engine.database.read() as connection:
        access = look(connection, actor, order_id, engine.clock())
        query = select(chat_message.c.kind, file.c.sha256).join(file, file.c.id == chat_message.c.file_id)
        row = connection.execute(
            query.where(chat_message.c.order_id == order_id, chat_message.c.seq == seq, access.sees())
        ).one_or_none()
    path = engine.files.path(row.sha256) if row else None
    if row is None or path is None or not path.exists():
        raise NotFound("message", f"{order_id}/{seq}")
    if row.kind == VOICE:
        return Attachment(find_sound(path) or "application/octet-stream", path)
    assert row.kind == PICTURE
    return Attachment("image/jpeg", strip_picture(path))


def has_room(connection: Connection, order_id: str) -> bool:
    """Whether an order has a room."""
    return find_room(connection, order_id) is not None


def mark_room(connection: Connection, actor: Actor, order_id: str, now: datetime) -> str:
    """A mark that changes with everything a page of the room shows. Raises NotFound, for a stranger as well."""
    access = look(connection, actor, order_id, now)
    return _make_mark(access.room, _list_places(connection, order_id), now)


def _make_mark(room: Row[Any], places: list[Row[Any]], now: datetime) -> str:
    return f"{room.last_seq}.{sum(one.read_seq for one in places)}.{int(_is_over(room, now))}"


def _is_over(room: Row[Any], now: datetime) -> bool:
    return room.until is not None and bool(room.until <= now)


def count_unread(connection: Connection, actor: Actor, order_ids: Collection[str]) -> dict[str, int]:
    """How many messages of others the actor's party has not read, by order; orders without any are left out."""
    mine = and_(
        chat_member.c.order_id == chat_message.c.order_id,
        chat_member.c.party_id == actor.party_id,
        chat_member.c.left_seq.is_(None),
        chat_message.c.seq > chat_member.c.read_seq,
    )
    query = (
        select(chat_message.c.order_id, func.count())
        .join(chat_member, mine)
        .where(chat_message.c.order_id.in_(list(order_ids)), chat_message.c.kind != LINE)
        .where(chat_message.c.party_id != actor.party_id)
        .group_by(chat_message.c.order_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def collect_room(connection: Connection, order_id: str) -> PlainDict:
    """What a service case rests on: who was there, and of each message when, by which side and what as its hash."""
    members = select(chat_member).where(chat_member.c.order_id == order_id).order_by(chat_member.c.joined_seq)
    rows = select(chat_message, file.c.sha256).join(file, file.c.id == chat_message.c.file_id, isouter=True)
    said = rows.where(chat_message.c.order_id == order_id).order_by(chat_message.c.seq)
    return {
        "members": [
            {"side": one.side, "party": one.party_id, "from": one.joined_seq, "to": one.left_seq}
            for one in connection.execute(members)
        ],
        "messages": [
            {
                "seq": one.seq,
                "kind": one.kind,
                "side": one.side,
                "at": format_instant(one.sent_at),
                "sha256": digest_message(one),
            }
            for one in connection.execute(said)
        ],
    }


def digest_message(row: Row[Any]) -> str:
    """SHA-256 of what was said, as it is kept: of a text the ciphertext, of a file its content."""
    return str(row.sha256) if row.sha256 else hashlib.sha256(orjson.dumps(row.content)).hexdigest()
