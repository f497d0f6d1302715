"""Parties found by a part of their names."""

from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select

from engine.queries.candidates import escape_like, literal
from engine.storage.grams import find_beginnings, fold, list_wanted
from engine.storage.prepared import Prepared
from engine.storage.tables import party, party_gram

COUNTED = 200  # a gram that more parties have is common
FIRST_READ, MAX_READ = 64, 2_000  # parties whose names are read: some, and all of them where these do not suffice

_READ = select(party.c.id, party.c.name_zh, party.c.name_en)
_NAMED = [name.ilike(bindparam("wanted"), escape="/") for name in (party.c.name_zh, party.c.name_en)]
_GRAM, _BETWEEN, _NAME = "gram", "between", "name"
_WHERE = {
    _GRAM: party.c.id.in_(select(party_gram.c.party_id).where(party_gram.c.gram == bindparam("first"))),
    _BETWEEN: party.c.id.in_(
        select(party_gram.c.party_id).where(party_gram.c.gram.between(bindparam("first"), bindparam("last")))
    ),
    _NAME: or_(*_NAMED),
}
_QUERIES = {
    (where, limit): Prepared(_READ.where(condition).limit(literal(limit)))
    for where, condition in _WHERE.items()
    for limit in (FIRST_READ, MAX_READ)
}
_COUNT = Prepared(
    select(func.count()).select_from(
        select(party_gram.c.party_id).where(party_gram.c.gram == bindparam("gram")).limit(literal(COUNTED)).subquery()
    )
)


def find_parties(connection: Connection, wanted: str, limit: int) -> list[str] | None:
    """The parties of an id or a part of a name; none if they are more than `limit`."""
    where, values = _find_where(connection, wanted)
    found, sought = {wanted}, fold(wanted)
    for reach in (FIRST_READ, MAX_READ):
        rows = _QUERIES[where, reach].all(connection, values)
        found |= {row.id for row in rows if sought in fold(row.name_zh) or sought in fold(row.name_en)}
        if len(found) > limit + 1 or len(rows) < reach:
            break
    return sorted(found) if len(found) <= limit + 1 and len(rows) < MAX_READ else None


def _find_where(connection: Connection, wanted: str) -> tuple[str, dict[str, Any]]:
    """Where the names are: by the scarcest of their grams, all of a text too short for one."""
    grams = list_wanted(wanted)
    if grams:
        counted = {gram: _COUNT.scalar(connection, {"gram": gram}) for gram in grams}
        return _GRAM, {"first": min(grams, key=counted.__getitem__)}
    if beginnings := find_beginnings(wanted):
        return _BETWEEN, dict(zip(("first", "last"), beginnings, strict=True))
    return _NAME, {"wanted": f"%{escape_like(wanted)}%"}
