"""The nearest couriers of a place, from 50,000 in one city within milliseconds: the same SQL on every database.

A search begins with a small radius and goes on with the one in which, as crowded as it is there, enough couriers are
to be expected: so it reads few more rows than it gives.
"""

import math
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Float, bindparam, exists, select

from engine.services.dispatch.cells import RESOLUTIONS, bind_middle, cover, name_column, squared_metres
from engine.services.dispatch.tables import courier_place, errand_exclusion, errand_push
from engine.services.places.geometry import Place, measure_metres
from engine.storage.prepared import Prepared

FIRST_RADIUS_M = 600.0
MIN_GROWTH, MAX_GROWTH = 1.4, 6.0  # of the radius from one turn to the next
ALMOST = 0.6  # of the whole radius: then rather all of it at once
EXPECTED = 1.5  # how many times as many couriers as are wanted the next radius shall hold


@dataclass(frozen=True)
class Search:
    """Who is looked for: couriers of a class within `radius_m` of a place whose own range reaches that far, without
    the requester, those excluded, and those the offer was pushed to in this round."""

    order_id: str
    round: int
    requester_id: str
    courier_class: str
    radius_m: float
    limit: int


@dataclass(frozen=True)
class Near:
    """A courier, and how far he is in metres; 0 where the order has no place."""

    courier_id: str
    metres: int


def find_nearest(connection: Connection, place: Place | None, wanted: Search) -> list[Near]:
    """The nearest couriers on duty, nearest first. An order without a place is near to everybody."""
    names = ("order_id", "round", "requester_id", "courier_class", "limit")
    bound = {name: getattr(wanted, name) for name in names}
    if place is None:
        return [Near(row.courier_id, 0) for row in _ANYWHERE.all(connection, bound)]
    bound |= bind_middle(place)
    radius_m = min(FIRST_RADIUS_M, wanted.radius_m)
    while True:
        resolution, cells = cover(place, radius_m)
        rows = _WITHIN[resolution].all(connection, bound | {"cells": cells, "radius_square": radius_m**2})
        if len(rows) >= wanted.limit or radius_m >= wanted.radius_m:
            return [Near(row.courier_id, measure_metres(place, Place(row.lat, row.lng))) for row in rows]
        growth = math.sqrt(EXPECTED * wanted.limit / max(len(rows), 1))
        radius_m *= min(max(growth, MIN_GROWTH), MAX_GROWTH)
        if radius_m > ALMOST * wanted.radius_m:
            radius_m = wanted.radius_m


def _is_wanted() -> list[Any]:
    courier_id = courier_place.c.courier_id
    was_pushed = exists().where(
        errand_push.c.order_id == bindparam("order_id"),
        errand_push.c.courier_id == courier_id,
        errand_push.c.round == bindparam("round"),
    )
    is_excluded = exists().where(
        errand_exclusion.c.order_id == bindparam("order_id"), errand_exclusion.c.courier_id == courier_id
    )
    return [courier_id != bindparam("requester_id"), ~was_pushed, ~is_excluded]


def _within(resolution: int) -> Prepared:
    """The search by cells of a resolution."""
    place = courier_place.c
    square = squared_metres(place.lat, place.lng)
    query = select(place.courier_id, place.lat, place.lng).where(
        place.courier_class == bindparam("courier_class"),
        place[name_column(resolution)].in_(bindparam("cells", expanding=True)),
        square <= bindparam("radius_square", type_=Float),
        square <= place.range_m * place.range_m,
        *_is_wanted(),
    )
    return Prepared(query.order_by(square, place.courier_id).limit(bindparam("limit")))


_WITHIN = {resolution: _within(resolution) for resolution in RESOLUTIONS}
_ANYWHERE = Prepared(
    select(courier_place.c.courier_id)
    .where(courier_place.c.courier_class == bindparam("courier_class"), *_is_wanted())
    .order_by(courier_place.c.courier_id)
    .limit(bindparam("limit"))
)
