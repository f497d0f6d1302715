"""Couriers of the demo data: two of each class on duty in Hangzhou, and one who is off duty."""

from dataclasses import dataclass

from engine.services.dispatch.courier_classes import ORDINARY, PROFESSIONAL, ROLES
from engine.services.dispatch.couriers import go_on_duty, save_profile
from engine.services.dispatch.positions import update_places
from engine.services.identity.people import revoke_role
from engine.services.onboarding.capacities import INDIVIDUAL
from engine.services.places.city import LANDMARKS
from engine.storage.actor import SYSTEM, Actor
from web.demo import PASSWORD
from web.demo.player import Player

LOGINS = [
    ("sunwei", "孙伟 普通配送员，电动自行车 / ordinary courier, e-bike"),
    ("tian", "田甜 普通配送员，步行，只接帮买和打印 / ordinary courier on foot, buys and prints only"),
    ("ma", "马骏 专业配送员，摩托车 / professional courier, motorcycle"),
    ("jianghe", "江河 专业配送员，汽车 / professional courier, car"),
    ("lu", "陆鸣 普通配送员，已下线 / ordinary courier, off duty"),
]


@dataclass(frozen=True)
class _Courier:
    names: tuple[str, str]
    courier_class: str
    vehicle: str
    range_m: int
    categories: tuple[str, ...] = ()
    landmark: str = ""  # none: off duty


COURIERS = {
    "sunwei": _Courier(("孙伟", "Sun Wei"), ORDINARY, "e_bike", 3_000, landmark="wulin_square"),
    "tian": _Courier(("田甜", "Tian Tian"), ORDINARY, "", 1_000, ("buy", "print"), landmark="yuquan_campus"),
    "ma": _Courier(("马骏", "Ma Jun"), PROFESSIONAL, "motorcycle", 5_000, landmark="longxiang_bridge"),
    "jianghe": _Courier(("江河", "Jiang He"), PROFESSIONAL, "car", 10_000, landmark="city_station"),
    "lu": _Courier(("陆鸣", "Lu Ming"), ORDINARY, "bicycle", 3_000),
}


def load_couriers(player: Player) -> dict[str, Actor]:
    """Registers them, and lets those on duty tell where they are; gives them by their logins."""
    return {login: _hire(player, login, one) for login, one in COURIERS.items()}


def _hire(player: Player, login: str, one: _Courier) -> Actor:
    person = player.person(login, PASSWORD, *one.names)
    player.certify(person.party_id)
    actor = player.grant(person, person.party_id, ROLES[one.courier_class])
    revoke_role(player.engine, SYSTEM, person.user_id, person.party_id, INDIVIDUAL)
    save_profile(player.engine, actor, one.range_m, one.categories, one.vehicle)
    if one.landmark:
        go_on_duty(player.engine, actor)
        here = {actor.party_id: LANDMARKS[one.landmark][2]}
        player.send(lambda: player.engine.database.transact(lambda unit: update_places(unit, here)))
    return actor
