"""Whom the places wait for where a case stands."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from engine.language.errors import EngineError, TryAgain
from engine.language.model import Element
from engine.language.specs.schedules import find_due
from engine.queries.inspection import CaseView, OpenWork
from engine.queries.limits import Limit
from engine.queries.marks import CONTAINER_KINDS
from engine.queries.outside import Batch, ExternalTask
from engine.queries.story import TokenView
from engine.records.worklist import EXCLUDE, GROUP, MEMBER, OpenTask
from engine.runtime.assignment import Assigner
from engine.runtime.calendar import WorkingCalendar
from engine.runtime.engine import Engine
from engine.storage.clock import format_instant
from engine.storage.tables import task, task_candidate

USER_TASK = "userTask"
JOIN_KINDS = frozenset({"parallelGateway", "inclusiveGateway"})  # they wait for what waits elsewhere


@dataclass(frozen=True)
class Audience:
    """Who may take a task: a party, the members of a party in a role, or, without a party, a group."""

    party_id: str | None
    role: str | None = None


@dataclass(frozen=True)
class Waiting:
    """A place where a case stands at a moment.

    `assignee_id` and `audience` come from the work list where the moment is now, else from the diagram.
    `external` and `batch` say how far a service task is that is done outside, where the moment is now.
    """

    token: TokenView
    assignee_id: str | None
    audience: list[Audience]
    due_at: datetime | None
    limits: list[Limit]
    external: ExternalTask | None
    batch: Batch | None

    @property
    def element(self) -> Element:
        return self.token.element


def list_waiting(engine: Engine, connection: Connection, view: CaseView) -> list[Waiting]:
    """Where the case stands, whom it waits for there, and what comes if nobody acts."""
    audience = list_audience(connection, view.case.id) if view.is_now else {}
    work = {one.task_id: one for one in view.open_work} if view.is_now else {}
    external = {one.task_id: one for one in view.external_tasks} if view.is_now else {}
    batches = {one.task_id: one for one in view.batches} if view.is_now else {}
    silent = CONTAINER_KINDS | JOIN_KINDS
    places = [one for one in view.story.tokens if one.element.kind not in silent and not one.element.is_listener]
    offers = {one.task: _read_offer(engine, connection, view, one) for one in places if one.task not in work}
    return [
        Waiting(
            token,
            work[token.task].assignee_id if token.task in work else None,
            audience.get(token.task, []) if token.task in work else _tell_audience(offers[token.task]),
            _find_due(work.get(token.task) or offers[token.task]),
            view.limits[token.task],
            external.get(token.task),
            batches.get(token.task),
        )
        for token in places
    ]


def _find_due(offered: OpenWork | OpenTask | None) -> datetime | None:
    return offered.due_at if offered else None


def _tell_audience(offered: OpenTask | None) -> list[Audience]:
    return [_read_candidate(kind, value) for kind, value in sorted(offered.candidates)] if offered else []


def list_audience(connection: Connection, instance_id: str) -> dict[str, list[Audience]]:
    """By open task: the parties, members and groups that may take it."""
    rows = connection.execute(
        select(task.c.id, task_candidate.c.kind, task_candidate.c.value)
        .join(task_candidate, task_candidate.c.task_id == task.c.id)
        .where(task.c.instance_id == instance_id, task_candidate.c.kind != EXCLUDE)
        .order_by(task_candidate.c.kind, task_candidate.c.value)
    )
    audience: dict[str, list[Audience]] = {}
    for task_id, kind, value in rows:
        audience.setdefault(task_id, []).append(_read_candidate(kind, value))
    return audience


def _read_candidate(kind: str, value: str) -> Audience:
    if kind == GROUP:
        return Audience(None, value)
    party_id, _, role = value.partition("/") if kind == MEMBER else (value, "", None)
    return Audience(party_id, role)


def parties_in(waiting: Iterable[Waiting]) -> set[str | None]:
    """Everybody the places name."""
    return {found.party_id for one in waiting for found in one.audience} | {one.assignee_id for one in waiting}


def _read_offer(engine: Engine, connection: Connection, view: CaseView, token: TokenView) -> OpenTask | None:
    """The task as the diagram offered it when the token came; nothing where that cannot be told any more.

    Whom a relation names is not kept: the relation of today may name others.
    """
    if token.element.kind != USER_TASK or token.is_failed:
        return None
    element = replace(token.element, relation=None, exclude=None, skill=None, priority=None, follow_up=None)
    pins = engine.catalogue.pins(connection, view.drawings[0].pin_set_id)
    calendar = WorkingCalendar(engine.catalogue.calendar(connection, pins.ids), engine.zone)
    came = {"now": format_instant(token.since)}
    assigner = Assigner(
        connection,
        token.since,
        view.case.id,
        lambda text, data: engine.form_sandbox.evaluate(text, {**came, **data}),
        lambda text: find_due(text, token.since, calendar),
    )
    try:
        definition_id = engine.catalogue.process_id(connection, pins, element.process_key)
        return assigner.offer(token.task, definition_id, element, token.data)
    except TryAgain:
        raise
    except EngineError:  # the data of then do not say
        return None
