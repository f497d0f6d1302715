"""What a person sent, on its way into a case: personal values go to the vault, uploads become the case's own."""

from collections.abc import Mapping

from sqlalchemy import select

from engine.definitions.forms import BoundForm, Form
from engine.definitions.forms.components import COMPONENTS
from engine.definitions.forms.fields import Submitted
from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden
from engine.runtime.step import Step
from engine.storage import vault
from engine.storage.actor import Actor, party_behind
from engine.storage.database import UnitOfWork
from engine.storage.files import adopt_files
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import file

ID_LENGTH = 32
# Fields of the page around the form: they say nothing about the content.
PROTOCOL_FIELDS = frozenset({"csrf_token", "token", "_draft"})


def describe_sent(engine: Engine, actor: Actor, submitted: Submitted) -> PlainDict:
    """What was sent, by content: an upload sent again is another row but the same file."""
    sent = {name: [str(one) for one in submitted.getlist(name)] for name in submitted if name not in PROTOCOL_FIELDS}
    named = [one for values in sent.values() for one in values if len(one) == ID_LENGTH]
    hashes = _hash_uploads(engine, actor, named) if named else {}
    return {name: [hashes.get(one, one) for one in values] for name, values in sent.items()}


def receive_parts(engine: Engine, actor: Actor, form: Form, instance_id: str, sent: Submitted) -> None:
    """Lets those parts of a form take note that must, whatever becomes of the form."""
    parts = [part for part in form.inputs.values() if part.type in COMPONENTS and COMPONENTS[part.type].receives]

    def work(unit: UnitOfWork) -> None:
        for part in parts:
            COMPONENTS[part.type].receive(unit, engine.keys, actor, instance_id, part, sent)

    if parts:
        engine.database.transact(work)


def take_in(step: Step, bound: BoundForm | None, data: Mapping[str, Plain]) -> PlainDict:
    """Seals what is personal in the content of the step's command; gives what of it process data take.

    `data` name the persons that personal fields are about. Raises Forbidden where they do not.
    """
    values = step.command.content
    if bound is None:
        return values
    for name, path in bound.personal.items():
        subject = resolve_subject(path, data, step.actor)
        values[name] = vault.put(step.connection, step.engine.keys, subject, bound.fields[name].as_text())
    adopt_files(step.connection, step.engine.keys, bound.file_ids, step.actor.party_id, step.instance_id)
    return {name: value for name, value in values.items() if name not in bound.form.kept}


def _hash_uploads(engine: Engine, actor: Actor, file_ids: list[str]) -> dict[str, str]:
    query = select(file.c.id, file.c.sha256).where(file.c.id.in_(file_ids), file.c.owner_id == actor.party_id)
    with engine.database.read() as connection:
        return {row.id: row.sha256 for row in connection.execute(query)}


def resolve_subject(path: str, data: Mapping[str, Plain], actor: Actor) -> str:
    """The person a personal field is about: a path in process data, or `actor` for who fills it in.

    Raises Forbidden where process data name nobody.
    """
    if path == "actor":
        return actor.party_id
    value: Plain = dict(data)
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if not isinstance(value, str):
        raise Forbidden(f"Expected process data to name a person at {path}, but it does not", path=path)
    return party_behind(value)
