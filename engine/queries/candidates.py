"""Where cases that fit a filter may be: places in indexes whose entries come newest first.

A search walks the scarcest of them and looks at the cases it names, some at a time: it costs what is looked at, not
what there is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    Subquery,
    TextClause,
    bindparam,
    column,
    func,
    literal_column,
    select,
    text,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from engine.records.access import is_there
from engine.storage.grams import find_beginnings, list_wanted
from engine.storage.ids import MOMENT_DIGITS, moment_of
from engine.storage.prepared import Prepared
from engine.storage.tables import case_gram, incident, instance, instance_party, task

T = TypeVar("T")
PROBED = 500  # a place with as many entries is ranked by how far they reach back
MAX_GRAMS, MAX_CHECKED, MAX_BEGINNINGS = 12, 3, 64
_SINGLE = (instance, case_gram)  # an entry for each case; of other tables a case may have several
_MOMENT = literal_column("substr(instance.id, 1, 16)", String)  # as the index says it


class digits_of(FunctionElement[str]):  # noqa: N801  # a function of SQL
    """The first digits of the ids that have a moment."""

    type = String()
    inherit_cache = True


@compiles(digits_of, "sqlite")
def _digits_on_sqlite(element: digits_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"printf('%016x', {compiler.process(element.clauses, **options)})"


@compiles(digits_of, "postgresql")
def _digits_on_postgresql(element: digits_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"lpad(to_hex({compiler.process(element.clauses, **options)}), 16, '0')"


@dataclass(frozen=True)
class Window:
    """The ids from `first` on that come before `below`; either may be the first digits of one."""

    first: str
    below: str


ALL_CASES = Window("0", "7" + 15 * "f")


@dataclass(frozen=True)
class _Index:
    """An index of which a range of entries comes in the order of cases. `position`: the column that names them;
    `given`: those that come before it and have a value; `only`: what its entries have in common, as it says it.
    """

    position: Column[Any]
    given: tuple[Column[Any], ...] = ()
    only: ColumnElement[bool] | TextClause | None = None


EVERYWHERE, EXACT, NUMBER, PROCESS, STATUS = "everywhere", "exact", "number", "process", "status"
GRAM, PARTY, ELEMENT, OPEN_INCIDENT = "gram", "party", "element", "open_incident"
_INDEXES = {
    EVERYWHERE: _Index(instance.c.id),
    EXACT: _Index(instance.c.id, (instance.c.id,)),
    NUMBER: _Index(instance.c.id, (instance.c.business_key,)),
    PROCESS: _Index(instance.c.id, (instance.c.process_key, instance.c.status)),
    STATUS: _Index(instance.c.id, (instance.c.status,), text("status <> 'completed'")),
    GRAM: _Index(case_gram.c.moment, (case_gram.c.gram,)),
    PARTY: _Index(instance_party.c.instance_id, (instance_party.c.party_id,)),
    ELEMENT: _Index(task.c.instance_id, (task.c.element,)),
    OPEN_INCIDENT: _Index(incident.c.instance_id, (), incident.c.resolved_at.is_(None)),
}


@dataclass(frozen=True)
class PlaceForm:
    """What decides the text of a query that looks at a place."""

    index: str
    strands: int
    checked: int

    @property
    def is_by_moment(self) -> bool:
        return self.index == GRAM

    def look(self, reach: int) -> Subquery:
        """The next `reach` entries of a window, the newest first. Of several strands a case may have several."""
        entry = _INDEXES[self.index].position
        strands = [self._select(number).order_by(entry.desc()) for number in range(self.strands)]
        if len(strands) == 1:
            only = strands[0] if entry.table in _SINGLE else strands[0].distinct()
            return only.limit(literal(reach)).subquery("looked")
        # merged as they come: of each no more is read than is needed
        merged = union_all(*(select(one.subquery()) for one in strands)).order_by(column("position").desc())
        return merged.limit(literal(reach)).subquery("looked")

    def find_cases(self, looked: Subquery) -> Select[Any]:
        """The ids of the cases that entries name, in no order."""
        named = instance.c.id == looked.c.position
        if self.is_by_moment:
            named = digits_of(looked.c.position) == _MOMENT
        query = select(instance.c.id).select_from(looked.join(instance, named))
        for number in range(self.checked):
            other = case_gram.alias()
            same = (other.c.gram == bindparam(f"checked_{number}"), other.c.moment == looked.c.position)
            query = query.where(is_there(select(other.c.gram).where(*same)))
        return query

    def _select(self, strand: int) -> Select[Any]:
        index = _INDEXES[self.index]
        entry = index.position
        query = select(entry.label("position")).where(entry >= bindparam("first"), entry < bindparam("below"))
        for number, given in enumerate(index.given):
            query = query.where(given == bindparam(f"strand_{strand}_{number}"))
        return query if index.only is None else query.where(index.only)


@lru_cache(maxsize=512)
def _count_query(form: PlaceForm, reach: int) -> Prepared:
    looked = form.look(reach)
    counts: list[Any] = [func.count(), func.min(looked.c.position)]
    return Prepared(select(*counts).select_from(looked))


@lru_cache(maxsize=64)
def _list_query(form: PlaceForm, reach: int) -> Prepared:
    return Prepared(select(form.look(reach).c.position))


@dataclass(frozen=True)
class Place:
    """Entries of an index that name cases. `strands`: the values of each range; each is in the order of the index,
    together they are merged. `checked` are grams the text of a case must have as well.
    """

    index: str
    strands: tuple[tuple[object, ...], ...] = ((),)
    checked: tuple[int, ...] = ()

    @property
    def form(self) -> PlaceForm:
        return PlaceForm(self.index, len(self.strands), len(self.checked))

    def describe(self, window: Window) -> dict[str, object]:
        """The values of the queries' parameters."""
        values: dict[str, object] = {"first": window.first, "below": window.below}
        if self.form.is_by_moment:  # it is shared: below an id are some with the same moment, below its digits none
            shares = len(window.below) > MOMENT_DIGITS
            values = {"first": _moment_at(window.first), "below": _moment_at(window.below) + shares}
        for number, strand in enumerate(self.strands):
            values |= {f"strand_{number}_{place}": value for place, value in enumerate(strand)}
        return values | {f"checked_{number}": gram for number, gram in enumerate(self.checked)}

    def count(self, connection: Connection, window: Window, reach: int) -> tuple[int, str]:
        """How many of the next `reach` entries of a window there are, and the id the last one names, or its digits."""
        count, last = _count_query(self.form, reach).first(connection, self.describe(window))
        return count, f"{last:0{MOMENT_DIGITS}x}" if isinstance(last, int) else last or ""

    def list_newest(self, connection: Connection, limit: int) -> list[str]:
        """The newest cases it names; not of grams."""
        rows = _list_query(self.form, limit).all(connection, self.describe(ALL_CASES))
        return [row.position for row in rows]


def _moment_at(digits: str) -> int:
    return moment_of(digits.ljust(MOMENT_DIGITS, "0"))


def literal(number: int) -> ColumnElement[int]:
    """A number as a part of the text: PostgreSQL plans by it before it is given values."""
    return literal_column(str(number), Integer)


def aside(one: ColumnElement[T]) -> ColumnElement[T]:
    """A column of which no index is used: it is asked of what is looked at anyway. SQLite, which has no statistics,
    would go through all cases of a process.
    """
    return one + literal_column("''" if isinstance(one.type, String) else "0", one.type)


def escape_like(text: str) -> str:
    """A text that stands for itself in a LIKE whose escape is a slash."""
    return text.replace("/", "//").replace("%", "/%").replace("_", "/_")


def repeat_first(values: list[T]) -> list[T]:
    """So many that their number is a power of two: each number is a statement of its own, which has to be compiled."""
    missing = (1 << (len(values) - 1).bit_length()) - len(values) if values else 0
    return values + values[:1] * missing


def place_of_processes(process_keys: Iterable[str], statuses: Iterable[str]) -> Place:
    """The cases of some processes that have one of some statuses."""
    return Place(PROCESS, tuple(product(process_keys, statuses)))


def find_scarcest(connection: Connection, places: list[Place], window: Window) -> Place:
    """The place with the fewest entries in a window, as far as its newest ones tell."""
    if len(places) == 1:
        return places[0]
    return min(zip(probe(connection, places, window), range(len(places)), places, strict=True))[2]


def probe(connection: Connection, places: Iterable[Place], window: Window) -> Iterator[tuple[bool, int]]:
    """How scarce each place is, the scarcest first when sorted: its number of entries, or of a place with many the
    moment its newest PROBED ones reach back to.
    """
    for place in places:
        count, oldest = place.count(connection, window, PROBED)
        yield count == PROBED, moment_of(oldest) if count == PROBED else count


@dataclass(frozen=True)
class Grams:
    """By what cases that say a text are found: they have one of `some` and all of `checked`."""

    some: tuple[int, ...]
    checked: tuple[int, ...] = ()


def find_grams(connection: Connection, text: str, window: Window) -> Grams | None:
    """The scarcest grams of a text; none where it is too short to look for it by its grams."""
    grams = list_wanted(text)[:MAX_GRAMS]
    if grams:
        ranks = probe(connection, (Place(GRAM, ((gram,),)) for gram in grams), window)
        ranked = [gram for _, gram in sorted(zip(ranks, grams, strict=True))]
        return Grams((ranked[0],), tuple(ranked[1 : 1 + MAX_CHECKED]))
    beginnings = find_beginnings(text)
    found = _list_grams_between(connection, *beginnings) if beginnings else None
    return None if found is None else Grams(tuple(found))


def place_of_text(connection: Connection, text: str, window: Window) -> Place | None:
    """The cases whose texts have the grams of a text; none where it is too short to look for it by its grams."""
    grams = find_grams(connection, text, window)
    if grams is None:
        return None
    return Place(GRAM, tuple((gram,) for gram in repeat_first([*grams.some])), grams.checked)


_NEXT_GRAM = Prepared(
    select(func.min(case_gram.c.gram)).where(
        case_gram.c.gram >= bindparam("least"), case_gram.c.gram <= bindparam("last")
    )
)


def _list_grams_between(connection: Connection, first: int, last: int) -> list[int] | None:
    """The grams of a range, each found behind the one before, at least one; none where they are many."""
    found, least = list[int](), first
    while len(found) < MAX_BEGINNINGS:
        gram = _NEXT_GRAM.scalar(connection, {"least": least, "last": last})
        if gram is None:
            return found or [first]
        found.append(gram)
        least = gram + 1
    return None
