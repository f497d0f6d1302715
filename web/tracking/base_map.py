"""What lies under the pins: the schematic city as JSON, and the city file an operator has added."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import orjson
from flask import Response, request, send_file
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from engine.runtime.engine import Engine
from engine.services.places.city import LAKE, MAJOR, MINOR, PARKS, RIVER, smooth, the_city
from web.compression import choose_coding, compress

DEGREE = 100_000  # points are counted in 1e-5 degrees, about a metre
DAY_SECONDS = 24 * 3600


def find_city_file(engine: Engine) -> Path | None:
    """The operator's map: `map/city.pmtiles` in the data folder."""
    path = engine.settings.data_dir.absolute() / "map" / "city.pmtiles"
    return path if path.is_file() else None


def serve_city_file(engine: Engine) -> Response:
    """The operator's map, in the ranges a browser asks for. Answers 404 where there is none."""
    path = find_city_file(engine)
    if path is None:
        raise NotFound
    return send_file(path, mimetype="application/octet-stream", conditional=True, max_age=DAY_SECONDS)


def serve_schematic_city() -> BaseResponse:
    """The schematic city, for a day."""
    coding = choose_coding(request)
    content = _write_city()
    response = Response(_compress_city(coding) if coding else content, content_type="application/json")
    if coding:
        response.content_encoding = coding
    response.cache_control.public = True
    response.cache_control.max_age = DAY_SECONDS
    response.vary.add("Accept-Encoding")
    response.add_etag()
    return response.make_conditional(request)


@cache
def _compress_city(coding: str) -> bytes:
    return compress(_write_city(), coding, is_kept=True)


@cache
def _write_city() -> bytes:
    streets = list(the_city().list_streets())
    city = {
        "water": [_flatten(smooth(ring)) for ring in (LAKE, RIVER)],
        "parks": [_flatten(smooth(ring)) for ring in PARKS],
        **{
            kind: [_flatten([(p.latitude, p.longitude) for p in one.line]) for one in streets if one.kind == kind]
            for kind in (MAJOR, MINOR)
        },
    }
    return orjson.dumps(city)


def _flatten(line: Sequence[tuple[float, float]]) -> list[int]:
    """A line as numbers: latitude and longitude of the first point, then from each to the next."""
    flat, lat, lng = [], 0, 0
    for one, other in line:
        north, east = round(one * DEGREE), round(other * DEGREE)
        flat += [north - lat, east - lng]
        lat, lng = north, east
    return flat
