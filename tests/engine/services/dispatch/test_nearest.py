"""The search by cells finds exactly whom looking at everybody finds."""

from random import Random

import pytest
from sqlalchemy import insert

from engine.services.dispatch.cells import RESOLUTIONS, cover, find_cell, find_cells
from engine.services.dispatch.nearest import Search, find_nearest
from engine.services.dispatch.tables import courier, courier_place
from engine.services.places.geometry import METRES_PER_DEGREE, Place, measure_metres
from engine.storage.database import UnitOfWork
from engine.storage.tables import party, user
from tests.engine.services.dispatch.town import Town

COUNT, SEAM_M = 600, 15


def scatter(random: Random, latitude: float) -> Place:
    """Somewhere within some 12 km of 120 degrees east; half of the places lie within 2 km."""
    reach = random.choice((2_000, 12_000)) / METRES_PER_DEGREE
    return Place.of_degrees(latitude + random.uniform(-reach, reach), 120 + random.uniform(-reach, reach))


def settle(town: Town, people: dict[str, tuple[Place, int]]) -> None:
    def work(unit: UnitOfWork) -> None:
        now = unit.now
        standing = {"is_certified": 1, "has_agreement": 1, "is_suspended": 0, "created_at": now}
        rows = [{"id": one, "kind": "person", "name_zh": one, "name_en": one} | standing for one in people]
        unit.connection.execute(insert(party), rows)
        account = {"password_hash": "", "is_disabled": 0, "created_at": now}
        unit.connection.execute(insert(user), [{"id": one, "login": one} | account for one in people])
        own = {"courier_class": "professional"}
        rows = [
            own | {"id": one, "range_m": reach, "categories": [], "vehicle": "", "on_duty_since": now}
            for one, (_, reach) in people.items()
        ]
        unit.connection.execute(insert(courier), rows)
        rows = [
            own | {"courier_id": one, "range_m": reach, "seen_at": now} | place.as_plain() | find_cells(place)
            for one, (place, reach) in people.items()
        ]
        unit.connection.execute(insert(courier_place), rows)

    town.engine.database.transact(work)


@pytest.mark.parametrize("latitude", [0.0, 30.27, 63.4])
def test_the_nearest_are_those_one_finds_by_looking_at_everybody(any_town: Town, latitude: float) -> None:
    random = Random(int(latitude))
    people = {f"c{n:03}": (scatter(random, latitude), random.choice((800, 3000, 10_000))) for n in range(COUNT)}
    settle(any_town, people)
    with any_town.engine.database.read() as connection:
        for radius_m, limit in ((500, 200), (3000, 20), (3000, 200), (10_000, 200), (10_000, 600)):
            here = scatter(random, latitude)
            wanted = Search("order", 1, "c000", "professional", radius_m, limit)
            found = {one.courier_id: one.metres for one in find_nearest(connection, here, wanted)}
            away = {one: measure_metres(here, place) for one, (place, _) in people.items() if one != "c000"}
            surely = [one for one, metres in away.items() if metres < min(radius_m, people[one][1]) - SEAM_M]
            perhaps = [one for one, metres in away.items() if metres < min(radius_m, people[one][1]) + SEAM_M]
            assert set(found) <= set(perhaps)
            assert len(found) >= min(limit, len(surely))
            worst = max(found.values(), default=0)
            assert [one for one in surely if away[one] < worst - SEAM_M and one not in found] == []
            assert found == {one: away[one] for one in found}


@pytest.mark.parametrize("seed", range(5))
def test_the_cells_of_a_radius_hold_all_that_lies_within_it(seed: int) -> None:
    random = Random(seed)
    for _ in range(400):
        here = Place.of_degrees(random.uniform(-70, 70), random.uniform(-170, 170))
        radius_m = random.uniform(100, 10_000)
        resolution, cells = cover(here, radius_m)
        assert resolution in RESOLUTIONS
        reach = radius_m / METRES_PER_DEGREE
        there = Place.of_degrees(here.latitude + random.choice((-1, 1)) * reach * random.random(), here.longitude)
        there = Place.of_degrees(there.latitude, here.longitude + random.uniform(-reach, reach))
        if measure_metres(here, there) <= radius_m:
            assert find_cell(there, resolution) in cells
