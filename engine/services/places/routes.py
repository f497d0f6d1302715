"""The port to a route provider, and what is taken where it does not answer.

CONTRACT. A topic must not call a provider, for topics touch our database only: ask before the step, or in the first
half of a job, by `asking.plan_route(engine, start, end, vehicle, timeout)`. It always gives a route, one that
`is_estimated` where nobody answered in time; it never raises.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Protocol, cast

from engine.services.places.geometry import Place, measure_metres
from engine.storage.plain import Plain, PlainDict

log = logging.getLogger(__name__)
DETOUR_PERCENT = 130  # of the great circle, where only that is known


class Vehicle(StrEnum):
    """By what a courier goes."""

    ON_FOOT = "on_foot"
    BICYCLE = "bicycle"
    E_BIKE = "e_bike"
    MOTORCYCLE = "motorcycle"
    CAR = "car"


SPEEDS = {
    Vehicle.ON_FOOT: 1.3,
    Vehicle.BICYCLE: 3.8,
    Vehicle.E_BIKE: 5.2,
    Vehicle.MOTORCYCLE: 6.9,
    Vehicle.CAR: 6.4,
}
"""Metres per second in a city, lights and stairs counted in."""


@dataclass(frozen=True)
class Route:
    """A way: its length, how long it takes, and the points of its line.

    `is_estimated`: nobody answered, so it is the great circle × 1.3. `is_simulated`: the answer is of the embedded
    simulator. Pages must say either.
    """

    metres: int
    seconds: int
    is_estimated: bool
    line: tuple[Place, ...]
    is_simulated: bool = False

    def as_plain(self) -> PlainDict:
        """As rows and process data hold it."""
        line: list[Plain] = [[point.lat, point.lng] for point in self.line]
        return {
            "metres": self.metres,
            "seconds": self.seconds,
            "is_estimated": self.is_estimated,
            "is_simulated": self.is_simulated,
            "line": line,
        }

    @classmethod
    def of_plain(cls, value: PlainDict) -> "Route":
        """From what `as_plain` gave."""
        pairs = cast(list[tuple[int, int]], value["line"])
        return cls(
            cast(int, value["metres"]),
            cast(int, value["seconds"]),
            bool(value["is_estimated"]),
            tuple(Place(lat, lng) for lat, lng in pairs),
            bool(value["is_simulated"]),
        )


class RouteUnavailable(Exception):
    """The provider did not answer in time, or knows no way."""


class RoutePort(Protocol):
    """A route provider."""

    @property
    def is_simulated(self) -> bool:
        """Whether the ways are made up."""

    def route(self, start: Place, end: Place, vehicle: Vehicle, timeout: timedelta) -> Route:
        """The way from one place to another. Raises RouteUnavailable, at the latest after the timeout."""


def estimate_route(start: Place, end: Place, vehicle: Vehicle) -> Route:
    """What is taken for the way where nobody can say it: the great circle × 1.3, flagged."""
    metres = measure_metres(start, end) * DETOUR_PERCENT // 100
    return Route(metres, round(metres / SPEEDS[vehicle]), True, (start, end))


def ask_route(port: RoutePort, start: Place, end: Place, vehicle: Vehicle, timeout: timedelta) -> Route:
    """The provider's way, or an estimate where it has none in time."""
    try:
        return port.route(start, end, vehicle, timeout)
    except RouteUnavailable as error:
        log.warning("route is estimated: %s", error)
        return estimate_route(start, end, vehicle)


def measure_line(line: Sequence[Place]) -> int:
    """How long a line is, in metres."""
    return sum(measure_metres(one, other) for one, other in pairwise(line))
