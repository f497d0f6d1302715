"""Positions from a courier's page, who may see them, the recipient's page, and the files of the map."""

import re
from typing import Any

import pytest
from flask import Flask

from engine.commands.work import settle
from engine.definitions.registry import TOPICS
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.identity.people import grant_role
from engine.services.places.city import LANDMARKS
from engine.services.places.saved import save_address
from engine.services.places.stored import Address
from engine.services.tracking.batch import PositionBatch
from engine.services.tracking.links import make_tracking_link
from engine.services.tracking.queries import read_track
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.plain import PlainDict
from tests.engine.services.tracking.test_tracking import Step
from tests.support.clock import ManualClock
from tests.web.visitor import TOKEN, Visitor, register
from web.tracking.showing import find_arrival

ORDER = "order-1"
PICKUP, DROPOFF = LANDMARKS["wensan_road"][2], LANDMARKS["longxiang_bridge"][2]
SENT = 1_764_000_000_000


def sign_in(app: Flask, engine: Engine, login: str) -> tuple[str, Visitor]:
    user_id, visitor = register(engine, login), Visitor(app)
    visitor.sign_in(login)
    visitor.act_as(user_id, "individual")
    return user_id, visitor


def do(engine: Engine, topic: str, **inputs: Any) -> None:
    def work(unit: UnitOfWork) -> PlainDict:
        found: PlainDict = TOPICS[topic].function(
            Step(unit.connection, engine.keys, topic, unit.now, instance_id=ORDER), **inputs
        )
        return found

    engine.database.transact(work)


def report(visitor: Visitor, positions: Any, **headers: str) -> Any:
    found = TOKEN.search(visitor.get("/places").text) or TOKEN.search(visitor.get("/role").text)
    assert found is not None
    given = {"X-CSRF-Token": found[1], **headers}
    sent = {"sent": SENT, "positions": positions}
    return visitor.client.post("/track/positions", json=sent, headers=given, **visitor.options)


def sees(engine: Engine, user_id: str) -> bool:
    try:
        return read_track(engine, Actor(user_id, user_id, "individual"), ORDER).here is not None
    except NotFound:
        return False


def position(ago: int = 0, **changed: Any) -> dict[str, Any]:
    return {"token": SENT - ago, "lat": PICKUP.lat, "lng": PICKUP.lng, "accuracy": 9, **changed}


def test_an_order_is_followed_by_those_it_concerns_and_nobody_else(
    app: Flask, engine: Engine, clock: ManualClock
) -> None:
    (courier, carl), (requester, rita) = (sign_in(app, engine, name) for name in ("carl", "rita"))
    stranger = register(engine, "stan")
    link = make_tracking_link(engine.keys, ORDER)
    recipient, batch = Visitor(app), app.extensions["positions"]
    assert isinstance(batch, PositionBatch)
    assert "等待配送员接单" in recipient.get(link).text
    places = {"pickup": PICKUP.as_plain(), "dropoff": DROPOFF.as_plain()}
    do(engine, "tracking.open", courier=courier, requester=requester, has_goods=True, **places)
    clock.advance(seconds=60)
    assert report(carl, [position(5_000), position()]).json == {"written": None}
    batch.flush()
    assert report(carl, [position()]).json == {"written": SENT}
    settle(engine)
    now = read_track(engine, Actor(requester, requester, "individual"), ORDER)
    assert (now.stage, now.is_simulated, now.is_estimated) == ("to_dropoff", True, False)
    arrival = find_arrival(now, engine.clock())
    assert arrival is not None
    assert now.seen_at is not None
    assert arrival.at > now.seen_at
    assert now.here is not None
    assert now.here != PICKUP
    page = recipient.get(link)
    assert "正在送往您处" in page.text
    assert "模拟路线" in page.text
    assert re.search(r"还有 \d\.\d km", page.text)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert sees(engine, courier)
    assert not sees(engine, stranger)
    for altered in (link[:-2] + "xx", link.replace(ORDER, "order-2"), f"/t/{ORDER}/", f"/live{link[:-2]}xx"):
        assert recipient.get(altered).status_code == 404
    do(engine, "tracking.close")
    assert not any(sees(engine, one) for one in (courier, requester, stranger))
    ended = recipient.get(link).text
    assert "已送达" in ended
    assert "data-map " not in ended
    assert str(now.here.lat / 1_000_000) not in ended
    grant_role(engine, SYSTEM, requester, PLATFORM, "arbiter")
    assert rita.get(f"/track/{ORDER}/trail").status_code == 403
    rita.act_as(PLATFORM, "arbiter")
    trail = rita.get(f"/track/{ORDER}/trail").text
    assert "30.276000, 120.131000" in trail
    assert "2 个位置" in trail


@pytest.mark.parametrize(
    "positions",
    [
        None,
        [None],
        [position(token="1")],
        [position(lat=91_000_000)],
        [position(lng=None)],
        [position(accuracy=1.5)],
        [position(token=2**60)],
        [position()] * 501,
    ],
)
def test_what_are_no_positions_is_refused(app: Flask, engine: Engine, positions: Any) -> None:
    _, carl = sign_in(app, engine, "carl")
    assert report(carl, positions).status_code == 400
    assert app.extensions["positions"].flush() == 0


def test_positions_need_the_page_s_own_token(app: Flask, engine: Engine) -> None:
    _, carl = sign_in(app, engine, "carl")
    assert report(carl, [position()], **{"X-CSRF-Token": "no"}).status_code == 400


def test_saved_addresses_are_listed_and_deleted(app: Flask, engine: Engine) -> None:
    (ann_id, ann), (_, bob) = sign_in(app, engine, "ann"), sign_in(app, engine, "bob")
    engine.database.transact(
        lambda unit: save_address(unit.connection, engine.keys, ann_id, Address("文三路 478 号", PICKUP), unit.now)
    )
    page = ann.get("/places").text
    assert "文三路 478 号" in page
    assert "文三路" not in bob.get("/places").text
    action = re.search(r'action="(/places/[^"]+)"', page)
    assert action is not None
    assert bob.send(action[1], {}, page="/places").status_code == 404
    assert ann.send(action[1], {}, page="/places").status_code == 303
    assert "文三路" not in ann.get("/places").text


def test_the_map_has_a_city_of_its_own_or_the_operator_s(app: Flask, engine: Engine) -> None:
    visitor = Visitor(app)
    city = visitor.get("/map/city.json")
    assert city.json is not None
    assert {"water", "parks", "major", "minor"} == city.json.keys()
    assert visitor.get("/map/city.json", headers={"If-None-Match": city.headers["ETag"]}).status_code == 304
    assert visitor.get("/map/city.pmtiles").status_code == 404
    folder = engine.settings.data_dir / "map"
    folder.mkdir()
    (folder / "city.pmtiles").write_bytes(b"PMTiles\x03" + bytes(range(200)))
    part = visitor.get("/map/city.pmtiles", headers={"Range": "bytes=0-7"})
    assert (part.status_code, part.data) == (206, b"PMTiles\x03")
