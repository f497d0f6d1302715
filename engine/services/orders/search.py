"""Finding listed orders: text folded the same way on both sides, filters, and the keys that pages go by."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ColumnElement, and_, or_

from engine.services.orders.tables import hire_order
from engine.storage.clock import format_instant, parse_instant

MAX_TERMS = 8
_WORD = re.compile("[0-9A-Za-z]")
NEWEST, REWARD, ENDING = "newest", "reward", "ending"
_SORTS: Mapping[str, tuple[Column[object], bool]] = {  # column, and whether the greatest comes first
    NEWEST: (hire_order.c.listed_at, True),
    REWARD: (hire_order.c.reward_fen, True),
    ENDING: (hire_order.c.expires_at, False),
}
SORTS = tuple(_SORTS)


@dataclass(frozen=True)
class OrderFilter:
    """What to look for on the market; what is empty does not narrow. `taker_kind`: person or organisation;
    `done_by`: the service ends before this instant.
    """

    search: str = ""
    categories: frozenset[str] = frozenset()
    place_mode: str = ""
    taker_kind: str = ""
    min_net_fen: int = 0
    max_net_fen: int = 0
    done_by: datetime | None = None
    sort: str = NEWEST

    def __post_init__(self) -> None:
        if self.sort not in _SORTS:
            raise ValueError(f"Expected one of {list(_SORTS)}, but got {self.sort!r}")


def fold_text(text: str) -> str:
    """A text as it is searched: compatibility forms and case folded, blanks collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def cut_text(text: str, length: int) -> str:
    """The beginning of a text, at most `length` characters, ended at a word and with an ellipsis where it goes on."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    if _WORD.match(text[length - 1]):  # Chinese may be cut anywhere; a word that would lose its end is left out
        cut = re.sub("(?<=[^!-~])[!-~]+$", "", cut)
    return cut.rstrip(" \t\n,;:，、；：") + "…"


def search_text_of(order: Mapping[str, object]) -> str:
    """What a search looks into: the published texts that say what is wanted, and where."""
    return fold_text(
        " ".join(str(order[name]) for name in ("title", "content", "environment", "result_spec", "district"))
    )


def conditions(wanted: OrderFilter, now: datetime) -> Iterator[ColumnElement[bool]]:
    """What a row must meet to be on the market and wanted: every word of the search, and every filter."""
    yield hire_order.c.state == "open"
    yield hire_order.c.expires_at > now
    for term in fold_text(wanted.search).split()[:MAX_TERMS]:
        yield hire_order.c.search_text.contains(term, autoescape=True)
    if wanted.categories:
        yield hire_order.c.category.in_(sorted(wanted.categories))
    if wanted.place_mode:
        yield hire_order.c.place_mode == wanted.place_mode
    if wanted.taker_kind:
        yield hire_order.c.taker_kinds.in_(["any", wanted.taker_kind])
    if wanted.min_net_fen:
        yield hire_order.c.net_fen >= wanted.min_net_fen
    if wanted.max_net_fen:
        yield hire_order.c.net_fen <= wanted.max_net_fen
    if wanted.done_by is not None:
        yield hire_order.c.service_to < wanted.done_by


def ordering(sort: str) -> list[ColumnElement[object]]:
    """The order of a sort; equal ones by id, so that pages neither repeat nor lose a row."""
    column, is_descending = _SORTS[sort]
    keys = (column, hire_order.c.id)
    return [key.desc() if is_descending else key.asc() for key in keys]


def cursor_of(sort: str, row: Mapping[str, object]) -> str:
    """Where the page after this row begins."""
    value = row[_SORTS[sort][0].name]
    return f"{format_instant(value) if isinstance(value, datetime) else value}~{row['id']}"


def behind(sort: str, cursor: str) -> ColumnElement[bool]:
    """The rows after a cursor. Raises ValueError for a text that is none."""
    column, is_descending = _SORTS[sort]
    text, separator, order_id = cursor.partition("~")
    if not separator:
        raise ValueError(f"Expected a cursor, but got {cursor!r}")
    value: object = int(text) if sort == REWARD else parse_instant(text)
    further = column < value if is_descending else column > value
    beside = hire_order.c.id < order_id if is_descending else hire_order.c.id > order_id
    return or_(further, and_(column == value, beside))
