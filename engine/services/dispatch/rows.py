"""The row of an offer, and what is asked of it everywhere."""

from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, bindparam, select

from engine.services.dispatch.tables import offer
from engine.services.places.geometry import Place

OPEN, TAKEN, CLOSED = "open", "taken", "closed"
RELEASED, NAMED = "released", "named"  # why a courier does not get an order: he had it; the order says so
PUSH = "dispatch.push"  # job: tells couriers of an offer, or that it is gone
NO_ZONE = ZoneInfo("UTC")  # of urgent notices: the hours of the day do not matter
SELECT_OFFER = select(offer).where(offer.c.order_id == bindparam("order_id"))


def courier_topic(courier_id: str) -> str:
    """What live connections of a courier listen to: told when the offers he may take have changed."""
    return f"courier:{courier_id}"


def find_offer(connection: Connection, order_id: str) -> RowMapping | None:
    """The row of an offer."""
    return connection.execute(SELECT_OFFER, {"order_id": order_id}).mappings().one_or_none()


def fetch_offer_row(connection: Connection, order_id: str) -> RowMapping:
    """The row of an offer. Raises LookupError if there is none."""
    row = find_offer(connection, order_id)
    if row is None:
        raise LookupError(f"Expected an offer, but found none of order {order_id!r}")
    return row


def read_pickup(row: RowMapping) -> Place | None:
    """Where an offer begins; None for an order without a place."""
    return None if row["lat"] is None else Place(row["lat"], row["lng"])


def list_held(connection: Connection, courier_id: str) -> list[bool]:
    """Of each order a courier holds whether it is dedicated."""
    query = select(offer.c.is_dedicated).where(offer.c.taker_id == courier_id, offer.c.state == TAKEN)
    return [bool(one) for one in connection.execute(query).scalars()]
