"""What a person may start: processes whose diagram names one of his groups (`camunda:candidateStarterGroups`)."""

from dataclasses import dataclass

from sqlalchemy import Connection

from engine.definitions.catalogue import FORM, PROCESS
from engine.definitions.forms import BoundForm, Form
from engine.definitions.forms.fields import Submitted
from engine.language.model import Element
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.tasks import Language, bind_form
from engine.storage.actor import Actor
from engine.storage.plain import PlainDict


@dataclass(frozen=True)
class StartView:
    """A process the actor may start, in its newest version; `form` is what its start event asks for, if anything."""

    process: Element
    start: Element
    form_id: str | None
    form: Form | None

    def initial_data(self, actor: Actor) -> PlainDict:
        """What is known before anything is filled in: who starts."""
        return {self.start.initiator: actor.data_id} if self.start.initiator else {}


def list_starts(engine: Engine, actor: Actor) -> list[Element]:
    """The processes the actor may start, by key."""
    with engine.database.read() as connection:
        newest = engine.catalogue.newest(connection).get(PROCESS, {})
        found = [_find_start(engine, connection, newest[key], key, actor) for key in sorted(newest)]
    return [one[0] for one in found if one is not None]


def fetch_start(engine: Engine, actor: Actor, process_key: str) -> StartView:
    """A process to start, with its form. Raises NotFound, where it is none of the actor's business as well."""
    with engine.database.read() as connection:
        newest = engine.catalogue.newest(connection)
        definition_id = newest.get(PROCESS, {}).get(process_key)
        found = _find_start(engine, connection, definition_id, process_key, actor) if definition_id else None
        if found is None:
            raise NotFound("process", process_key)
        process, start = found
        form_id = newest[FORM][start.form_key] if start.form_key else None
        form = engine.catalogue.form(connection, form_id) if form_id else None
    return StartView(process, start, form_id, form)


def bind_start(
    engine: Engine, actor: Actor, view: StartView, language: Language, submitted: Submitted | None = None
) -> BoundForm:
    """The form of a start, empty or filled from what was submitted."""
    assert view.form is not None
    return bind_form(engine, actor, view.form, view.initial_data(actor), "", language, submitted)


def _find_start(
    engine: Engine, connection: Connection, definition_id: str, process_key: str, actor: Actor
) -> tuple[Element, Element] | None:
    elements = engine.catalogue.elements(connection, definition_id)
    start = engine.catalogue.plain_start(connection, definition_id, process_key)
    is_allowed = bool(actor.groups.intersection(elements[process_key].starter_groups))
    return (elements[process_key], start) if start and is_allowed else None
