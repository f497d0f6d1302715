"""Tracks as pages show them: what is on the map, and the same in words."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.services.places.geometry import Place
from engine.services.places.routes import Route
from engine.services.tracking.queries import Footprint, TrackView
from engine.storage.plain import Plain

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Arrival:
    """When the courier is expected, and in how many minutes from now; not before now."""

    at: datetime
    minutes: int


def find_arrival(track: TrackView, now: datetime) -> Arrival | None:
    """When the courier of a track arrives; none as long as nobody knows."""
    if track.arrives_at is None:
        return None
    at = max(track.arrives_at, now)
    return Arrival(at, max(1, round((at - now).total_seconds() / 60)))


def map_places(track: TrackView) -> str:
    """What of a running order is on the map."""
    return _write(
        pickup=_point(track.pickup),
        dropoff=_point(track.dropoff),
        here=_point(track.here),
        bearing=track.bearing,
        passed=_line(track.passed),
        line=_line(track.line),
    )


def map_ends(
    pickup: Place | None, dropoff: Place | None, route: Route | None = None, *, is_coarse: bool = False
) -> str:
    """What of an order nobody carries yet is on the map; where `is_coarse` the places are cells, drawn as circles."""
    return _write(
        pickup=_point(pickup), dropoff=_point(dropoff), line=_line(route.line if route else ()), isCoarse=is_coarse
    )


def map_trail(points: list[Place]) -> str:
    """Where somebody was, on the map: from the first point to the last."""
    return _write(pickup=_point(points[0]), dropoff=_point(points[-1]), line=_line(tuple(points)))


def thin_trail(trail: list[Footprint]) -> list[Footprint]:
    """Of each courier the first point, then one a minute, and the last: what the map shows, to be read."""
    kept: list[Footprint] = []
    for number, one in enumerate(trail):
        is_new = not kept or kept[-1].courier_id != one.courier_id
        if is_new or one.at - kept[-1].at >= MINUTE or number == len(trail) - 1:
            kept.append(one)
    return kept


def _write(**values: Plain) -> str:
    nothing: dict[str, Plain] = {"here": None, "bearing": None, "passed": [], "line": [], "isCoarse": False}
    return json.dumps(nothing | values, separators=(",", ":"))


def _point(place: Place | None) -> Plain:
    return None if place is None else [place.latitude, place.longitude]


def _line(points: tuple[Place, ...]) -> list[Plain]:
    return [_point(one) for one in points]
