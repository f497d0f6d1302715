"""Who may take an order: one list of conditions for the market, the order page and the command itself."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, exists, func, select

from engine.services.agreements.signatures import is_bound
from engine.services.identity.people import PERSON
from engine.services.onboarding.persons import find_same_person
from engine.services.orders import states
from engine.services.orders.errors import AlreadyTaken, NotEligible, OrderNotOpen
from engine.services.orders.tables import hire_order, order_exclusion
from engine.storage.actor import PLATFORM, Actor
from engine.storage.tables import membership, party

ANY_KIND = "any"


def check_takeable(connection: Connection, actor: Actor, order: RowMapping, now: datetime) -> None:
    """Raises AlreadyTaken, OrderNotOpen or NotEligible unless the actor's party may take the order now."""
    if order["state"] in states.HELD:
        raise AlreadyTaken(order["id"])
    if order["state"] != "open" or order["expires_at"] <= now:
        raise OrderNotOpen(order["id"])
    # A second take of the same party waits here, so that it counts this one against its limit.
    connection.execute(select(party.c.id).where(party.c.id == actor.party_id).with_for_update())
    if reason := find_obstacle(connection, actor, order):
        raise NotEligible(reason, limit=order["lock_limit"])


def find_obstacle(connection: Connection, actor: Actor, order: RowMapping) -> str | None:
    """Why the actor's party may not take an open order; None if it may."""
    taker = connection.execute(select(party).where(party.c.id == actor.party_id)).one_or_none()
    if taker is None or taker.id == PLATFORM:
        return "not_a_party"
    if taker.kind == PERSON and find_same_person(connection, taker.id):
        return "same_person"
    if not taker.is_certified:
        return "not_certified"
    if not is_bound(connection, taker):
        return "no_agreement"
    if taker.is_suspended:
        return "suspended"
    if actor.party_id == order["publisher_id"]:
        return "own_order"
    if is_related(connection, actor, order["publisher_id"]):
        return "related_party"
    if order["taker_kinds"] not in {ANY_KIND, taker.kind}:
        return "kind_not_wanted"
    if _is_excluded(connection, order["id"], actor.party_id):
        return "excluded"
    return "too_many_orders" if count_held(connection, actor.party_id) >= order["lock_limit"] else None


def is_suspended(connection: Connection, party_id: str) -> bool:
    """Whether the platform has suspended a party: it publishes and takes nothing."""
    return bool(connection.execute(select(party.c.is_suspended).where(party.c.id == party_id)).scalar_one_or_none())


def is_related(connection: Connection, actor: Actor, publisher_id: str) -> bool:
    """Whether the same person stands on both sides: the actor, or a member of his party, belongs to the publisher."""
    publishers = select(membership.c.user_id).where(membership.c.party_id == publisher_id)
    takers = select(membership.c.user_id).where(membership.c.party_id == actor.party_id)
    query = select(func.count()).where(
        membership.c.user_id.in_(publishers),
        (membership.c.user_id == actor.user_id) | membership.c.user_id.in_(takers),
    )
    return publisher_id == actor.user_id or connection.execute(query).scalar_one() > 0


def count_held(connection: Connection, party_id: str) -> int:
    """How many orders a party holds as taker."""
    query = select(func.count()).where(hire_order.c.taker_id == party_id, hire_order.c.state.in_(sorted(states.HELD)))
    return int(connection.execute(query).scalar_one())


def _is_excluded(connection: Connection, order_id: str, party_id: str) -> bool:
    found = exists().where(order_exclusion.c.order_id == order_id, order_exclusion.c.party_id == party_id)
    return bool(connection.execute(select(found)).scalar_one())
