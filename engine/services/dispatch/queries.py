"""What couriers are shown of the offers. Reading only; before it is taken a place is only known by its area."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.runtime.engine import Engine
from engine.services.dispatch.courier_classes import ORDINARY, PROFESSIONAL
from engine.services.dispatch.near_offers import find_duty, list_near
from engine.services.dispatch.rows import read_pickup
from engine.services.places.geometry import Place, measure_metres
from engine.storage.actor import Actor


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
