"""Coming to the platform: an account of one's own, and what one comes as. The onboarding begins by a message."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from engine.language.errors import EngineError
from engine.records.messages import add_message
from engine.runtime.engine import Engine
from engine.services.identity.passwords import MAX_CHARACTERS, MIN_CHARACTERS, Passwords
from engine.services.identity.people import (
    ADMINISTRATOR,
    add_membership,
    add_organisation,
    add_person,
    is_login,
    normalise_login,
)
from engine.services.identity.sessions import NO_ROLE, check_credentials
from engine.services.onboarding.enterprises import REGISTERED as REGISTERED_ENTERPRISE
from engine.services.onboarding.persons import REGISTERED as REGISTERED_PERSON
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict
from engine.storage.tables import membership, party

ENTERPRISE, INDIVIDUAL = "enterprise", "individual"
KINDS = (ENTERPRISE, INDIVIDUAL)
MAX_NAME_CHARACTERS, MIN_COMPANY, MAX_COMPANY = 60, 2, 100


class RegistrationInvalid(EngineError):
    """A field of the registration is not valid. `field`: login, name, password, kind, company; `login_taken` for a
    login somebody has.
    """

    def __init__(self, field: str) -> None:
        super().__init__(f"Expected a registration in order, but {field} is not", field=field)
        self.field = field


@dataclass(frozen=True)
class Registered:
    """Who has come, and what he acts as first."""

    user_id: str
    party_id: str
    role: str


@dataclass(frozen=True)
class Registration:
    """What is asked of somebody who comes; `company`: the name of the enterprise he comes for."""

    login: str
    password: str
    name: str
    kind: str
    company: str = ""
    language: str | None = None


def register(engine: Engine, passwords: Passwords, wanted: Registration) -> Registered:
    """A new account, and for an enterprise the organisation with him as its administrator; its onboarding begins.

    Pressed again with the same login and password it gives who has come by then. Raises RegistrationInvalid.
    """
    check_registration(wanted)
    password_hash = passwords.hash_password(wanted.password)

    def work(unit: UnitOfWork) -> Registered:
        names, newcomer = (wanted.name.strip(),) * 2, Actor(NO_ROLE, NO_ROLE, NO_ROLE)
        user_id = add_person(unit, engine, newcomer, wanted.login, password_hash, names, wanted.language)
        if wanted.kind == ENTERPRISE:
            return _found(unit, engine, Actor(user_id, user_id, INDIVIDUAL), wanted.company, new_id())
        _announce(unit, REGISTERED_PERSON, user_id, {"applicant": user_id})
        return Registered(user_id, user_id, INDIVIDUAL)

    try:
        return engine.database.transact(work)
    except IntegrityError:
        return _find_registered(engine, passwords, wanted)


def found_enterprise(engine: Engine, actor: Actor, company: str, token: str) -> Registered:
    """Somebody with an account founds an enterprise, whose administrator he is; its onboarding begins.

    Repeatable with the same token. Raises RegistrationInvalid.
    """
    _check_company(company)

    party_id = hashlib.sha256(f"{actor.user_id}:{token}".encode()).hexdigest()[:32]
    person = Actor(actor.user_id, actor.user_id, INDIVIDUAL)

    def work(unit: UnitOfWork) -> Registered:
        if unit.connection.execute(select(party.c.id).where(party.c.id == party_id)).first():
            return Registered(actor.user_id, party_id, ADMINISTRATOR)
        return _found(unit, engine, person, company, party_id)

    return engine.database.transact(work)


def check_registration(wanted: Registration) -> None:
    """Raises RegistrationInvalid naming the first field that is not in order."""
    if wanted.kind not in KINDS:
        raise RegistrationInvalid("kind")
    if wanted.kind == ENTERPRISE:
        _check_company(wanted.company)
    if not 0 < len(wanted.name.strip()) <= MAX_NAME_CHARACTERS:
        raise RegistrationInvalid("name")
    if not is_login(normalise_login(wanted.login)):
        raise RegistrationInvalid("login")
    if not MIN_CHARACTERS <= len(wanted.password) <= MAX_CHARACTERS:
        raise RegistrationInvalid("password")


def _check_company(company: str) -> None:
    if not MIN_COMPANY <= len(company.strip()) <= MAX_COMPANY:
        raise RegistrationInvalid("company")


def _found(unit: UnitOfWork, engine: Engine, person: Actor, company: str, party_id: str) -> Registered:
    name = company.strip()
    add_organisation(unit, engine, person, (name, name), party_id)
    add_membership(unit, engine, person, person.user_id, party_id, ADMINISTRATOR, ())
    _announce(unit, REGISTERED_ENTERPRISE, party_id, {"organisation": party_id, "applicant": person.user_id})
    return Registered(person.user_id, party_id, ADMINISTRATOR)


def _announce(unit: UnitOfWork, message: str, party_id: str, payload: PlainDict) -> None:
    add_message(unit.connection, unit.now, message, party_id, payload)


def _find_registered(engine: Engine, passwords: Passwords, wanted: Registration) -> Registered:
    """Who registered with this login a moment ago, if it was himself. Raises RegistrationInvalid."""
    user_id = check_credentials(engine, passwords, wanted.login, wanted.password)
    if user_id is None:
        raise RegistrationInvalid("login_taken")
    founded = (
        select(membership.c.party_id)
        .join(party, party.c.id == membership.c.party_id)
        .where(membership.c.user_id == user_id, membership.c.role == ADMINISTRATOR)
        .where(party.c.name_zh == wanted.company.strip())
        .limit(1)
    )
    with engine.database.read() as connection:
        party_id = connection.execute(founded).scalar_one_or_none()
    if wanted.kind == ENTERPRISE and party_id is not None:
        return Registered(user_id, party_id, ADMINISTRATOR)
    return Registered(user_id, user_id, INDIVIDUAL)
