"""Where cases that fit a filter may be: places in indexes whose entries come newest first.

A search walks the scarcest of them and looks at the cases it names, some at a time: it costs what is looked at, not
what there is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    String,
    Subquery,
    and_,
    func,
    literal_column,
    select,
    union,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from engine.storage.grams import find_beginnings, list_wanted
from engine.storage.ids import MOMENT_DIGITS, moment_of
from engine.storage.tables import case_gram, instance

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
class Place:
    """Entries of indexes that name cases, by id or by moment. `strands`: the column that names them, and which entries;
    each strand is in its order, together they are merged. `checked` are grams the text of a case must have as well.
    """

    strands: tuple[tuple[Column[Any], ColumnElement[bool]], ...]
    checked: tuple[int, ...] = ()

    @property
    def is_by_moment(self) -> bool:
        return self.strands[0][0] is case_gram.c.moment

    def look(self, window: Window, reach: int) -> Subquery:
        """The next `reach` entries of a window, the newest first."""
        parts = [self._select(*strand, window).limit(reach) for strand in self.strands]
        if len(parts) == 1:
            return parts[0].subquery("looked")
        merged = union(*(select(part.subquery()) for part in parts)).subquery()
        return select(merged).order_by(merged.c.position.desc()).limit(reach).subquery("looked")

    def find_cases(self, looked: Subquery) -> Select[Any]:
        """The ids of the cases that entries name, in no order."""
        named = instance.c.id == looked.c.position
        if self.is_by_moment:
            named = digits_of(looked.c.position) == _MOMENT
        query = select(instance.c.id).select_from(looked.join(instance, named))
        for gram in self.checked:
            other = case_gram.alias()
            same = (other.c.gram == gram, other.c.moment == looked.c.position)
            query = query.where(is_there(select(other.c.gram).where(*same)))
        return query

    def name(self, position: str | int) -> str:
        """The id an entry names, or its first digits."""
        return f"{position:0{MOMENT_DIGITS}x}" if isinstance(position, int) else position

    def _select(self, column: Column[Any], condition: ColumnElement[bool], window: Window) -> Select[Any]:
        bounds = (column >= window.first, column < window.below)
        if self.is_by_moment:  # it is shared: below an id are some with the same moment, below its first digits none
            shares = len(window.below) > MOMENT_DIGITS
            bounds = (column >= _moment_at(window.first), column < _moment_at(window.below) + shares)
        query = select(column.label("position")).where(condition, *bounds).order_by(column.desc())
        return query if column.table in _SINGLE else query.distinct()


def _moment_at(digits: str) -> int:
    return moment_of(digits.ljust(MOMENT_DIGITS, "0"))


def is_there(query: Select[Any]) -> ColumnElement[bool]:
    """Whether a query has a row, asked for each case by itself: as a join it might be asked for all cases at once."""
    return query.limit(1).scalar_subquery().is_not(None)


def aside(column: ColumnElement[str]) -> ColumnElement[str]:
    """A column of which no index is used: it is asked of what is looked at anyway. SQLite, which has no statistics,
    would go through all cases of a process.
    """
    return column + ""


def repeat_first(values: list[str]) -> list[str]:
    """So many that their number is a power of two: each number is a statement of its own, which has to be compiled."""
    missing = (1 << (len(values) - 1).bit_length()) - len(values) if values else 0
    return values + values[:1] * missing


def everywhere() -> Place:
    """All cases."""
    return Place(((instance.c.id, instance.c.id != ""),))


def place_of_processes(process_keys: Iterable[str], statuses: Iterable[str]) -> Place:
    """The cases of some processes that have one of some statuses."""
    pairs = product(process_keys, statuses)
    column = instance.c.id
    return Place(
        tuple((column, and_(instance.c.process_key == key, instance.c.status == status)) for key, status in pairs)
    )


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
        looked = place.look(window, PROBED)
        count, oldest = connection.execute(select(func.count(), func.min(looked.c.position))).one()
        yield count == PROBED, moment_of(place.name(oldest)[:MOMENT_DIGITS]) if count == PROBED else count


def place_of_text(connection: Connection, text: str, window: Window) -> Place | None:
    """The cases whose texts have the grams of a text; none where it is too short to look for it by its grams."""
    grams = list_wanted(text)[:MAX_GRAMS]
    if grams:
        ranks = probe(connection, map(_place_of_gram, grams), window)
        ranked = [gram for _, gram in sorted(zip(ranks, grams, strict=True))]
        return Place(_place_of_gram(ranked[0]).strands, tuple(ranked[1 : 1 + MAX_CHECKED]))
    beginnings = find_beginnings(text)
    found = _list_grams_between(connection, *beginnings) if beginnings else None
    return None if found is None else Place(tuple(_place_of_gram(gram).strands[0] for gram in found))


def _place_of_gram(gram: int) -> Place:
    return Place(((case_gram.c.moment, case_gram.c.gram == gram),))


def _list_grams_between(connection: Connection, first: int, last: int) -> list[int] | None:
    """The grams of a range, each found behind the one before, at least one; none where they are many."""
    found, least = list[int](), first
    while len(found) < MAX_BEGINNINGS:
        query = select(func.min(case_gram.c.gram)).where(case_gram.c.gram >= least, case_gram.c.gram <= last)
        gram = connection.execute(query).scalar_one()
        if gram is None:
            return found or [first]
        found.append(gram)
        least = gram + 1
    return None
