"""Topics of the award: who is chosen, by hand or by a strategy, and the waiting list."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, func, insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.services.ledger import accounts
from engine.services.ledger.fees import BPS
from engine.services.ledger.posting import balance_of
from engine.services.work_tasks import states
from engine.services.work_tasks.awards import Rank, commit_seed, rank
from engine.services.work_tasks.candidates import list_candidates
from engine.services.work_tasks.notes import AUTOMATIC, FIRST_COME, NEGOTIABLE, charge_of, note_task, whole
from engine.services.work_tasks.tables import application, award_run, work_task
from engine.storage import vault
from engine.storage.plain import Plain, PlainDict


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
    counted = application.c.state.in_(("applied", "waiting", "chosen", "awarded"))
    query = select(func.count()).where(application.c.task_id == task_id, counted)
    applicant_count = call.connection.execute(query).scalar_one()
    call.note("signup_closed", task_id=task_id, applicant_count=applicant_count)
    return {"applicant_count": applicant_count}


@topic("record_award", reads=["award_manually"])
def record_award(call: TopicCall, *, task_id: str) -> PlainDict:
    """Keeps whom the enterprise chose: at most as many as there are free seats, in the order of arrival, each with the
    reason it gave. The others wait once no seat is left or the enterprise wants no more sign-ups: first those it put in
    an order, then in the order of arrival.

    Reads the form of award_manually. Returns: awarded_count, is_closed (the enterprise wants no further sign-ups).
    """
    form, task = call.values_of("award_manually"), states.fetch_task_row(call.connection, task_id)
    free = task["headcount"] - task["seats_taken"]
    open_ids = {str(row["sequence"]): str(row["id"]) for row in _list_open(call, task)}
    picked = [one for one in _read_chosen(form.get("chosen")) if one["id"] in open_ids][:free]
    _award(
        call, {open_ids[one["id"]]: _reason(call, task, one["note"]) for one in picked}, whole(form, "cap_per_worker")
    )
    is_closed = bool(form.get("close_list")) or bool(task["list_closed_at"])
    if is_closed:
        call.connection.execute(
            update(work_task).where(work_task.c.id == task_id).values(list_closed_at=task["list_closed_at"] or call.now)
        )
    if is_closed or len(picked) == free:
        others = [number for number in open_ids if number not in {one["id"] for one in picked}]
        order = [number for number in re.findall("[0-9]+", str(form.get("waiting_order") or "")) if number in others]
        _queue(call, {open_ids[number]: None for number in dict.fromkeys([*order, *others])})
    note_task(call, task_id, "awarding")
    return {"awarded_count": len(picked), "is_closed": is_closed}


def _read_chosen(value: Plain) -> list[dict[str, str]]:
    """The rows that were ticked in the form, each with its note."""
    rows = value if isinstance(value, list) else []
    return [{"id": str(row["id"]), "note": str(row["note"] or "")} for row in rows if isinstance(row, dict)]


def _reason(call: TopicCall, task: RowMapping, note: str) -> PlainDict:
    kept = vault.put(call.connection, call.keys, task["enterprise_id"], note) if note else None
    return {"is_chosen": True, "by": call.actor.user_id, "note": kept}


def open_applications(task: RowMapping, now: datetime) -> Select[Any]:
    """The applications that may be awarded, in the order of arrival; of a negotiation those with an agreed price."""
    query = select(application).where(
        application.c.task_id == task["id"], application.c.state.in_(("applied", "waiting"))
    )
    if task["mode"] == NEGOTIABLE and task["award_method"] != AUTOMATIC:
        query = query.where(application.c.agreed_until > now)
    return query.order_by(application.c.sequence)


def _list_open(call: TopicCall, task: RowMapping) -> Sequence[RowMapping]:
    return call.connection.execute(open_applications(task, call.now)).mappings().all()


def _award(call: TopicCall, chosen: Mapping[str, PlainDict], cap: int = 0) -> None:
    """Chooses applications, each with the reason; a seat is taken for them next. With a cap of pieces for each."""
    values: dict[str, object] = {"state": "chosen", "award_reason": bindparam("reason_"), "waiting_rank": None}
    if cap:
        values["quantity_cap"] = cap
    if not chosen:
        return
    change = update(application).where(application.c.id == bindparam("id_")).values(values)
    call.connection.execute(change, [{"id_": one, "reason_": reason} for one, reason in chosen.items()])
    call.note("awarded", applications=list(chosen))


def _queue(call: TopicCall, waiting: Mapping[str, PlainDict | None]) -> None:
    """Puts applications on the waiting list, in this order, each with the reason why it got no seat."""
    if not waiting:
        return
    values = {"state": "waiting", "waiting_rank": bindparam("rank_"), "award_reason": bindparam("reason_")}
    change = update(application).where(application.c.id == bindparam("id_")).values(values)
    rows = [{"id_": one, "rank_": number, "reason_": reason} for number, (one, reason) in enumerate(waiting.items(), 1)]
    call.connection.execute(change, rows)


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
    last = call.connection.execute(select(func.max(award_run.c.number)).where(award_run.c.task_id == task_id))
    run = {
        "task_id": task_id,
        "number": (last.scalar_one() or 0) + 1,
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
    _award(call, {one.application: one.as_plain() for one in ranks if one.is_awarded})
    if is_full:
        _queue(call, {one.application: one.as_plain() for one in ranks if not one.is_awarded})


@topic("promote_next")
def promote_next(call: TopicCall, *, task_id: str) -> PlainDict:
    """Offers freed seats to the next on the waiting list.

    Returns: awarded_count.
    """
    task = states.fetch_task_row(call.connection, task_id)
    free = task["headcount"] - task["seats_taken"]
    next_ones = waiting_list(task, call.now).limit(free)
    chosen = call.connection.execute(next_ones).mappings().all() if free else []
    _award(call, {row["id"]: {"is_promoted": True, "waiting_rank": row["waiting_rank"]} for row in chosen})
    note_task(call, task_id, "awarding")
    return {"awarded_count": len(chosen)}


def waiting_list(task: RowMapping, now: datetime) -> Select[Any]:
    """Who waits for a seat, the next first."""
    waiting = open_applications(task, now).where(application.c.state == "waiting")
    return waiting.order_by(None).order_by(application.c.waiting_rank, application.c.sequence)
