"""What people do with user tasks: claim, give back, complete."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, exists, select, update

from engine.definitions.forms import BoundForm
from engine.definitions.forms.fields import Submitted
from engine.language.errors import EngineError
from engine.records.history import event
from engine.records.submissions import SubmissionKey, find_answer
from engine.runtime.engine import Engine
from engine.runtime.errors import (
    Forbidden,
    NotFound,
    SubmissionConflict,
    TaskAlreadyClaimed,
    TaskAlreadyCompleted,
)
from engine.runtime.step import Command, Step, run_step
from engine.runtime.tasks import Language, TaskView, bind_task, fetch_task, find_task
from engine.storage import vault
from engine.storage.actor import PLATFORM, Actor
from engine.storage.files import adopt_files
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import file, instance_party, submission, task

# Fields of the page around the form: they say nothing about the content.
ID_LENGTH = 32
PROTOCOL_FIELDS = frozenset({"csrf_token", "token"})

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
    key = SubmissionKey.of(f"task:{task_id}", token, _describe_sent(engine, actor, submitted))
    if (answered := _answered(engine, actor, key)) is not None:
        return answered
    view = _fetch(engine, actor, task_id)
    bound = bind_task(engine, actor, view, language, submitted) if view.form else None
    if bound is not None and not bound.validate():
        raise FormRejected(bound)
    command = Command(
        "complete",
        actor,
        lambda step: _complete(step, view, bound),
        lambda connection: _check_holder(connection, actor, task_id),
        key,
        element=view.element.id,
        form_id=view.form_id,
        content=dict(bound.values) if bound else {},
    )
    run_step(engine, view.instance_id, command)
    return view.instance_id


def _fetch(engine: Engine, actor: Actor, task_id: str) -> TaskView:
    try:
        return fetch_task(engine, actor, task_id)
    except NotFound:
        with engine.database.read() as connection:
            _refuse_completed(connection, actor, task_id)
        raise


def _describe_sent(engine: Engine, actor: Actor, submitted: Submitted) -> PlainDict:
    """What was sent, by content: an upload sent again is another row but the same file."""
    sent = {name: [str(one) for one in submitted.getlist(name)] for name in submitted if name not in PROTOCOL_FIELDS}
    named = [one for values in sent.values() for one in values if len(one) == ID_LENGTH]
    hashes = _hash_uploads(engine, actor, named) if named else {}
    return {name: [hashes.get(one, one) for one in values] for name, values in sent.items()}


def _hash_uploads(engine: Engine, actor: Actor, file_ids: list[str]) -> dict[str, str]:
    query = select(file.c.id, file.c.sha256).where(file.c.id.in_(file_ids), file.c.owner_id == actor.party_id)
    with engine.database.read() as connection:
        return {row.id: row.sha256 for row in connection.execute(query)}


def _complete(step: Step, view: TaskView, bound: BoundForm | None) -> Plain:
    values = step.command.content
    if bound is not None:
        for name, path in bound.personal.items():
            subject = _subject(path, view.data, step.actor)
            values[name] = vault.put(step.connection, step.engine.keys, subject, str(values[name]))
        adopt_files(step.connection, step.engine.keys, bound.file_ids, step.actor.party_id, step.instance_id)
    task_ = step.case.get_task_from_id(view.id)
    kept = bound.form.kept if bound else frozenset()
    step.note(event("completed_task", task=view.id, element=view.element.id))
    step.case.complete(task_, {name: value for name, value in values.items() if name not in kept})
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
        Command(kind, actor, act, lambda connection: _check_holder(connection, actor, task_id)),
    )


def _check_holder(connection: Connection, actor: Actor, task_id: str) -> None:
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


def _answered(engine: Engine, actor: Actor, key: SubmissionKey) -> str | None:
    """What a repeated request gets."""
    with engine.database.read() as connection:
        answer = find_answer(connection, key, actor)
        if answer is not None:
            if not answer.is_same:
                raise SubmissionConflict(key.scope)
            return answer.instance_id
    return None


def _subject(path: str, data: Mapping[str, Plain], actor: Actor) -> str:
    """The person a personal field is about: a path in process data, or `actor` for who fills it in."""
    if path == "actor":
        return actor.party_id
    value: Plain = dict(data)
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if not isinstance(value, str):
        raise Forbidden(f"Expected process data to name a person at {path}, but it does not", path=path)
    return value
