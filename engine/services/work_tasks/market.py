"""Finding work tasks that take sign-ups: filters, and the keys that pages go by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func

from engine.queries.sorting import Sort
from engine.services.orders.search import MAX_TERMS, fold_text
from engine.services.work_tasks.notes import NEGOTIABLE
from engine.services.work_tasks.tables import work_task

NEWEST, PAY, ENDING = "newest", "pay", "ending"
SORTS: Mapping[str, Sort] = {
    NEWEST: Sort(work_task.c.published_at, work_task.c.id),
    PAY: Sort(work_task.c.pay_fen, work_task.c.id),
    ENDING: Sort(work_task.c.signup_deadline, work_task.c.id, is_descending=False),
}


@dataclass(frozen=True)
class TaskFilter:
    """What to look for; what is empty does not narrow. `min_pay_fen`: of a seat, or what an offer may come to."""

    search: str = ""
    categories: frozenset[str] = frozenset()
    mode: str = ""
    place_mode: str = ""
    min_pay_fen: int = 0
    sort: str = NEWEST

    def __post_init__(self) -> None:
        if self.sort not in SORTS:
            raise ValueError(f"Expected one of {list(SORTS)}, but got {self.sort!r}")


def conditions(wanted: TaskFilter, now: datetime) -> Iterator[ColumnElement[bool]]:
    """What a row must meet to take sign-ups and be wanted: every word of the search, and every filter."""
    yield work_task.c.state.in_(("recruiting", "awarding"))
    yield work_task.c.list_closed_at.is_(None)
    yield work_task.c.signup_deadline > now
    searched = func.lower(work_task.c.title + " " + work_task.c.description + " " + work_task.c.district)
    for term in fold_text(wanted.search).split()[:MAX_TERMS]:
        yield searched.contains(term, autoescape=True)
    if wanted.categories:
        yield work_task.c.category.in_(sorted(wanted.categories))
    if wanted.mode:
        yield work_task.c.mode == wanted.mode
    if wanted.place_mode:
        yield work_task.c.place_mode == wanted.place_mode
    if wanted.min_pay_fen:
        is_open = (work_task.c.mode == NEGOTIABLE) & work_task.c.price_max_fen.is_(None)
        most = func.coalesce(work_task.c.price_max_fen, work_task.c.pay_fen)
        yield is_open | (most >= wanted.min_pay_fen)
