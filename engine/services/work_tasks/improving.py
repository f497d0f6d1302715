"""Changes of a published work task (NT-19): only in favour of the workers, and only while it recruits.

Who signed up stays signed up. Another text is another work task: after no award it is reviewed again, and whoever
signs up then accepts the new version.
"""

from sqlalchemy import Connection, update

from engine.commands.messages import correlate_message
from engine.definitions.registry import TopicCall, topic
from engine.records.submissions import SubmissionKey
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.step import Step
from engine.services.ledger import accounts
from engine.services.ledger.posting import balance_of
from engine.services.work_tasks import states
from engine.services.work_tasks.deadlines import find_deadlines
from engine.services.work_tasks.eligibility import PUBLISHERS
from engine.services.work_tasks.errors import NotPossible, WorseTerms
from engine.services.work_tasks.prices import needed_fen, raise_pay
from engine.services.work_tasks.tables import engagement, work_task
from engine.storage.actor import Actor
from engine.storage.clock import parse_instant
from engine.storage.plain import Plain, PlainDict

IMPROVED = "task.improved"
RAISE, IMPROVE = "raise", "improve"


def improve_task(
    engine: Engine,
    actor: Actor,
    task_id: str,
    token: str,
    added_fen: int = 0,
    signup_deadline: str = "",
    due_at: str = "",
) -> None:
    """The enterprise betters the terms of a work task that recruits: more pay for each seat or piece as long as nobody
    was awarded one, a later sign-up deadline or due date. Instants are texts, as forms give them. More pay is published
    once it is frozen, where the mode secures it at once.

    Raises NotFound, NotPossible, WorseTerms.
    """
    if added_fen < 0 or not (added_fen or signup_deadline or due_at):
        raise WorseTerms("nothing")
    change: PlainDict = {"added_fen": added_fen, "signup_deadline": signup_deadline, "due_at": due_at}

    def authorise(connection: Connection) -> None:
        row = connection.execute(states.SELECT_TASK, {"task_id": task_id}).mappings().one_or_none()
        if row is None or row["enterprise_id"] != actor.party_id or actor.role not in PUBLISHERS:
            raise NotFound("work_task", task_id)
        if row["state"] != "recruiting" or row["list_closed_at"]:
            raise NotPossible(IMPROVE, row["state"])
        if added_fen and row["seats_taken"]:
            raise NotPossible(RAISE, "awarded")
        if signup_deadline and not row["signup_deadline"] < parse_instant(signup_deadline) < row["start_by"]:
            raise WorseTerms("signup_deadline")
        if due_at and parse_instant(due_at) <= row["due_at"]:
            raise WorseTerms("due_at")

    def record(step: Step) -> Plain:
        step.connection.execute(update(work_task).where(work_task.c.id == task_id).values(improvement=change))
        return IMPROVE

    key = SubmissionKey.of(f"improve:{task_id}", token, change)
    correlate_message(engine, actor, IMPROVED, task_id, {}, key=key, authorise=authorise, before=record)


@topic("plan_improvement")
def plan_improvement(call: TopicCall, *, task_id: str) -> PlainDict:
    """What is still to be frozen before better terms are published.

    Returns: to_freeze_fen.
    """
    task = states.fetch_task_row(call.connection, task_id)
    better = {**task, **raise_pay(task, task["improvement"]["added_fen"])} if task["improvement"]["added_fen"] else None
    missing_fen = needed_fen(better) - balance_of(call.connection, accounts.escrow(task_id)) if better else 0
    return {"to_freeze_fen": max(0, missing_fen)}


@topic("improve_work_task")
def improve_work_task(call: TopicCall, *, task_id: str) -> PlainDict:
    """Publishes the better terms as their next version; they hold for everybody who has not confirmed yet.

    Returns: signup_deadline, award_reminders, award_escalation, award_limit.
    """
    task = states.fetch_task_row(call.connection, task_id)
    change = task["improvement"]
    dates = {name: parse_instant(change[name]) for name in ("signup_deadline", "due_at") if change[name]}
    values = {**raise_pay(task, change["added_fen"]), **dates, "terms_version": task["terms_version"] + 1}
    call.connection.execute(update(work_task).where(work_task.c.id == task_id).values(improvement=None, **values))
    if "due_at" in dates:
        offered = (engagement.c.task_id == task_id, engagement.c.state == "offered")
        call.connection.execute(update(engagement).where(*offered).values(due_at=dates["due_at"]))
    call.note("work_task_improved", task_id=task_id, **change)
    return find_deadlines(call, dates.get("signup_deadline", task["signup_deadline"]))
