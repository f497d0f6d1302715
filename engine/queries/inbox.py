"""The inbox: open tasks an actor may do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    String,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from engine.language.model import Element
from engine.queries.candidates import (
    ALL_CASES,
    aside,
    is_there,
    place_of_processes,
    place_of_text,
    repeat_first,
)
from engine.queries.page import MAX_LIMIT, Page
from engine.records.access import (
    IS_CANDIDATE,
    IS_CANDIDATE_OF_FEW,
    IS_FREE,
    IS_MINE,
    IS_POOLED,
    NAMES_ACTOR,
    describe_actor,
)
from engine.runtime.assignment import DEFAULT_PRIORITY
from engine.runtime.engine import Engine
from engine.runtime.step import ACTIVE
from engine.storage.actor import Actor
from engine.storage.columns import EPOCH, Instant
from engine.storage.prepared import Prepared
from engine.storage.tables import instance, task, task_candidate

MINE, GROUP, ALL, FREE = "mine", "group", "all", "free"
LATE = "late"
BY_DUE, BY_PRIORITY, BY_CREATED = "due", "priority", "created"
SORTS = (BY_DUE, BY_PRIORITY, BY_CREATED)
COUNT_LIMIT = 100
# An actor who is a candidate of few tasks is served from his side, another from the list of all tasks in their order.
FEW_TASKS = 4_000
# A search for what few cases say is served from these, another from the list of tasks.
FEW_CASES = 5_000
NO_DUE_DATE = "-"

_VIEWS: dict[str, ColumnElement[bool]] = {MINE: IS_MINE, GROUP: IS_POOLED, ALL: true(), FREE: IS_FREE}
VIEWS = (ALL, MINE, GROUP)
_IS_AFTER = task.c.due_at >= bindparam("due_from", type_=Instant)
_IS_BEFORE = task.c.due_at < bindparam("due_before", type_=Instant)
_COUNT_POOL = Prepared(
    select(func.count()).select_from(
        select(literal_column("1")).select_from(task_candidate).where(NAMES_ACTOR).limit(FEW_TASKS + 1).subquery()
    )
)
_SHOWN = (
    task,
    instance.c.process_key,
    instance.c.business_key,
    instance.c.subject_zh,
    instance.c.subject_en,
    instance.c.amount_fen,
    instance.c.version,
)
_FIND = (
    select(*_SHOWN)
    .join(instance, instance.c.id == task.c.instance_id)
    .where(task.c.id.in_(bindparam("task_ids", expanding=True)), IS_CANDIDATE)
)
_LAST_ID = bindparam("last_id", type_=String)
_LAST_PRIORITY = bindparam("last_priority", type_=Integer)


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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
        self.values = describe_actor(actor) | {"now": engine.clock()}

    @cached_property
    def has_few(self) -> bool:
        """Whether he is a candidate of few tasks, and is served from his side."""
        found: int = _COUNT_POOL.scalar(self.connection, self.values)
        return found <= FEW_TASKS

    def count(self) -> dict[str, int]:
        """See `count_tasks`."""
        found: dict[str, int] = _count_query(self.has_few).first(self.connection, self.values)._asdict()
        return found

    def fetch_page(self, wanted: TaskFilter, after: str | None, limit: int) -> Page[TaskRow]:
        """See `list_tasks`."""
        limit = min(limit, MAX_LIMIT)
        rows = self._fetch(wanted, after, limit, is_probe=False)
        found = [self._read(row) for row in rows[:limit]]
        return Page(found, _mark(wanted.sort, found[-1]) if len(rows) > limit else None)

    def probe(self, wanted: TaskFilter, after: str | None, limit: int) -> list[tuple[str, int]]:
        """Task and version of its instance for each row of a page and the row behind it: equal lists, equal pages."""
        return [(row.id, row.version) for row in self._fetch(wanted, after, min(limit, MAX_LIMIT), is_probe=True)]

    def find(self, task_ids: list[str]) -> list[TaskRow]:
        """Those of some tasks that the actor may see."""
        return [self._read(row) for row in self.connection.execute(_FIND, self.values | {"task_ids": task_ids})]

    def _fetch(self, wanted: TaskFilter, after: str | None, limit: int, *, is_probe: bool) -> list[Any]:
        """The rows of a page and the one behind it. By due date these are two queries, so that each comes in order from
        an index: first the tasks with a date, then those without.
        """
        case_ids = None if self.has_few else self._find_cases(wanted)
        if case_ids == []:
            return []
        values = self.values | _describe(wanted, after) | {"case_ids": case_ids}
        shape = replace(_Shape.of(wanted, self.has_few, is_probe), is_narrow=case_ids is not None)

        def run(rows: int, has_due_date: bool | None, is_continued: bool) -> list[Any]:
            query = _list_query(shape, has_due_date=has_due_date, is_continued=is_continued)
            return query.all(self.connection, values | {"rows": rows})

        if wanted.sort != BY_DUE:
            return run(limit + 1, None, bool(after))
        is_past_dates = (after or "").startswith(NO_DUE_DATE)
        rows = [] if is_past_dates else run(limit + 1, True, bool(after))
        if len(rows) <= limit and not shape.is_dated:
            rows += run(limit + 1 - len(rows), False, is_past_dates)
        return rows

    def _find_cases(self, wanted: TaskFilter) -> list[str] | None:
        """The open cases that may say what is searched for, else those of a process, where they are few."""
        place = None
        if wanted.search:
            place = place_of_text(self.connection, wanted.search, ALL_CASES)
        elif wanted.process_key:
            place = place_of_processes((wanted.process_key,), (ACTIVE,))
        if place is None:
            return None
        looked = place.look(ALL_CASES, FEW_CASES + 1)
        if self.connection.execute(select(func.count()).select_from(looked)).scalar_one() > FEW_CASES:
            return None
        is_open = is_there(select(task.c.id).where(task.c.instance_id == instance.c.id))
        found = list(self.connection.execute(place.find_cases(looked).where(is_open)).scalars())
        return repeat_first(found)

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
        "search": _escape(wanted.search),
        "process_key": wanted.process_key,
        "skill": wanted.skill,
        "due_from": wanted.due_from,
        "due_before": wanted.due_before,
    }
    last, _, values["last_id"] = (after or "").partition(":")
    if after and wanted.sort == BY_PRIORITY:
        values["last_priority"] = int(last)
    elif after and wanted.sort == BY_DUE and last != NO_DUE_DATE:
        values["last_due"] = EPOCH + timedelta(microseconds=int(last))
    return values


@dataclass(frozen=True)
class _Shape:
    """What of a filter decides the text of the query."""

    view: str
    sort: str
    has_few: bool
    is_probe: bool
    is_searched: bool
    is_of_process: bool
    is_of_skill: bool
    is_urgent: bool
    has_from: bool
    has_before: bool
    is_narrow: bool = False

    @staticmethod
    def of(wanted: TaskFilter, has_few: bool, is_probe: bool) -> "_Shape":
        return _Shape(
            wanted.view,
            wanted.sort,
            has_few,
            is_probe,
            bool(wanted.search),
            bool(wanted.process_key),
            bool(wanted.skill),
            wanted.is_urgent,
            wanted.due_from is not None,
            wanted.due_before is not None,
        )

    @property
    def is_dated(self) -> bool:
        return self.has_from or self.has_before

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        yield IS_CANDIDATE_OF_FEW if self.has_few else IS_CANDIDATE
        yield _VIEWS[self.view]
        if self.is_narrow:
            yield task.c.instance_id.in_(bindparam("case_ids", expanding=True))
        if self.is_searched:
            searched = (instance.c.business_key, instance.c.subject_zh, instance.c.subject_en)
            yield or_(*(one.icontains(bindparam("search", type_=String), escape="/") for one in searched))
        if self.is_of_process:
            yield aside(instance.c.process_key) == bindparam("process_key")
        if self.is_of_skill:
            yield task.c.skill == bindparam("skill")
        if self.is_urgent:
            yield task.c.priority > DEFAULT_PRIORITY
        if self.has_from:
            yield _IS_AFTER
        if self.has_before:
            yield _IS_BEFORE


@lru_cache(maxsize=256)
def _list_query(shape: _Shape, *, has_due_date: bool | None, is_continued: bool) -> Prepared:
    """`has_due_date` is None where the order is not by due date."""
    query = select(task.c.id, instance.c.version) if shape.is_probe else select(*_SHOWN)
    query = query.join(instance, instance.c.id == task.c.instance_id).where(*shape.conditions())
    if has_due_date is not None:
        query = query.where(task.c.due_at.is_not(None) if has_due_date else task.c.due_at.is_(None))
    order, is_later = _order(shape.sort, has_due_date)
    if is_continued:
        query = query.where(is_later)
    return Prepared(query.order_by(*order).limit(bindparam("rows", type_=Integer)))


def _order(sort: str, has_due_date: bool | None) -> tuple[list[Any], ColumnElement[bool]]:
    """The order of a list, and what comes after its last row. Identifiers grow with time."""
    if sort == BY_CREATED:
        return [task.c.id.desc()], task.c.id < _LAST_ID
    if sort == BY_PRIORITY:
        last = tuple_(_LAST_PRIORITY, _LAST_ID)
        return [task.c.priority.desc(), task.c.id.desc()], tuple_(task.c.priority, task.c.id) < last
    if has_due_date:
        last = tuple_(bindparam("last_due", type_=Instant), _LAST_ID)
        return [task.c.due_at, task.c.id], tuple_(task.c.due_at, task.c.id) > last
    return [task.c.id], task.c.id > _LAST_ID


@lru_cache(maxsize=2)
def _count_query(has_few: bool) -> Prepared:
    is_candidate = IS_CANDIDATE_OF_FEW if has_few else IS_CANDIDATE
    is_late = and_(task.c.due_at < bindparam("now", type_=Instant), IS_FREE)
    counted = {view: _VIEWS[view] for view in VIEWS} | {LATE: is_late}
    found = {name: select(task.c.id).where(is_candidate, one).limit(COUNT_LIMIT) for name, one in counted.items()}
    counts = (select(func.count()).select_from(one.subquery()).scalar_subquery() for one in found.values())
    return Prepared(select(*(count.label(name) for name, count in zip(found, counts, strict=True))))


def _mark(sort: str, last: TaskRow) -> str:
    """Where the next page begins."""
    if sort != BY_DUE:
        return f"{last.priority}:{last.id}"
    due = NO_DUE_DATE if last.due_at is None else (last.due_at - EPOCH) // timedelta(microseconds=1)
    return f"{due}:{last.id}"


def _escape(search: str) -> str:
    return search.replace("/", "//").replace("%", "/%").replace("_", "/_")
