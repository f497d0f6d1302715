"""Sorts of a list, and the cursors its pages go by: a page begins behind the last row of the one before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, or_

from engine.storage.clock import format_instant, parse_instant
from engine.storage.columns import Instant

_SEPARATOR = "~"


@dataclass(frozen=True)
class Sort:
    """Rows by a column, equal ones by id, so that pages neither repeat nor lose a row."""

    column: Column[object]
    id: Column[str]
    is_descending: bool = True

    @property
    def ordering(self) -> list[ColumnElement[Any]]:
        """For ORDER BY."""
        return [key.desc() if self.is_descending else key.asc() for key in (self.column, self.id)]

    def cursor_of(self, row: Mapping[str, object]) -> str:
        """Where the page after this row begins."""
        value = row[self.column.name]
        return f"{format_instant(value) if isinstance(value, datetime) else value}{_SEPARATOR}{row[self.id.name]}"

    def behind(self, cursor: str) -> ColumnElement[bool]:
        """The rows after a cursor. Raises ValueError for a text that is none."""
        text, separator, row_id = cursor.partition(_SEPARATOR)
        if not separator:
            raise ValueError(f"Expected a cursor, but got {cursor!r}")
        value: object = parse_instant(text) if isinstance(self.column.type, Instant) else int(text)
        further = self.column < value if self.is_descending else self.column > value
        beside = self.id < row_id if self.is_descending else self.id > row_id
        return or_(further, and_(self.column == value, beside))
