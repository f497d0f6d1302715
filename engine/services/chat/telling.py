"""Who is not in the room is told that somebody wrote to him, once until he has read it; never what was written."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.records.jobs import enqueue
from engine.services.chat.lines import LINE
from engine.services.chat.rooms import limit_of
from engine.services.chat.tables import chat_member, chat_message, chat_room
from engine.services.job_engine import engine_of
from engine.services.notifications.recipients import find_people
from engine.services.notifications.telling import Notice, tell, withdraw
from engine.services.policy import end_of
from engine.storage.plain import Plain
from engine.storage.tables import party

TELL, TEMPLATE = "chat.tell", "chat_message"


def subject_of(order_id: str, side: str) -> str:
    """What notifications of a room are about, for the people of one side."""
    return f"chat:{order_id}:{side}"


def tell_later(connection: Connection, now: datetime, order_id: str, author_side: str, zone: ZoneInfo) -> None:
    """The other sides have a while to read what was just said before they are told of it."""
    room = connection.execute(select(chat_room).where(chat_room.c.order_id == order_id)).one()
    due_at = end_of(str(limit_of(room, "chat_tell_after")), now, zone)
    others = select(chat_member.c.side).where(
        chat_member.c.order_id == order_id, chat_member.c.left_seq.is_(None), chat_member.c.side != author_side
    )
    for side in connection.execute(others).scalars():
        enqueue(connection, now, TELL, {"order": order_id, "side": side}, due_at, key=f"{TELL}:{order_id}:{side}")


@job_handler(TELL)
def name_zone(run: JobRun) -> Plain:
    """On whose wall clock it is told; everything else happens in the transaction that deletes the job."""
    return str(engine_of(run).zone.key)


@name_zone.finish
def tell_side(done: JobDone, zone: Plain) -> None:
    """Tells a side of what it has not read yet, if there still is something; once for each time it had read all."""
    order_id, side = str(done.payload["order"]), str(done.payload["side"])
    present = (chat_member.c.order_id == order_id, chat_member.c.side == side, chat_member.c.left_seq.is_(None))
    member = done.connection.execute(select(chat_member).where(*present)).one_or_none()
    if member is None:
        return
    unread = (
        select(party.c.name_zh, party.c.name_en, chat_room.c.number)
        .select_from(chat_message)
        .join(chat_room, chat_room.c.order_id == chat_message.c.order_id)
        .join(party, party.c.id == chat_message.c.party_id)
        .where(chat_message.c.order_id == order_id, chat_message.c.seq > member.read_seq)
        .where(chat_message.c.kind != LINE, chat_message.c.party_id != member.party_id)
    )
    newest = done.connection.execute(unread.order_by(chat_message.c.seq.desc()).limit(1)).one_or_none()
    if newest is None:
        return
    notice = Notice(
        key=f"{TELL}:{order_id}:{side}:{member.read_seq}",
        template=TEMPLATE,
        facts={"number": newest.number, "from_zh": newest.name_zh, "from_en": newest.name_en},
        subject=subject_of(order_id, side),
        path=f"/chat/{order_id}",
        recipients=find_people(done.connection, [member.party_id]),
    )
    if tell(done, ZoneInfo(str(zone)), [notice]):
        done.announce()


def take_back(connection: Connection, now: datetime, order_id: str, side: str) -> None:
    """The side has read everything: what it was told of is old."""
    withdraw(connection, now, subject_of(order_id, side))
