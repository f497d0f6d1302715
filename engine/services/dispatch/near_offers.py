"""The open offers a courier may see: in both ranges, of his class, none he is excluded from (AM7, AM8)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Float, RowMapping, bindparam, exists, or_, select

from engine.services.dispatch.cells import bind_middle, cover, squared_metres
from engine.services.dispatch.courier_classes import ORDINARY, PROFESSIONAL
from engine.services.dispatch.offers import OFFER_RESOLUTION
from engine.services.dispatch.rows import OPEN, read_pickup
from engine.services.dispatch.tables import courier, courier_place, errand_exclusion, offer
from engine.services.places.geometry import Place, measure_metres
from engine.storage.prepared import Prepared

MAX_OFFERS = 100
NOWHERE = Place(0, 0)
NO_CELL = 0


@dataclass(frozen=True)
class Duty:
    """A courier on duty. `place`: None until he has told where he is."""

    courier_id: str
    courier_class: str
    range_m: int
    categories: frozenset[str]
    place: Place | None


def find_duty(connection: Connection, courier_id: str) -> Duty | None:
    """A courier on duty; None if he is not."""
    query = (
        select(courier, courier_place.c.lat, courier_place.c.lng)
        .outerjoin(courier_place, courier_place.c.courier_id == courier.c.id)
        .where(courier.c.id == courier_id, courier.c.on_duty_since.is_not(None))
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    place = None if row.lat is None else Place(row.lat, row.lng)
    return Duty(row.id, row.courier_class, row.range_m, frozenset(row.categories), place)


def list_near(connection: Connection, duty: Duty, categories: Collection[str] = ()) -> list[Any]:
    """The rows of the offers for a courier, the nearest first, those without a place last; at most MAX_OFFERS.

    `categories` narrow them, all if there are none; an ordinary courier gets ordinary orders of his own.
    """
    wanted = set(categories)
    if duty.courier_class == ORDINARY and duty.categories:
        wanted = wanted & duty.categories if wanted else set(duty.categories)
        if not wanted:
            return []
    place = duty.place or NOWHERE
    values = bind_middle(place) | {
        "courier_id": duty.courier_id,
        "cells": cover(place, duty.range_m, (OFFER_RESOLUTION,))[1] if duty.place else [NO_CELL],
        "radius_square": float(duty.range_m**2),
        "order_classes": [ORDINARY] if duty.courier_class == ORDINARY else [ORDINARY, PROFESSIONAL],
    }
    return _NEAR[bool(wanted)].all(connection, values | ({"categories": sorted(wanted)} if wanted else {}))


def is_courier_in_range(connection: Connection, row: RowMapping, courier_id: str) -> bool:
    """Whether a courier on duty is in both ranges of an offer; everybody on duty is where it has no place."""
    duty, pickup = find_duty(connection, courier_id), read_pickup(row)
    if duty is None or pickup is None:
        return duty is not None
    return duty.place is not None and measure_metres(duty.place, pickup) <= min(duty.range_m, row["range_m"])


def _near(is_narrowed: bool) -> Prepared:
    square = squared_metres(offer.c.lat, offer.c.lng)
    is_excluded = exists().where(
        errand_exclusion.c.order_id == offer.c.order_id, errand_exclusion.c.courier_id == bindparam("courier_id")
    )
    query = select(offer).where(
        offer.c.state == OPEN,
        or_(offer.c.cell_7.in_(bindparam("cells", expanding=True)), offer.c.cell_7.is_(None)),
        or_(
            offer.c.lat.is_(None),
            (square <= bindparam("radius_square", type_=Float)) & (square <= offer.c.range_m * offer.c.range_m),
        ),
        offer.c.order_class.in_(bindparam("order_classes", expanding=True)),
        offer.c.requester_id != bindparam("courier_id"),
        ~is_excluded,
    )
    if is_narrowed:
        query = query.where(offer.c.category.in_(bindparam("categories", expanding=True)))
    return Prepared(query.order_by(offer.c.lat.is_(None), square, offer.c.order_id).limit(MAX_OFFERS))


_NEAR = {is_narrowed: _near(is_narrowed) for is_narrowed in (False, True)}
