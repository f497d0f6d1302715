"""Enterprises on their way to the platform: beginning and withdrawing a certification, and how it stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, exists, or_, select

from engine.commands.instances import start_instance
from engine.commands.messages import correlate_message
from engine.language.errors import EngineError
from engine.records.messages import has_message
from engine.records.submissions import SubmissionKey
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.step import Step
from engine.services.identity.people import ADMINISTRATOR
from engine.services.onboarding.enterprise_tables import company_check, enterprise_certification, test_transfer
from engine.services.onboarding.person_tables import person_certification
from engine.services.onboarding.persons import MayNotOnboard
from engine.storage.actor import Actor
from engine.storage.plain import PlainDict
from engine.storage.tables import party

PROCESS, REGISTERED, WITHDRAW = "enterprise_onboarding", "register.enterprise", "withdraw"
RENEWAL_PROCESS = "recertify"
OPEN, CERTIFIED, ACTIVE, EXPIRED = "open", "certified", "active", "expired"
REJECTED, WITHDRAWN, ABANDONED = "rejected", "withdrawn", "abandoned"
UNDER_WAY = (OPEN, CERTIFIED)


class CannotWithdraw(EngineError):
    """The onboarding is over, or never began."""

    def __init__(self) -> None:
        super().__init__("Expected an onboarding that is under way, but there is none")


@dataclass(frozen=True)
class EnterpriseStanding:
    """How the latest certification of an enterprise stands, for its members. `case_id` is its process instance."""

    case_id: str
    state: str
    reason: str | None
    legal_name: str | None
    credit_code: str | None
    is_phone_confirmed: bool
    opened_at: datetime
    certified_at: datetime | None
    certified_until: datetime | None
    closed_at: datetime | None
    retry_at: datetime | None
    register_status: str | None  # of the latest question to the company register; none before the first
    account_status: str | None  # of the latest test amount: sent, arrived, failed, confirmed, refused


def request_enterprise_onboarding(engine: Engine, actor: Actor, token: str) -> str:
    """An administrator has his enterprise certified, for the first time or again; gives the case's id, the same one for
    a repeated token. Raises MayNotOnboard.
    """
    values: PlainDict = {"organisation": actor.party_id, "applicant": actor.user_id}

    def take_in(step: Step) -> PlainDict:
        step.connection.execute(select(party.c.id).where(party.c.id == actor.party_id).with_for_update())
        if reason := find_onboarding_obstacle(step.connection, actor, step.now):
            raise MayNotOnboard(reason)
        return values

    return start_instance(engine, actor, PROCESS, values, token, take_in=take_in)


def find_onboarding_obstacle(connection: Connection, actor: Actor, now: datetime) -> str | None:
    """Why the actor may not begin a certification of his party now; None if he may."""
    if actor.role != ADMINISTRATOR:
        return "not_an_administrator"
    latest = find_enterprise(connection, actor.party_id)
    if is_enterprise_announced(connection, actor.party_id, now):
        return "under_way"
    if latest is None:
        return None
    if latest.closed_at is None:
        return "active" if latest.state == ACTIVE else "under_way"
    return "too_early" if latest.retry_at is not None and now < latest.retry_at else None


def is_enterprise_announced(connection: Connection, party_id: str, now: datetime) -> bool:
    """Whether an enterprise has registered and its case is just about to begin."""
    return has_message(connection, now, REGISTERED, party_id)


def withdraw_onboarding(engine: Engine, actor: Actor, token: str) -> None:
    """An administrator withdraws the onboarding that is under way. Raises NotFound, CannotWithdraw."""
    with engine.database.read() as connection:
        latest = find_enterprise(connection, actor.party_id)
    if latest is None or actor.role != ADMINISTRATOR:
        raise NotFound("certification", actor.party_id)

    def authorise(connection: Connection) -> None:
        row = find_enterprise(connection, actor.party_id)
        if row is None or row.id != latest.id or row.state not in UNDER_WAY:
            raise CannotWithdraw

    key = SubmissionKey.of(f"withdraw:{latest.id}", token, {})
    correlate_message(
        engine, actor, WITHDRAW, latest.id, {}, key=key, authorise=authorise, before=lambda step: WITHDRAWN
    )


def find_enterprise(connection: Connection, party_id: str) -> Row[Any] | None:
    """The latest certification of an enterprise; None where there never was one."""
    mine = select(enterprise_certification).where(enterprise_certification.c.party_id == party_id)
    newest = mine.order_by(enterprise_certification.c.opened_at.desc(), enterprise_certification.c.id.desc()).limit(1)
    return connection.execute(newest).one_or_none()


def describe_enterprise(connection: Connection, party_id: str) -> EnterpriseStanding | None:
    """How the latest certification of an enterprise stands; None where there never was one."""
    row = find_enterprise(connection, party_id)
    if row is None:
        return None
    return EnterpriseStanding(
        row.id,
        row.state,
        row.reason,
        row.legal_name,
        row.credit_code,
        row.phone_confirmed_at is not None,
        row.opened_at,
        row.certified_at,
        row.certified_until,
        row.closed_at,
        row.retry_at,
        _find_latest(connection, company_check.c.status, company_check.c.asked_at, row.id),
        _find_latest(connection, test_transfer.c.status, test_transfer.c.sent_at, row.id),
    )


def _find_latest(
    connection: Connection, status: Column[str], at: Column[datetime], certification_id: str
) -> str | None:
    mine = select(status).where(status.table.c.certification_id == certification_id)
    found: str | None = connection.execute(mine.order_by(at.desc()).limit(1)).scalar_one_or_none()
    return found


def find_code_holder(connection: Connection, credit_code: str, besides: str) -> str | None:
    """The enterprise, besides one, that is certified with a credit code."""
    query = select(enterprise_certification.c.party_id).where(
        enterprise_certification.c.claimed_code == credit_code, enterprise_certification.c.party_id != besides
    )
    holder: str | None = connection.execute(query).scalar_one_or_none()
    return holder


def is_enterprise_blacklisted(
    connection: Connection, party_id: str, applicant_id: str, credit_code: str, rep_index: str
) -> bool:
    """Whether the platform has suspended the enterprise, who applies for it, or any party of the same credit code or
    the same representative, whether that is a person or another enterprise.
    """
    same = or_(enterprise_certification.c.credit_code == credit_code, enterprise_certification.c.rep_index == rep_index)
    companies = select(enterprise_certification.c.party_id).where(same)
    people = select(person_certification.c.party_id).where(person_certification.c.id_index == rep_index)
    involved = or_(party.c.id.in_([party_id, applicant_id]), party.c.id.in_(companies), party.c.id.in_(people))
    query = select(exists().where(involved, party.c.is_suspended == 1))
    return bool(connection.execute(query).scalar_one())
