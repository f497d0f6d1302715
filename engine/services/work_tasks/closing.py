"""Topics that end a work task: cancelled, without a match, or with all engagements closed."""

import hashlib

import orjson
from sqlalchemy import update

from engine.definitions.registry import TopicCall, topic
from engine.services.ledger import accounts, rules
from engine.services.ledger.posting import balance_of
from engine.services.ledger.topics.calls import open_book
from engine.services.work_tasks import states
from engine.services.work_tasks.notes import list_engagements, note_task
from engine.services.work_tasks.tables import application, work_task
from engine.storage.plain import PlainDict

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
        .where(application.c.task_id == task_id, application.c.state.in_(("applied", "waiting")))
        .values(state="closed")
    )


@topic("cancel_engagements")
def cancel_engagements(call: TopicCall, *, task_id: str) -> PlainDict:
    """The enterprise wants the whole work task to end: each engagement that can still be cancelled is asked to, and
    no seat is filled again.

    Returns: asked_count.
    """
    task = states.fetch_task_row(call.connection, task_id)
    values = {"cancelled_at": call.now, "list_closed_at": task["list_closed_at"] or call.now}
    call.connection.execute(update(work_task).where(work_task.c.id == task_id).values(values))
    _close_applications(call, task_id)
    asked = [row for row in list_engagements(call.connection, task_id) if row["state"] in ("confirmed", "working")]
    for row in asked:
        call.publish(CANCEL, row["id"], {"claimant": task["enterprise_id"]})
    call.note("work_task_cancelled", task_id=task_id, asked_count=len(asked))
    if task["state"] == "recruiting":
        note_task(call, task_id, "running")
    return {"asked_count": len(asked)}


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
