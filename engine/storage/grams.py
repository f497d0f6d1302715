"""Parts of texts that an index can hold: what is searched for is looked up by the grams of its words.

A gram is two characters of Chinese, Japanese or Korean, or three of other letters and digits, packed into a number. A
case is found by the grams of its number and its subject, a party by those of its names. Grams are only added: what a
search finds by them is compared with the text itself.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite

from engine.storage.ids import moment_of
from engine.storage.tables import case_gram, party_gram

Texts: TypeAlias = Iterable[str | None]
WIDE_LENGTH, LENGTH = 2, 3
_BITS = 21  # of a character
_FIRST_WIDE = "\u2e80"
_WORD = re.compile(rf"[^\W_{_FIRST_WIDE}-\U0010ffff]+|[^\W_\0-\u2e7f]+")  # narrow letters and digits, or wide ones
_ADD: dict[str, dict[str, Any]] = {
    name: {
        "sqlite": insert_on_sqlite(table).on_conflict_do_nothing(),
        "postgresql": insert_on_postgresql(table).on_conflict_do_nothing(),
    }
    for name, table in (("case", case_gram), ("party", party_gram))
}


def fold(text: str) -> str:
    """A text as it is compared: upper and lower case, wide and narrow forms of a character are the same."""
    return unicodedata.normalize("NFKC", text).casefold()


def list_grams(texts: Texts) -> list[int]:
    """The grams of texts, in order. The last character of a run of wide ones is one by itself."""
    found = set()
    for text in texts:
        for is_wide, run in _runs(text or ""):
            length = WIDE_LENGTH if is_wide else LENGTH
            found |= {_pack(run[at : at + length]) for at in range(len(run) - (0 if is_wide else LENGTH - 1))}
    return sorted(found)


def list_wanted(text: str) -> list[int]:
    """The grams that every text with this part has; none if it is too short for one."""
    found = set()
    for is_wide, run in _runs(text):
        length = WIDE_LENGTH if is_wide else LENGTH
        found |= {_pack(run[at : at + length]) for at in range(len(run) - length + 1)}
    return sorted(found)


def find_beginnings(text: str) -> tuple[int, int] | None:
    """The range of grams of which every text with this part has one: that of a single wide character."""
    words = list(_runs(text))
    if len(words) != 1 or not words[0][0] or len(words[0][1]) != 1:
        return None
    first = _pack(words[0][1])
    return first, first | (1 << _BITS * (LENGTH - 1)) - 1


def add_case_grams(connection: Connection, instance_id: str, before: Texts, after: Texts) -> None:
    """Makes a case found by its number and subject as they are now."""
    moment = moment_of(instance_id)
    fresh = sorted(set(list_grams(after)) - set(list_grams(before)))
    _add(connection, "case", [{"gram": gram, "moment": moment} for gram in fresh])


def add_party_grams(connection: Connection, party_id: str, *names: str) -> None:
    """Makes a party found by parts of its names."""
    _add(connection, "party", [{"gram": gram, "party_id": party_id} for gram in list_grams(names)])


def _add(connection: Connection, name: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(_ADD[name][connection.dialect.name], rows)


def _runs(text: str) -> Iterator[tuple[bool, str]]:
    """The words of a text, and whether their characters are wide; a word ends where these change."""
    for run in _WORD.findall(fold(text)):
        yield run[0] >= _FIRST_WIDE, run


def _pack(gram: str) -> int:
    """The same order as that of the characters."""
    number = 0
    for character in gram:
        number = number << _BITS | ord(character)
    return number << _BITS * (LENGTH - len(gram))
