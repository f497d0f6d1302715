"""What people do with user tasks: claim, give back, complete."""

from sqlalchemy import Connection, bindparam, exists, select, update

from engine.definitions.forms import BoundForm
from engine.definitions.forms.fields import Submitted
from engine.language.errors import EngineError
from engine.records.history import event
from engine.records.submissions import SubmissionKey, find_answer
from engine.runtime.engine import Engine
from engine.runtime.errors import (
    NotFound,
    SubmissionConflict,
    TaskAlreadyClaimed,
    TaskAlreadyCompleted,
)
from engine.runtime.intake import describe_sent, receive_parts, take_in
from engine.runtime.step import Command, Step, run_step
from engine.runtime.tasks import Language, TaskView, bind_task, fetch_task, find_task
from engine.storage.actor import PLATFORM, Actor
from engine.storage.plain import Plain
from engine.storage.tables import instance_party, submission, task

_ASSIGN = update(task).where(task.c.id == bindparam("task_id_")).values(assignee_id=bindparam("user_id_"))
_COMPLETED = (
    select(
        exists(
            select(1).where(
                instance_party.c.instance_id == submission.c.instance_id,
                instance_party.c.party_id == bindparam("party_id_"),
            )
        ).label("is_party")
    )
    .where(submission.c.scope == bindparam("scope_"))
    .limit(1)
)


class FormRejected(EngineError):
    """What was sent is not valid; `bound` is the form with what was typed and what is wrong with it."""

    def __init__(self, bound: BoundForm) -> None:
        super().__init__(
            f"Expected valid values, but {len(bound.errors)} fields are wrong", fields=[*sorted(bound.errors)]
        )
        self.bound = bound


def claim_task(engine: Engine, actor: Actor, task_id: str) -> None:
    """Takes a task out of its pool for oneself; once more is no error. Raises NotFound, TaskAlreadyClaimed."""
    _assign(engine, actor, task_id, actor.user_id)


def unclaim_task(engine: Engine, actor: Actor, task_id: str) -> None:
    """Gives a task back to its pool. Raises NotFound, TaskAlreadyClaimed if somebody else holds it."""
    _assign(engine, actor, task_id, None)


def complete_task(
    engine: Engine, actor: Actor, task_id: str, token: str, submitted: Submitted, language: Language = "zh"
) -> str:
    """Completes a task with what was filled in; gives the instance's id. A repeated token is answered again.

    Raises NotFound, TaskAlreadyClaimed, TaskAlreadyCompleted, SubmissionConflict, FormRejected.
    """
    key = SubmissionKey.of(f"task:{task_id}", token, describe_sent(engine, actor, submitted))
    try:
        view = fetch_task(engine, actor, task_id)
    except NotFound:  # of a task that was completed: by this very request, sent before, or by another
        return _answer_gone(engine, actor, task_id, key)
    if view.form:
        receive_parts(engine, actor, view.form, view.instance_id, submitted)
    bound = bind_task(engine, actor, view, language, submitted) if view.form else None
    if bound is not None and not bound.validate():
        raise FormRejected(bound)
    command = Command(
        "complete",
        actor,
        lambda step: _complete(step, view, bound),
        lambda connection: check_holder(connection, actor, task_id),
        key,
        element=view.element.id,
        form_id=view.form_id,
        content=dict(bound.values) if bound else {},
        is_final=True,
    )
    run_step(engine, view.instance_id, command)
    return view.instance_id


def _complete(step: Step, view: TaskView, bound: BoundForm | None) -> Plain:
    values = take_in(step, bound, view.data)
    task_ = step.case.get_task_from_id(view.id)
    step.note(event("completed_task", task=view.id, element=view.element.id))
    step.case.complete(task_, values)
    return {}


def _assign(engine: Engine, actor: Actor, task_id: str, user_id: str | None) -> None:
    with engine.database.read() as connection:
        row = find_task(connection, actor, task_id)

    def act(step: Step) -> Plain:
        step.connection.execute(_ASSIGN, {"task_id_": task_id, "user_id_": user_id})
        step.note(event("assigned", task=task_id, element=row.element, user=user_id))
        return None

    kind = "claim" if user_id else "unclaim"
    run_step(
        engine,
        row.instance_id,
        Command(kind, actor, act, lambda connection: check_holder(connection, actor, task_id)),
    )


def check_holder(connection: Connection, actor: Actor, task_id: str) -> None:
    """Whether the actor may act on an open task. Raises NotFound, TaskAlreadyCompleted, TaskAlreadyClaimed."""
    try:
        row = find_task(connection, actor, task_id)
    except NotFound:
        _refuse_completed(connection, actor, task_id)
        raise
    if row.assignee_id not in (None, actor.user_id):
        raise TaskAlreadyClaimed(task_id)


def _refuse_completed(connection: Connection, actor: Actor, task_id: str) -> None:
    """Tells a party to the case, or the platform's people, that the task was done; a stranger learns nothing."""
    done = connection.execute(_COMPLETED, {"scope_": f"task:{task_id}", "party_id_": actor.party_id}).one_or_none()
    if done is not None and (done.is_party or actor.party_id == PLATFORM):
        raise TaskAlreadyCompleted(task_id)


def _answer_gone(engine: Engine, actor: Actor, task_id: str, key: SubmissionKey) -> str:
    """What a request gets that comes again. Raises SubmissionConflict, TaskAlreadyCompleted, NotFound."""
    with engine.database.read() as connection:
        answer = find_answer(connection, key, actor)
        if answer is None:
            _refuse_completed(connection, actor, task_id)
            raise NotFound("task", task_id)
    if not answer.is_same:
        raise SubmissionConflict(key.scope)
    assert answer.instance_id is not None  # a task has a case
    return answer.instance_id
