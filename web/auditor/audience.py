"""Whom the places wait for where a case stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from engine.language.expressions import is_wrapped, unwrap
from engine.language.model import Element
from engine.queries.inspection import CaseView
from engine.queries.limits import Limit
from engine.queries.marks import CONTAINER_KINDS
from engine.queries.outside import Batch, ExternalTask
from engine.queries.story import TokenView
from engine.records.worklist import EXCLUDE, GROUP, MEMBER
from engine.storage.plain import PlainDict
from engine.storage.tables import task, task_candidate

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


def list_waiting(connection: Connection, view: CaseView) -> list[Waiting]:
    """Where the case stands, whom it waits for there, and what comes if nobody acts."""
    audience = list_audience(connection, view.case.id) if view.is_now else {}
    work = {one.task_id: one for one in view.open_work} if view.is_now else {}
    external = {one.task_id: one for one in view.external_tasks} if view.is_now else {}
    batches = {one.task_id: one for one in view.batches} if view.is_now else {}
    silent = CONTAINER_KINDS | JOIN_KINDS
    places = [one for one in view.story.tokens if one.element.kind not in silent and not one.element.is_listener]
    return [
        Waiting(
            token,
            work[token.task].assignee_id if token.task in work else None,
            audience.get(token.task) or _read_audience(token),
            work[token.task].due_at if token.task in work else None,
            view.limits[token.task],
            external.get(token.task),
            batches.get(token.task),
        )
        for token in places
    ]


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


def _read_audience(token: TokenView) -> list[Audience]:
    """Whom the diagram offered the task to, as far as plain variables of the token say."""
    element, data = token.element, token.data
    parties = [*_read_names(element.assignee, data), *_read_names(element.candidate_users, data)]
    return [Audience(one) for one in parties] + [
        Audience(None, one) for one in _read_names(element.candidate_groups, data)
    ]


def _read_names(text: str | None, data: PlainDict) -> list[str]:
    if text is None or not is_wrapped(text):
        return [one.strip() for one in (text or "").split(",") if one.strip()]
    value = data.get(unwrap(text))
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one is not None]
