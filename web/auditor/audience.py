"""Whom the places wait for where a case stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from engine.language.expressions import is_wrapped
from engine.language.model import Element
from engine.queries.inspection import CaseView
from engine.queries.marks import ARMED_KINDS, CONTAINER_KINDS
from engine.queries.story import TokenView
from engine.queries.waits import Limit
from engine.storage.tables import task, task_candidate

PARTY, GROUP = "party", "group"


@dataclass(frozen=True)
class Waiting:
    """A place where a case stands at a moment.

    `assignee_id` and `audience` (kind, id) come from the work list where the moment is now, else from the diagram.
    """

    token: TokenView
    assignee_id: str | None
    audience: list[tuple[str, str]]
    due_at: datetime | None
    limits: list[Limit]

    @property
    def element(self) -> Element:
        return self.token.element


def list_waiting(connection: Connection, view: CaseView) -> list[Waiting]:
    """Where the case stands, whom it waits for there, and what comes if nobody acts."""
    audience = list_audience(connection, view.case.id) if view.is_now else {}
    work = {one.task_id: one for one in view.open_work} if view.is_now else {}
    places = [one for one in view.story.tokens if one.element.kind not in ARMED_KINDS | CONTAINER_KINDS]
    return [
        Waiting(
            token,
            work[token.task].assignee_id if token.task in work else None,
            audience.get(token.task) or [(GROUP, group) for group in _list_groups(token.element)],
            work[token.task].due_at if token.task in work else None,
            view.limits[token.task],
        )
        for token in places
    ]


def list_audience(connection: Connection, instance_id: str) -> dict[str, list[tuple[str, str]]]:
    """By open task: the parties and groups that may take it, as (kind, id)."""
    rows = connection.execute(
        select(task.c.id, task_candidate.c.kind, task_candidate.c.value)
        .join(task_candidate, task_candidate.c.task_id == task.c.id)
        .where(task.c.instance_id == instance_id, task_candidate.c.kind.in_((PARTY, GROUP)))
        .order_by(task_candidate.c.kind, task_candidate.c.value)
    )
    audience: dict[str, list[tuple[str, str]]] = {}
    for task_id, kind, value in rows:
        audience.setdefault(task_id, []).append((kind, value))
    return audience


def parties_in(waiting: Iterable[Waiting]) -> set[str | None]:
    """Everybody the places name."""
    return {value for one in waiting for kind, value in one.audience if kind == PARTY} | {
        one.assignee_id for one in waiting
    }


def _list_groups(element: Element) -> list[str]:
    """The groups the diagram names literally."""
    text = element.candidate_groups or ""
    return [] if is_wrapped(text) else [one.strip() for one in text.split(",") if one.strip()]
