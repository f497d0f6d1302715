"""What a certified person may act as: rows while he applies, roles and skills once he is active."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.services.onboarding.activation import tell_followers
from engine.services.onboarding.person_tables import capacity, person_skill
from engine.services.onboarding.person_topics import fetch_certification, mark_active
from engine.services.onboarding.persons import GRANTED
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import membership

WORKER, TECHNICIAN = "worker", "technician"
ORDINARY, PROFESSIONAL = "courier_ordinary", "courier_professional"
APPLIED, REFUSED = "applied", "refused"
STATED, SUBMITTED, CONFIRMED = "stated", "submitted", "confirmed"
INDIVIDUAL = "individual"


@topic("record_skills", reads=["skills_and_certificates"])
def record_skills(call: TopicCall, *, certification_id: str) -> PlainDict:
    """The person becomes a worker, with what the form of skills_and_certificates says; without it, with no skills.

    Returns: worker_id, has_certificates.
    """
    form = call.values_of("skills_and_certificates")
    has_certificates = form.get("has_certificates") == "yes"
    files = _list(form.get("certificate_files")) if has_certificates else []
    worker_id = _add(call, certification_id, WORKER, GRANTED, {}, files)
    certified = {str(one["skill"]): one for one in _entries(form.get("certificates"))} if has_certificates else {}
    for skill in sorted({*map(str, _list(form.get("skills"))), *certified}):
        paper = certified.get(skill, {})
        row = {"capacity_id": worker_id, "skill": skill, "state": SUBMITTED if paper else STATED}
        proof = {"certificate": paper.get("title"), "expires_on": paper.get("expires_on")}
        call.connection.execute(insert(person_skill), row | proof)
    return {"worker_id": worker_id, "has_certificates": has_certificates}


@topic("decide_certificates")
def decide_certificates(call: TopicCall, *, worker_id: str, state: str) -> PlainDict:
    """The certificates a worker handed in are confirmed or refused.

    Returns: nothing.
    """
    if state not in (CONFIRMED, REFUSED):
        raise ValueError(f"Expected confirmed or refused, but got {state!r}")
    handed_in = update(person_skill).where(person_skill.c.capacity_id == worker_id, person_skill.c.state == SUBMITTED)
    call.connection.execute(handed_in.values(state=state))
    call.note("certificates_decided", capacity=worker_id, state=state)
    return {}


@topic("record_courier_application", reads=["courier_application"])
def record_courier_application(call: TopicCall, *, certification_id: str) -> PlainDict:
    """The person applies to be a professional courier, from the form of courier_application.

    Returns: courier_id.
    """
    form = call.values_of("courier_application")
    stated: PlainDict = {name: form.get(name) for name in ("vehicle", "experience_years", "service_area")}
    files = [*_list(form.get("licence_files")), *_list(form.get("health_files"))]
    return {"courier_id": _add(call, certification_id, PROFESSIONAL, APPLIED, stated, files)}


@topic("grant_courier")
def grant_courier(call: TopicCall, *, certification_id: str, kind: str) -> PlainDict:
    """The person becomes a courier of a class; who does not become a professional one is an ordinary one.

    Returns: nothing.
    """
    if kind not in (ORDINARY, PROFESSIONAL):
        raise ValueError(f"Expected a class of courier, but got {kind!r}")
    applied = update(capacity).where(
        capacity.c.certification_id == certification_id, capacity.c.kind == PROFESSIONAL, capacity.c.state == APPLIED
    )
    state = GRANTED if kind == PROFESSIONAL else REFUSED
    call.connection.execute(applied.values(state=state, decided_at=call.now))
    if kind == ORDINARY:
        _add(call, certification_id, ORDINARY, GRANTED, {}, [])
    return {}


@topic("record_technician", reads=["technician_profile"])
def record_technician(call: TopicCall, *, certification_id: str) -> PlainDict:
    """The person becomes a technician with the profile of the form technician_profile.

    Returns: nothing.
    """
    form = call.values_of("technician_profile")
    stated: PlainDict = {name: form.get(name) for name in ("trades", "experience_years", "service_area", "tools")}
    _add(call, certification_id, TECHNICIAN, GRANTED, stated, [])
    return {}


@topic("activate_person")
def activate_person(call: TopicCall, *, certification_id: str) -> PlainDict:
    """The person has signed: gives him the roles and skills of the capacities he was granted.

    Returns: roles.
    """
    row = fetch_certification(call, certification_id)
    granted = select(capacity).where(capacity.c.certification_id == certification_id, capacity.c.state == GRANTED)
    held = call.connection.execute(granted.order_by(capacity.c.kind)).all()
    skills = {skill for one in held for skill in _skills_of(call, one)}
    roles = [one.kind for one in held if one.kind in (ORDINARY, PROFESSIONAL)]
    for role in (INDIVIDUAL, *roles):
        _grant(call, row.party_id, role, skills if role == INDIVIDUAL else set())
    mark_active(call, certification_id)
    tell_followers(call, row.party_id, row.claimed_index)
    call.note("person_activated", party=row.party_id, roles=[*roles], skills=[*sorted(skills)])
    return {"roles": [INDIVIDUAL, *roles]}


def _skills_of(call: TopicCall, one: Row[Any]) -> Iterator[str]:
    """What a capacity proves: what was merely stated is no skill one is given work by."""
    if one.kind == TECHNICIAN:
        yield TECHNICIAN
    confirmed = select(person_skill.c.skill).where(
        person_skill.c.capacity_id == one.id, person_skill.c.state == CONFIRMED
    )
    yield from call.connection.execute(confirmed).scalars()


def _grant(call: TopicCall, user_id: str, role: str, skills: set[str]) -> None:
    same = (membership.c.user_id == user_id, membership.c.party_id == user_id, membership.c.role == role)
    known = call.connection.execute(select(membership.c.skills).where(*same)).scalar_one_or_none()
    if known is None:
        row = {"user_id": user_id, "party_id": user_id, "role": role, "skills": sorted(skills)}
        call.connection.execute(insert(membership), row)
    else:
        call.connection.execute(update(membership).where(*same).values(skills=sorted({*known, *skills})))


def _add(call: TopicCall, certification_id: str, kind: str, state: str, stated: PlainDict, files: list[Plain]) -> str:
    row = {
        "id": new_id(),
        "certification_id": certification_id,
        "party_id": fetch_certification(call, certification_id).party_id,
        "kind": kind,
        "state": state,
        "stated": stated,
        "files": files,
        "applied_at": call.now,
        "decided_at": None if state == APPLIED else call.now,
    }
    call.connection.execute(insert(capacity), row)
    return str(row["id"])


def _list(value: Plain) -> list[Plain]:
    return value if isinstance(value, list) else []


def _entries(value: Plain) -> list[PlainDict]:
    return [one for one in _list(value) if isinstance(one, dict)]
