"""What a browser would send from the form shared/sign_agreement: for whoever plays a case without one."""

from sqlalchemy import select

from engine.commands.starts import start_process
from engine.commands.tasks import complete_task
from engine.definitions.forms.fields import Typed
from engine.runtime.engine import Engine
from engine.runtime.tasks import TaskView, bind_task, fetch_task
from engine.services.agreements.component import VIEW as SIGNING
from engine.services.one_time_codes.codes import find_code, send_code
from engine.services.one_time_codes.sending import read_outbox
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from engine.storage.tables import task

PROCESS, ELEMENT = "agreement_signing", "sign_agreement"


def sign_agreements(engine: Engine, actor: Actor, signer_name: str) -> str:
    """The party of the actor signs what it has to sign, by the process for it; gives the case."""
    case_id = start_process(engine, actor, PROCESS, new_id(), Typed())
    with engine.database.read() as connection:
        open_task = select(task.c.id).where(task.c.instance_id == case_id, task.c.element == ELEMENT)
        task_id = connection.execute(open_task).scalar()
    if task_id is not None:
        typed = read_and_accept(engine, actor, fetch_task(engine, actor, task_id), "agreements")
        typed |= {"signer_name": [signer_name], "code": [ask_for_code(engine, actor, case_id)]}
        complete_task(engine, actor, task_id, new_id(), Typed(typed))
    return case_id


def read_and_accept(engine: Engine, actor: Actor, view: TaskView, name: str) -> dict[str, list[str]]:
    """The inputs of `baton:sign_agreement` under a name, the texts read and accepted."""
    asked = bind_task(engine, actor, view, "zh").binding.data[SIGNING]
    assert isinstance(asked, dict)
    return {f"{name}-accept": ["yes"], f"{name}-read": [str(asked["digest"])]}


def ask_for_code(engine: Engine, actor: Actor, instance_id: str) -> str:
    """Asks for a one-time code and reads it where the embedded sender leaves it."""
    send_code(engine, actor, instance_id)
    with engine.database.read() as connection:
        row = find_code(connection, actor.user_id, instance_id)
        digits = read_outbox(connection, engine.keys, row.id) if row else None
    assert digits is not None
    return digits
