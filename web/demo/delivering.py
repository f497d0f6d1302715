"""Errands of the demo data: one on its way with what its two sides said, two that wait for couriers."""

from datetime import timedelta

from engine.scenarios.pasts import hold_number
from engine.services.chat.writing import write_text
from engine.services.dispatch.taking import take_offer
from engine.services.errands.commands import create_errand
from engine.services.places.city import LANDMARKS
from engine.services.tracking.batch import Fix, PositionBatch
from engine.storage.actor import Actor
from engine.storage.ids import new_token
from web.demo.demands import Fields, type_time
from web.demo.errands import WANTED
from web.demo.player import PIXEL, Player

SAID = (
    ("courier", "苹果只剩红富士了，可以吗？"),
    ("requester", "可以，拿两斤。"),
    ("courier", "买好了，现在过去，大约十分钟。"),
)


NUMBERS = {"requester": ("110101199203041178", "13857100246"), "courier": ("110101199305062121", "13957100247")}


def load_errands(player: Player, requester: Actor, other: Actor, couriers: dict[str, Actor]) -> None:
    """Plays them; who asks are two persons, who runs is an ordinary courier."""
    for side, actor in (("requester", requester), ("courier", couriers["sunwei"])):
        hold_number(player.engine, actor, *NUMBERS[side])
    tomorrow = type_time(player.local_now() + timedelta(days=1))
    later: Fields = {"timing": "scheduled", "scheduled_at": tomorrow}
    _order(player, other, "deliver", "professional", {}, later)
    _order(player, other, "fetch_parcel", "ordinary", {"fee_fen": "9.00", "tip_fen": "0.00"}, later)
    order_id = _order(player, requester, "buy", "ordinary", {"fee_fen": "12.00", "tip_fen": "3.00"}, {})
    _run(player, requester, couriers["sunwei"], order_id)


def _order(player: Player, actor: Actor, category: str, order_class: str, price: Fields, more: Fields) -> str:
    order_id = player.send(lambda: create_errand(player.engine, actor, new_token()))
    described = {"category": category, "order_class": order_class, **WANTED[category], **more}
    player.do(actor, order_id, "describe_errand", described)
    if price:
        player.do(actor, order_id, "set_fee", {"fee_decision": "order", **price})
    else:
        player.do(actor, order_id, "confirm_quote", {"fee_decision": "order", "tip_fen": "2.00"})
    return order_id


def _run(player: Player, requester: Actor, courier: Actor, order_id: str) -> None:
    engine = player.engine
    player.send(lambda: take_offer(engine, courier, order_id, new_token()))
    arrival = player.upload(courier, "shop.png", PIXEL + b"shop")
    player.do(courier, order_id, "go_to_pickup", {"arrival_photo": [arrival]})
    sides = {"requester": requester, "courier": courier}
    for side, text in SAID:
        write_text(engine, sides[side], order_id, new_token(), text)
    receipt = player.upload(courier, "receipt.png", PIXEL + b"paid")
    player.do(courier, order_id, "buy_goods", {"spent_fen": "42.10", "receipt": [receipt]})
    goods = player.upload(courier, "goods.png", PIXEL + b"bought")
    picked: Fields = {"condition": "good", "is_checked": "true", "pickup_proof": "photo", "pickup_photos": [goods]}
    player.do(courier, order_id, "pick_up", picked)
    positions = PositionBatch(engine)
    positions.report(courier.party_id, [Fix(1, engine.clock(), LANDMARKS["wulin_square"][2], 12)])
    positions.flush()
    player.send(lambda: None)
