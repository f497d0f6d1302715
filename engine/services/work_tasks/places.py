"""Positions on the ground, as people type them (`31.2304, 121.4737`), and how far they are apart."""

from math import asin, cos, radians, sin, sqrt

EARTH_M = 6_371_000


def find_distance(one: str | None, other: str | None) -> int | None:
    """The distance of two positions in metres, as the crow flies; None if one is missing or no position."""
    ends = [_read(text) for text in (one, other)]
    if ends[0] is None or ends[1] is None:
        return None
    (north, east), (north_of, east_of) = ends[0], ends[1]
    half = sin((north_of - north) / 2) ** 2 + cos(north) * cos(north_of) * sin((east_of - east) / 2) ** 2
    return round(2 * EARTH_M * asin(sqrt(half)))


def _read(text: str | None) -> tuple[float, float] | None:
    """Latitude and longitude in radians."""
    try:
        north, east = (float(part) for part in (text or "").split(","))
    except ValueError:
        return None
    return (radians(north), radians(east)) if abs(north) <= 90 and abs(east) <= 180 else None
