"""Parties found by a part of their names."""

from sqlalchemy import ColumnElement, Connection, func, or_, select

from engine.storage.grams import find_beginnings, fold, list_wanted
from engine.storage.tables import party, party_gram

COUNTED = 200  # a gram that more parties have is common
MAX_READ = 2_000  # parties whose names are read


def find_parties(connection: Connection, wanted: str, limit: int) -> list[str] | None:
    """The parties of an id or a part of a name; none if they are more than `limit`."""
    columns = (party.c.id, party.c.name_zh, party.c.name_en)
    query = select(*columns).where(_is_named(connection, wanted)).limit(MAX_READ)
    found, sought = {wanted}, fold(wanted)
    rows = connection.execute(query).all()
    found |= {row.id for row in rows if sought in fold(row.name_zh) or sought in fold(row.name_en)}
    return sorted(found) if len(found) <= limit + 1 and len(rows) < MAX_READ else None


def _is_named(connection: Connection, wanted: str) -> ColumnElement[bool]:
    """Where the names are: by the scarcest of their grams, all of a text too short for one."""
    grams = list_wanted(wanted)
    if grams:
        counted = {gram: _count(connection, gram) for gram in grams}
        scarcest = min(grams, key=counted.__getitem__)
        return party.c.id.in_(select(party_gram.c.party_id).where(party_gram.c.gram == scarcest))
    if beginnings := find_beginnings(wanted):
        first, last = beginnings
        return party.c.id.in_(select(party_gram.c.party_id).where(party_gram.c.gram.between(first, last)))
    return or_(*(name.icontains(wanted, autoescape=True) for name in (party.c.name_zh, party.c.name_en)))


def _count(connection: Connection, gram: int) -> int:
    some = select(party_gram.c.party_id).where(party_gram.c.gram == gram).limit(COUNTED).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()
