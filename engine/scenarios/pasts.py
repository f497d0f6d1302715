"""What was so before a scenario of the onboarding: who is certified already, who is suspended, who has registered."""

from typing import Any

from sqlalchemy import insert, select, update

from engine.commands.messages import publish_message
from engine.commands.work import settle
from engine.definitions.forms.texts import compact_number
from engine.runtime.engine import Engine
from engine.services.onboarding.enterprise_tables import enterprise_certification
from engine.services.onboarding.enterprises import ACTIVE as ENTERPRISE_ACTIVE
from engine.services.onboarding.enterprises import REGISTERED as ENTERPRISE_REGISTERED
from engine.services.onboarding.person_tables import person_certification
from engine.services.onboarding.persons import ACTIVE, REGISTERED
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_case_id
from engine.storage.plain import PlainDict
from engine.storage.tables import instance, party


def register_individual(engine: Engine, actor: Actor) -> str:
    """The actor has registered as an individual; gives the case that begins by it."""
    return _announce(engine, actor, REGISTERED, {"applicant": actor.party_id})


def invite_person(engine: Engine, actor: Actor) -> str:
    """The actor was invited, because somebody put him on a list; gives the case that begins by it."""
    return _announce(engine, actor, "person.invited", {"applicant": actor.party_id})


def register_enterprise(engine: Engine, actor: Actor) -> str:
    """The actor has registered his enterprise; gives the case that begins by it."""
    return _announce(engine, actor, ENTERPRISE_REGISTERED, {"organisation": actor.party_id, "applicant": actor.user_id})


def _announce(engine: Engine, actor: Actor, message: str, payload: PlainDict) -> str:
    publish_message(engine, actor, message, actor.party_id, payload)
    settle(engine)
    with engine.database.read() as connection:
        begun = select(instance.c.id).where(instance.c.business_key == actor.party_id)
        return str(connection.execute(begun.order_by(instance.c.started_at.desc()).limit(1)).scalar_one())


def hold_number(engine: Engine, actor: Actor, id_no: str, phone: str = "") -> None:
    """The actor's account is certified with this identity number, and its phone is confirmed where one is given."""

    def work(unit: UnitOfWork) -> None:
        index = vault.blind_index(engine.keys, compact_number(id_no))
        row: dict[str, Any] = {
            "id": new_case_id(unit.now),
            "party_id": actor.party_id,
            "state": ACTIVE,
            "id_index": index,
            "claimed_index": index,
            **dict.fromkeys(("opened_at", "certified_at", "closed_at"), unit.now),
        }
        if phone:
            row["phone"] = vault.put(unit.connection, engine.keys, actor.party_id, phone)
            row["phone_confirmed_at"] = unit.now
        unit.connection.execute(insert(person_certification), row)

    engine.database.transact(work)


def owe_agreement(engine: Engine, actor: Actor) -> None:
    """The actor has not signed the service agreement."""
    mine = update(party).where(party.c.id == actor.party_id)
    engine.database.transact(lambda unit: unit.connection.execute(mine.values(has_agreement=0)))


def hold_code(engine: Engine, actor: Actor, credit_code: str) -> None:
    """The actor's enterprise is certified with this credit code for a year, under the id of its party."""

    def work(unit: UnitOfWork) -> None:
        until = unit.now.replace(year=unit.now.year + 1)
        texts = ("rep_name", "rep_id_no", "bank_account", "contact_name")
        row = {
            "id": actor.party_id,
            "party_id": actor.party_id,
            "applicant_id": actor.user_id,
            "state": ENTERPRISE_ACTIVE,
            "legal_name": actor.party_id,
            "credit_code": compact_number(credit_code),
            "claimed_code": compact_number(credit_code),
            "registered_address": "杭州市西湖区文三路 1 号",
            "industry": "other",
            "bank_name": "中国银行",
            "tax_rate_type": "general",
            **{name: vault.put(unit.connection, engine.keys, actor.party_id, name) for name in texts},
            **dict.fromkeys(("opened_at", "certified_at"), unit.now),
            "certified_until": until,
        }
        unit.connection.execute(insert(enterprise_certification), row)

    engine.database.transact(work)


def suspend(engine: Engine, actor: Actor) -> None:
    """The actor's party is on the black list."""
    suspended = update(party).where(party.c.id == actor.party_id).values(is_suspended=1)
    engine.database.transact(lambda unit: unit.connection.execute(suspended))
