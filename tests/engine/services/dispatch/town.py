"""A town with couriers, and a process that does nothing but look for one: what an errand does with its offer."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, insert, select

from engine.commands.deployments import deploy
from engine.commands.instances import start_instance
from engine.commands.messages import correlate_message
from engine.commands.work import settle
from engine.runtime.engine import Engine
from engine.services.dispatch.courier_classes import ROLES
from engine.services.dispatch.couriers import go_on_duty, save_profile
from engine.services.dispatch.positions import update_places
from engine.services.dispatch.queries import list_pullable, list_pushed
from engine.services.dispatch.tables import errand_push, offer
from engine.services.dispatch.taking import take_offer
from engine.services.places.geometry import METRES_PER_DEGREE, Place
from engine.storage.actor import SYSTEM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import Plain
from engine.storage.tables import membership, party, user
from tests.support.definitions import diagram, flow, message, node, service, taken, timer

LAKE = Place.of_degrees(30.25, 120.15)
TERMS: dict[str, Plain] = {
    "order_class": "ordinary",
    "category": "buy",
    "requester": "rita",
    "fee_fen": 800,
    "tip_fen": 200,
    "range_m": 3000,
    "pickup": LAKE.as_plain(),
    "dropoff": None,
    "distance_m": 2600,
    "weight_kg": 1.5,
    "is_dedicated": False,
    "excluded": [],
}
POLICY = {
    "courier_open_orders": 3,
    "courier_dedicated_orders": 1,
    "courier_silence": "PT30M",
    "errand_widen_steps": 3,
    "errand_widen_bps": 15_000,
}
TAKEN, RELEASED, ENDED = "order.taken", "courier.released", "order.ended"


def north(metres: float, of: Place = LAKE) -> Place:
    """A place so many metres north of another."""
    return Place.of_degrees(of.latitude + metres / METRES_PER_DEGREE, of.longitude)


def search() -> dict[str, bytes]:
    """The process: open, wait for a courier and widen meanwhile; taken, wait for what becomes of it."""
    body = (
        node("startEvent", "begun")
        + service("opening", "offers.open", "\n".join(f"{name}=${{{name}}}" for name in TERMS), "order_id=${order_id}")
        + node("eventBasedGateway", "offered")
        + _catch("found", TAKEN, "courier", "courier_class", "lock_version")
        + node("intermediateCatchEvent", "later", timer("PT3M"))
        + service("widening", "offers.widen", "", "range_m=${range_m}\nis_widest=${is_widest}")
        + node("eventBasedGateway", "held")
        + _catch("released", RELEASED)
        + _catch("ended", ENDED)
        + service("closing", "offers.close")
        + node("endEvent", "done")
        + flow("begun opening offered found held ended closing done")
        + flow("offered later widening offered")
        + flow("held released opening")
    )
    messages = f"{TAKEN} {RELEASED} {ENDED}"
    files = diagram("search", body, messages=messages, variables=" ".join(TERMS))
    return {"bpmn/shared/policy.json": json.dumps(POLICY).encode(), **files}


def _catch(element: str, name: str, *payload: str) -> str:
    inner = taken(*payload) + message(name)
    return node("intermediateCatchEvent", element, inner, baton__correlationKey="${order_id}")


class Town:
    """Couriers and orders on one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        deploy(engine, SYSTEM, search())
        self.person("rita")

    def person(self, name: str, courier_class: str = "") -> Actor:
        """A certified person, a courier of that class if one is named."""
        known = {"id": name, "kind": "person", "name_zh": name, "name_en": name, "created_at": self.engine.clock()}
        standing = {"is_certified": 1, "has_agreement": 1, "is_suspended": 0}
        account = {"id": name, "login": name, "password_hash": "", "is_disabled": 0, "created_at": self.engine.clock()}
        role = ROLES.get(courier_class, "individual")

        def work(unit: UnitOfWork) -> None:
            unit.connection.execute(insert(party), known | standing)
            unit.connection.execute(insert(user), account)
            row = {"user_id": name, "party_id": name, "role": role, "skills": [], "is_disabled": 0}
            unit.connection.execute(insert(membership), row)

        self.engine.database.transact(work)
        return Actor(name, name, role, frozenset({role}))

    def courier(
        self, name: str, courier_class: str, metres: float = 0, range_m: int = 3000, categories: tuple[str, ...] = ()
    ) -> Actor:
        """A courier on duty so many metres north of the lake."""
        actor = self.person(name, courier_class)
        save_profile(self.engine, actor, range_m, categories, "e_bike")
        go_on_duty(self.engine, actor)
        self.move({name: north(metres)})
        return actor

    def move(self, positions: Mapping[str, Place]) -> frozenset[str]:
        """Couriers tell where they are."""
        told = self.engine.database.transact(lambda unit: update_places(unit, positions))
        settle(self.engine)
        return told

    def order(self, **terms: Plain) -> str:
        """An order that looks for a courier."""
        actor = Actor("rita", "rita", "individual", frozenset({"individual"}))
        order_id = start_instance(self.engine, actor, "search", {**TERMS, **terms}, new_id())
        settle(self.engine)
        return order_id

    def tell(self, name: str, order_id: str) -> None:
        """A message to the process of an order."""
        correlate_message(self.engine, SYSTEM, name, order_id, {})
        settle(self.engine)

    def take(self, actor: Actor, order_id: str) -> int:
        """A courier takes an order."""
        version = take_offer(self.engine, actor, order_id, new_id())
        settle(self.engine)
        return version

    def row(self, order_id: str) -> Any:
        """The row of an offer."""
        with self.engine.database.read() as connection:
            return connection.execute(select(offer).where(offer.c.order_id == order_id)).mappings().one()

    def told(self, order_id: str) -> set[str]:
        """To whom an open offer was pushed."""
        with self.engine.database.read() as connection:
            query = select(errand_push.c.courier_id).where(errand_push.c.order_id == order_id)
            return set(connection.execute(query).scalars())

    def pulled(self, actor: Actor, *categories: str) -> set[str]:
        """What an ordinary courier sees."""
        return {card.order_id for card in list_pullable(self.engine, actor, categories)}

    def pushed(self, actor: Actor) -> set[str]:
        """What a professional courier sees."""
        return {card.order_id for card in list_pushed(self.engine, actor)}

    def count(self, table: Any) -> int:
        """How many rows a table has."""
        with self.engine.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
