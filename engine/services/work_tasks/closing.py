"""Topics that end a work task: cancelled, without a match, or with all engagements closed."""

import hashlib

import orjson
from sqlalchemy import update

from engine.definitions.registry import CHUNK_ITEMS, ChunkCall, Outbox, TopicCall, batch_topic, topic
from engine.services.ledger import accounts, rules
from engine.services.ledger.posting import balance_of
from engine.services.ledger.topics.calls import open_book
from engine.services.work_tasks import states
from engine.services.work_tasks.notes import list_engagements, note_task
from engine.services.work_tasks.seats import give_seat_back
from engine.services.work_tasks.tables import application, work_task
from engine.storage.plain import Plain, PlainDict

CANCEL = "engagement.cancel"


@topic("close_work_task")
def close_work_task(call: TopicCall, *, task_id: str, state: str) -> PlainDict:
    """Ends a work task that nobody works on: all frozen money goes back, those who signed up are told.

    Returns: released_fen.
    """
    released_fen = _release(call, task_id)
    _close_applications(call, task_id)
    note_task(call, task_id, state)
    return {"released_fen": released_fen}


def _release(call: TopicCall, task_id: str) -> int:
    task = states.fetch_task_row(call.connection, task_id)
    escrow = accounts.escrow(task_id)
    left_fen = balance_of(call.connection, escrow)
    if left_fen:
        rules.release(open_book(call, task_id), payer=task["enterprise_id"], source=escrow, amount_fen=left_fen)
    return left_fen


def _close_applications(call: TopicCall, task_id: str) -> None:
    call.connection.execute(
        update(application)
        .where(application.c.task_id == task_id, application.c.state.in_(("applied", "waiting", "chosen")))
        .values(state="closed")
    )


@batch_topic("cancel_engagements")
def cancel_engagements(call: TopicCall, *, task_id: str) -> list[Plain]:
    """The enterprise wants the whole work task to end: each engagement that can still be cancelled is asked to (one
    that is not confirmed yet, as soon as it is), one whose case has not begun ends at once, and no seat is filled
    again.
    """
    task = states.fetch_task_row(call.connection, task_id)
    values = {"cancelled_at": call.now, "list_closed_at": task["list_closed_at"] or call.now}
    call.connection.execute(update(work_task).where(work_task.c.id == task_id).values(values))
    _close_applications(call, task_id)
    rows = list_engagements(call.connection, task_id)
    asked = [row["id"] for row in rows if row["state"] in ("offered", "confirmed", "working")]
    call.note("work_task_cancelled", task_id=task_id, asked_count=len(asked))
    if task["state"] in ("recruiting", "awarding"):
        note_task(call, task_id, "running")
    _ask(call, asked[:CHUNK_ITEMS])
    return list(asked[CHUNK_ITEMS:])


@cancel_engagements.chunk
def cancel_more_engagements(call: ChunkCall, items: list[Plain]) -> Plain:
    """The same for some of a crowd."""
    _ask(call, [str(item) for item in items])
    return None


def _ask(call: Outbox, engagement_ids: list[str]) -> None:
    for one in engagement_ids:
        row = states.fetch_engagement_row(call.connection, one)
        if row["is_started"]:
            call.publish(CANCEL, one, {"claimant": row["enterprise_id"]})
        else:
            give_seat_back(call, row["task_id"], row["quantity_cap"])
            states.move_engagement(call.connection, one, "lapsed", call.now)


@topic("release_remainder")
def release_remainder(call: TopicCall, *, task_id: str) -> PlainDict:
    """Gives the money of seats and pieces that were not used back to the enterprise (P-RELEASE).

    Returns: released_fen.
    """
    note_task(call, task_id, "closing")
    return {"released_fen": _release(call, task_id)}


@topic("issue_confirmation_sheet")
def issue_confirmation_sheet(call: TopicCall, *, task_id: str) -> PlainDict:
    """The settlement confirmation sheet of a work task: who was paid what, with its SHA-256. Those who waited for a
    seat are told that there is none.

    Returns: settled_count, gross_fen, net_fen, sheet_sha256.
    """
    _close_applications(call, task_id)
    rows = list_engagements(call.connection, task_id)
    lines = [
        {"engagement": row["id"], "state": row["state"], "gross_fen": row["paid_fen"], "net_fen": row["net_fen"]}
        for row in rows
    ]
    digest = hashlib.sha256(orjson.dumps(lines, option=orjson.OPT_SORT_KEYS)).hexdigest()
    sheet: PlainDict = {
        "settled_count": sum(row["state"] == "settled" for row in rows),
        "gross_fen": sum(row["paid_fen"] for row in rows),
        "net_fen": sum(row["net_fen"] for row in rows),
        "sheet_sha256": digest,
    }
    call.note("confirmation_sheet", task_id=task_id, lines=[dict(line) for line in lines], **sheet)
    return sheet
