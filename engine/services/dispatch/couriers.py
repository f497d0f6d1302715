"""What a courier sets for himself: his profile, and whether he is on duty."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from engine.records.jobs import enqueue
from engine.runtime.engine import Engine
from engine.services.dispatch.courier_classes import ORDINARY, ROLES, find_class
from engine.services.dispatch.errors import CourierRefused
from engine.services.dispatch.silence import CHECK, CHECK_EVERY, end_duty
from engine.services.dispatch.tables import courier, courier_place
from engine.services.dispatch.taking import find_standing
from engine.services.dispatch.words import CATEGORIES
from engine.services.identity.people import add_membership
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork

MIN_RANGE_M, DEFAULT_RANGE_M, MAX_RANGE_M = 500, 3_000, 10_000

VEHICLES = ("", "bicycle", "e_bike", "motorcycle", "car")


@dataclass(frozen=True)
class Profile:
    """A courier's profile. `courier_class`: None for who is no courier yet. `obstacle`: why he may not go on duty, or
    become a courier, a reason of CourierRefused; empty if he may. `seen_at`: when he told last where he is.
    """

    courier_class: str | None
    range_m: int
    categories: frozenset[str]
    vehicle: str
    on_duty_since: datetime | None
    seen_at: datetime | None
    obstacle: str


def read_profile(engine: Engine, actor: Actor) -> Profile:
    """The actor's own profile, with the defaults where he has set nothing."""
    with engine.database.read() as connection:
        row = connection.execute(
            select(courier, courier_place.c.seen_at)
            .outerjoin(courier_place, courier_place.c.courier_id == courier.c.id)
            .where(courier.c.id == actor.party_id)
        ).one_or_none()
        courier_class = find_class(connection, actor.party_id)
        obstacle = find_standing(connection, actor.party_id, needs_class=courier_class is not None) or ""
    if row is None:
        return Profile(courier_class, DEFAULT_RANGE_M, frozenset(), "", None, None, obstacle)
    return Profile(
        *(courier_class, row.range_m, frozenset(row.categories), row.vehicle, row.on_duty_since, row.seen_at, obstacle)
    )


def become_ordinary(engine: Engine, actor: Actor) -> None:
    """A certified person becomes an ordinary courier; who is a courier already stays what he is.

    Raises CourierRefused for everybody else.
    """

    def work(unit: UnitOfWork) -> None:
        if find_class(unit.connection, actor.party_id):
            return
        if reason := find_standing(unit.connection, actor.party_id, needs_class=False):
            raise CourierRefused(reason)
        add_membership(unit, engine, actor, actor.user_id, actor.party_id, ROLES[ORDINARY], ())

    engine.database.transact(work)


def save_profile(engine: Engine, actor: Actor, range_m: int, categories: Collection[str], vehicle: str) -> None:
    """Sets range, categories and vehicle. Raises CourierRefused for who is no courier and for values that are none."""
    if not MIN_RANGE_M <= range_m <= MAX_RANGE_M:
        raise CourierRefused("range", least=MIN_RANGE_M, most=MAX_RANGE_M)
    if not set(categories) <= CATEGORIES.keys():
        raise CourierRefused("category")
    if vehicle not in VEHICLES:
        raise CourierRefused("vehicle")
    values = {"range_m": range_m, "categories": sorted(set(categories)), "vehicle": vehicle}

    def work(unit: UnitOfWork) -> None:
        _ensure(unit.connection, actor)
        unit.connection.execute(update(courier).where(courier.c.id == actor.party_id).values(values))
        place = update(courier_place).where(courier_place.c.courier_id == actor.party_id)
        unit.connection.execute(place.values(range_m=range_m))

    engine.database.transact(work)


def go_on_duty(engine: Engine, actor: Actor) -> None:
    """From now on orders reach the courier, once he tells where he is. Raises CourierRefused."""

    def work(unit: UnitOfWork) -> None:
        if reason := find_standing(unit.connection, actor.party_id):
            raise CourierRefused(reason)
        courier_class = _ensure(unit.connection, actor)
        begin = update(courier).where(courier.c.id == actor.party_id, courier.c.on_duty_since.is_(None))
        unit.connection.execute(begin.values(on_duty_since=unit.now, courier_class=courier_class))
        key = f"{CHECK}:{actor.party_id}"
        enqueue(unit.connection, unit.now, CHECK, {"courier": actor.party_id}, unit.now + CHECK_EVERY, key)

    engine.database.transact(work)


def go_off_duty(engine: Engine, actor: Actor) -> None:
    """Nothing reaches the courier any more, and where he was is forgotten at once."""
    engine.database.transact(lambda unit: end_duty(unit.connection, actor.party_id))


def _ensure(connection: Connection, actor: Actor) -> str:
    """Sees to it that a courier has a profile; gives his class. Raises CourierRefused for who is none."""
    courier_class = find_class(connection, actor.party_id)
    if courier_class is None:
        raise CourierRefused("not_a_courier")
    if connection.execute(select(courier.c.id).where(courier.c.id == actor.party_id)).first() is None:
        row = {"id": actor.party_id, "range_m": DEFAULT_RANGE_M, "categories": [], "vehicle": ""}
        connection.execute(insert(courier), row | {"courier_class": courier_class})
    return courier_class
