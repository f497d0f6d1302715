"""Who is meant: parties as process data name them, and groups."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from engine.storage.actor import PLATFORM, STAFF
from engine.storage.tables import membership, user

_IS_ACTIVE = user.c.is_disabled == 0


def find_people(connection: Connection, parties: Collection[str], groups: Collection[str] = ()) -> list[str]:
    """The user ids behind parties (a person himself, one of the platform's people, an organisation's members) and
    behind roles of the platform, each once; nobody whose account is closed.
    """
    plain = {one.removeprefix(STAFF) for one in parties}
    persons = select(user.c.id).where(user.c.id.in_(plain), _IS_ACTIVE)
    members = (
        select(membership.c.user_id)
        .join(user, user.c.id == membership.c.user_id)
        .where(membership.c.is_disabled == 0, _IS_ACTIVE)
    )
    of_parties = members.where(membership.c.party_id.in_(plain - {PLATFORM}))
    of_groups = members.where(membership.c.party_id == PLATFORM, membership.c.role.in_(list(groups)))
    return sorted({*connection.execute(persons.union(of_parties, of_groups)).scalars()})
