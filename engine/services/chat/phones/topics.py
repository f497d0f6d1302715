"""Topics of the phone: a number is asked for and ends by jobs, so no process waits for the provider."""

from typing import Any, cast

from sqlalchemy import insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.services.chat.lines import say
from engine.services.chat.phones.bonds import ASKED, BIND, BOUND, DOWN, RELEASE, find_bond
from engine.services.chat.rooms import find_room, limit_of, list_present
from engine.services.chat.tables import phone_bond
from engine.services.onboarding.person_tables import person_certification
from engine.services.policy import end_of
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.vault import is_reference


@topic("phones.bind")
def bind_phones(call: TopicCall, *, numbers: dict[str, Any] | None = None, order: str = "") -> PlainDict:
    """Asks the phone provider for a number between the two sides of a chat room, who then see neither's own.

    `numbers`: side: its phone, where it is not the one its person was certified with. A provider that cannot be reached
    is said in the room; nothing waits for him. Returns: nothing.
    """
    order_id = order or call.instance_id
    room = find_room(call.connection, order_id)
    if room is None:
        raise ValueError(f"Expected a chat room of {order_id}, but it has none")
    parties = list_present(call.connection, order_id)
    given = {side: one for side, one in (numbers or {}).items() if is_reference(one)}
    known = {side: given.get(side) or _find_number(call, party_id) for side, party_id in parties.items()}
    dialled: PlainDict = {side: one for side, one in known.items() if one is not None}
    _end_present(call, order_id)
    bond_id = new_id()
    is_possible = len(dialled) == 2
    row = {"id": bond_id, "order_id": order_id, "numbers": dialled, "asked_at": call.now}
    call.connection.execute(insert(phone_bond).values(row | {"state": ASKED if is_possible else DOWN}))
    if is_possible:
        call.enqueue(BIND, {"id": bond_id}, key=f"{BIND}:{bond_id}")
    else:
        say(call, order_id, "phone_down")
    return {}


def _find_number(call: TopicCall, party_id: str) -> Plain:
    """The phone a person has confirmed; None of who has none, and of organisations."""
    query = select(person_certification.c.phone).where(
        person_certification.c.party_id == party_id, person_certification.c.phone_confirmed_at.is_not(None)
    )
    newest = query.order_by(person_certification.c.opened_at.desc()).limit(1)
    return cast(Plain, call.connection.execute(newest).scalar_one_or_none())


def _end_present(call: TopicCall, order_id: str) -> None:
    """Who was there before is not called any more: his number ends now."""
    bond = find_bond(call.connection, order_id)
    if bond is not None and bond.state in (ASKED, BOUND):
        _plan_end(call, bond.id, call.now)


@topic("phones.release")
def release_phones(call: TopicCall, *, after: str | None = None, order: str = "") -> PlainDict:
    """The number between the sides of a chat room ends, after a while in which they may still call each other.

    `after`: a duration; without it that of the policy. Returns: nothing.
    """
    order_id = order or call.instance_id
    room, bond = find_room(call.connection, order_id), find_bond(call.connection, order_id)
    if room is not None and bond is not None and bond.state in (ASKED, BOUND):
        wait = after or str(limit_of(room, "chat_phone_after_end"))
        _plan_end(call, bond.id, end_of(wait, call.now, call.calendar.zone))
    return {}


def _plan_end(call: TopicCall, bond_id: str, at: Any) -> None:
    call.connection.execute(update(phone_bond).where(phone_bond.c.id == bond_id).values(release_at=at))
    call.enqueue(RELEASE, {"id": bond_id}, due_at=at)
