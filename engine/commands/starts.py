"""Starting a process in the browser, by whom its diagram allows."""

from engine.commands.instances import begin_instance
from engine.commands.tasks import FormRejected
from engine.definitions.forms.fields import Submitted
from engine.records.submissions import SubmissionKey
from engine.runtime.engine import Engine
from engine.runtime.intake import describe_sent, take_in
from engine.runtime.starts import bind_start, fetch_start
from engine.runtime.step import Command
from engine.runtime.tasks import Language
from engine.storage.actor import Actor


def start_process(
    engine: Engine, actor: Actor, process_key: str, token: str, submitted: Submitted, language: Language = "zh"
) -> str:
    """Starts an instance with what was filled in; gives its id, the same one for a repeated token.

    Raises NotFound, SubmissionConflict, FormRejected.
    """
    view = fetch_start(engine, actor, process_key)
    bound = bind_start(engine, actor, view, language, submitted) if view.form else None
    if bound is not None and not bound.validate():
        raise FormRejected(bound)
    key = SubmissionKey.of(f"start:{process_key}", token, describe_sent(engine, actor, submitted))
    command = Command(
        "start",
        actor,
        lambda _: None,
        key=key,
        element=view.start.id,
        form_id=view.form_id,
        content=dict(bound.values) if bound else {},
    )
    known = view.initial_data(actor)
    return begin_instance(engine, process_key, command, lambda step: take_in(step, bound, known))
