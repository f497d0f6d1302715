"""Photos on their way into an order: registered in the step, examined outside it, before anything is merged."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import RowMapping, insert, select

from engine.definitions.registry import JobDone, JobRun, TopicCall, job_handler
from engine.services.job_engine import engine_of
from engine.services.repairs.photos import Expected, examine
from engine.services.repairs.states import fetch_order, fetch_turn
from engine.services.repairs.tables import repair_photo, repair_photo_facts
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

EXAMINE, EXAMINED = "repair.examine", "repair.photos_examined"
BEFORE, AFTER = timedelta(days=1), timedelta(days=1)  # a photo may be that much older than the order, or newer than now


def keep_photos(call: TopicCall, turn_id: str, sent: Plain) -> list[str]:
    """Registers the photos of one member; gives their ids."""
    turn = fetch_turn(call.connection, turn_id)
    photos = [cast(dict[str, Any], one) for one in sent] if isinstance(sent, list) else []
    rows = [_make_row(call, turn, one) for one in photos]
    if rows:
        call.connection.execute(insert(repair_photo), rows)
    call.note("repair_photos", member=call.actor.user_id, photos=len(rows))
    return [str(row["id"]) for row in rows]


def _make_row(call: TopicCall, turn: RowMapping, sent: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: str(sent.get(name) or "") for name in ("line", "equipment", "stage", "caption")}
    return {
        "id": new_id(),
        "order_id": turn["order_id"],
        "turn_id": turn["id"],
        "member_id": turn["member_id"],
        "round": turn["round"],
        "file_id": sent["file"],
        "sha256": sent["sha256"],
        "submitted_at": call.now,
        **texts,
    }


def examine_later(call: TopicCall, photos: list[str]) -> str:
    """Queues the examination of photos; gives the key of the message that says it is done."""
    key = new_id()
    payload: PlainDict = {"order": call.instance_id, "photos": [*photos], "key": key}
    call.enqueue(EXAMINE, payload)
    return key


@job_handler(EXAMINE)
def examine_photos(run: JobRun) -> Plain:
    """Reads each file as it was uploaded."""
    engine = engine_of(run)
    ids = cast(list[str], run.payload["photos"])
    with engine.database.read() as connection:
        order = fetch_order(connection, str(run.payload["order"]))
        query = select(repair_photo.c.id, repair_photo.c.sha256).where(repair_photo.c.id.in_(ids))
        hashes = {row.id: row.sha256 for row in connection.execute(query)}
    position = order["content"]["position"]
    site = (float(position[0]), float(position[1])) if position else None
    expected = Expected(order["created_at"] - BEFORE, run.now + AFTER, engine.zone, site)
    return {one: examine(engine.files.path(hashes[one]), expected).describe() for one in ids}


@examine_photos.finish
def note_facts(done: JobDone, found: Plain) -> None:
    """Keeps what was found; the order goes on."""
    rows = [
        {"photo_id": photo_id, "content": facts, "examined_at": done.now}
        for photo_id, facts in cast(PlainDict, found).items()
    ]
    if rows:
        done.connection.execute(insert(repair_photo_facts), rows)
    done.publish(EXAMINED, str(done.payload["key"]), {})
