"""What couriers are shown of the offers. Reading only; before it is taken a place is only known by its area."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.dispatch.courier_classes import ORDINARY, PROFESSIONAL
from engine.services.dispatch.near_offers import find_duty, list_near
from engine.services.dispatch.rows import OPEN, find_offer, read_pickup
from engine.services.dispatch.taking import find_obstacle
from engine.services.places.geometry import Place, measure_metres
from engine.storage.actor import Actor

HIDING = frozenset({"professional_only", "excluded", "given_back", "out_of_range", "not_a_courier"})
"""Who may not take an order for one of these reasons is not shown it either."""


@dataclass(frozen=True)
class OfferCard:
    """An open offer as couriers see it. `pickup` and `dropoff` are the middles of areas of about 200 m, None where
    there is no such place; `metres`: how far the courier is from the pickup, to 100 m, None where neither is known;
    `distance_m`: of the route from pickup to drop-off.
    """

    order_id: str
    number: str
    order_class: str
    category: str
    fee_fen: int
    tip_fen: int
    distance_m: int | None
    weight_g: int
    is_dedicated: bool
    scheduled_at: datetime | None
    opened_at: datetime
    pickup: Place | None
    dropoff: Place | None
    metres: int | None


@dataclass(frozen=True)
class OfferView:
    """One open offer. `obstacle`: why the courier may not take it, a reason of NotEligible; empty if he may."""

    card: OfferCard
    obstacle: str
    open_limit: int


def list_pullable(engine: Engine, actor: Actor, categories: Collection[str] = ()) -> list[OfferCard]:
    """What an ordinary courier on duty pulls: ordinary orders of his categories in both ranges, the nearest first.

    `categories` narrow them once more. Empty for everybody else.
    """
    return _list(engine, actor, ORDINARY, categories)


def list_pushed(engine: Engine, actor: Actor) -> list[OfferCard]:
    """What is pushed to a professional courier on duty: all orders in both ranges, the nearest first.

    Whoever listens to `rows.courier_topic` is told when they change. Empty for everybody else.
    """
    return _list(engine, actor, PROFESSIONAL, ())


def fetch_offer(engine: Engine, actor: Actor, order_id: str) -> OfferView:
    """One open offer, for a courier on duty. Raises NotFound for everybody else, and once it is not open."""
    with engine.database.read() as connection:
        row = find_offer(connection, order_id)
        duty = find_duty(connection, actor.party_id)
        if row is None or duty is None or row["state"] != OPEN:
            raise NotFound("order", order_id)
        obstacle = find_obstacle(connection, actor, row) or ""
        if obstacle in HIDING:
            raise NotFound("order", order_id)
    return OfferView(_card(row, duty.place), obstacle, row["open_limit"])


def _list(engine: Engine, actor: Actor, courier_class: str, categories: Collection[str]) -> list[OfferCard]:
    with engine.database.read() as connection:
        duty = find_duty(connection, actor.party_id)
        if duty is None or duty.courier_class != courier_class:
            return []
        rows = list_near(connection, duty, categories)
    return [_card(row._asdict(), duty.place) for row in rows]


def _card(row: Any, place: Place | None) -> OfferCard:
    pickup = read_pickup(row)
    made: dict[str, Any] = {
        "pickup": row["pickup_area"] and Place.of_plain(row["pickup_area"]),
        "dropoff": row["dropoff_area"] and Place.of_plain(row["dropoff_area"]),
        "is_dedicated": bool(row["is_dedicated"]),
        "metres": None if place is None or pickup is None else round(measure_metres(place, pickup), -2),
    }
    return OfferCard(**made, **{name: row[name] for name in OfferCard.__dataclass_fields__.keys() - made.keys()})
