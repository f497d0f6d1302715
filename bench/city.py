"""A city of 20 km by 20 km and its couriers, written as rows: what a search costs does not depend on how they came."""

import math
from collections.abc import Iterator
from random import Random
from typing import Any

from sqlalchemy import delete, insert

from engine.runtime.engine import Engine
from engine.services.dispatch.cells import find_cells
from engine.services.dispatch.courier_classes import ORDINARY, PROFESSIONAL, ROLES
from engine.services.dispatch.tables import courier, courier_place
from engine.services.places.geometry import METRES_PER_DEGREE, Place
from engine.storage.database import UnitOfWork
from engine.storage.tables import membership, party, user

CENTRE = Place.of_degrees(30.2741, 120.1551)
WIDTH_M = 20_000
RANGES_M = (1_000, 2_000, 3_000, 3_000, 5_000, 10_000)
CHUNK = 10_000


def shift(of: Place, north_m: float, east_m: float) -> Place:
    """A place so many metres from another."""
    east = east_m / (METRES_PER_DEGREE * math.cos(math.radians(of.latitude)))
    return Place.of_degrees(of.latitude + north_m / METRES_PER_DEGREE, of.longitude + east)


def scatter(random: Random) -> Place:
    """Somewhere in the city, everywhere alike."""
    return shift(CENTRE, (random.random() - 0.5) * WIDTH_M, (random.random() - 0.5) * WIDTH_M)


def settle_couriers(engine: Engine, count: int, professional_share: float) -> list[str]:
    """So many couriers on duty, in the place of those who were there; gives their ids."""
    random = Random(1)
    ids = [f"courier-{number}" for number in range(count)]
    engine.database.transact(lambda unit: _clear(unit))
    for first in range(0, count, CHUNK):
        part = list(_describe(engine, random, ids[first : first + CHUNK], professional_share))
        engine.database.transact(lambda unit, part=part: _add(unit, part))  # type: ignore[misc]
    return ids


def _describe(engine: Engine, random: Random, ids: list[str], share: float) -> Iterator[dict[str, Any]]:
    now = engine.clock()
    same: dict[str, Any] = dict.fromkeys(("created_at", "on_duty_since", "seen_at"), now)
    same |= {"kind": "person", "is_certified": 1, "has_agreement": 1, "is_suspended": 0, "is_disabled": 0}
    same |= {"password_hash": "", "categories": [], "vehicle": "", "skills": []}
    for one in ids:
        place = scatter(random)
        own = dict.fromkeys(("id", "courier_id", "user_id", "party_id", "login", "name_zh", "name_en"), one)
        own["courier_class"] = PROFESSIONAL if random.random() < share else ORDINARY
        own["role"] = ROLES[own["courier_class"]]
        yield same | own | {"range_m": random.choice(RANGES_M)} | place.as_plain() | find_cells(place)


def _clear(unit: UnitOfWork) -> None:
    for table in (courier_place, courier, membership, user, party):
        unit.connection.execute(delete(table))


def _add(unit: UnitOfWork, rows: list[dict[str, Any]]) -> None:
    for table in (party, user, membership, courier, courier_place):
        names = {column.name for column in table.columns} & rows[0].keys()
        unit.connection.execute(insert(table), [{name: row[name] for name in names} for row in rows])
