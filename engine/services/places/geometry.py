"""Points on the earth as whole micro-degrees, and what is measured between them."""

from dataclasses import dataclass
from math import asin, atan2, cos, degrees, hypot, radians, sin, sqrt

from engine.storage.plain import Plain, PlainDict

MICRO = 1_000_000
EARTH_METRES = 6_371_008.8  # mean radius
METRES_PER_DEGREE = EARTH_METRES * radians(1)
COARSE_METRES = 200
MAX_LAT, MAX_LNG = 90 * MICRO, 180 * MICRO


@dataclass(frozen=True)
class Place:
    """A point, in micro-degrees (about 11 cm). Raises ValueError outside the earth."""

    lat: int
    lng: int

    def __post_init__(self) -> None:
        if abs(self.lat) > MAX_LAT or abs(self.lng) > MAX_LNG:
            raise ValueError(f"Expected micro-degrees of a place, but got {self.lat}, {self.lng}")

    @classmethod
    def of_degrees(cls, latitude: float, longitude: float) -> "Place":
        """From degrees."""
        return cls(round(latitude * MICRO), round(longitude * MICRO))

    @classmethod
    def of_plain(cls, value: Plain) -> "Place":
        """From a dict with `lat` and `lng`, such as the value of a form field. Raises ValueError for anything else."""
        lat, lng = (value.get("lat"), value.get("lng")) if isinstance(value, dict) else (None, None)
        if not isinstance(lat, int) or not isinstance(lng, int) or isinstance(lat, bool) or isinstance(lng, bool):
            raise ValueError(f"Expected a place with lat and lng, but got {value!r}"[:200])
        return cls(lat, lng)

    @property
    def latitude(self) -> float:
        """In degrees."""
        return self.lat / MICRO

    @property
    def longitude(self) -> float:
        """In degrees."""
        return self.lng / MICRO

    def as_plain(self) -> PlainDict:
        """As process data hold it."""
        return {"lat": self.lat, "lng": self.lng}


def measure_metres(start: Place, end: Place) -> int:
    """Along the great circle."""
    south, north = radians(start.latitude), radians(end.latitude)
    across = radians(end.longitude - start.longitude)
    half = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(across / 2) ** 2
    return round(2 * EARTH_METRES * asin(sqrt(min(1.0, half))))


def measure_bearing(start: Place, end: Place) -> int:
    """In which direction the end lies: degrees from north, clockwise, 0 to 359."""
    south, north = radians(start.latitude), radians(end.latitude)
    across = radians(end.longitude - start.longitude)
    east = sin(across) * cos(north)
    up = cos(south) * sin(north) - sin(south) * cos(north) * cos(across)
    return round(degrees(atan2(east, up))) % 360


def round_to_grid(place: Place, metres: int) -> Place:
    """The middle of the cell a place lies in, of a grid that is so wide. All places of a cell give the same point, so
    nobody learns more by asking often."""
    step = round(metres / METRES_PER_DEGREE * MICRO)
    lat = _middle(place.lat, step)
    width = cos(radians(min(abs(lat) / MICRO, 89)))
    return Place(lat, _middle(place.lng, round(step / width)))


def coarsen(place: Place) -> Place:
    """What may be known of a place before an order is taken: its cell of about 200 m."""
    return round_to_grid(place, COARSE_METRES)


def measure_aside(place: Place, start: Place, end: Place) -> float:
    """How many metres a place is from the straight line between two others that lie near."""
    wide = METRES_PER_DEGREE * cos(radians(place.latitude)) / MICRO
    high = METRES_PER_DEGREE / MICRO
    ax, ay = (start.lng - place.lng) * wide, (start.lat - place.lat) * high
    bx, by = (end.lng - place.lng) * wide, (end.lat - place.lat) * high
    length = (bx - ax) ** 2 + (by - ay) ** 2
    along = 0.0 if not length else min(1.0, max(0.0, -(ax * (bx - ax) + ay * (by - ay)) / length))
    return hypot(ax + along * (bx - ax), ay + along * (by - ay))


def write_distance(metres: int) -> str:
    """A distance as pages show it in either language: 450 m, 1.2 km, 23 km."""
    if metres < 1000:
        return f"{max(10, round(metres, -1))} m"
    return f"{round(metres / 1000, 1 if metres < 9950 else 0):g} km"


def _middle(value: int, step: int) -> int:
    return value // step * step + step // 2
