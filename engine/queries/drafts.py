"""Drafts: what analysts are working on, and what belongs together."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from engine.definitions.catalogue import DECISION, PROCESS, parts_of, path_of
from engine.language.decisions import find_decision_keys
from engine.language.errors import BpmnUnreadable
from engine.language.model import Element, read_diagram
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.tables import definition, draft


@dataclass(frozen=True)
class Draft:
    """A definition in the making. `base_version` is the version it began from, `newest_version` the one deployed last;
    0 where there is none. They differ where somebody has deployed since.
    """

    id: str
    kind: str
    key: str
    content: bytes
    revision: int
    updated_by: str
    updated_at: datetime
    base_id: str | None
    base_version: int
    newest_version: int

    @property
    def path(self) -> str:
        """Where it would lie as a file."""
        return path_of(self.kind, self.key)

    @property
    def keys(self) -> frozenset[str]:
        """The keys of all that the file defines: it may hold several decisions."""
        return frozenset((self.key, *(find_decision_keys(self.content) if self.kind == DECISION else ())))


def list_drafts(engine: Engine) -> list[Draft]:
    """All drafts, by kind and key."""
    with engine.database.read() as connection:
        rows = connection.execute(_select().order_by(draft.c.kind, draft.c.key)).all()
    return [_read(row) for row in rows]


def fetch_draft(engine: Engine, draft_id: str) -> Draft:
    """One draft. Raises NotFound."""
    with engine.database.read() as connection:
        row = connection.execute(_select().where(draft.c.id == draft_id)).one_or_none()
    if row is None:
        raise NotFound("draft", draft_id)
    return _read(row)


def list_parts(found: Draft, drafts: list[Draft]) -> list[Draft]:
    """The other drafts that a drafted process uses, directly or through processes it calls."""
    by_key = {(one.kind, key): one for one in drafts for key in one.keys}
    parts: dict[str, Draft] = {}
    waiting = [found]
    while waiting:
        for kind, key in _list_uses(waiting.pop()):
            part = by_key.get((kind, key))
            if part is not None and part.id != found.id and part.id not in parts:
                parts[part.id] = part
                waiting.append(part)
    return sorted(parts.values(), key=lambda part: (part.kind, part.key))


def _list_uses(one: Draft) -> set[tuple[str, str]]:
    return {part for element in _read_elements(one) for part in parts_of(element)}


def _read_elements(one: Draft) -> list[Element]:
    """None of what is no process, or cannot be read yet."""
    if one.kind != PROCESS:
        return []
    try:
        return list(read_diagram(one.content).values())
    except BpmnUnreadable:
        return []


def _select() -> Any:
    base = definition.alias("base")
    newest = (
        select(definition.c.version)
        .where(definition.c.kind == draft.c.kind, definition.c.key == draft.c.key)
        .order_by(definition.c.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(draft, base.c.version.label("base_version"), newest.label("newest_version")).outerjoin(
        base, base.c.id == draft.c.base_id
    )


def _read(row: Row[Any]) -> Draft:
    return Draft(
        row.id,
        row.kind,
        row.key,
        row.content,
        row.revision,
        row.updated_by,
        row.updated_at,
        row.base_id,
        row.base_version or 0,
        row.newest_version or 0,
    )
