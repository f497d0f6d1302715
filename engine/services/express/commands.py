"""What people do around an express task beside their user tasks: open one, cancel it, come by a link."""

import hashlib

from sqlalchemy import Connection, RowMapping, func, select, update

from engine.commands.instances import start_instance
from engine.commands.messages import correlate_message
from engine.language.errors import EngineError
from engine.records.submissions import SubmissionKey
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.step import Step
from engine.services.express import states
from engine.services.express.confirming import ACTIVATED
from engine.services.express.links import open_link
from engine.services.express.tables import express_line
from engine.services.onboarding.persons import find_certification
from engine.services.work_tasks.eligibility import PUBLISHERS, find_publishing_obstacle
from engine.services.work_tasks.errors import MayNotPublish, NotPossible
from engine.storage.actor import Actor
from engine.storage.plain import Plain, PlainDict

CANCEL_REQUEST = "cancel.request"


class LinkNotMeant(EngineError):
    """A link was opened by somebody it is not meant for; `reason`: not_a_person, another_person."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Expected the person of the line, but {reason}", reason=reason)
        self.reason = reason

    @property
    def code(self) -> str:
        return f"link_not_meant.{self.reason}"


def create_express_task(engine: Engine, actor: Actor, token: str) -> str:
    """Starts an express task of the actor's enterprise; gives its id. What to fill in is a user task of the enterprise.

    Raises MayNotPublish.
    """
    with engine.database.read() as connection:
        if reason := find_publishing_obstacle(connection, actor):
            raise MayNotPublish(reason)
    digest = hashlib.sha256(f"{actor.user_id}:{actor.party_id}:{token}".encode()).hexdigest()
    number = f"XT-{digest[:10].upper()}"
    return start_instance(engine, actor, states.PROCESS, {"enterprise": actor.party_id}, token, number)


def cancel_express_task(engine: Engine, actor: Actor, task_id: str, token: str) -> None:
    """The enterprise wants an express task to end: open lines are withdrawn and refunded. Possible until the first line
    is settled. Raises NotFound, NotPossible.
    """

    def authorise(connection: Connection) -> None:
        row = _fetch_own(connection, actor, task_id)
        if row["state"] in states.FINAL_TASK:
            raise NotPossible("cancellation", row["state"])
        settled = (express_line.c.task_id == task_id, express_line.c.state.in_(states.SETTLED))
        if connection.execute(select(func.count()).where(*settled)).scalar_one():
            raise NotPossible("cancellation", "settled")

    def check_again(step: Step) -> Plain:
        authorise(step.connection)
        return CANCEL_REQUEST

    key = SubmissionKey.of(f"cancel:{task_id}", token, {})
    correlate_message(engine, actor, CANCEL_REQUEST, task_id, {}, key=key, authorise=authorise, before=check_again)


def accept_invitation(engine: Engine, actor: Actor, line_id: str, proof: str) -> str:
    """Who came by a link, with the account he has or a new one, is the one to confirm the line; gives its case.

    His certification may follow: before he is paid it must hold the number of the line. Doing so again changes nothing.
    Raises NotFound for a link that does not hold, LinkNotMeant, NobodyWaits.
    """
    with engine.database.read() as connection:
        row = open_link(connection, engine.keys, line_id, proof)
        _check_person(connection, actor, row)
    if row["worker_id"] != actor.party_id:

        def authorise(connection: Connection) -> None:
            _check_person(connection, actor, states.fetch_line(connection, line_id))

        def bind(step: Step) -> Plain:
            mine = (express_line.c.id == line_id, express_line.c.worker_id.is_(None))
            if (
                step.connection.execute(update(express_line).where(*mine).values(worker_id=actor.party_id)).rowcount
                != 1
            ):
                raise LinkNotMeant("another_person")
            return line_id

        payload: PlainDict = {"individual_id": actor.party_id}
        key = SubmissionKey.of(f"express_link:{line_id}", actor.user_id, payload)
        correlate_message(engine, actor, ACTIVATED, line_id, payload, key=key, authorise=authorise, before=bind)
    return line_id


def _check_person(connection: Connection, actor: Actor, row: RowMapping) -> None:
    if actor.party_id != actor.user_id:
        raise LinkNotMeant("not_a_person")
    certified = find_certification(connection, actor.party_id)
    claimed = certified.claimed_index if certified is not None else None
    if row["worker_id"] not in (None, actor.party_id) or claimed not in (None, row["id_index"]):
        raise LinkNotMeant("another_person")


def _fetch_own(connection: Connection, actor: Actor, task_id: str) -> RowMapping:
    """The express task, for those who publish for its enterprise. Raises NotFound."""
    try:
        row = states.fetch_task(connection, task_id)
    except LookupError as error:
        raise NotFound("express_task", task_id) from error
    if row["enterprise_id"] != actor.party_id or actor.role not in PUBLISHERS:
        raise NotFound("express_task", task_id)
    return row
