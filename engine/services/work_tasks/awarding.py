"""Topics of the award: who gets a seat, by hand or by a strategy, and the waiting list. Seats and pieces are taken by
guarded updates, so that they cannot be exceeded.
"""

from collections.abc import Sequence

from sqlalchemy import RowMapping, func, insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.services.ledger import accounts
from engine.services.ledger.fees import BPS
from engine.services.ledger.posting import balance_of
from engine.services.work_tasks import states
from engine.services.work_tasks.awards import Rank, commit_seed, rank
from engine.services.work_tasks.candidates import list_candidates
from engine.services.work_tasks.notes import (
    FIRST_COME,
    NEGOTIABLE,
    PIECEWORK,
    charge_of,
    list_engagements,
    note_task,
    whole,
)
from engine.services.work_tasks.tables import application, award_run, engagement, work_task
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict

START = "engagement.start"


@topic("read_cover")
def read_cover(call: TopicCall, *, task_id: str) -> PlainDict:
    """How much of the pay of all seats the enterprise's wallet covers now, and what it wishes for the award.

    Returns: cover_bps, award_preference, task_type.
    """
    task = states.fetch_task_row(call.connection, task_id)
    wanted_fen = charge_of(task, task["pay_fen"]) * task["headcount"]
    wallet_fen = balance_of(call.connection, accounts.wallet(task["enterprise_id"]))
    cover_bps = BPS if wanted_fen == 0 else min(BPS, wallet_fen * BPS // wanted_fen)
    return {"cover_bps": cover_bps, "award_preference": task["award_preference"], "task_type": "normal"}


@topic("note_award_method")
def note_award_method(call: TopicCall, *, task_id: str, method: str) -> PlainDict:
    """Keeps how the seats of the work task are awarded, as the decision table says.

    Returns: award_strategy, is_awarded_at_once (each sign-up by itself, in the order of arrival).
    """
    task = states.fetch_task_row(call.connection, task_id)
    call.connection.execute(update(work_task).where(work_task.c.id == task_id).values(award_method=method))
    call.note("award_method", task_id=task_id, method=method, strategy=task["award_strategy"])
    at_once = method == "automatic" and task["award_strategy"] == FIRST_COME
    return {"award_strategy": task["award_strategy"], "is_awarded_at_once": at_once}


@topic("close_signup")
def close_signup(call: TopicCall, *, task_id: str) -> PlainDict:
    """Ends the sign-up at its deadline; from now on nobody else can apply.

    Returns: applicant_count (who may still be awarded, or holds a seat).
    """
    call.connection.execute(update(work_task).where(work_task.c.id == task_id).values(list_closed_at=call.now))
    counted = application.c.state.in_(("applied", "waiting", "awarded"))
    query = select(func.count()).where(application.c.task_id == task_id, counted)
    applicant_count = call.connection.execute(query).scalar_one()
    call.note("signup_closed", task_id=task_id, applicant_count=applicant_count)
    return {"applicant_count": applicant_count}


@topic("record_award")
def record_award(call: TopicCall, *, task_id: str) -> PlainDict:
    """Keeps whom the enterprise chose: at most as many as there are free seats, in the order of arrival. The others
    wait once no seat is left or the enterprise wants no more sign-ups.

    Reads the form of award_manually. Returns: awarded_count, is_closed (the enterprise wants no further sign-ups).
    """
    form, task = call.values_of("award_manually"), states.fetch_task_row(call.connection, task_id)
    chosen, free = form.get("chosen"), task["headcount"] - task["seats_taken"]
    numbers = [str(one) for one in chosen] if isinstance(chosen, list) else []
    open_ids = {str(row["sequence"]): str(row["id"]) for row in _list_open(call, task)}
    picked = [open_ids[one] for one in numbers if one in open_ids][:free]
    cap = whole(form, "cap_per_worker")
    for one in picked:
        _award(call, one, {"is_chosen": True, "by": call.actor.user_id}, cap)
    is_closed = bool(form.get("close_list")) or bool(task["list_closed_at"])
    if is_closed:
        call.connection.execute(
            update(work_task).where(work_task.c.id == task_id).values(list_closed_at=task["list_closed_at"] or call.now)
        )
    if is_closed or len(picked) == free:
        _queue(call, [row["id"] for row in _list_open(call, task)])
    note_task(call, task_id, "awarding")
    return {"awarded_count": len(picked), "is_closed": is_closed}


def _list_open(call: TopicCall, task: RowMapping) -> Sequence[RowMapping]:
    """The applications that may be awarded, in the order of arrival; of a negotiation those with an agreed price."""
    query = select(application).where(
        application.c.task_id == task["id"], application.c.state.in_(("applied", "waiting"))
    )
    if task["mode"] == NEGOTIABLE and task["award_method"] != "automatic":
        query = query.where(application.c.agreed_until > call.now)
    return call.connection.execute(query.order_by(application.c.sequence)).mappings().all()


def _list_waiting(call: TopicCall, task: RowMapping) -> list[RowMapping]:
    """The waiting list, the next first."""
    waiting = [row for row in _list_open(call, task) if row["state"] == "waiting"]
    return sorted(waiting, key=lambda row: (row["waiting_rank"], row["sequence"]))


def _award(call: TopicCall, application_id: str, reason: PlainDict, cap: int = 0) -> None:
    values: dict[str, object] = {"state": "awarded", "award_reason": reason, "waiting_rank": None}
    if cap:
        values["quantity_cap"] = cap
    call.connection.execute(update(application).where(application.c.id == application_id).values(values))
    call.note("awarded", application_id=application_id)


def _queue(call: TopicCall, application_ids: list[str], reasons: dict[str, PlainDict] | None = None) -> None:
    """Puts applications on the waiting list, in this order."""
    for number, one in enumerate(application_ids, 1):
        values = {"state": "waiting", "waiting_rank": number, "award_reason": (reasons or {}).get(one)}
        call.connection.execute(update(application).where(application.c.id == one).values(values))


@topic("auto_award")
def auto_award(call: TopicCall, *, task_id: str) -> PlainDict:
    """Awards the free seats by the strategy of the work task, and keeps inputs, weights, seed and result, so that the
    award can be computed again. Once the sign-up is closed the others wait, in the order of their rank.

    Returns: awarded_count.
    """
    task = states.fetch_task_row(call.connection, task_id)
    free = task["headcount"] - task["seats_taken"]
    candidates = list_candidates(call, task, _list_open(call, task))
    weights = _read_weights(call, task)
    nonce, strategy = task["award_nonce"], task["award_strategy"]
    seed = commit_seed(task_id, task["publication_sha256"], nonce)
    ranks = rank(strategy, candidates, free, weights, seed)
    number = call.connection.execute(select(func.count()).where(award_run.c.task_id == task_id)).scalar_one() + 1
    run = {
        "task_id": task_id,
        "number": number,
        "strategy": strategy,
        "seats": free,
        "inputs": [one.as_plain() for one in candidates],
        "weights": weights,
        "seed": seed,
        "nonce": nonce,
        "result": [one.as_plain() for one in ranks],
        "at": call.now,
    }
    call.connection.execute(insert(award_run).values(run))
    awarded_count = sum(one.is_awarded for one in ranks)
    _carry_out(call, ranks, is_full=awarded_count == free or task["list_closed_at"] is not None)
    note_task(call, task_id, "awarding")
    return {"awarded_count": awarded_count}


def _read_weights(call: TopicCall, task: RowMapping) -> dict[str, int]:
    found = call.decide("award_score_weights", {"place_mode": task["place_mode"], "mode": task["mode"]}).result
    assert isinstance(found, dict)
    return {name: value for name, value in found.items() if isinstance(value, int)}


def _carry_out(call: TopicCall, ranks: list[Rank], *, is_full: bool) -> None:
    for one in ranks:
        if one.is_awarded:
            _award(call, one.application, one.as_plain())
    if is_full:
        others = [one for one in ranks if not one.is_awarded]
        _queue(call, [one.application for one in others], {one.application: one.as_plain() for one in others})


@topic("promote_next")
def promote_next(call: TopicCall, *, task_id: str) -> PlainDict:
    """Offers freed seats to the next on the waiting list.

    Returns: awarded_count.
    """
    task = states.fetch_task_row(call.connection, task_id)
    chosen = _list_waiting(call, task)[: task["headcount"] - task["seats_taken"]]
    for row in chosen:
        _award(call, row["id"], {"is_promoted": True, "waiting_rank": row["waiting_rank"]})
    note_task(call, task_id, "awarding")
    return {"awarded_count": len(chosen)}


@topic("reserve_seats")
def reserve_seats(call: TopicCall, *, task_id: str) -> PlainDict:
    """Takes a seat for everybody who was awarded one, of piecework also his share of the pieces; never more than there
    are.

    Returns: reserved_count.
    """
    task = states.fetch_task_row(call.connection, task_id)
    has_seat = select(engagement.c.application_id).where(engagement.c.task_id == task_id)
    query = select(application).where(
        application.c.task_id == task_id, application.c.state == "awarded", application.c.id.not_in(has_seat)
    )
    rows = call.connection.execute(query.order_by(application.c.sequence)).mappings().all()
    return {"reserved_count": sum(_reserve(call, task, row) for row in rows)}


def _reserve(call: TopicCall, task: RowMapping, row: RowMapping) -> bool:
    taken = call.connection.execute(
        update(work_task)
        .where(work_task.c.id == task["id"], work_task.c.seats_taken < work_task.c.headcount)
        .values(seats_taken=work_task.c.seats_taken + 1)
    )
    cap = _take_pieces(call, task, row) if taken.rowcount == 1 and task["mode"] == PIECEWORK else 0
    if taken.rowcount != 1 or (task["mode"] == PIECEWORK and not cap):
        if taken.rowcount == 1:
            give_seat_back(call, task["id"], 0)
        _queue(call, [row["id"]])
        return False
    pay_fen = _find_pay(task, row, cap)
    values = {
        "id": new_id(),
        "task_id": task["id"],
        "application_id": row["id"],
        "worker_id": row["worker_id"],
        "enterprise_id": task["enterprise_id"],
        "state": "offered",
        "pay_fen": pay_fen,
        "quantity_cap": cap,
        "offered_at": call.now,
        "start_by": task["start_by"],
        "due_at": task["due_at"],
        **dict.fromkeys(("is_started", "rework_count", "version", "is_last_batch", "case_count"), 0),
        **dict.fromkeys(("gross_fen", "paid_fen", "net_fen"), 0),
        "batch": 1,
    }
    call.connection.execute(insert(engagement).values(values))
    return True


def _find_pay(task: RowMapping, row: RowMapping, cap: int) -> int:
    """The gross pay of an engagement: fixed, as agreed or offered, or that of all its pieces."""
    if task["mode"] == PIECEWORK:
        return int(task["unit_price_fen"] * cap)
    return int(row["agreed_fen"] or row["offer_fen"]) if task["mode"] == NEGOTIABLE else int(task["pay_fen"])


def _take_pieces(call: TopicCall, task: RowMapping, row: RowMapping) -> int:
    """The pieces a worker gets: as awarded, at most his limit and what is left of the total."""
    left = call.connection.execute(
        select(work_task.c.cap_total - work_task.c.quantity_taken).where(work_task.c.id == task["id"])
    ).scalar_one()
    cap = min(row["quantity_cap"] or task["cap_per_worker"], task["cap_per_worker"], left)
    if cap <= 0:
        return 0
    taken = call.connection.execute(
        update(work_task)
        .where(work_task.c.id == task["id"], work_task.c.quantity_taken + cap <= work_task.c.cap_total)
        .values(quantity_taken=work_task.c.quantity_taken + cap)
    )
    return int(cap) if taken.rowcount == 1 else 0


def give_seat_back(call: TopicCall, task_id: str, quantity: int) -> None:
    """A seat, and the pieces that were not made, are free again."""
    call.connection.execute(
        update(work_task)
        .where(work_task.c.id == task_id)
        .values(seats_taken=work_task.c.seats_taken - 1, quantity_taken=work_task.c.quantity_taken - quantity)
    )


@topic("start_engagements")
def start_engagements(call: TopicCall, *, task_id: str) -> PlainDict:
    """Begins a case of its own for each engagement that was offered and has none. The work task goes on recruiting
    while seats are free and the sign-up is open.

    Returns: started_count, is_recruiting.
    """
    task = states.fetch_task_row(call.connection, task_id)
    waiting = [row for row in list_engagements(call.connection, task_id) if not row["is_started"]]
    for row in waiting:
        call.publish(START, row["id"], {"engagement_id": row["id"]})
    ids = [row["id"] for row in waiting]
    call.connection.execute(update(engagement).where(engagement.c.id.in_(ids)).values(is_started=1))
    is_recruiting = task["list_closed_at"] is None and task["seats_taken"] < task["headcount"]
    note_task(call, task_id, "recruiting" if is_recruiting else "running")
    return {"started_count": len(ids), "is_recruiting": is_recruiting}


@topic("count_engagements")
def count_engagements(call: TopicCall, *, task_id: str) -> PlainDict:
    """How the engagements of a work task stand, read from their rows.

    Returns: open_count, refill_count (freed seats for which somebody waits; none once the work task was cancelled),
    seats_taken.
    """
    task = states.fetch_task_row(call.connection, task_id)
    rows = list_engagements(call.connection, task_id)
    free = task["headcount"] - task["seats_taken"]
    refill_count = 0 if task["cancelled_at"] else min(free, len(_list_waiting(call, task)))
    open_count = sum(row["state"] not in states.FINAL_ENGAGEMENT for row in rows)
    return {"open_count": open_count, "refill_count": refill_count, "seats_taken": task["seats_taken"]}
