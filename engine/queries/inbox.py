"""The inbox: open tasks an actor may do."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from engine.language.model import Element
from engine.queries.candidates import ALL_CASES, escape_like, find_grams, literal, repeat_first
from engine.queries.offers import (
    ALL,
    BY_CREATED,
    BY_DUE,
    BY_PRIORITY,
    FREE,
    GROUP,
    LATE,
    MINE,
    SHOWN,
    Shape,
    count_query,
    first_query,
    length_query,
    name_actor,
    page_query,
)
from engine.queries.page import MAX_LIMIT, Page
from engine.records.access import IS_CANDIDATE, IS_FREE, describe_actor
from engine.runtime.engine import Engine
from engine.storage.actor import Actor
from engine.storage.columns import EPOCH, NEVER
from engine.storage.frozen import frozen
from engine.storage.prepared import Asked, Prepared
from engine.storage.tables import case_gram, instance, task

__all__ = ["ALL", "BY_CREATED", "BY_DUE", "BY_PRIORITY", "FREE", "GROUP", "LATE", "MINE"]

VIEWS = (ALL, MINE, GROUP)
SORTS = (BY_DUE, BY_PRIORITY, BY_CREATED)
COUNT_LIMIT = 100
# A search begins at the cases that may say what is searched for where these are few, and fewer than his tasks.
FEW_CASES = 8_000
MICROSECOND = timedelta(microseconds=1)

_COUNT_SAID = Prepared(
    select(func.count()).select_from(
        select(case_gram.c.gram)
        .where(case_gram.c.gram.in_(bindparam("grams", expanding=True)))
        .limit(literal(FEW_CASES))
        .subquery()
    )
)
_FIND = (
    select(*SHOWN)
    .join(instance, instance.c.id == task.c.instance_id)
    .where(task.c.id.in_(bindparam("task_ids", expanding=True)), IS_CANDIDATE)
)


@frozen
class TaskFilter:
    """Which of his tasks somebody wants to see, and in which order; an empty part says nothing."""

    view: str = ALL
    search: str = ""  # part of the number or the subject
    process_key: str = ""
    skill: str = ""
    is_urgent: bool = False  # of a higher priority than usual
    due_from: datetime | None = None
    due_before: datetime | None = None
    sort: str = BY_DUE


@frozen
class TaskRow:
    """One line of the inbox. `version` is that of the instance: every step raises it."""

    id: str
    instance_id: str
    element: Element
    process_key: str
    business_key: str | None
    subject_zh: str
    subject_en: str
    amount_fen: int | None
    assignee_id: str | None
    priority: int
    created_at: datetime
    due_at: datetime | None
    version: int


def list_tasks(
    engine: Engine, actor: Actor, wanted: TaskFilter | None = None, after: str | None = None, limit: int = 50
) -> Page[TaskRow]:
    """Tasks by due date, those without one last; or by priority or age, the newest first.

    Raises ValueError for a mark of no page.
    """
    with open_work(engine, actor) as work:
        return work.fetch_page(wanted or TaskFilter(), after, limit)


def count_tasks(engine: Engine, actor: Actor) -> dict[str, int]:
    """How many tasks each view holds, and how many are late; COUNT_LIMIT stands for that many or more."""
    with open_work(engine, actor) as work:
        return work.count()


def find_tasks_of_case(connection: Connection, actor: Actor, instance_id: str) -> dict[str, str]:
    """The open tasks of a case that the actor may do and nobody else holds: id by element."""
    query = select(task.c.element, task.c.id).where(task.c.instance_id == instance_id, IS_CANDIDATE, IS_FREE)
    return {row.element: row.id for row in connection.execute(query.order_by(task.c.id), describe_actor(actor))}


@contextmanager
def open_work(engine: Engine, actor: Actor) -> "Iterator[Work]":
    """The work list as one actor sees it, for several questions at once."""
    with engine.database.read() as connection:
        yield Work(engine, connection, actor)


class Work:
    """Questions about the tasks an actor may do."""

    def __init__(self, engine: Engine, connection: Connection, actor: Actor) -> None:
        self.engine = engine
        self.connection = connection
        self.names, self.values = name_actor(actor)

    def count(self) -> dict[str, int]:
        """See `count_tasks`."""
        return self.ask_count()()

    def ask_count(self) -> Callable[[], dict[str, int]]:
        """The same, to be called for when other questions were asked as well."""
        values = self.values | {"due_from": EPOCH, "due_before": self.engine.clock()}
        asked = first_query(self.names, COUNT_LIMIT).ask(self.connection, values)

        def read() -> dict[str, int]:
            first: dict[str, int] = asked.first()._asdict()
            if first[ALL] < COUNT_LIMIT:
                return first
            few = [view for view, count in first.items() if count < COUNT_LIMIT]  # there may be more behind the first
            counting = {view: count_query(self.names, view, COUNT_LIMIT).ask(self.connection, values) for view in few}
            return first | {view: one.scalar() for view, one in counting.items()}

        return read

    def fetch_page(self, wanted: TaskFilter, after: str | None, limit: int) -> Page[TaskRow]:
        """See `list_tasks`."""
        return self.ask_page(wanted, after, limit)()

    def ask_page(self, wanted: TaskFilter, after: str | None, limit: int) -> Callable[[], Page[TaskRow]]:
        """The same, to be called for when other questions were asked as well."""
        limit = min(limit, MAX_LIMIT)
        asked = self._ask(wanted, after, limit, is_probe=False)

        def read() -> Page[TaskRow]:
            rows = asked.all()
            found = [self._read(row) for row in rows[:limit]]
            return Page(found, _mark(wanted.sort, found[-1]) if len(rows) > limit else None)

        return read

    def probe(self, wanted: TaskFilter, after: str | None, limit: int) -> list[tuple[str, int]]:
        """Task and version of its instance for each row of a page and the row behind it: equal lists, equal pages."""
        return [(row.id, row.version) for row in self._ask(wanted, after, min(limit, MAX_LIMIT), is_probe=True).all()]

    def find(self, task_ids: list[str]) -> list[TaskRow]:
        """Those of some tasks that the actor may see."""
        return [self._read(row) for row in self.connection.execute(_FIND, self.values | {"task_ids": task_ids})]

    def _ask(self, wanted: TaskFilter, after: str | None, limit: int, *, is_probe: bool) -> Asked:
        """The rows of a page and the one behind it."""
        values = self.values | _describe(wanted, after)
        grams = find_grams(self.connection, wanted.search, ALL_CASES) if wanted.search else None
        if grams is not None:
            values["grams"] = repeat_first([*grams.some])
            values |= {f"gram_{number}": gram for number, gram in enumerate(grams.checked)}
        shape = Shape(
            self.names,
            wanted.view,
            wanted.sort,
            is_of_process=bool(wanted.process_key),
            is_of_skill=bool(wanted.skill),
            is_urgent=wanted.is_urgent,
            is_dated=wanted.due_from is not None or wanted.due_before is not None,
            is_searched=bool(wanted.search),
            grams=None if grams is None else len(grams.checked),
            is_from_text=grams is not None and self._is_said_by_few(values),
            is_continued=bool(after),
        )
        return page_query(shape, limit + 1, is_probe=is_probe).ask(self.connection, values)

    def _is_said_by_few(self, values: Mapping[str, object]) -> bool:
        """Whether few cases have the grams that are looked for, and fewer than there are tasks for him."""
        said: int = _COUNT_SAID.scalar(self.connection, values)
        if said == FEW_CASES:
            return False
        length: int = length_query(self.names).scalar(self.connection, {**values, "most": said + 1})
        return said < length

    def _read(self, row: Any) -> TaskRow:
        return TaskRow(
            row.id,
            row.instance_id,
            self.engine.catalogue.elements(self.connection, row.definition_id)[row.element],
            row.process_key,
            row.business_key,
            row.subject_zh,
            row.subject_en,
            row.amount_fen,
            row.assignee_id,
            row.priority,
            row.created_at,
            row.due_at,
            row.version,
        )


def _describe(wanted: TaskFilter, after: str | None) -> dict[str, object]:
    """The bind parameters of a filter and of the place where a page begins. Raises ValueError for a mark of no page."""
    values: dict[str, object] = {
        "search": escape_like(wanted.search),
        "process_key": wanted.process_key,
        "skill": wanted.skill,
        "due_from": wanted.due_from or EPOCH,
        "due_before": wanted.due_before or NEVER,
    }
    last, _, values["last_id"] = (after or "0:").partition(":")
    number = int(last)
    if abs(number) > (NEVER - EPOCH) // MICROSECOND:
        raise ValueError(f"Expected where a page begins, but got {after!r}")
    values |= {"last_priority": number} if wanted.sort == BY_PRIORITY else {"last_due": EPOCH + number * MICROSECOND}
    return values


def _mark(sort: str, last: TaskRow) -> str:
    """Where the next page begins."""
    number = ((last.due_at or NEVER) - EPOCH) // MICROSECOND if sort == BY_DUE else last.priority
    return f"{number}:{last.id}"
