"""Finding work tasks that take sign-ups: filters, and the keys that pages go by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ColumnElement, and_, func, or_

from engine.services.orders.search import MAX_TERMS, fold_text
from engine.services.work_tasks.tables import work_task
from engine.storage.clock import format_instant, parse_instant

NEWEST, PAY, ENDING = "newest", "pay", "ending"
_SORTS: Mapping[str, tuple[Column[object], bool]] = {  # column, and whether the greatest comes first
    NEWEST: (work_task.c.published_at, True),
    PAY: (work_task.c.pay_fen, True),
    ENDING: (work_task.c.signup_deadline, False),
}
SORTS = tuple(_SORTS)


@dataclass(frozen=True)
class TaskFilter:
    """What to look for; what is empty does not narrow."""

    search: str = ""
    categories: frozenset[str] = frozenset()
    mode: str = ""
    place_mode: str = ""
    sort: str = NEWEST

    def __post_init__(self) -> None:
        if self.sort not in _SORTS:
            raise ValueError(f"Expected one of {list(_SORTS)}, but got {self.sort!r}")


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


def ordering(sort: str) -> list[ColumnElement[object]]:
    """The order of a sort; equal ones by id, so that pages neither repeat nor lose a row."""
    column, is_descending = _SORTS[sort]
    return [key.desc() if is_descending else key.asc() for key in (column, work_task.c.id)]


def cursor_of(sort: str, row: Mapping[str, object]) -> str:
    """Where the page after this row begins."""
    value = row[_SORTS[sort][0].name]
    return f"{format_instant(value) if isinstance(value, datetime) else value}~{row['id']}"


def behind(sort: str, cursor: str) -> ColumnElement[bool]:
    """The rows after a cursor. Raises ValueError for a text that is none."""
    column, is_descending = _SORTS[sort]
    text, separator, task_id = cursor.partition("~")
    if not separator:
        raise ValueError(f"Expected a cursor, but got {cursor!r}")
    value: object = int(text) if sort == PAY else parse_instant(text)
    further = column < value if is_descending else column > value
    beside = work_task.c.id < task_id if is_descending else work_task.c.id > task_id
    return or_(further, and_(column == value, beside))
