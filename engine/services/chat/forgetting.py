"""What was said is deleted when the time to keep it is over; that something was said, when and by which side, stays."""

from datetime import timedelta
from typing import cast

from sqlalchemy import Connection, delete, or_, select, update

from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.services.cases.tables import service_case
from engine.services.chat.lines import LINE
from engine.services.chat.rooms import FORGET, find_room, room_topic
from engine.services.chat.tables import chat_message, chat_report, chat_room, phone_bond, phone_call
from engine.services.job_engine import engine_of
from engine.storage.plain import Plain
from engine.storage.tables import file

SHRED = "chat.shred"
AGAIN = timedelta(days=30)  # while a case about the order or one of its messages is open


@job_handler(FORGET)
def forget_later(_run: JobRun) -> Plain:
    """Everything happens in the second half, in the transaction that deletes the job."""
    return None


@forget_later.finish
def forget(done: JobDone, _result: Plain) -> None:
    """Deletes what was said in a room, its files and its calls. As long as a case needs them, they stay."""
    order_id = str(done.payload["order"])
    room = find_room(done.connection, order_id)
    if room is None or room.forgotten_at is not None:
        return
    if _is_needed(done.connection, order_id):
        done.enqueue(FORGET, {"order": order_id}, due_at=done.now + AGAIN)
        return
    said = (chat_message.c.order_id == order_id, chat_message.c.kind != LINE)
    ids = list(done.connection.execute(select(chat_message.c.file_id).where(*said)).scalars())
    is_meant = file.c.id.in_([one for one in ids if one])
    hashes: Plain = sorted({*done.connection.execute(select(file.c.sha256).where(is_meant)).scalars()})
    done.connection.execute(update(chat_message).where(*said).values(content=None, file_id=None))
    done.connection.execute(delete(file).where(is_meant))
    bonds = select(phone_bond.c.id).where(phone_bond.c.order_id == order_id)
    done.connection.execute(delete(phone_call).where(phone_call.c.bond_id.in_(bonds)))
    forgotten = update(chat_room).where(chat_room.c.order_id == order_id)
    done.connection.execute(forgotten.values(forgotten_at=done.now))
    if hashes:
        done.enqueue(SHRED, {"hashes": hashes})
    done.announce(room_topic(order_id))


def _is_needed(connection: Connection, order_id: str) -> bool:
    """Whether a case is open about the order, or about a message of its room."""
    reports = select(chat_report.c.id).where(chat_report.c.order_id == order_id)
    about = or_(service_case.c.subject_id == order_id, service_case.c.subject_id.in_(reports))
    query = select(service_case.c.ref).where(about, service_case.c.state != "closed").limit(1)
    return connection.execute(query).first() is not None


@job_handler(SHRED)
def shred(run: JobRun) -> Plain:
    """Deletes the contents nobody's upload is any more."""
    engine, hashes = engine_of(run), cast(list[str], run.payload["hashes"])
    with engine.database.read() as connection:
        kept = {*connection.execute(select(file.c.sha256).where(file.c.sha256.in_(hashes))).scalars()}
    for sha256 in set(hashes) - kept:
        engine.files.path(sha256).unlink(missing_ok=True)
    return None
