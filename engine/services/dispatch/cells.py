"""Where things are: the h3 cells a place lies in, and the cells that cover everything within a radius.

A place has a column for its cell of each resolution. A search looks into the index of the one whose cells suit its
radius: few of them cover it, and little besides.

Distances are those of the plane that touches the globe at the middle of a
search: within the 10 km of the widest search they are right to a thousandth.
"""

import math
from collections.abc import Sequence
from typing import Any

import h3.api.basic_int as h3
from sqlalchemy import BigInteger, ColumnElement, Float, bindparam

from engine.services.places.geometry import METRES_PER_DEGREE, MICRO, Place

RESOLUTIONS = (9, 8, 7)
"""Cells of about 0.1, 0.7 and 5 km²."""
MAX_RINGS = 6  # around the cell in the middle of a search: at most 127 cells, but of the largest as many as it takes
_MARGIN = 0.85  # the shortest edge of a cell against that of the regular hexagon of its area, and less


def name_column(resolution: int) -> str:
    """The column that holds the cells of a resolution."""
    return f"cell_{resolution}"


def find_cells(place: Place) -> dict[str, int]:
    """The cells a place lies in, by their columns."""
    return {name_column(resolution): find_cell(place, resolution) for resolution in RESOLUTIONS}


def cover(place: Place, radius_m: float, resolutions: Sequence[int] = RESOLUTIONS) -> tuple[int, list[int]]:
    """A resolution that suits a radius, and its cells that hold everything within that of a place, and more besides."""
    for resolution in resolutions:
        middle = find_cell(place, resolution)
        rings = math.ceil((radius_m / _edge_of(middle) + 0.5) / 1.5)
        if rings <= MAX_RINGS:
            break
    return resolution, h3.grid_disk(middle, rings)


def find_cell(place: Place, resolution: int) -> int:
    """The cell of a resolution that a place lies in."""
    return int(h3.latlng_to_cell(place.latitude, place.longitude, resolution))


def _edge_of(cell: int) -> float:
    """The length in metres that every edge around a cell has at least."""
    return _MARGIN * math.sqrt(2 * h3.cell_area(cell, unit="m^2") / (3 * math.sqrt(3)))


def squared_metres(lat: ColumnElement[Any], lng: ColumnElement[Any]) -> ColumnElement[float]:
    """The square of the distance from the middle of a search, as SQL. Values: `bind_middle`."""
    to_lat, to_lng = lat - bindparam("lat0", type_=BigInteger), lng - bindparam("lng0", type_=BigInteger)
    lat_scale, lng_scale = bindparam("lat_scale", type_=Float), bindparam("lng_scale", type_=Float)
    return to_lat * to_lat * lat_scale + to_lng * to_lng * lng_scale


def bind_middle(place: Place) -> dict[str, float]:
    """The values of `squared_metres`."""
    metres_lat = METRES_PER_DEGREE / MICRO
    metres_lng = metres_lat * math.cos(math.radians(place.latitude))
    return {"lat0": place.lat, "lng0": place.lng, "lat_scale": metres_lat**2, "lng_scale": metres_lng**2}
