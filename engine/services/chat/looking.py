"""The platform's people read a room only after they have said why, for a while; that they did is said in the room."""

from sqlalchemy import Connection, insert, or_, select

from engine.definitions.forms.typed import InputRefused, clean_text
from engine.records.history import append_system
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.cases.tables import service_case
from engine.services.chat.errors import MessageUnfit
from engine.services.chat.lines import LINE, add_message
from engine.services.chat.rooms import find_room, limit_of, looks, may_look, room_topic
from engine.services.chat.tables import chat_look, chat_report, chat_room
from engine.services.policy import end_of
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id

STREAM = "system:chat"
LEAST, MOST = 5, 500  # characters of a reason


def give_reason(engine: Engine, actor: Actor, order_id: str, reason: str) -> None:
    """Opens a room to one of the platform's people for `chat_look_validity`; recorded in the history of the platform.

    Who may read it already needs no second reason. Raises NotFound, also for a role that reads no rooms, MessageUnfit.
    """
    try:
        text = clean_text(reason, has_lines=True)
    except InputRefused as refused:
        raise MessageUnfit("control_character") from refused
    if not LEAST <= len(text) <= MOST:
        raise MessageUnfit("no_reason", LEAST)

    def work(unit: UnitOfWork) -> None:
        room = find_room(unit.connection, order_id)
        if room is None or not may_look(actor):
            raise NotFound("chat room", order_id)
        if looks(unit.connection, actor, order_id, unit.now):
            return
        kept = vault.put(unit.connection, engine.keys, actor.user_id, text)
        until = end_of(str(limit_of(room, "chat_look_validity")), unit.now, engine.zone)
        row = {"id": new_id(), "order_id": order_id, "user_id": actor.user_id, "role": actor.role, "reason": kept}
        unit.connection.execute(insert(chat_look).values(row | {"at": unit.now, "until": until}))
        append_system(unit, engine.keys, STREAM, actor, "chat_look", {"order": order_id, "reason": kept})
        said = {"token": row["id"], "kind": LINE, "side": "", "author_id": actor.user_id, "party_id": actor.party_id}
        add_message(unit.connection, unit.now, order_id, **said, content={"line": "looked", "facts": {}})
        unit.after_commit.append(lambda: engine.changes.publish([room_topic(order_id)]))

    engine.database.transact(work)


def find_asked_room(engine: Engine, actor: Actor, order_id: str) -> str:
    """The number of an order whose room one of the platform's people may ask to read. Raises NotFound."""
    with engine.database.read() as connection:
        room = find_room(connection, order_id) if may_look(actor) else None
    if room is None:
        raise NotFound("chat room", order_id)
    return str(room.number)


def find_room_of_case(connection: Connection, actor: Actor, instance_id: str) -> str | None:
    """The order whose room one of the platform's people may ask to read beside a case: that of the case itself, or of
    what a service case is about. None where there is no such room, and for everybody else.
    """
    if not may_look(actor):
        return None
    report = select(chat_report.c.order_id).join(service_case, service_case.c.subject_id == chat_report.c.id)
    about = (
        select(service_case.c.subject_id).where(service_case.c.instance_id == instance_id),
        report.where(service_case.c.instance_id == instance_id),
    )
    query = select(chat_room.c.order_id).where(
        or_(chat_room.c.order_id == instance_id, *(chat_room.c.order_id.in_(one) for one in about))
    )
    return connection.execute(query.limit(1)).scalar_one_or_none()


def list_looks(engine: Engine, actor: Actor, order_id: str) -> list[tuple[str, str | None]]:
    """Who of the platform has read a room and why, oldest first, for those who may read it themselves: role, reason.

    Raises NotFound for everybody else.
    """
    with engine.database.read() as connection:
        if not looks(connection, actor, order_id, engine.clock()):
            raise NotFound("chat room", order_id)
        rows = connection.execute(select(chat_look).where(chat_look.c.order_id == order_id).order_by(chat_look.c.at))
        return [(row.role, vault.open_reference(connection, engine.keys, row.reason)) for row in rows]
