"""A message is reported: customer service handles it as a case of its own; no dispute about the order waits for it."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select

from engine.definitions.forms.typed import InputRefused, clean_text
from engine.definitions.registry import TopicCall
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.cases.commands import begin_case
from engine.services.cases.context import collects
from engine.services.cases.entries import OPENED, add_entry
from engine.services.cases.subjects import Subject, finds_subject
from engine.services.cases.tables import service_case
from engine.services.chat.errors import MessageUnfit
from engine.services.chat.lines import LINE, PICTURE, TEXT, VOICE
from engine.services.chat.masking import mask_phones
from engine.services.chat.queries import collect_room, digest_message
from engine.services.chat.rooms import look
from engine.services.chat.tables import chat_message, chat_report, chat_room
from engine.services.chat.writing import place_of
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict
from engine.storage.tables import file

CATEGORY, COMPLAINT, SAFETY = "chat", "complaint", "safety"
REASONS = {"abuse": COMPLAINT, "fraud": COMPLAINT, "threat": SAFETY, "off_platform": COMPLAINT, "other": COMPLAINT}
"""Why a message is reported, and as what its case begins."""
WORDS = {
    "abuse": "辱骂或骚扰 · Abuse or harassment",
    "fraud": "欺诈 · Fraud",
    "threat": "威胁安全 · A threat",
    "off_platform": "要求平台外交易 · Asks to deal outside the platform",
    "other": "其他 · Something else",
}
KINDS = {TEXT: "", PICTURE: "[照片 · Picture]", VOICE: "[语音 · Voice message]"}
MOST = 500  # characters of a note


def report_message(engine: Engine, actor: Actor, order_id: str, seq: int, reason: str, note: str) -> str:
    """Reports what the other side said; gives the reference of the case. Who reports it again gets the same one.

    The case holds the words that were said and the note, without phone numbers, as both sides read it. Raises NotFound,
    also for a message of one's own or of the system, MessageUnfit.
    """
    try:
        text, _ = mask_phones(clean_text(note, has_lines=True))
    except InputRefused as refused:
        raise MessageUnfit("control_character") from refused
    if reason not in REASONS or len(text) > MOST:
        raise MessageUnfit("too_long" if reason in REASONS else "no_reason", MOST)

    def work(unit: UnitOfWork) -> str:
        access = look(unit.connection, actor, order_id, unit.now)
        row = _find_message(unit.connection, order_id, seq) if access.places else None
        is_seen = any(one.joined_seq < seq and (one.left_seq is None or seq <= one.left_seq) for one in access.places)
        if row is None or not is_seen or row.kind == LINE or row.party_id == actor.party_id:
            raise NotFound("message", f"{order_id}/{seq}")
        mine = (chat_report.c.order_id == order_id, chat_report.c.seq == seq)
        known = select(chat_report.c.id).where(*mine, chat_report.c.reporter_id == actor.party_id)
        if found := unit.connection.execute(known).scalar_one_or_none():
            case = select(service_case.c.ref).where(service_case.c.subject_id == found)
            return str(unit.connection.execute(case).scalar_one())
        return _open(engine, unit, actor, row, reason, text)

    return engine.database.transact(work)


def _find_message(connection: Connection, order_id: str, seq: int) -> Row[Any] | None:
    query = select(chat_message, file.c.sha256).join(file, file.c.id == chat_message.c.file_id, isouter=True)
    return connection.execute(query.where(chat_message.c.order_id == order_id, chat_message.c.seq == seq)).one_or_none()


def _open(engine: Engine, unit: UnitOfWork, actor: Actor, row: Row[Any], reason: str, note: str) -> str:
    report = {
        "id": new_id(),
        "order_id": row.order_id,
        "seq": row.seq,
        "reporter_id": actor.party_id,
        "reported_id": row.party_id,
        "digest": digest_message(row),
        "at": unit.now,
    }
    unit.connection.execute(insert(chat_report).values(report))
    subject = find_report(unit.connection, str(report["id"]))
    assert subject is not None
    case_ref = begin_case(unit, actor, CATEGORY, subject, REASONS[reason], 0)
    quoted = ""
    if row.kind == TEXT and row.content is not None:
        quoted = vault.open_sealed(unit.connection, engine.keys, row.content, place_of(row.order_id, row.token)) or ""
    lines = [f"{WORDS[reason]} · #{row.seq}", f"> {quoted}" if quoted else KINDS[row.kind], note]
    said = vault.put(unit.connection, engine.keys, actor.party_id, "\n".join(line for line in lines if line))
    add_entry(unit.connection, unit.now, case_ref, OPENED, party_id=actor.party_id, text=said)
    return case_ref


@finds_subject(CATEGORY)
def find_report(connection: Connection, report_id: str) -> Subject | None:
    """A report, as a case is about it: no money is."""
    query = select(chat_report, chat_room.c.number).join(chat_room, chat_room.c.order_id == chat_report.c.order_id)
    row = connection.execute(query.where(chat_report.c.id == report_id)).one_or_none()
    if row is None:
        return None
    return Subject(
        id=row.id,
        number=f"{row.number}-C{row.seq}",
        title=f"聊天举报 · Chat report · {row.number}",
        payer=row.reporter_id,
        payee=row.reported_id,
        amount_fen=0,
        instance_id=row.order_id,
        ended_at=None,
    )


@collects(CATEGORY)
def collect_report(call: TopicCall, report_id: str) -> PlainDict:
    """The report, and of the whole room who said something when, with the hashes."""
    row = call.connection.execute(select(chat_report).where(chat_report.c.id == report_id)).one()
    return {
        "report": {"order": row.order_id, "seq": row.seq, "sha256": row.digest},
        "room": collect_room(call.connection, row.order_id),
    }
