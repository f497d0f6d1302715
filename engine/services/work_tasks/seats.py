"""Topics of the seats: taken by guarded updates, so that neither seats nor pieces can be exceeded.

Of a crowd the first hundred are served at once, the others in chunks, so that every transaction stays short.
"""

from typing import Any

from sqlalchemy import RowMapping, Select, func, insert, select, update

from engine.definitions.registry import CHUNK_ITEMS, ChunkCall, Outbox, TopicCall, batch_topic, topic
from engine.services.work_tasks import states
from engine.services.work_tasks.awarding import waiting_list
from engine.services.work_tasks.notes import NEGOTIABLE, PIECEWORK, note_task
from engine.services.work_tasks.prices import pay_of_pieces
from engine.services.work_tasks.tables import application, engagement, work_task
from engine.services.work_tasks.terms import describe_terms
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

START = "engagement.start"


@batch_topic("reserve_seats")
def reserve_seats(call: TopicCall, *, task_id: str) -> list[Plain]:
    """Takes a seat for everybody who was chosen, of piecework also his share of the pieces; never more than there are.
    Whom none is left for comes first on the waiting list.
    """
    chosen = select(application.c.id).where(application.c.task_id == task_id, application.c.state == "chosen")
    ids = list(call.connection.execute(chosen.order_by(application.c.sequence)).scalars())
    _reserve(call, ids[:CHUNK_ITEMS])
    return list(ids[CHUNK_ITEMS:])


@reserve_seats.chunk
def reserve_more_seats(call: ChunkCall, items: list[Plain]) -> Plain:
    """The same for some of a crowd."""
    _reserve(call, [str(item) for item in items])
    return None


def _reserve(call: Outbox, application_ids: list[str]) -> None:
    query = select(application).where(application.c.id.in_(application_ids), application.c.state == "chosen")
    for row in call.connection.execute(query.order_by(application.c.sequence)).mappings().all():
        is_seated = _take_seat(call, states.fetch_task_row(call.connection, row["task_id"]), row)
        values: dict[str, object] = {"state": "awarded"} if is_seated else {"state": "waiting", "waiting_rank": 1}
        call.connection.execute(update(application).where(application.c.id == row["id"]).values(values))


def _take_seat(call: Outbox, task: RowMapping, row: RowMapping) -> bool:
    taken = call.connection.execute(
        update(work_task)
        .where(work_task.c.id == task["id"], work_task.c.seats_taken < work_task.c.headcount)
        .values(seats_taken=work_task.c.seats_taken + 1)
    )
    if taken.rowcount != 1:
        return False
    cap = _take_pieces(call, task, row) if task["mode"] == PIECEWORK else 0
    if task["mode"] == PIECEWORK and not cap:
        give_seat_back(call, task["id"], 0)
        return False
    values = {
        "id": new_id(),
        "task_id": task["id"],
        "application_id": row["id"],
        "worker_id": row["worker_id"],
        "enterprise_id": task["enterprise_id"],
        "state": "offered",
        "pay_fen": _find_pay(task, row, cap),
        "quantity_cap": cap,
        "offered_at": call.now,
        "start_by": task["start_by"],
        "due_at": task["due_at"],
        "terms_version": task["terms_version"],
        "terms": describe_terms(task),
        **dict.fromkeys(("is_started", "rework_count", "version", "is_last_batch", "case_count"), 0),
        **dict.fromkeys(("gross_fen", "paid_fen", "net_fen"), 0),
        "batch": 1,
    }
    call.connection.execute(insert(engagement).values(values))
    return True


def _find_pay(task: RowMapping, row: RowMapping, cap: int) -> int:
    """The gross pay of an engagement: fixed, as agreed or offered, or that of all its pieces."""
    if task["mode"] == PIECEWORK:
        return pay_of_pieces(task, cap)
    return int(row["agreed_fen"] or row["offer_fen"]) if task["mode"] == NEGOTIABLE else int(task["pay_fen"])


def _take_pieces(call: Outbox, task: RowMapping, row: RowMapping) -> int:
    """The pieces a worker gets: as awarded, at most his limit and what is left of the total."""
    left = task["cap_total"] - task["quantity_taken"]
    cap = min(row["quantity_cap"] or task["cap_per_worker"], task["cap_per_worker"], left)
    if cap <= 0:
        return 0
    taken = call.connection.execute(
        update(work_task)
        .where(work_task.c.id == task["id"], work_task.c.quantity_taken + cap <= work_task.c.cap_total)
        .values(quantity_taken=work_task.c.quantity_taken + cap)
    )
    return int(cap) if taken.rowcount == 1 else 0


def give_seat_back(call: Outbox, task_id: str, quantity: int) -> None:
    """A seat, and the pieces that were not made, are free again."""
    call.connection.execute(
        update(work_task)
        .where(work_task.c.id == task_id)
        .values(seats_taken=work_task.c.seats_taken - 1, quantity_taken=work_task.c.quantity_taken - quantity)
    )


@batch_topic("start_engagements")
def start_engagements(call: TopicCall, *, task_id: str) -> list[Plain]:
    """Begins a case of its own for each engagement that was offered and has none."""
    waiting = select(engagement.c.id).where(engagement.c.task_id == task_id, engagement.c.is_started == 0)
    ids = list(call.connection.execute(waiting.order_by(engagement.c.id)).scalars())
    _start(call, ids[:CHUNK_ITEMS])
    return list(ids[CHUNK_ITEMS:])


@start_engagements.chunk
def start_more_engagements(call: ChunkCall, items: list[Plain]) -> Plain:
    """The same for some of a crowd."""
    _start(call, [str(item) for item in items])
    return None


def _start(call: Outbox, engagement_ids: list[str]) -> None:
    for one in engagement_ids:
        call.publish(START, one, {"engagement_id": one})
    call.connection.execute(update(engagement).where(engagement.c.id.in_(engagement_ids)).values(is_started=1))


@topic("note_recruited")
def note_recruited(call: TopicCall, *, task_id: str) -> PlainDict:
    """The seats that were awarded are taken: the work task goes on recruiting while seats are free and the sign-up is
    open, else it runs.

    Returns: is_recruiting.
    """
    task = states.fetch_task_row(call.connection, task_id)
    is_recruiting = task["list_closed_at"] is None and task["seats_taken"] < task["headcount"]
    note_task(call, task_id, "recruiting" if is_recruiting else "running")
    return {"is_recruiting": is_recruiting}


@topic("count_engagements")
def count_engagements(call: TopicCall, *, task_id: str) -> PlainDict:
    """How the engagements of a work task stand, counted from their rows.

    Returns: open_count, refill_count (freed seats for which somebody waits; none once the work task was cancelled),
    seats_taken.
    """
    task = states.fetch_task_row(call.connection, task_id)
    is_open = (engagement.c.task_id == task_id, engagement.c.state.in_(states.OPEN_ENGAGEMENT))
    open_count = call.connection.execute(select(func.count()).where(*is_open)).scalar_one()
    free = 0 if task["cancelled_at"] else task["headcount"] - task["seats_taken"]
    waiting_count = _count(call, waiting_list(task, call.now).limit(free)) if free else 0
    return {"open_count": open_count, "refill_count": waiting_count, "seats_taken": task["seats_taken"]}


def _count(call: TopicCall, query: Select[Any]) -> int:
    rows = query.with_only_columns(application.c.id).subquery()
    return int(call.connection.execute(select(func.count()).select_from(rows)).scalar_one())
