"""A courier moves, his phone loses its connection for a while, and the recipient's map follows: nothing is lost."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic
from typing import Any

import pytest
from playwright.sync_api import Browser, Geolocation, Page, expect
from sqlalchemy import select

from engine.definitions.registry import TOPICS
from engine.runtime.engine import Engine
from engine.services.places.city import LANDMARKS
from engine.services.places.geometry import Place, measure_metres
from engine.services.tracking.links import make_tracking_link
from engine.services.tracking.tables import position, track
from engine.storage.database import UnitOfWork
from engine.storage.tables import user
from tests.browser.checks import find_barriers, find_overflow
from tests.browser.person import PATIENCE_SECONDS, PHONE, Person
from tests.engine.services.tracking.test_tracking import Step

ORDER = "a tracked order"
PICKUP, DROPOFF = LANDMARKS["wensan_road"][2], LANDMARKS["longxiang_bridge"][2]
SEEN_MILLISECONDS = 25_000  # every ten seconds at most, and a second until it is written


_KEPT = """() => new Promise((resolve) => {
  const asked = indexedDB.open("positions", 1);
  asked.onsuccess = () => {
    const all = asked.result.transaction("positions").objectStore("positions").getAll();
    all.onsuccess = () => { asked.result.close(); resolve(all.result.map(({ lat }) => lat)); };
  };
})"""


class Errand:
    """An order under way on the site, carried by Sun Wei of the demo."""

    def __init__(self, engine: Engine, url: str) -> None:
        self.engine, self.url = engine, url
        self.link = make_tracking_link(engine.keys, ORDER)

    def do(self, topic: str, **inputs: Any) -> None:
        """Calls a topic of the tracking as the order's process would."""

        def work(unit: UnitOfWork) -> None:
            TOPICS[topic].function(
                Step(unit.connection, self.engine.keys, topic, unit.now, instance_id=ORDER), **inputs
            )

        self.engine.database.transact(work)

    def open(self) -> None:
        """Sun Wei has the goods."""
        with self.engine.database.read() as connection:
            query = select(user.c.id).where(user.c.login == "sunwei")
            courier = connection.execute(query).scalar_one()
        places = {"pickup": PICKUP.as_plain(), "dropoff": DROPOFF.as_plain()}
        self.do("tracking.open", courier=courier, requester="somebody", has_goods=True, **places)

    def read_trail(self) -> list[Place]:
        """What was written of where he was."""
        query = select(position).join(track).where(track.c.order_id == ORDER).order_by(position.c.token)
        with self.engine.database.read() as connection:
            return [Place(row.lat, row.lng) for row in connection.execute(query)]


@pytest.fixture
def errand(site_engine: Engine, site: str) -> Iterator[Errand]:
    found = Errand(site_engine, site)
    found.open()
    yield found
    found.do("tracking.close")


def go(courier: Person, place: Place) -> None:
    """The device finds itself at a place."""
    courier.context.set_geolocation(Geolocation(latitude=place.latitude, longitude=place.longitude, accuracy=8))


def shows(page: Page, place: Place) -> bool:
    """Whether the courier's mark is at most 10 m from a place."""
    here = json.loads(page.locator("[data-places]").get_attribute("data-places") or "{}").get("here")
    return here is not None and measure_metres(Place.of_degrees(*here), place) <= 10


def await_place(page: Page, place: Place) -> None:
    """Waits until the map, which is told by itself, shows the courier there."""
    page.wait_for_function(
        """([lat, lng]) => {
            const { here } = JSON.parse(document.querySelector("[data-places]").dataset.places);
            return here && Math.hypot(here[0] - lat, here[1] - lng) < 0.00015;
        }""",
        arg=[place.latitude, place.longitude],
        timeout=SEEN_MILLISECONDS,
    )
    assert shows(page, place)


def _holds(lat: int, lats: list[int]) -> bool:
    return lat in lats


def await_kept(page: Page, is_right: Callable[[list[int]], bool]) -> None:
    """Waits until what the phone keeps, told by its latitudes, is right."""
    deadline = monotonic() + PATIENCE_SECONDS
    while not is_right(page.evaluate(_KEPT)) and monotonic() < deadline:
        page.wait_for_timeout(100)
    assert is_right(page.evaluate(_KEPT))


def test_the_map_follows_the_courier_and_a_lost_connection_loses_nothing(errand: Errand, browser: Browser) -> None:
    way = [Place(PICKUP.lat - 900 * number, PICKUP.lng + 1_500 * number) for number in range(5)]
    with Person(browser, errand.url, "en", PHONE) as wei, Person(browser, errand.url, "zh") as recipient:
        wei.context.grant_permissions(["geolocation"])
        go(wei, way[0])
        wei.enter("sunwei", "courier_ordinary")
        wei.open("/courier")
        wei.sees("Sharing your position")
        recipient.open(errand.link)
        recipient.sees("正在送往您处")
        await_place(recipient.page, way[0])
        expect(recipient.page.locator(".map-courier")).to_be_visible()
        expect(recipient.page.locator(".map-major")).to_be_attached()
        recipient.sees("模拟路线")
        assert find_barriers(recipient.page) + find_overflow(recipient.page) == []

        wei.context.set_offline(True)
        for place in way[1:4]:
            go(wei, place)
            await_kept(wei.page, partial(_holds, place.lat))
        wei.sees("are kept on this device")
        assert len(errand.read_trail()) < 4
        assert shows(recipient.page, way[0])
        wei.complaints.clear()  # of the browser, that there was no connection
        wei.context.set_offline(False)
        wei.sees("Sharing your position")
        go(wei, way[4])
        await_place(recipient.page, way[4])
        trail = errand.read_trail()
        assert [place for place in way if place not in trail] == []
        expect(recipient.page.locator(".map-passed")).to_be_attached()
        await_kept(wei.page, lambda lats: len(lats) <= 1)  # what is written goes from the device
        errand.do("tracking.close")
        recipient.page.reload()
        recipient.sees("已送达")
        expect(recipient.page.locator("[data-map]")).to_have_count(0)
