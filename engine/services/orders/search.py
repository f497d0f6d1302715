"""Finding listed orders: text folded the same way on both sides, filters, and the keys that pages go by."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement

from engine.queries.sorting import Sort
from engine.services.orders.tables import hire_order

MAX_TERMS = 8
_WORD = re.compile("[0-9A-Za-z]")
NEWEST, REWARD, ENDING = "newest", "reward", "ending"
SORTS: Mapping[str, Sort] = {
    NEWEST: Sort(hire_order.c.listed_at, hire_order.c.id),
    REWARD: Sort(hire_order.c.reward_fen, hire_order.c.id),
    ENDING: Sort(hire_order.c.expires_at, hire_order.c.id, is_descending=False),
}


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
        if self.sort not in SORTS:
            raise ValueError(f"Expected one of {list(SORTS)}, but got {self.sort!r}")


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
