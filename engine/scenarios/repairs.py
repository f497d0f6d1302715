"""Repairs as scenarios bring them about: by the names of people, where the commands take ids of rows."""

from sqlalchemy import select

from engine.commands.tasks import complete_task
from engine.commands.work import settle
from engine.definitions.forms.fields import Typed
from engine.runtime.engine import Engine
from engine.services.repairs.commands import PROCESS, cancel_order, close_without, request_repair
from engine.services.repairs.tables import repair_member, repair_turn
from engine.storage.actor import Actor
from engine.storage.tables import instance, task

TITLE = "空调不制冷"


def ask_for_repair(engine: Engine, actor: Actor, token: str) -> str:
    """The actor asks for a repair; gives the case that begins by it."""
    request_repair(engine, actor, token, TITLE, TITLE)
    settle(engine)
    with engine.database.read() as connection:
        begun = select(instance.c.id).where(instance.c.process_key == PROCESS).order_by(instance.c.started_at.desc())
        return str(connection.execute(begun.limit(1)).scalar_one())


def leave_out(engine: Engine, actor: Actor, order_id: str, token: str, user: str, reason: str) -> None:
    """The actor, who leads, goes on without the information of somebody."""
    close_without(engine, actor, order_id, _find_turn(engine, order_id, user)[0], token, reason)


def return_repairer(engine: Engine, actor: Actor, order_id: str, token: str, user: str, question: str) -> None:
    """The actor merges, and asks somebody of the team for more."""
    member = _find_turn(engine, order_id, user)[1]
    with engine.database.read() as connection:
        query = select(task.c.id).where(task.c.instance_id == order_id, task.c.element == "merge_and_analyse")
        task_id = str(connection.execute(query).scalar_one())
    said = {f"merged-return-{member}": ["1"], f"merged-question-{member}": [question], "analysis": [question]}
    complete_task(engine, actor, task_id, token, Typed(said))


def call_off_repair(engine: Engine, actor: Actor, order_id: str, token: str, reason: str) -> None:
    """The order is called off while its team is at it."""
    cancel_order(engine, actor, order_id, token, reason)


def _find_turn(engine: Engine, order_id: str, user: str) -> tuple[str, str]:
    query = (
        select(repair_turn.c.id, repair_turn.c.member_id)
        .join(repair_member, repair_member.c.id == repair_turn.c.member_id)
        .where(repair_turn.c.order_id == order_id, repair_member.c.user_id == user)
        .order_by(repair_turn.c.round.desc())
    )
    with engine.database.read() as connection:
        row = connection.execute(query.limit(1)).one()
    return row.id, row.member_id
