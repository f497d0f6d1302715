"""Forms half filled in: one draft per task and person, as typed. It goes with its task."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, and_, bindparam, insert, select, update

from engine.definitions.forms import BoundForm
from engine.language.errors import EngineError
from engine.records.submissions import last_content
from engine.runtime.engine import Engine
from engine.runtime.intake import resolve_subject
from engine.runtime.tasks import TaskView
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict
from engine.storage.prepared import Prepared
from engine.storage.tables import form_draft

CONSENT = "checkbox"
_IS_THIS = and_(form_draft.c.task_id == bindparam("task_id_"), form_draft.c.user_id == bindparam("user_id_"))
_FIND = Prepared(select(form_draft).where(_IS_THIS))
_REPLACE = update(form_draft).where(_IS_THIS, form_draft.c.revision == bindparam("revision_"))


class DraftChanged(EngineError):
    """The draft was saved elsewhere since it was read; `revision` is the newest one."""

    def __init__(self, task_id: str, revision: int) -> None:
        super().__init__(
            "Expected the draft as it was read, but it was saved since", task_id=task_id, revision=revision
        )
        self.revision = revision


@dataclass(frozen=True)
class Draft:
    """`values` are to be given to `bind_task`; `revision` counts the times it was saved."""

    revision: int
    values: PlainDict
    saved_at: datetime


def fetch_draft(engine: Engine, actor: Actor, view: TaskView) -> Draft | None:
    """The actor's own draft of a task he may do; nobody else's."""
    with engine.database.read() as connection:
        return ask_draft(engine, connection, actor, view)()


def ask_draft(engine: Engine, connection: Connection, actor: Actor, view: TaskView) -> Callable[[], Draft | None]:
    """The same, to be called for when other questions were asked as well."""
    asked = _FIND.ask(connection, _key(view.id, actor))

    def read() -> Draft | None:
        row = asked.first()
        if row is None:
            return None
        place = _place(view.id, actor)
        opened = {name: _open(connection, engine.keys, value, place) for name, value in row.content.items()}
        return Draft(row.revision, {name: value for name, value in opened.items() if value is not None}, row.saved_at)

    return read


def fetch_earlier(engine: Engine, view: TaskView) -> PlainDict | None:
    """What was last sent at the element of a task that begins with it (`baton:refill`), to be given to `bind_task`;
    None for any other task, and for its first time. Consents are left out: they are given anew.
    """
    if view.form is None or not view.element.is_refilled:
        return None
    with engine.database.read() as connection:
        sent = last_content(connection, view.instance_id, view.element.id)
        opened = {name: _open_personal(connection, engine.keys, value) for name, value in sent.items()}
    consents = {key for key, part in view.form.inputs.items() if part.type == CONSENT}
    return {key: value for key, value in opened.items() if key not in consents and value is not None} or None


def write_draft(
    unit: UnitOfWork, keys: KeyRing, actor: Actor, view: TaskView, bound: BoundForm, revision: int
) -> Draft:
    """Saves what was typed over the revision it was made from; 0 where there was none yet. Raises DraftChanged."""
    key = _key(view.id, actor)
    content: PlainDict = dict(bound.draft)
    for name, path in bound.form.personal_fields.items():
        if content.get(name):
            subject, text = resolve_subject(path, view.data, actor), orjson.dumps(content[name]).decode()
            content[name] = vault.seal_text(unit.connection, keys, subject, _place(view.id, actor), text)
    values = {"content": content, "saved_at": unit.now, "revision": revision + 1}
    if unit.connection.execute(_REPLACE, values | key | {"revision_": revision}).rowcount == 0:
        found = _FIND.first(unit.connection, key)
        if found is not None:
            raise DraftChanged(view.id, found.revision)
        row = values | {"task_id": view.id, "user_id": actor.user_id, "revision": 1}
        unit.connection.execute(insert(form_draft), row)
        return Draft(1, bound.draft, unit.now)
    return Draft(revision + 1, bound.draft, unit.now)


def _open(connection: Connection, keys: KeyRing, value: Plain, place: str) -> Plain:
    if not vault.is_sealed(value):
        return value
    text = vault.open_sealed(connection, keys, value, place)
    opened: Plain = None if text is None else orjson.loads(text)
    return opened


def _open_personal(connection: Connection, keys: KeyRing, value: Plain) -> Plain:
    return vault.open_reference(connection, keys, value) if vault.is_reference(value) else value


def _key(task_id: str, actor: Actor) -> dict[str, str]:
    return {"task_id_": task_id, "user_id_": actor.user_id}


def _place(task_id: str, actor: Actor) -> str:
    return f"draft:{task_id}:{actor.user_id}"
