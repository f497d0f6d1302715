"""Topics of an engagement: from the seat that was offered to the work that was delivered."""

from sqlalchemy import Connection, RowMapping, insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.services.ledger import accounts, rules
from engine.services.ledger.fees import share_of
from engine.services.ledger.posting import balance_of
from engine.services.work_tasks import states
from engine.services.work_tasks.notes import (
    NEGOTIABLE,
    PIECEWORK,
    PREPAYMENT,
    REMINDER,
    book_for,
    charge_of,
    is_paid_at_acceptance,
    later,
    note_engagement,
    whole,
)
from engine.services.work_tasks.places import find_distance
from engine.services.work_tasks.prices import charge_of_pieces, count_secured
from engine.services.work_tasks.quantities import count_open
from engine.services.work_tasks.seats import give_seat_back
from engine.services.work_tasks.tables import application, deliverable, engagement
from engine.services.work_tasks.texts import open_text
from engine.storage.clock import format_instant, parse_instant
from engine.storage.plain import PlainDict


@topic("open_engagement")
def open_engagement(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """Reads the terms of an engagement as they were published and awarded; they hold until its end.

    Returns: task_id, enterprise, worker, mode, pay_fen, fee, fee_bearer, is_confidential, deliverable_types,
    reject_policy, secured_by (share: out of the work task's escrow; pay, guarantee: frozen now; nothing), secure_fen.
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    task = states.fetch_task_row(call.connection, row["task_id"])
    values = {"instance_id": call.instance_id}
    call.connection.execute(update(engagement).where(engagement.c.id == engagement_id).values(values))
    sequence = select(application.c.sequence).where(application.c.id == row["application_id"])
    number = f"{task['number']}/{call.connection.execute(sequence).scalar_one()}"
    call.describe(task["title"], task["title"], row["pay_fen"], number)
    call.add_party(row["worker_id"], "worker")
    call.add_party(row["enterprise_id"], "enterprise")
    if is_paid_at_acceptance(task):
        secure_fen = share_of(row["pay_fen"], task["guarantee_bps"])
        secured_by = "guarantee" if secure_fen else "nothing"
    else:
        secured_by = "pay" if task["mode"] == NEGOTIABLE else "share"
        is_piecework = task["mode"] == PIECEWORK
        first = count_secured(task, row["quantity_cap"])
        secure_fen = charge_of_pieces(task, 0, first) if is_piecework else charge_of(task, row["pay_fen"])
    return {
        "task_id": task["id"],
        "enterprise": row["enterprise_id"],
        "worker": row["worker_id"],
        "mode": task["mode"],
        "pay_fen": row["pay_fen"],
        "fee": task["fee"],
        "fee_bearer": task["fee_bearer"],
        "is_confidential": bool(task["is_confidential"]),
        "deliverable_types": task["deliverable_types"],
        "reject_policy": task["reject_policy"],
        "secured_by": secured_by,
        "secure_fen": secure_fen,
    }


@topic("mark_engagement")
def mark_engagement(call: TopicCall, *, engagement_id: str, state: str) -> PlainDict:
    """Brings the engagement into a state of its life. A final state is refused while money is frozen for it.

    Returns: state.
    """
    stamps = {"confirmed": {"confirmed_at": call.now}}
    note_engagement(call, engagement_id, state, **stamps.get(state, {}))
    return {"state": state}


@topic("plan_work")
def plan_work(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """The worker has confirmed: fixes by when he has to begin, at least some time from now, and to deliver.

    Returns: stage, start_limit, due_at, due_soon (a day before), overdue_at.
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    start_by = max(row["start_by"], call.now)
    due_at = max(row["due_at"], start_by)
    overdue_at = later(call, "task_overdue_grace", due_at)
    note_engagement(
        call,
        engagement_id,
        "confirmed",
        confirmed_at=call.now,
        start_by=start_by,
        due_at=due_at,
        overdue_at=overdue_at,
    )
    return {
        "stage": "confirmed",
        "start_limit": format_instant(later(call, "task_start_grace", start_by)),
        "due_at": format_instant(due_at),
        "due_soon": format_instant(due_at - REMINDER),
        "overdue_at": format_instant(overdue_at),
    }


@topic("free_seat")
def free_seat(call: TopicCall, *, engagement_id: str, state: str) -> PlainDict:
    """Ends an engagement whose seat somebody else may have: what was secured for it goes back to the work task, or to
    the enterprise where it was frozen for this worker.

    Returns: returned_fen.
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    returned_fen = return_rest(call, engagement_id)
    give_seat_back(call, row["task_id"], count_open(call.connection, engagement_id))
    note_engagement(call, engagement_id, state)
    return {"returned_fen": returned_fen}


def return_rest(call: TopicCall, engagement_id: str) -> int:
    """Everything that is still frozen for an engagement goes where it came from; gives how much, in fen."""
    row = states.fetch_engagement_row(call.connection, engagement_id)
    task = states.fetch_task_row(call.connection, row["task_id"])
    escrow, guarantee = accounts.escrow(engagement_id), accounts.guarantee(engagement_id)
    left_fen, book = balance_of(call.connection, escrow), book_for(call, engagement_id, "escrow")
    if left_fen and task["mode"] in (PREPAYMENT, PIECEWORK):
        rules.return_share(book, task_ref=row["task_id"], escrow_ref=engagement_id, amount_fen=left_fen)
    elif left_fen:
        rules.release(book, payer=row["enterprise_id"], source=escrow, amount_fen=left_fen)
    guarantee_fen = balance_of(call.connection, guarantee)
    if guarantee_fen:
        book = book_for(call, engagement_id, "guarantee")
        rules.release(book, payer=row["enterprise_id"], source=guarantee, amount_fen=guarantee_fen)
    return left_fen + guarantee_fen


@topic("begin_work", reads=["do_work"])
def begin_work(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """The worker works on it: for the first time, or again after a rework. Of where he checked in only the distance
    from the place is kept.

    Reads the form of do_work. Returns: stage.
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    values: dict[str, object] = {"started_at": row["started_at"] or call.now}
    if row["started_at"] is None:
        here = open_text(call, call.values_of("do_work").get("position"))
        there = open_text(call, states.fetch_task_row(call.connection, row["task_id"])["position"])
        values["check_in_m"] = find_distance(there, here)
    note_engagement(call, engagement_id, "working", **values)
    return {"stage": "working"}


@topic("extend_work")
def extend_work(call: TopicCall, *, engagement_id: str, until: str) -> PlainDict:
    """Gives the worker more time to deliver, at least that of an answer.

    Returns: overdue_at.
    """
    overdue_at = max(parse_instant(until), later(call, "task_overdue_decision"))
    values = {"overdue_at": overdue_at, "due_at": overdue_at}
    call.connection.execute(update(engagement).where(engagement.c.id == engagement_id).values(values))
    call.note("work_extended", engagement_id=engagement_id, until=format_instant(overdue_at))
    return {"overdue_at": format_instant(overdue_at)}


@topic("record_deliverable", reads=["submit_deliverable"])
def record_deliverable(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """Keeps what was delivered as a version of its own; of piecework with its quantity, at most what is open.

    Reads the form of submit_deliverable. Returns: version, quantity, rework_left.
    """
    form, row = call.values_of("submit_deliverable"), states.fetch_engagement_row(call.connection, engagement_id)
    version = row["version"] + 1
    quantity = whole(form, "quantity")
    if row["quantity_cap"]:
        task = states.fetch_task_row(call.connection, row["task_id"])
        quantity = min(quantity, count_secured(task, count_open(call.connection, engagement_id)))
    values = {
        "engagement_id": engagement_id,
        "version": version,
        "batch": row["batch"],
        "quantity": quantity,
        "statement": form.get("statement") or "",
        "note": form.get("delivery_note") or None,
        "location": form.get("location") or None,
        "links": str(form.get("links") or ""),
        "files": form.get("files") or [],
        "submitted_at": call.now,
    }
    call.connection.execute(insert(deliverable).values(values))
    note_engagement(
        call,
        engagement_id,
        "delivered",
        version=version,
        delivered_at=call.now,
        is_last_batch=int(bool(form.get("is_last_batch"))),
    )
    return {"version": version, "quantity": quantity, "rework_left": count_rework_left(call.connection, row)}


def count_rework_left(connection: Connection, row: RowMapping) -> int:
    """How often the work of an engagement may still be given back."""
    task = states.fetch_task_row(connection, row["task_id"])
    return max(0, int(task["rework_limit"]) - int(row["rework_count"]))


@topic("order_work_again")
def order_work_again(call: TopicCall, *, engagement_id: str) -> PlainDict:
    """Gives the work back to the worker for another round, with a deadline of its own.

    Returns: rework_count, due_at, due_soon, overdue_at.
    """
    row = states.fetch_engagement_row(call.connection, engagement_id)
    due_at = max(row["due_at"], later(call, "task_rework_deadline"))
    overdue_at = later(call, "task_overdue_grace", due_at)
    rework_count = row["rework_count"] + 1
    note_engagement(call, engagement_id, "rework", rework_count=rework_count, due_at=due_at, overdue_at=overdue_at)
    return {
        "rework_count": rework_count,
        "due_at": format_instant(due_at),
        "due_soon": format_instant(due_at - REMINDER),
        "overdue_at": format_instant(overdue_at),
    }
