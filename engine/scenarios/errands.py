"""Errands as scenarios bring them about: couriers near by and on duty, and what they do beside their user tasks."""

from engine.runtime.engine import Engine
from engine.services.dispatch.couriers import go_on_duty
from engine.services.dispatch.positions import update_places
from engine.services.dispatch.taking import take_offer
from engine.services.errands.codes import DELIVERY, PICKUP, make_code
from engine.services.errands.commands import report_exception
from engine.services.places.city import LANDMARKS
from engine.services.places.geometry import Place
from engine.services.places.simulator import RouteRules, change_route_rules
from engine.storage.actor import Actor

NEAR = "wensan_road"
ALL_BPS = 10_000
CODES = {"pick_up": PICKUP, "hand_over": DELIVERY}


def take_errand(engine: Engine, actor: Actor, order_id: str, token: str) -> None:
    """The actor, a courier, is on duty near Wensan Road and takes the errand."""
    go_on_duty(engine, actor)
    engine.database.transact(lambda unit: update_places(unit, {actor.party_id: place_near()}))
    take_offer(engine, actor, order_id, token)


def place_near() -> Place:
    """Where couriers of scenarios are."""
    return LANDMARKS[NEAR][2]


def report(engine: Engine, actor: Actor, order_id: str, token: str, kind: str) -> None:
    """The courier reports a problem from where he is."""
    report_exception(engine, actor, order_id, token, kind, "说明", place_near().as_plain())


def lose_routes(engine: Engine, actor: Actor) -> None:
    """The route provider answers nobody from now on."""
    change_route_rules(engine.database, RouteRules(failure_bps=ALL_BPS))


def right_code(engine: Engine, order_id: str, form: str) -> str:
    """The digits somebody at the door would say."""
    return make_code(engine.keys, order_id, CODES[form])
