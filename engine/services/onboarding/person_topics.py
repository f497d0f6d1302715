"""Topics of the individual onboarding. Each writes the row of the certification in the step that moves it on."""

from datetime import date
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError
from stdnum.cn import ric

from engine.definitions.forms.texts import compact_number
from engine.definitions.registry import TopicCall, topic
from engine.services.agreements.signatures import is_bound
from engine.services.identity.standing import fetch_party, grant_certification
from engine.services.onboarding.identity_checks import find_next_try
from engine.services.onboarding.person_tables import person_certification
from engine.services.onboarding.persons import (
    ABANDONED,
    ACTIVE,
    CERTIFIED,
    OPEN,
    REJECTED,
    find_holder,
    is_blacklisted,
)
from engine.services.one_time_codes.codes import spend_code
from engine.storage import vault
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict

FORM_ELEMENT, FORM_PHONE = "real_name", "confirm_phone"
CLOSED = (REJECTED, ABANDONED)
KEPT = (
    *("id_type", "name", "id_no", "birth_date", "phone", "email", "city", "id_images", "id_index", "claimed_index"),
    *("verified_by", "phone_confirmed_at", "certified_at"),
)
"""What a certification takes over from the one before."""


@topic("open_certification")
def open_certification(call: TopicCall, *, applicant: str) -> PlainDict:
    """Opens the certification of a person; its id is that of the case. Who was certified before proves nothing again.

    Returns: certification_id, is_known (he was certified and is not suspended), is_signed (and his agreement holds),
    certified_name (as the agreement names him; none for who is not known).
    """
    row: dict[str, Any] = {"id": call.instance_id, "party_id": applicant, "state": OPEN, "opened_at": call.now}
    held = (person_certification.c.party_id == applicant) & person_certification.c.claimed_index.is_not(None)
    earlier = call.connection.execute(select(person_certification).where(held)).mappings().one_or_none()
    known = fetch_party(call.connection, applicant)
    is_known = earlier is not None and not known.is_suspended
    if earlier is not None and is_known:
        row |= {name: earlier[name] for name in KEPT} | {"state": CERTIFIED}
        call.connection.execute(update(person_certification).where(held).values(claimed_index=None))
    call.connection.execute(insert(person_certification), row)
    call.add_party(applicant, "applicant")
    call.describe("个人入驻", "Individual onboarding")
    return {
        "certification_id": call.instance_id,
        "is_known": is_known,
        "is_signed": is_known and is_bound(call.connection, known),
        "certified_name": row.get("name"),
    }


@topic("record_person", reads=[FORM_ELEMENT])
def record_person(call: TopicCall, *, certification_id: str) -> PlainDict:
    """Keeps who the person says he is, from the form of real_name; the birth date follows from the number.

    Returns: certified_name (as the agreement and the payout method must name him).
    """
    row, form = fetch_certification(call, certification_id), call.values_of(FORM_ELEMENT)
    number = compact_number(_open(call, form["id_no"]))
    birth_date = ric.get_birth_date(number).isoformat()
    values = {
        **{name: form[name] or None for name in ("id_type", "name", "id_no", "phone", "email", "city")},
        "id_images": [*_list(form["id_front"]), *_list(form["id_back"])],
        "birth_date": vault.put(call.connection, call.keys, row.party_id, birth_date),
        "id_index": vault.blind_index(call.keys, number),
        "phone_confirmed_at": None,
    }
    _change(call, certification_id, **values)
    return {"certified_name": form["name"]}


@topic("confirm_phone")
def confirm_phone(call: TopicCall, *, certification_id: str, code: dict[str, Any]) -> PlainDict:
    """Writes down that the code sent to the person's phone came back; the agreement needs another one.

    Returns: nothing.
    """
    spend_code(call.connection, str(code["code"]), call.instance_id, FORM_PHONE)
    _change(call, certification_id, phone_confirmed_at=call.now)
    return {}


@topic("check_person")
def check_person(call: TopicCall, *, certification_id: str, min_age: int, tries_per_day: int) -> PlainDict:
    """Looks for what bars the person before the register is asked, and when it may be asked.

    Returns: obstacle (empty, age, black_list, duplicate), next_try_at (an instant; now, or the next day).
    """
    row = fetch_certification(call, certification_id)
    birth_date = date.fromisoformat(_open(call, row.birth_date))
    holder, obstacle = find_holder(call.connection, row.id_index, row.party_id), ""
    if _age(birth_date, call.now.astimezone(call.calendar.zone).date()) < min_age:
        obstacle = "age"
    elif is_blacklisted(call.connection, [row.party_id, holder or row.party_id]):
        obstacle = "black_list"
    elif holder:
        obstacle = "duplicate"
    next_try_at = find_next_try(call.connection, row.party_id, tries_per_day, call.now, call.calendar.zone)
    return {"obstacle": obstacle, "next_try_at": format_instant(next_try_at)}


@topic("certify_person")
def certify_person(call: TopicCall, *, certification_id: str, verified_by: str) -> PlainDict:
    """The person is who he says: his account holds the number from now on, and no other account can.

    `verified_by`: register or review. Returns: obstacle (empty, or duplicate if another account was faster).
    """
    row = fetch_certification(call, certification_id)
    try:
        with call.connection.begin_nested():
            _release(call, row)
            _change(
                call,
                certification_id,
                state=CERTIFIED,
                claimed_index=row.id_index,
                verified_by=verified_by,
                certified_at=call.now,
            )
    except IntegrityError:  # the number is claimed by another account
        return {"obstacle": "duplicate"}
    grant_certification(call.connection, row.party_id)
    call.note("person_certified", party=row.party_id, by=verified_by)
    return {"obstacle": ""}


@topic("close_certification")
def close_certification(call: TopicCall, *, certification_id: str, state: str, reason: str = "") -> PlainDict:
    """Ends a certification that does not become active: rejected for a reason, or abandoned. Certified he remains.

    Returns: nothing.
    """
    if state not in CLOSED:
        raise ValueError(f"Expected one of {CLOSED}, but got {state!r}")
    _change(call, certification_id, state=state, reason=reason or None, closed_at=call.now)
    call.note("certification_closed", state=state, reason=reason)
    return {}


def _open(call: TopicCall, reference: Plain) -> str:
    """The text behind a reference of a person who was not erased."""
    assert vault.is_reference(reference)
    text = vault.open_reference(call.connection, call.keys, reference)
    if text is None:
        raise vault.PersonErased("Expected the data of a person, but the person was erased")
    return text


def _list(value: Plain) -> list[Plain]:
    return value if isinstance(value, list) else []


def fetch_certification(call: TopicCall, certification_id: str) -> Row[Any]:
    """The row of a certification of this case. Raises NoResultFound."""
    return call.connection.execute(
        select(person_certification).where(person_certification.c.id == certification_id)
    ).one()


def mark_active(call: TopicCall, certification_id: str) -> None:
    """The person has signed: he may act."""
    _change(call, certification_id, state=ACTIVE, closed_at=call.now)


def _release(call: TopicCall, row: Row[Any]) -> None:
    """An earlier certification of the same account holds the number no longer."""
    earlier = update(person_certification).where(
        person_certification.c.party_id == row.party_id, person_certification.c.claimed_index.is_not(None)
    )
    call.connection.execute(earlier.values(claimed_index=None))


def _change(call: TopicCall, certification_id: str, **values: object) -> None:
    change = update(person_certification).where(person_certification.c.id == certification_id).values(values)
    if call.connection.execute(change).rowcount != 1:
        raise LookupError(f"Expected certification {certification_id}, but there is none")


def _age(birth_date: date, today: date) -> int:
    had_birthday = (today.month, today.day) >= (birth_date.month, birth_date.day)
    return today.year - birth_date.year - (not had_birthday)
