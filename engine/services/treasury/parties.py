"""Finding a person or an organisation by what people know of it."""

from sqlalchemy import Connection, or_, select

from engine.services.identity.people import normalise_login
from engine.storage.tables import party, user


def find_party(connection: Connection, text: str) -> str | None:
    """The party with this login, id or full name in either language; None if none has it, or more than one."""
    words = text.strip()
    found = connection.execute(
        select(party.c.id)
        .outerjoin(user, user.c.id == party.c.id)
        .where(
            or_(
                party.c.id == words,
                user.c.login == normalise_login(words),
                party.c.name_zh == words,
                party.c.name_en == words,
            )
        )
        .limit(2)
    ).scalars()
    ids = list(found)
    return ids[0] if words and len(ids) == 1 else None
