"""Taking an offer: of several couriers who try at once exactly one wins, and the others are told so."""

from sqlalchemy import Connection, RowMapping, exists, select, update

from engine.commands.messages import correlate_message
from engine.records.submissions import SubmissionKey
from engine.runtime.engine import Engine
from engine.runtime.errors import NobodyWaits, NotFound
from engine.runtime.step import Step
from engine.services.agreements.signatures import is_bound
from engine.services.dispatch.courier_classes import ORDINARY, find_class
from engine.services.dispatch.near_offers import is_courier_in_range
from engine.services.dispatch.rows import NO_PLACE, OPEN, PUSH, RELEASED, TAKEN, find_offer, list_held
from engine.services.dispatch.tables import courier, errand_exclusion, errand_push, offer
from engine.services.identity.people import PERSON
from engine.services.onboarding.persons import find_same_person
from engine.services.orders.eligibility import is_related
from engine.services.orders.errors import AlreadyTaken, NotEligible, OrderNotOpen
from engine.storage.actor import Actor
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party

MESSAGE = "order.taken"


def take_offer(engine: Engine, actor: Actor, order_id: str, token: str) -> int:
    """Takes an order for a courier; gives how often it has been taken. Its process gets the message `order.taken` with
    `courier` (his party), `courier_class` and `lock_version`.

    Raises AlreadyTaken, OrderNotOpen, NotEligible, NotFound.
    """
    with engine.database.read() as connection:
        row = find_offer(connection, order_id)
        courier_class = find_class(connection, actor.party_id)
    if row is None:
        raise NotFound("order", order_id)
    lock_version: int = row["lock_version"] + 1

    def authorise(connection: Connection) -> None:
        check_takeable(connection, actor, order_id)

    def lock(step: Step) -> Plain:
        won = step.connection.execute(
            update(offer)
            .where(
                offer.c.order_id == order_id,
                offer.c.state == OPEN,
                offer.c.lock_version == lock_version - 1,
                offer.c.requester_id != actor.party_id,
            )
            .values(state=TAKEN, taker_id=actor.party_id, lock_version=lock_version, taken_at=step.now, **NO_PLACE)
        )
        if won.rowcount != 1:
            raise AlreadyTaken(order_id)
        step.enqueue(PUSH, {"order_id": order_id})
        return lock_version

    payload: PlainDict = {"courier": actor.party_id, "courier_class": courier_class, "lock_version": lock_version}
    key = SubmissionKey.of(f"take:{order_id}", token, {})
    try:
        result = correlate_message(engine, actor, MESSAGE, order_id, payload, key=key, authorise=authorise, before=lock)
    except NobodyWaits:
        with engine.database.read() as connection:
            authorise(connection)  # it was taken between the look and the message: say so
        raise OrderNotOpen(order_id) from None
    assert isinstance(result, int)
    return result


def check_takeable(connection: Connection, actor: Actor, order_id: str) -> None:
    """Raises AlreadyTaken, OrderNotOpen or NotEligible unless the courier may take the order now."""
    row = find_offer(connection, order_id)
    if row is not None and row["state"] == TAKEN:
        raise AlreadyTaken(order_id)
    if row is None or row["state"] != OPEN:
        raise OrderNotOpen(order_id)
    # A second take of the same courier waits here, so that it counts this one against its limit.
    connection.execute(select(party.c.id).where(party.c.id == actor.party_id).with_for_update())
    if reason := _find_obstacle(connection, actor, row):
        raise NotEligible(reason, limit=row["open_limit"])


def _find_obstacle(connection: Connection, actor: Actor, row: RowMapping) -> str | None:
    """Why a courier may not take an open offer; None if he may."""
    if reason := find_standing(connection, actor.party_id):
        return reason
    if row["requester_id"] == actor.party_id:
        return "own_order"
    if is_related(connection, actor, row["requester_id"]):
        return "related_party"
    if row["order_class"] != ORDINARY and find_class(connection, actor.party_id) == ORDINARY:
        return "professional_only"
    if reason := _find_exclusion(connection, row["order_id"], actor.party_id):
        return "given_back" if reason == RELEASED else "excluded"
    held = list_held(connection, actor.party_id)
    if any(held):
        return "dedicated_held"
    if len(held) >= row["open_limit"]:
        return "too_many_orders"
    return _find_distance(connection, actor.party_id, row)


def find_standing(connection: Connection, person_id: str, *, needs_class: bool = True) -> str | None:
    """Why a person may not work as a courier; None if he may. Without `needs_class`: why he may not become one."""
    person = connection.execute(select(party).where(party.c.id == person_id)).one_or_none()
    if person is None or person.kind != PERSON or (needs_class and find_class(connection, person_id) is None):
        return "not_a_courier"
    if find_same_person(connection, person_id):
        return "same_person"
    if not person.is_certified:
        return "not_certified"
    if not is_bound(connection, person):
        return "no_agreement"
    return "suspended" if person.is_suspended else None


def _find_distance(connection: Connection, courier_id: str, row: RowMapping) -> str | None:
    is_on_duty = exists().where(courier.c.id == courier_id, courier.c.on_duty_since.is_not(None))
    if not connection.execute(select(is_on_duty)).scalar_one():
        return "off_duty"
    was_pushed = exists().where(
        errand_push.c.order_id == row["order_id"],
        errand_push.c.courier_id == courier_id,
        errand_push.c.round == row["round"],
    )
    is_offered = connection.execute(select(was_pushed)).scalar_one()
    return None if is_offered or is_courier_in_range(connection, row, courier_id) else "out_of_range"


def _find_exclusion(connection: Connection, order_id: str, courier_id: str) -> str | None:
    reason = select(errand_exclusion.c.reason).where(
        errand_exclusion.c.order_id == order_id, errand_exclusion.c.courier_id == courier_id
    )
    return connection.execute(reason).scalar_one_or_none()
