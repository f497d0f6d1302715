"""OSRM as route provider, over its HTTP interface (`/route/v1`), of a server of one's own or a hosted one."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from engine.services.places.geometry import Place
from engine.services.places.routes import Route, RouteUnavailable, Vehicle

PROFILES = {
    Vehicle.ON_FOOT: "foot",
    Vehicle.BICYCLE: "bike",
    Vehicle.E_BIKE: "bike",
    Vehicle.MOTORCYCLE: "driving",
    Vehicle.CAR: "driving",
}
MAX_ANSWER_BYTES = 4 * 1024 * 1024
Transport = Callable[[str, float], bytes]


def fetch_url(url: str, timeout_seconds: float) -> bytes:
    """What a server says at an address, also with an error. Raises OSError."""
    asked = Request(url, headers={"Accept": "application/json"})
    try:
        with urlopen(asked, timeout=timeout_seconds) as answer:
            content: bytes = answer.read(MAX_ANSWER_BYTES)
    except HTTPError as error:  # OSRM says NoRoute with status 400
        content = error.read(MAX_ANSWER_BYTES)
    return content


class OsrmRoutes:
    """See `RoutePort`. `address`: of the server, without a path."""

    is_simulated = False

    def __init__(self, address: str, transport: Transport = fetch_url) -> None:
        self._address, self._transport = address.rstrip("/"), transport

    def route(self, start: Place, end: Place, vehicle: Vehicle, timeout: timedelta) -> Route:
        """See `RoutePort`."""
        points = ";".join(f"{one.longitude:.6f},{one.latitude:.6f}" for one in (start, end))
        url = f"{self._address}/route/v1/{PROFILES[vehicle]}/{points}?overview=full&geometries=geojson"
        try:
            return _read(json.loads(self._transport(url, timeout.total_seconds())))
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise RouteUnavailable(f"{type(error).__name__}: {error}"[:200]) from error


def _read(answer: Any) -> Route:
    if answer["code"] != "Ok":
        raise RouteUnavailable(str(answer["code"])[:40])
    found = answer["routes"][0]
    line = tuple(Place.of_degrees(lat, lng) for lng, lat in found["geometry"]["coordinates"])
    return Route(round(found["distance"]), round(found["duration"]), False, line)
