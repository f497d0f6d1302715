"""Pages of long lists by key: the cost of a page does not grow with its number."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
MAX_LIMIT = 200


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, and where the next ones begin; `after` is None on the last page."""

    rows: list[T]
    after: str | None
