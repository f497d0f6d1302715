"""The people of a scenario: rows as a registration would leave them, and who each acts as."""

from datetime import datetime

from sqlalchemy import Connection, insert, select

from engine.scenarios.model import Role
from engine.services.identity.people import ORGANISATION, groups_of
from engine.storage.actor import PLATFORM, Actor
from engine.storage.grams import add_party_grams
from engine.storage.tables import membership, party, user

_PLATFORM = select(party.c.id).where(party.c.id == PLATFORM)
_STANDING = {"is_certified": 1, "has_agreement": 1, "is_suspended": 0}


def act_as(role: Role) -> Actor:
    """Who somebody is when he acts."""
    return Actor(role.name, role.works_for or role.name, role.acts_as, groups_of(role.acts_as), role.skills)


def register(connection: Connection, role: Role, now: datetime) -> None:
    """A certified party under its own name; of a person also his account, and what he may act as."""
    names = {"name_zh": role.name, "name_en": role.name, "created_at": now}
    connection.execute(insert(party), {"id": role.name, "kind": role.kind, **names, **_STANDING})
    add_party_grams(connection, role.name, role.name)
    if role.kind == ORGANISATION:
        return
    account = {"id": role.name, "login": role.name, "password_hash": "-", "is_disabled": 0, "created_at": now}
    connection.execute(insert(user), account)
    if role.works_for == PLATFORM and not connection.execute(_PLATFORM).first():
        founded = {"id": PLATFORM, "kind": ORGANISATION, "name_zh": PLATFORM, "name_en": PLATFORM, "created_at": now}
        connection.execute(insert(party), founded | _STANDING)
    belongs = {role.name: "individual"} | {role.works_for or role.name: role.acts_as}
    for party_id, acts_as in belongs.items():
        row = {"user_id": role.name, "party_id": party_id, "role": acts_as, "skills": sorted(role.skills)}
        connection.execute(insert(membership), row)
