"""What the two sides of a work task do beside their user tasks: publish, cancel, dispute.

Each is one step of an instance, with the row written in the same transaction.
"""

import hashlib

from sqlalchemy import Connection, RowMapping, select, update

from engine.commands.instances import start_instance
from engine.commands.messages import correlate_message
from engine.records.submissions import SubmissionKey
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.step import Step
from engine.services.work_tasks import states
from engine.services.work_tasks.eligibility import PUBLISHERS, SIDES, find_publishing_obstacle
from engine.services.work_tasks.errors import MayNotPublish, NotPossible
from engine.services.work_tasks.notes import PROCESS
from engine.services.work_tasks.tables import engagement, work_task
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.plain import Plain, PlainDict

CANCEL, DISPUTE = "cancel", "dispute"
CANCEL_REQUEST = "cancel.request"
_CANCELLED_BY = {
    **dict.fromkeys(("in_review", "funding"), "withdraw"),
    **dict.fromkeys(("recruiting", "awarding", "running"), CANCEL_REQUEST),
}
_MESSAGES = {CANCEL: "engagement.cancel", DISPUTE: "dispute.opened"}
# once something was delivered it is no longer cancelled but disputed
_POSSIBLE = {
    CANCEL: frozenset({"confirmed", "working"}),
    DISPUTE: frozenset({"confirmed", "working", "delivered", "in_review", "awaiting_acceptance", "rework"}),
}


def create_work_task(engine: Engine, actor: Actor, token: str) -> str:
    """Starts a work task of the actor's enterprise; gives its id. What to fill in is a user task of the enterprise.

    Raises MayNotPublish.
    """
    with engine.database.read() as connection:
        if reason := find_publishing_obstacle(connection, actor):
            raise MayNotPublish(reason)
    digest = hashlib.sha256(f"{actor.user_id}:{actor.party_id}:{token}".encode()).hexdigest()
    return start_instance(engine, actor, PROCESS, {"enterprise": actor.party_id}, token, f"NT-{digest[:10].upper()}")


def cancel_task(engine: Engine, actor: Actor, task_id: str, token: str, reason: str) -> None:
    """The enterprise wants the whole work task to end: withdrawn before its publication, free before an award;
    afterwards each engagement is settled by the table `cancel_normal`. Raises NotFound, NotPossible.
    """

    def authorise(connection: Connection) -> None:
        row = _fetch_task(connection, actor, task_id)
        if row["state"] not in _CANCELLED_BY or row["cancelled_at"]:
            raise NotPossible("cancellation", "cancelled" if row["cancelled_at"] else row["state"])

    def record(step: Step) -> Plain:
        reference = vault.put(step.connection, engine.keys, actor.party_id, reason) if reason else None
        step.connection.execute(update(work_task).where(work_task.c.id == task_id).values(cancel_reason=reference))
        return CANCEL

    with engine.database.read() as connection:
        message = _CANCELLED_BY.get(_fetch_task(connection, actor, task_id)["state"], CANCEL_REQUEST)
    key = SubmissionKey.of(f"cancel:{task_id}", token, {"reason": reason})
    correlate_message(engine, actor, message, task_id, {}, key=key, authorise=authorise, before=record)


def _fetch_task(connection: Connection, actor: Actor, task_id: str) -> RowMapping:
    """The work task, for those who publish for its enterprise. Raises NotFound."""
    row = connection.execute(states.SELECT_TASK, {"task_id": task_id}).mappings().one_or_none()
    if row is None or row["enterprise_id"] != actor.party_id or actor.role not in PUBLISHERS:
        raise NotFound("work_task", task_id)
    return row


def cancel_engagement(
    engine: Engine, actor: Actor, task_id: str, worker: str, token: str, reason: str, progress_bps: int = 0
) -> None:
    """Enterprise or worker wants one engagement to end, by the table `cancel_normal`. `progress_bps`: how much of the
    work is done, as who asks sees it. Raises NotPossible once something was delivered, NotFound.
    """
    _request(engine, actor, (task_id, worker), token, CANCEL, reason, progress_bps)


def dispute_engagement(
    engine: Engine, actor: Actor, task_id: str, worker: str, token: str, reason: str, claim_fen: int | None = None
) -> None:
    """Enterprise or worker asks the platform to decide about one engagement. `claim_fen`: how much of the money it
    wants, all if it does not say. Raises NotFound, NotPossible.
    """
    _request(engine, actor, (task_id, worker), token, DISPUTE, reason, claim_fen=claim_fen)


def _request(
    engine: Engine,
    actor: Actor,
    whose: tuple[str, str],
    token: str,
    kind: str,
    reason: str,
    progress_bps: int = 0,
    claim_fen: int | None = None,
) -> None:
    if not 0 <= progress_bps <= 10_000:
        raise ValueError(f"Expected a progress of 0 to 10000 bps, but got {progress_bps}")
    with engine.database.read() as connection:
        engagement_id = str(_fetch_own(connection, actor, whose)["id"])

    def authorise(connection: Connection) -> None:
        row = _fetch_own(connection, actor, whose)
        if row["state"] not in _POSSIBLE[kind]:
            raise NotPossible(kind, row["state"])
        if row["claim_kind"] is not None:
            raise NotPossible(kind, f"under a request to {row['claim_kind']}")

    def record(step: Step) -> Plain:
        claim = {
            "claim_kind": kind,
            "claimant_id": actor.party_id,
            "claim_reason": vault.put(step.connection, engine.keys, actor.party_id, reason) if reason else None,
            "claim_progress_bps": progress_bps,
            "claim_fen": claim_fen,
        }
        step.connection.execute(update(engagement).where(engagement.c.id == engagement_id).values(claim))
        return kind

    sent: PlainDict = {"reason": reason, "progress_bps": progress_bps, "claim_fen": claim_fen}
    key = SubmissionKey.of(f"{kind}:{engagement_id}", token, sent)
    correlate_message(engine, actor, _MESSAGES[kind], engagement_id, {}, key=key, authorise=authorise, before=record)


def _fetch_own(connection: Connection, actor: Actor, whose: tuple[str, str]) -> RowMapping:
    """The engagement of a worker, for himself and for those who act for the enterprise. Raises NotFound."""
    task_id, worker_id = whose
    query = select(engagement).where(engagement.c.task_id == task_id, engagement.c.worker_id == worker_id)
    row = connection.execute(query).mappings().one_or_none()
    is_worker = row is not None and actor.party_id == row["worker_id"]
    is_enterprise = row is not None and actor.party_id == row["enterprise_id"] and actor.role in SIDES
    if row is None or not (is_worker or is_enterprise):
        raise NotFound("engagement", worker_id)
    return row
