"""The class of a courier is what he was certified as: his roles tell it (TT6)."""

from sqlalchemy import Connection, select

from engine.storage.tables import membership

ORDINARY, PROFESSIONAL = "ordinary", "professional"
ROLES = {PROFESSIONAL: "courier_professional", ORDINARY: "courier_ordinary"}
"""The higher class first: who was certified as both acts as a professional."""


def find_class(connection: Connection, person_id: str) -> str | None:
    """The class of a person; None if he is no courier."""
    query = select(membership.c.role).where(
        membership.c.user_id == person_id,
        membership.c.party_id == person_id,
        membership.c.role.in_(ROLES.values()),
        membership.c.is_disabled == 0,
    )
    held = set(connection.execute(query).scalars())
    return next((one for one, role in ROLES.items() if role in held), None)
