"""What people do in an enterprise onboarding beside a browser: for whoever plays a case without one."""

from sqlalchemy import select

from engine.commands.tasks import complete_task
from engine.definitions.forms.fields import Typed
from engine.definitions.forms.typed import write_yuan
from engine.queries.inbox import list_tasks
from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.services.onboarding.bank_checks import FORM_ELEMENT, MAX_FEN
from engine.services.onboarding.enterprise_tables import test_transfer
from engine.storage.actor import Actor
from engine.storage.ids import new_id


def enter_test_amount(engine: Engine, actor: Actor, case_id: str, *, is_right: bool = True) -> None:
    """The enterprise tells the amount that has arrived last, or another one. Raises LookupError."""
    sent = select(test_transfer.c.amount_fen).where(test_transfer.c.certification_id == case_id)
    with engine.database.read() as connection:
        amount_fen = connection.execute(sent.order_by(test_transfer.c.sent_at.desc()).limit(1)).scalar_one()
    open_tasks = list_tasks(engine, actor, limit=MAX_LIMIT).rows
    found = [row.id for row in open_tasks if (row.instance_id, row.element.id) == (case_id, FORM_ELEMENT)]
    if not found:
        raise LookupError(f"Expected {FORM_ELEMENT} to be open for {actor.role}, but it is not")
    typed_fen = amount_fen if is_right else amount_fen % MAX_FEN + 1
    complete_task(engine, actor, found[0], new_id(), Typed({"arrived_fen": [write_yuan(typed_fen)]}))
