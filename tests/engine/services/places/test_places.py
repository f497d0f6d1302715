"""Distances, grids, and the way between two places: of a provider, of the simulator, or estimated and flagged."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.engine import Engine
from engine.services.places.asking import plan_route
from engine.services.places.city import LANDMARKS, the_city
from engine.services.places.geometry import (
    Place,
    coarsen,
    measure_aside,
    measure_bearing,
    measure_metres,
    round_to_grid,
    write_distance,
)
from engine.services.places.osrm import OsrmRoutes
from engine.services.places.routes import Route, RouteUnavailable, Vehicle, estimate_route, measure_line
from engine.services.places.simulator import RouteRules, change_route_rules
from engine.services.places.stored import Address

WULIN, STATION = LANDMARKS["wulin_square"][2], LANDMARKS["city_station"][2]
SECONDS = timedelta(seconds=3)
places = st.builds(Place, st.integers(-85_000_000, 85_000_000), st.integers(-179_000_000, 179_000_000))


@pytest.mark.parametrize(
    ("start", "end", "metres"),
    [
        (Place.of_degrees(0, 0), Place.of_degrees(0, 1), 111_195),
        (Place.of_degrees(30.2741, 120.1551), Place.of_degrees(31.2304, 121.4737), 164_700),
        (Place.of_degrees(0, 179.9), Place.of_degrees(0, -179.9), 22_239),
        (WULIN, WULIN, 0),
    ],
    ids=["a degree", "Hangzhou to Shanghai", "over the date line", "nowhere"],
)
def test_distances_follow_the_great_circle(start: Place, end: Place, metres: int) -> None:
    assert measure_metres(start, end) == pytest.approx(metres, rel=0.002)
    assert measure_metres(start, end) == measure_metres(end, start)


@given(places)
def test_a_grid_tells_no_more_than_its_cell(place: Place) -> None:
    coarse = coarsen(place)
    assert coarsen(coarse) == coarse
    assert measure_metres(place, coarse) <= 150
    assert measure_metres(place, round_to_grid(place, 10)) <= 8


def test_directions_and_distances_in_words() -> None:
    here = Place(30_000_000, 120_000_000)
    around = [Place(30_001_000, 120_000_000), Place(30_000_000, 120_001_000), Place(29_999_000, 120_000_000)]
    assert [measure_bearing(here, one) for one in around] == [0, 90, 180]
    assert measure_aside(Place(30_000_500, 120_000_900), here, around[0]) == pytest.approx(87, abs=1)
    assert [write_distance(one) for one in (3, 446, 1234, 9949, 23_400)] == [
        "10 m",
        "450 m",
        "1.2 km",
        "9.9 km",
        "23 km",
    ]


@pytest.mark.parametrize(
    "value", [None, {}, {"lat": 1.5, "lng": 2}, {"lat": True, "lng": 2}, {"lat": 91_000_000, "lng": 0}]
)
def test_what_is_no_place_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="Expected"):
        Place.of_plain(value)  # type: ignore[arg-type]


def test_an_address_is_kept_as_a_text_people_can_read() -> None:
    address = Address("文三路 478 号 (3 楼)", Place(30_276_000, -120_130_001))
    assert address.as_text() == "文三路 478 号 (3 楼) (30.276000, -120.130001)"
    assert Address.of_text(address.as_text()) == Address.of_plain(address.as_plain()) == address


def test_osrm_is_asked_with_its_own_order_of_coordinates() -> None:
    asked: list[tuple[str, float]] = []

    def answer(url: str, timeout: float) -> bytes:
        asked.append((url, timeout))
        line = [[120.163, 30.2725], [120.17, 30.26], [120.1815, 30.2455]]
        return json.dumps(
            {"code": "Ok", "routes": [{"distance": 4321.4, "duration": 765.2, "geometry": {"coordinates": line}}]}
        ).encode()

    route = OsrmRoutes("http://osrm.test:5000/", answer).route(WULIN, STATION, Vehicle.E_BIKE, SECONDS)
    assert asked == [
        (
            "http://osrm.test:5000/route/v1/bike/120.163000,30.272500;120.181500,30.245500"
            "?overview=full&geometries=geojson",
            3.0,
        )
    ]
    assert (route.metres, route.seconds, route.is_estimated, route.line[0], len(route.line)) == (
        4321,
        765,
        False,
        WULIN,
        3,
    )
    assert Route.of_plain(route.as_plain()) == route


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"code":"NoRoute"}', b'{"code":"Ok","routes":[]}', b'{"code":"Ok","routes":[{}]}']
)
def test_an_answer_that_is_no_way_is_none(content: bytes) -> None:
    with pytest.raises(RouteUnavailable):
        OsrmRoutes("http://osrm.test", lambda url, timeout: content).route(WULIN, STATION, Vehicle.CAR, SECONDS)


def test_a_provider_that_is_down_or_slow_leaves_an_estimate(engine: Engine) -> None:
    """Scenario 31, first half: the quote goes on, by the great circle × 1.3, and says so."""
    simulated = plan_route(engine, WULIN, STATION)
    assert (simulated.is_simulated, simulated.is_estimated) == (True, False)
    estimate = estimate_route(WULIN, STATION, Vehicle.E_BIKE)
    assert estimate.metres == measure_metres(WULIN, STATION) * 13 // 10
    for rules in (RouteRules(failure_bps=10_000), RouteRules(delay_ms=3_001)):
        change_route_rules(engine.database, rules)
        assert plan_route(engine, WULIN, STATION) == estimate
    change_route_rules(engine.database, RouteRules(delay_ms=2_999))
    assert plan_route(engine, WULIN, STATION) == simulated


def test_the_city_can_be_walked_from_everywhere_to_everywhere() -> None:
    city = the_city()
    for *_, start in LANDMARKS.values():
        for *_, end in LANDMARKS.values():
            line = city.find_way(start, end)
            assert (line[0], line[-1]) == (start, end)
            direct = measure_metres(start, end)
            assert direct * 0.99 <= measure_line(line) <= direct * 2.2
            assert all(measure_metres(one, other) < 1_500 for one, other in pairwise(line))
