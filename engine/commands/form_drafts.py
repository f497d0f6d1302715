"""Keeping a form that is not finished yet. No step: it changes nothing about the case and leaves no history."""

from contextlib import suppress

from sqlalchemy.exc import IntegrityError

from engine.commands.tasks import check_holder
from engine.definitions.forms.fields import Submitted
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.form_drafts import Draft, DraftChanged, write_draft
from engine.runtime.tasks import Language, bind_task, fetch_task
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.plain import PlainDict


def save_draft(
    engine: Engine, actor: Actor, task_id: str, revision: int, submitted: Submitted, language: Language = "zh"
) -> Draft:
    """Keeps the form of a task as typed, right or wrong, for this person alone.

    `revision` is that of the draft it was made from, 0 for none. Raises NotFound, TaskAlreadyClaimed,
    TaskAlreadyCompleted, and DraftChanged if it was saved elsewhere since.
    """
    view = fetch_task(engine, actor, task_id)
    if view.form is None:
        raise NotFound("form", task_id)
    bound = bind_task(engine, actor, view, language, submitted)

    def work(unit: UnitOfWork) -> Draft:
        check_holder(unit.connection, actor, task_id)
        return write_draft(unit, engine.keys, actor, view, bound, revision)

    try:
        return engine.database.transact(work)
    except IntegrityError as error:  # PostgreSQL: the task went between the look at it and the insert
        raise NotFound("task", task_id) from error


def fill_draft(engine: Engine, actor: Actor, task_id: str, values: PlainDict, language: Language = "zh") -> None:
    """Begins the form of a task for this person with what is known already; one he has begun stays as it is.

    Raises NotFound, TaskAlreadyClaimed, TaskAlreadyCompleted.
    """
    view = fetch_task(engine, actor, task_id)
    if view.form is None:
        raise NotFound("form", task_id)
    bound = bind_task(engine, actor, view, language, draft=values)

    def work(unit: UnitOfWork) -> None:
        check_holder(unit.connection, actor, task_id)
        write_draft(unit, engine.keys, actor, view, bound, 0)

    with suppress(DraftChanged):
        engine.database.transact(work)
