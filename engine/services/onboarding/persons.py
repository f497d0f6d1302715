"""Persons who were certified, and who are one and the same although they have several accounts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, select

from engine.commands.instances import start_instance
from engine.language.errors import EngineError
from engine.records.messages import has_message
from engine.runtime.engine import Engine
from engine.services.identity.people import PERSON
from engine.services.onboarding.person_tables import capacity, person_certification, person_skill
from engine.storage.actor import Actor
from engine.storage.keys import KeyRing
from engine.storage.plain import PlainDict
from engine.storage.tables import party
from engine.storage.vault import open_reference

PROCESS, REGISTERED = "individual_onboarding", "register.individual"
OPEN, CERTIFIED, ACTIVE, REJECTED, ABANDONED = "open", "certified", "active", "rejected", "abandoned"
UNDER_WAY = (OPEN, CERTIFIED)
GRANTED = "granted"


class MayNotOnboard(EngineError):
    """A certification cannot begin; `reason`: not_a_person, under_way."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Expected a person whose certification is not under way, but {reason}", reason=reason)
        self.reason = reason

    @property
    def code(self) -> str:
        return f"may_not_onboard.{self.reason}"


@dataclass(frozen=True)
class PersonStanding:
    """How a person's latest certification stands, for himself. `certification_id` is the id of its case."""

    certification_id: str
    state: str
    reason: str | None
    opened_at: datetime
    certified_at: datetime | None
    closed_at: datetime | None
    capacities: tuple["CapacityView", ...]


@dataclass(frozen=True)
class CapacityView:
    """A capacity of a person. `state`: applied, granted, refused; `skills`: name and state of each."""

    kind: str
    state: str
    skills: tuple[tuple[str, str], ...]


def request_onboarding(engine: Engine, actor: Actor, token: str) -> str:
    """A person asks to be certified, or to add capacities once he is; gives the case's id, the same one for a repeated
    token. Raises MayNotOnboard.
    """
    with engine.database.read() as connection:
        kind = connection.execute(select(party.c.kind).where(party.c.id == actor.party_id)).scalar_one_or_none()
        if kind != PERSON or actor.party_id != actor.user_id:
            raise MayNotOnboard("not_a_person")
        latest = find_certification(connection, actor.party_id)
        is_announced = is_person_announced(connection, actor.party_id, engine.clock())
    if is_announced:
        raise MayNotOnboard("under_way")
    if latest is not None and latest.state in UNDER_WAY:
        raise MayNotOnboard("under_way")
    return start_instance(engine, actor, PROCESS, {"applicant": actor.party_id}, token)


def is_person_announced(connection: Connection, party_id: str, now: datetime) -> bool:
    """Whether a person has registered and his case is just about to begin."""
    return has_message(connection, now, REGISTERED, party_id)


def find_certification(connection: Connection, party_id: str) -> Row[Any] | None:
    """The latest certification of a person; None where there never was one."""
    query = select(person_certification).where(person_certification.c.party_id == party_id)
    newest = query.order_by(person_certification.c.opened_at.desc(), person_certification.c.id.desc()).limit(1)
    return connection.execute(newest).one_or_none()


def describe_standing(connection: Connection, party_id: str) -> PersonStanding | None:
    """The latest certification of a person with the capacities he applied for; None where there never was one."""
    row = find_certification(connection, party_id)
    if row is None:
        return None
    return PersonStanding(
        row.id,
        row.state,
        row.reason,
        row.opened_at,
        row.certified_at,
        row.closed_at,
        tuple(_describe_capacities(connection, row)),
    )


def _describe_capacities(connection: Connection, certification: Row[Any]) -> Iterator[CapacityView]:
    """What he applied for in this certification, and what earlier ones granted him."""
    is_shown = (capacity.c.certification_id == certification.id) | (capacity.c.state == GRANTED)
    mine = select(capacity).where(capacity.c.party_id == certification.party_id, is_shown)
    latest = {one.kind: one for one in connection.execute(mine.order_by(capacity.c.applied_at, capacity.c.id))}
    for one in latest.values():
        skills = select(person_skill.c.skill, person_skill.c.state).where(person_skill.c.capacity_id == one.id)
        named = connection.execute(skills.order_by(person_skill.c.skill)).all()
        yield CapacityView(one.kind, one.state, tuple((row.skill, row.state) for row in named))


def find_same_person(connection: Connection, party_id: str) -> str | None:
    """The other account that was certified with the identity number this one gave; None where there is none.

    Numbers are compared by their blind index. A number belongs to the account that was certified with it first.
    """
    row = find_certification(connection, party_id)
    return find_holder(connection, row.id_index, party_id) if row is not None and row.id_index else None


def find_holder(connection: Connection, id_index: str, besides: str) -> str | None:
    """Who, besides one party, was certified with the number behind a blind index."""
    query = select(person_certification.c.party_id).where(
        person_certification.c.claimed_index == id_index, person_certification.c.party_id != besides
    )
    holder: str | None = connection.execute(query).scalar_one_or_none()
    return holder


def is_blacklisted(connection: Connection, party_ids: Iterable[str]) -> bool:
    """Whether the platform has suspended one of these accounts."""
    query = exists().where(party.c.id.in_([*party_ids]), party.c.is_suspended == 1)
    return bool(connection.execute(select(query)).scalar_one())


def find_blacklisted(connection: Connection, id_indexes: Iterable[str]) -> set[str]:
    """Of the numbers behind blind indexes those whose holder the platform has suspended."""
    query = select(person_certification.c.claimed_index).join(party, party.c.id == person_certification.c.party_id)
    barred = query.where(person_certification.c.claimed_index.in_([*id_indexes]), party.c.is_suspended == 1)
    return {str(index) for index in connection.execute(barred).scalars()}


def find_certified_name(connection: Connection, party_id: str) -> PlainDict | None:
    """Where the vault keeps the name a person was last certified under; None where he never was."""
    named = select(person_certification.c.name).where(
        person_certification.c.party_id == party_id, person_certification.c.certified_at.is_not(None)
    )
    newest = named.order_by(person_certification.c.certified_at.desc()).limit(1)
    reference: PlainDict | None = connection.execute(newest).scalar_one_or_none()
    return reference


def read_certified_name(connection: Connection, keys: KeyRing, party_id: str) -> str | None:
    """The name a person was last certified under; None where he never was, or was erased."""
    name = find_certified_name(connection, party_id)
    return None if name is None else open_reference(connection, keys, name)
