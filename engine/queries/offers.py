"""The tasks that are offered to somebody, in the order of a list.

An actor goes by several names: his party, himself, his roles, his groups. For each there is an index of the tasks it is
offered in the order of the list, so the next so many of each come from its beginning, and together they are the page:
whoever asks, and however many tasks there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnClause,
    ColumnElement,
    Integer,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    tuple_,
    union,
)

from engine.queries.candidates import aside, literal
from engine.records.access import (
    IS_EXCLUDED,
    IS_FREE,
    IS_HELD,
    IS_UNCLAIMED,
    NOBODY,
    describe_actor,
    has_skill,
    is_there,
)
from engine.records.worklist import GROUP as IN_GROUP
from engine.records.worklist import MEMBER, PARTY, name_member
from engine.runtime.assignment import DEFAULT_PRIORITY
from engine.storage.actor import Actor
from engine.storage.columns import Instant
from engine.storage.frozen import frozen
from engine.storage.prepared import Prepared
from engine.storage.tables import case_gram, instance, task, task_candidate

MINE, GROUP, ALL, FREE, LATE = "mine", "group", "all", "free", "late"
BY_DUE, BY_PRIORITY, BY_CREATED = "due", "priority", "created"

SHOWN = (
    task,
    instance.c.process_key,
    instance.c.business_key,
    instance.c.subject_zh,
    instance.c.subject_en,
    instance.c.amount_fen,
    instance.c.version,
)
_PERSON: BindParameter[str] = bindparam("actor_person", type_=String)
_offered = task_candidate.alias("offered")
_ORDERS: dict[str, tuple[ColumnClause[Any], ...]] = {
    BY_DUE: (_offered.c.due_at, _offered.c.task_id),
    BY_PRIORITY: (_offered.c.priority, _offered.c.task_id),
    BY_CREATED: (_offered.c.task_id,),
}
_LAST: dict[str, tuple[BindParameter[Any], ...]] = {
    BY_DUE: (bindparam("last_due", type_=Instant), bindparam("last_id", type_=String)),
    BY_PRIORITY: (bindparam("last_priority", type_=Integer), bindparam("last_id", type_=String)),
    BY_CREATED: (bindparam("last_id", type_=String),),
}
_IN_PERSON = is_there(
    select(task_candidate.c.kind).where(
        task_candidate.c.task_id == task.c.id, task_candidate.c.kind == PARTY, task_candidate.c.value == _PERSON
    )
)
_VIEWS: dict[str, ColumnElement[bool]] = {
    ALL: true(),
    FREE: IS_FREE,
    MINE: or_(IS_HELD, and_(IS_UNCLAIMED, _IN_PERSON)),
    GROUP: and_(IS_UNCLAIMED, ~_IN_PERSON),
}


@dataclass(frozen=True)
class Names:
    """How many names of which kind an actor goes by."""

    is_person: bool  # acts for himself, or is one of the platform's people
    is_party: bool  # has another name as a party
    groups: int


@frozen
class Shape:
    """What decides the text of a query: the names of the actor, and what of a filter is given."""

    names: Names
    view: str
    sort: str = BY_DUE
    is_of_process: bool = False
    is_of_skill: bool = False
    is_urgent: bool = False
    is_dated: bool = False
    is_searched: bool = False
    grams: int | None = None  # a text is searched for by so many besides the scarcest; None: by itself alone
    is_from_text: bool = False  # begins at the cases that have the scarcest
    is_continued: bool = False


def name_actor(actor: Actor) -> tuple[Names, dict[str, object]]:
    """The names of an actor, and the values of the queries' parameters that describe him."""
    values, groups = describe_actor(actor), sorted(actor.groups)
    names = Names(values["actor_person"] != NOBODY, values["actor_person"] != actor.party_id, len(groups))
    for number, group in enumerate(groups):
        values |= {f"actor_role_{number}": name_member(actor.party_id, group), f"actor_group_{number}": group}
    return names, values


@lru_cache(maxsize=512)
def page_query(shape: Shape, rows: int, *, is_probe: bool) -> Prepared:
    """The rows of a page; of a probe only the task and the version of its instance."""
    page = _page(shape, rows)
    shown = (task.c.id, instance.c.version) if is_probe else SHOWN
    query = select(*shown).select_from(page.join(task, task.c.id == page.c.task_id))
    query = query.join(instance, instance.c.id == task.c.instance_id)
    return _prepare(_in_order(query, shape.sort, page))


@lru_cache(maxsize=64)
def first_query(names: Names, limit: int) -> Prepared:
    """How many of the first tasks of the list of all are in each view, and how many are late."""
    page = _page(Shape(names, ALL), limit)
    counted = {view: _VIEWS[view] for view in (ALL, MINE, GROUP)}
    counted[LATE] = and_(page.c.due_at < bindparam("due_before", type_=Instant), IS_FREE)
    counts: list[Any] = [func.count().filter(one).label(view) for view, one in counted.items()]
    return _prepare(select(*counts).select_from(page.join(task, task.c.id == page.c.task_id)))


@lru_cache(maxsize=256)
def count_query(names: Names, view: str, limit: int) -> Prepared:
    """How many tasks a view holds, or how many are late, counted up to a limit."""
    shape = Shape(names, FREE, is_dated=True) if view == LATE else Shape(names, view)
    merged = _merge([query.limit(literal(limit)) for query in _list_sources(shape)])
    return _prepare(select(func.count()).select_from(select(merged.c.task_id).limit(literal(limit)).subquery()))


@lru_cache(maxsize=64)
def length_query(names: Names) -> Prepared:
    """How many tasks are offered to an actor, counted up to `most` of each of his names."""
    named = (select(_offered.c.task_id).where(*name) for name in _list_names(Shape(names, ALL)))
    some = _merge([query.limit(bindparam("most", type_=Integer)) for query in named])
    return _prepare(select(func.count()).select_from(some))


def _prepare(query: Select[Any]) -> Prepared:
    """PostgreSQL needs no values to plan it: there is an index for each order."""
    return Prepared(query, is_planned_once=True)


def _page(shape: Shape, rows: int) -> Subquery:
    """The next so many, in order."""
    merged = _merge([_in_order(query, shape.sort).limit(literal(rows)) for query in _list_sources(shape)])
    return _in_order(select(merged), shape.sort, merged).limit(literal(rows)).subquery("page")


def _list_sources(shape: Shape) -> Iterator[Select[Any]]:
    """Where the tasks of a view are, each with all conditions."""
    chosen = select(*_ORDERS[shape.sort]).join(task, task.c.id == _offered.c.task_id)
    chosen = chosen.where(*_list_conditions(shape))
    named = or_(*(and_(kind, value) for kind, value in _list_names(replace(shape, view=ALL), is_aside=True)))
    if shape.is_from_text:
        has_gram = case_gram.c.gram.in_(bindparam("grams", expanding=True))
        by_text = chosen.join(case_gram, case_gram.c.moment == _offered.c.moment)
        yield by_text.where(has_gram, named, _VIEWS[shape.view]).distinct()
        return
    for name in _list_names(shape):
        yield chosen.where(*name, IS_FREE if shape.view == MINE else _VIEWS[shape.view])
    if shape.view == MINE:
        yield chosen.where(IS_HELD, named).distinct()


def _list_names(shape: Shape, *, is_aside: bool = False) -> Iterator[tuple[ColumnElement[bool], ColumnElement[bool]]]:
    """That a task is offered to a name of the actor: kind and value."""
    column = aside(_offered.c.value) if is_aside else _offered.c.value
    names = shape.names
    if names.is_person and (shape.view != GROUP or not (names.is_party or names.groups)):  # see GROUP
        yield _offered.c.kind == PARTY, column == _PERSON
    if shape.view == MINE:
        return
    if names.is_party:
        yield _offered.c.kind == PARTY, column == bindparam("actor_party", type_=String)
    for number in range(names.groups):
        yield _offered.c.kind == MEMBER, column == bindparam(f"actor_role_{number}", type_=String)
        yield _offered.c.kind == IN_GROUP, column == bindparam(f"actor_group_{number}", type_=String)


def _list_conditions(shape: Shape) -> Iterator[ColumnElement[bool]]:
    """First what the index tells."""
    if shape.is_of_process:
        yield _offered.c.process_key == bindparam("process_key")
    if shape.is_urgent:
        yield aside(_offered.c.priority) > DEFAULT_PRIORITY
    if shape.is_dated:
        due_at = _offered.c.due_at if shape.sort == BY_DUE else aside(_offered.c.due_at)
        yield due_at >= bindparam("due_from", type_=Instant)
        yield due_at < bindparam("due_before", type_=Instant)
    if shape.is_continued:
        here, last = (tuple_(*some) for some in (_ORDERS[shape.sort], _LAST[shape.sort]))
        yield here > last if shape.sort == BY_DUE else here < last
    if shape.is_of_skill:
        yield _offered.c.skill == bindparam("skill")
    yield has_skill(_offered.c.skill)
    yield from _list_text_conditions(shape)
    yield ~IS_EXCLUDED


def _list_text_conditions(shape: Shape) -> Iterator[ColumnElement[bool]]:
    if not shape.is_searched:
        return
    if shape.grams is not None:
        gram = case_gram.alias()
        has = select(gram.c.gram).where(gram.c.moment == _offered.c.moment)
        if not shape.is_from_text:
            yield is_there(has.where(gram.c.gram.in_(bindparam("grams", expanding=True))))
        for number in range(shape.grams):
            yield is_there(has.where(gram.c.gram == bindparam(f"gram_{number}")))
    texts = (instance.c.business_key, instance.c.subject_zh, instance.c.subject_en)
    says = or_(*(one.icontains(bindparam("search", type_=String), escape="/") for one in texts))
    yield is_there(select(instance.c.id).where(instance.c.id == task.c.instance_id, says))


def _merge(parts: list[Select[Any]]) -> Subquery:
    """The rows of all of them; a task that several name is one."""
    found = [part.subquery() for part in parts]
    return found[0] if len(found) == 1 else union(*(select(one) for one in found)).subquery()


def _in_order(query: Select[Any], sort: str, source: Subquery | None = None) -> Select[Any]:
    columns = [one if source is None else source.c[one.name] for one in _ORDERS[sort]]
    return query.order_by(*(columns if sort == BY_DUE else (one.desc() for one in columns)))
