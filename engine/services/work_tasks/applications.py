"""Sign-ups: what a worker does on the page of a work task. They are rows, not user tasks (M3)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, insert, select, update

from engine.records.messages import add_message
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.work_tasks import states
from engine.services.work_tasks.candidates import is_in_range, required_qualifications
from engine.services.work_tasks.eligibility import find_signup_obstacle, takes_signups
from engine.services.work_tasks.errors import MayNotApply, NotPossible, SignupClosed
from engine.services.work_tasks.notes import AUTOMATIC, FIRST_COME, NEGOTIABLE
from engine.services.work_tasks.places import find_distance
from engine.services.work_tasks.tables import application, work_task
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.clock import format_instant
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id

MAX_MESSAGE = 500
RECEIVED, NEGOTIATION = "application.received", "negotiation.opened"


@dataclass(frozen=True)
class SignUp:
    """What a worker says when he signs up. `offer_fen` belongs to a negotiable price, `quantity` to piecework;
    `position` is where he is, of which only the distance to the place is kept.
    """

    message: str = ""
    qualifications: tuple[str, ...] = ()
    offer_fen: int | None = None
    available_from: datetime | None = None
    quantity: int = 0
    position: str = ""
    terms_version: int = 1

    def __post_init__(self) -> None:
        if len(self.message) > MAX_MESSAGE:
            raise ValueError(f"Expected a message of at most {MAX_MESSAGE} characters, but got {len(self.message)}")


def apply_for_task(
    engine: Engine,
    actor: Actor,
    task_id: str,
    message: str = "",
    qualifications: tuple[str, ...] = (),
    offer_fen: int | None = None,
    quantity: int = 0,
    available_from: datetime | None = None,
    position: str = "",
    terms_version: int = 1,
) -> str:
    """Signs the actor up for a work task; gives the id of his application, the same one if he signs up again.

    Raises NotFound, SignupClosed, MayNotApply, ValueError for a message that is too long.
    """
    sign_up = SignUp(message, tuple(qualifications), offer_fen, available_from, quantity, position, terms_version)

    def work(unit: UnitOfWork) -> str:
        task = unit.connection.execute(states.SELECT_TASK, {"task_id": task_id}).mappings().one_or_none()
        if task is None or task["published_at"] is None:
            raise NotFound("work_task", task_id)
        known = select(application.c.id).where(
            application.c.task_id == task_id,
            application.c.worker_id == actor.party_id,
            application.c.state != "withdrawn",
        )
        if found := unit.connection.execute(known).scalar_one_or_none():
            return str(found)
        _check(unit, actor, task, sign_up)
        return _insert(engine, unit, actor, task, sign_up)

    return engine.database.transact(work)


def _check(unit: UnitOfWork, actor: Actor, task: RowMapping, sign_up: SignUp) -> None:
    if not takes_signups(task, unit.now):
        raise SignupClosed(task["id"])
    if reason := find_signup_obstacle(unit.connection, actor, task):
        raise MayNotApply(reason)
    if sign_up.terms_version != task["terms_version"]:
        raise MayNotApply("terms_changed", terms_version=task["terms_version"])
    if sign_up.available_from is not None and sign_up.available_from > task["start_by"]:
        raise MayNotApply("available_too_late", start_by=format_instant(task["start_by"]))
    if task["mode"] == NEGOTIABLE:
        is_needed = task["award_method"] == AUTOMATIC or task["is_offer_required"]
        if is_needed and not sign_up.offer_fen:
            raise MayNotApply("offer_missing")
        if task["award_method"] == AUTOMATIC and not is_in_range(task, sign_up.offer_fen):
            raise MayNotApply("offer_out_of_range")


def _insert(engine: Engine, unit: UnitOfWork, actor: Actor, task: RowMapping, sign_up: SignUp) -> str:
    """The row, with the next number of arrival. Whoever else signs up at this instant waits for it."""
    taken = update(work_task).where(work_task.c.id == task["id"])
    unit.connection.execute(taken.values(application_count=work_task.c.application_count + 1))
    sequence = unit.connection.execute(
        select(work_task.c.application_count).where(work_task.c.id == task["id"])
    ).scalar_one()
    row = {
        "id": new_id(),
        "task_id": task["id"],
        "worker_id": actor.party_id,
        "user_id": actor.user_id,
        "sequence": sequence,
        "state": "applied",
        "message": vault.put(unit.connection, engine.keys, actor.party_id, sign_up.message)
        if sign_up.message
        else None,
        "qualifications": [one for one in required_qualifications(task) if one in sign_up.qualifications],
        "distance_m": find_distance(
            vault.open_reference(unit.connection, engine.keys, task["position"]) if task["position"] else None,
            sign_up.position,
        ),
        "offer_fen": sign_up.offer_fen if task["mode"] == NEGOTIABLE else None,
        "offer_version": 0,
        "available_from": sign_up.available_from,
        "quantity_wish": sign_up.quantity,
        "quantity_cap": sign_up.quantity,
        "terms_version": sign_up.terms_version,
        "applied_at": unit.now,
    }
    unit.connection.execute(insert(application).values(row))
    _tell_process(unit, task, str(row["id"]), actor)
    return str(row["id"])


def _tell_process(unit: UnitOfWork, task: RowMapping, application_id: str, actor: Actor) -> None:
    """The decisive message only: where each sign-up is awarded by itself, and where a price is negotiated."""
    is_automatic = task["award_method"] == AUTOMATIC
    if is_automatic and task["award_strategy"] == FIRST_COME:
        add_message(unit.connection, unit.now, RECEIVED, task["id"], {"worker": actor.party_id})
    if not is_automatic and task["mode"] == NEGOTIABLE:
        add_message(unit.connection, unit.now, NEGOTIATION, application_id, {"application_id": application_id})


def withdraw_application(engine: Engine, actor: Actor, task_id: str) -> None:
    """The worker takes his application back, any time before the award; nothing to do if he has. Raises NotFound,
    NotPossible.
    """

    def work(unit: UnitOfWork) -> None:
        mine = (application.c.task_id == task_id, application.c.worker_id == actor.party_id)
        row = unit.connection.execute(select(application).where(*mine)).one_or_none()
        if row is None:
            raise NotFound("application", task_id)
        if row.state == "withdrawn":
            return
        free = application.c.state.in_(("applied", "waiting"))
        changed = unit.connection.execute(
            update(application).where(application.c.id == row.id, free).values(state="withdrawn", waiting_rank=None)
        )
        if changed.rowcount != 1:
            raise NotPossible("withdrawal", row.state)

    engine.database.transact(work)
