"""What people do in a room: say something, send a picture or a voice message, read."""

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, Row, select, update

from engine.definitions.forms.typed import InputRefused, clean_text
from engine.runtime.engine import Engine
from engine.runtime.errors import SubmissionConflict
from engine.services.chat.errors import MessageUnfit
from engine.services.chat.lines import PICTURE, TEXT, VOICE, add_message
from engine.services.chat.masking import mask_phones
from engine.services.chat.media import Recording, check_picture, check_voice
from engine.services.chat.rooms import limit_of, look, room_topic
from engine.services.chat.tables import chat_member, chat_message
from engine.services.chat.telling import take_back, tell_later
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.files import StoredFile
from engine.storage.plain import PlainDict
from engine.storage.tables import file

MAX_CHARACTERS = 1000


@dataclass(frozen=True)
class Sent:
    """What became of a message: its number, and whether a phone number was taken out of it."""

    seq: int
    is_masked: bool


@dataclass(frozen=True)
class _Draft:
    """A message before it has a number."""

    kind: str
    content: str = ""
    stored: StoredFile | None = None
    recording: Recording | None = None
    is_masked: bool = False


def write_text(engine: Engine, actor: Actor, order_id: str, token: str, text: str) -> Sent:
    """Says something. Raises NotFound, RoomClosed, MessageUnfit, SubmissionConflict."""
    try:
        cleaned = clean_text(text, has_lines=True)
    except InputRefused as refused:
        raise MessageUnfit("control_character") from refused
    if not cleaned:
        raise MessageUnfit("empty")
    if len(cleaned) > MAX_CHARACTERS:
        raise MessageUnfit("too_long", MAX_CHARACTERS)
    masked, is_masked = mask_phones(cleaned)
    return _send(engine, actor, order_id, token, _Draft(TEXT, masked, is_masked=is_masked))


def send_picture(engine: Engine, actor: Actor, order_id: str, token: str, stored: StoredFile) -> Sent:
    """Sends an upload of his as a picture. Raises NotFound, RoomClosed, MessageUnfit, SubmissionConflict."""
    check_picture(stored, engine.files.path(stored.sha256))
    return _send(engine, actor, order_id, token, _Draft(PICTURE, stored=stored))


def send_voice(
    engine: Engine, actor: Actor, order_id: str, token: str, stored: StoredFile, recording: Recording
) -> Sent:
    """Sends an upload of his as a voice message. Raises NotFound, RoomClosed, MessageUnfit, SubmissionConflict."""
    with engine.database.read() as connection:
        room = look(connection, actor, order_id, engine.clock()).room
    most = cast(int, limit_of(room, "chat_voice_seconds"))
    check_voice(stored, engine.files.path(stored.sha256), recording, most)
    return _send(engine, actor, order_id, token, _Draft(VOICE, stored=stored, recording=recording))


def _send(engine: Engine, actor: Actor, order_id: str, token: str, draft: _Draft) -> Sent:
    def work(unit: UnitOfWork) -> Sent:
        access = look(unit.connection, actor, order_id, unit.now)
        side = access.check_writable(unit.now)
        known = _find_sent(unit.connection, order_id, token)
        if known is not None:
            return _answer_again(engine, unit.connection, actor, known, draft)
        seq = add_message(
            unit.connection,
            unit.now,
            order_id,
            token=token,
            kind=draft.kind,
            side=side,
            author_id=actor.user_id,
            party_id=actor.party_id,
            content=_seal(engine, unit.connection, actor, order_id, token, draft),
            file_id=draft.stored.id if draft.stored else None,
            is_masked=int(draft.is_masked),
        )
        _mark(unit, order_id, actor.party_id, seq)
        tell_later(unit.connection, unit.now, order_id, side, engine.zone)
        unit.after_commit.append(lambda: engine.changes.publish([room_topic(order_id)]))
        return Sent(seq, draft.is_masked)

    return engine.database.transact(work)


def _seal(engine: Engine, connection: Connection, actor: Actor, order_id: str, token: str, draft: _Draft) -> PlainDict:
    """What the row keeps: a text under the key of who says it, in its own place."""
    if draft.kind == TEXT:
        return vault.seal_text(connection, engine.keys, actor.user_id, place_of(order_id, token), draft.content)
    return draft.recording.describe() if draft.recording else {}


def place_of(order_id: str, token: str) -> str:
    """Where a sealed text stands: it opens nowhere else."""
    return f"chat:{order_id}:{token}"


def _find_sent(connection: Connection, order_id: str, token: str) -> Row[Any] | None:
    query = select(chat_message, file.c.sha256).join(file, file.c.id == chat_message.c.file_id, isouter=True)
    return connection.execute(
        query.where(chat_message.c.order_id == order_id, chat_message.c.token == token)
    ).one_or_none()


def _answer_again(engine: Engine, connection: Connection, actor: Actor, known: Row[Any], draft: _Draft) -> Sent:
    """The same by the same person is answered as it was. Raises SubmissionConflict for anything else."""
    is_same = (known.author_id, known.party_id, known.kind) == (actor.user_id, actor.party_id, draft.kind)
    if is_same and draft.kind == TEXT and known.content is not None:
        place = place_of(known.order_id, known.token)
        is_same = vault.open_sealed(connection, engine.keys, known.content, place) == draft.content
    elif is_same and draft.stored is not None:
        is_same = known.sha256 == draft.stored.sha256
    if not is_same:
        raise SubmissionConflict(f"chat:{known.order_id}")
    return Sent(known.seq, bool(known.is_masked))


def mark_read(engine: Engine, actor: Actor, order_id: str, seq: int) -> None:
    """He has read up to a message. Raises NotFound."""

    def work(unit: UnitOfWork) -> None:
        access = look(unit.connection, actor, order_id, unit.now)
        side = access.side
        if side is not None and _mark(unit, order_id, actor.party_id, min(seq, access.room.last_seq)):
            take_back(unit.connection, unit.now, order_id, side)
            unit.after_commit.append(lambda: engine.changes.publish([room_topic(order_id)]))

    engine.database.transact(work)


def _mark(unit: UnitOfWork, order_id: str, party_id: str, seq: int) -> bool:
    """Whether that is further than he was."""
    own = (chat_member.c.order_id == order_id, chat_member.c.party_id == party_id, chat_member.c.left_seq.is_(None))
    marked = update(chat_member).where(*own, chat_member.c.read_seq < seq).values(read_seq=seq, read_at=unit.now)
    return unit.connection.execute(marked).rowcount > 0
