"""When and where a photo was taken, what it looks like, and what is odd about that."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, tzinfo
from math import asin, cos, hypot, radians, sin, sqrt
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, ImageOps

from engine.storage.clock import format_instant
from engine.storage.plain import PlainDict

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAX_PIXELS = 60_000_000
EARTH_METRES = 6_371_000
_SIDE = 8  # 64 bits


@dataclass(frozen=True)
class Expected:
    """Between which instants and where (degrees) the photos of an order are taken. `zone` is that of the cameras, whose
    clocks mostly name none.
    """

    begins_at: datetime
    ends_at: datetime
    zone: tzinfo
    site: tuple[float, float] | None = None
    within_metres: int = 500


@dataclass(frozen=True)
class Examined:
    """What was found. `flags` are `not_a_picture`, `time_missing`, `out_of_time`, `place_missing`, `out_of_place`."""

    perceptual_hash: str = ""
    taken_at: str | None = None
    position: tuple[float, float] | None = None
    distance_metres: int | None = None
    flags: tuple[str, ...] = ()

    def describe(self) -> PlainDict:
        """The same as plain data."""
        return {
            "perceptual_hash": self.perceptual_hash,
            "taken_at": self.taken_at,
            "position": list(self.position) if self.position else None,
            "distance_metres": self.distance_metres,
            "flags": list(self.flags),
        }


def examine(path: Path, expected: Expected) -> Examined:
    """Looks at a stored file. Nothing in it is trusted, whatever it says is shown; what cannot be read is flagged."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(path, formats=FORMATS) as image:
            exif = image.getexif()
            bits = find_perceptual_hash(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return Examined(flags=("not_a_picture",))
    taken_at, position = _read_time(exif, expected.zone), _read_position(exif)
    distance = find_distance(position, expected.site) if position and expected.site else None
    return Examined(
        bits,
        format_instant(taken_at) if taken_at else None,
        position,
        distance,
        (*_check_time(taken_at, expected), *_check_place(position, distance, expected)),
    )


def find_perceptual_hash(image: Image.Image) -> str:
    """The difference hash: whether each of 8 × 8 fields is brighter than its neighbour, as 16 hex digits."""
    grey = ImageOps.exif_transpose(image).convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.LANCZOS)
    values = grey.tobytes()
    bits = 0
    for row in range(_SIDE):
        for column in range(_SIDE):
            place = row * (_SIDE + 1) + column
            bits = bits << 1 | (values[place] > values[place + 1])
    return f"{bits:016x}"


def find_distance(one: tuple[float, float], other: tuple[float, float]) -> int:
    """Metres between two places in degrees, over the ground."""
    (north, east), (north_other, east_other) = [tuple(map(radians, place)) for place in (one, other)]
    chord = hypot(sin((north_other - north) / 2), sqrt(cos(north) * cos(north_other)) * sin((east_other - east) / 2))
    return round(2 * EARTH_METRES * asin(min(1.0, chord)))


def _check_time(taken_at: datetime | None, expected: Expected) -> list[str]:
    if taken_at is None:
        return ["time_missing"]
    return [] if expected.begins_at <= taken_at <= expected.ends_at else ["out_of_time"]


def _check_place(position: tuple[float, float] | None, distance: int | None, expected: Expected) -> list[str]:
    if position is None:
        return ["place_missing"]
    return ["out_of_place"] if distance is not None and distance > expected.within_metres else []


def _read_time(exif: Image.Exif, zone: tzinfo) -> datetime | None:
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    text = inner.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    offset = inner.get(ExifTags.Base.OffsetTimeOriginal) or ""
    with suppress(ValueError, TypeError):
        taken_at = datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S").replace(tzinfo=zone)
        with suppress(ValueError):
            taken_at = datetime.strptime(f"{text} {str(offset).strip()}", "%Y:%m:%d %H:%M:%S %z")
        return taken_at
    return None


def _read_position(exif: Image.Exif) -> tuple[float, float] | None:
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    with suppress(ValueError, TypeError, ZeroDivisionError, KeyError, OverflowError):
        north = _read_degrees(gps, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S")
        east = _read_degrees(gps, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W")
        if abs(north) <= 90 and abs(east) <= 180:
            return north, east
    return None


def _read_degrees(gps: Mapping[int, Any], value: int, side: int, negative: str) -> float:
    degrees, minutes, seconds = (float(part) for part in gps[value])
    found = degrees + minutes / 60 + seconds / 3600
    return round(-found if str(gps.get(side)).strip("\0 ").upper() == negative else found, 6)
