"""A user task before somebody: fetched and authorised in one call, with its form and what the form shows."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, and_, bindparam, func, select
from sqlalchemy.exc import NoResultFound

from engine.definitions.catalogue import DECISION, FORM
from engine.definitions.forms import BoundForm, Form, bind
from engine.definitions.forms.conditions import NOW
from engine.definitions.forms.fields import Submitted
from engine.definitions.forms.model import walk
from engine.definitions.registry import VIEWS
from engine.language.decisions import Decision, decide
from engine.language.model import Element
from engine.language.state import read_task_data
from engine.records.access import IS_CANDIDATE, describe_actor
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound, ViewUnavailable
from engine.storage.actor import Actor
from engine.storage.clock import format_instant
from engine.storage.frozen import frozen
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict
from engine.storage.prepared import Prepared
from engine.storage.tables import file, instance, task

Language = Literal["zh", "en"]

log = logging.getLogger(__name__)

_IS_THIS = and_(task.c.id == bindparam("task_id"), IS_CANDIDATE)
_FIND = Prepared(select(task.c.id, task.c.instance_id, task.c.assignee_id, task.c.element).where(_IS_THIS))
_FETCH = Prepared(
    select(
        task,
        instance.c.process_key,
        instance.c.business_key,
        instance.c.subject_zh,
        instance.c.subject_en,
        instance.c.amount_fen,
        instance.c.pin_set_id,
        instance.c.state,
    )
    .join(instance, instance.c.id == task.c.instance_id)
    .where(_IS_THIS)
)
_FILES = select(file).where(
    file.c.id.in_(bindparam("named", expanding=True)),
    file.c.owner_id == bindparam("owner"),
    func.coalesce(file.c.instance_id, bindparam("instance_id")) == bindparam("instance_id"),
)


@frozen
class TaskView:
    """An open task the actor may do. `data` is the process data it stands on."""

    id: str
    instance_id: str
    definition_id: str
    element: Element
    process_key: str
    business_key: str | None
    subject_zh: str
    subject_en: str
    amount_fen: int | None
    assignee_id: str | None
    created_at: datetime
    due_at: datetime | None
    form_id: str | None
    form: Form | None
    data: PlainDict


@frozen
class ViewContext:
    """See `registry.ViewCall`."""

    connection: Connection
    keys: KeyRing
    instance_id: str
    data: Mapping[str, Plain]
    actor: Actor
    now: datetime
    language: Language
    engine: Engine

    def decide(self, table: str, values: Mapping[str, Plain]) -> Decision:
        """See `registry.ViewCall`; before the case has begun, the newest version decides."""
        catalogue = self.engine.catalogue
        pinned = select(instance.c.pin_set_id).where(instance.c.id == self.instance_id)
        pin_set_id = self.connection.execute(pinned).scalar_one_or_none()
        newest = catalogue.newest(self.connection).get(DECISION, {})
        logic_id = catalogue.pins(self.connection, pin_set_id).find(DECISION, table) if pin_set_id else newest[table]
        return decide(catalogue.decision(self.connection, logic_id), values, self.engine.form_sandbox)


def find_task(connection: Connection, actor: Actor, task_id: str) -> Any:
    """The row of an open task, by the very condition of the inbox. Raises NotFound, for a stranger as well."""
    row = _FIND.first(connection, describe_actor(actor) | {"task_id": task_id})
    if row is None:
        raise NotFound("task", task_id)
    return row


def fetch_task(engine: Engine, actor: Actor, task_id: str) -> TaskView:
    """An open task with its form and data. Raises NotFound, for a stranger as well."""
    with engine.database.read() as connection:
        row = _FETCH.first(connection, describe_actor(actor) | {"task_id": task_id})
        if row is None:
            raise NotFound("task", task_id)
        element = engine.catalogue.elements(connection, row.definition_id)[row.element]
        form_id = form = None
        if element.form_key:
            pins = engine.catalogue.pins(connection, row.pin_set_id)
            form_id = pins.find(FORM, element.form_key)
            form = engine.catalogue.form(connection, form_id)
        data = read_task_data(row.state, task_id)
    return TaskView(
        row.id,
        row.instance_id,
        row.definition_id,
        element,
        row.process_key,
        row.business_key,
        row.subject_zh,
        row.subject_en,
        row.amount_fen,
        row.assignee_id,
        row.created_at,
        row.due_at,
        form_id,
        form,
        data,
    )


def bind_task(
    engine: Engine,
    actor: Actor,
    view: TaskView,
    language: Language,
    submitted: Submitted | None = None,
    draft: PlainDict | None = None,
) -> BoundForm:
    """The task's form filled from what was submitted, or from a draft."""
    assert view.form is not None
    return bind_form(engine, actor, view.form, view.data, view.instance_id, language, submitted, draft)


def bind_form(
    engine: Engine,
    actor: Actor,
    form: Form,
    data: Mapping[str, Plain],
    instance_id: str,
    language: Language,
    submitted: Submitted | None = None,
    draft: PlainDict | None = None,
) -> BoundForm:
    """A form over process data; before its case has begun, `instance_id` is empty."""
    with engine.database.read() as connection:
        context = ViewContext(connection, engine.keys, instance_id, data, actor, engine.clock(), language, engine)
        shown = {NOW: format_instant(context.now), **data, **gather_views(context, form)}
        files = _files(connection, actor, form, instance_id, submitted)

    def evaluate(expression: str, values: Mapping[str, Plain]) -> Plain:
        return engine.form_sandbox.evaluate(expression, {"now": format_instant(engine.clock()), **values})

    bound = bind(
        form,
        data=shown,
        language=language,
        timezone=engine.zone,
        evaluate=evaluate,
        submitted=submitted,
        draft=draft,
        files=files,
    )
    if form.previews:
        with engine.database.read() as connection:
            bound.show(_gather_previews(replace(context, connection=connection), bound))
    return bound


def _gather_previews(context: ViewContext, bound: BoundForm) -> PlainDict:
    """What the parts show that follow from the answers at hand, of which each view finds those its part reads."""
    values = bound.values
    found: PlainDict = {}
    for part, _ in walk(bound.form.components):
        if part.reads and bound.is_visible(part.name):
            read = {key: values.get(key) for key in part.reads}
            found |= _call_views(replace(context, data={**context.data, **read}), part.sources)
    return found


def gather_views(context: ViewContext, form: Form) -> PlainDict:
    """What the read-only parts of a form show beside process data: the rows of services they name as their source."""
    return _call_views(context, form.sources)


def _call_views(context: ViewContext, sources: frozenset[str]) -> PlainDict:
    return {name: _call_view(context, name) for name in sorted(sources & VIEWS.keys() - context.data.keys())}


def _call_view(context: ViewContext, name: str) -> Plain:
    try:
        return VIEWS[name](context)
    except (LookupError, NoResultFound) as error:  # the form is used in a process it was not made for
        log.error("view %s of case %s", name, context.instance_id, exc_info=error)
        raise ViewUnavailable(name) from error


def _files(
    connection: Connection, actor: Actor, form: Form, instance_id: str, submitted: Submitted | None
) -> dict[str, PlainDict]:
    """The uploads this submission names, as far as they are the actor's own and no other case's."""
    named = [str(one) for key in form.file_keys for one in submitted.getlist(key)] if submitted is not None else []
    if not named:
        return {}
    values = {"named": named, "owner": actor.party_id, "instance_id": instance_id}
    return {
        row.id: {
            "file": row.id,
            "name": row.name,
            "sha256": row.sha256,
            "size_bytes": row.size_bytes,
            "media_type": row.media_type,
        }
        for row in connection.execute(_FILES, values)
    }
