"""An errand with two browsers at once: the requester at her desk, the courier with his phone in one hand."""

import re
from collections.abc import Iterator
from time import monotonic

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from engine.runtime.engine import Engine
from engine.services.errands.tables import errand
from engine.services.places.city import LANDMARKS
from engine.services.tracking.tables import position
from engine.storage.tables import submission
from tests.browser.acts import picture
from tests.browser.checks import find_barriers, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import PATIENCE_SECONDS, PHONE, Person

ORDER = re.compile(r"/errands/([0-9a-f]{32})")
METRES_PER_DEGREE = 111_195  # of latitude
RECIPIENT = "13800001111"
KEPT = "已保存在本机，恢复连接后自动发送"


@pytest.fixture
def chen(visit: Visit) -> Iterator[Person]:
    """She orders, at a desk."""
    with visit("zh") as person:
        yield person.enter("chen", "individual")


@pytest.fixture
def sun(visit: Visit) -> Iterator[Person]:
    """He carries, with a phone that tells where he is."""
    with visit("zh", PHONE) as person:
        person.context.grant_permissions(["geolocation", "microphone"])
        stand(person, "wulin_square")
        yield person.enter("sunwei", "courier_ordinary")


def test_an_errand_from_publishing_to_the_delivery_code(chen: Person, sun: Person, site_engine: Engine) -> None:
    order_id = publish(chen)
    take(sun)
    talk(chen, sun)
    arrive(sun)
    pick_up(sun)

    expect(chen.page.locator("#state")).to_contain_text("配送中")
    follow(chen, sun)
    assert find_overflow(chen.page) + find_barriers(chen.page) + find_overflow(sun.page) + find_barriers(sun.page) == []

    hand_over(chen, sun)
    expect(sun.page.locator("#state")).to_contain_text("已完成")
    expect(sun.page.locator("#money")).to_contain_text("¥12.60")  # 12.00 less 20 %, and the tip
    expect(chen.page.locator("#state")).to_contain_text("已完成")
    expect(chen.page.locator(".chat-note").last).to_contain_text("订单已结束")
    with site_engine.database.read() as connection:
        state = connection.execute(select(errand.c.state).where(errand.c.id == order_id)).scalar_one()
    assert state == "closed"


def test_half_a_minute_without_a_connection_loses_nothing_and_sends_nothing_twice(
    chen: Person, sun: Person, site_engine: Engine
) -> None:
    order_id = publish(chen)
    take(sun)
    page = sun.page
    page.evaluate("navigator.serviceWorker.ready")
    sun.await_true("async (path) => Boolean(await caches.match(path, {ignoreVary: true}))", f"/errands/{order_id}")
    expect(page.locator(".sharing.is-on")).to_be_visible()

    expect(page.locator("#h-step")).to_have_text("前往取件")
    sun.context.set_offline(True)
    stand(sun, "wulin_square", north=120)
    expect(page.locator(".sharing.is-off")).to_be_visible()
    say(sun, "进电梯了，没信号")
    expect(page.locator(".msg.waiting")).to_have_count(1)
    press_step(sun, "已到取件点")
    sun.sees(KEPT)
    page.reload()  # as it was last seen
    sun.sees(KEPT)
    assert count_sent(site_engine, order_id) == 0
    page.wait_for_timeout(30_000)  # the half minute of the requirement
    sun.complaints.clear()  # there was no connection

    sun.context.set_offline(False)
    expect(page.locator("#h-step")).to_have_text("取件")
    expect(chen.page.locator(".msg").last).to_contain_text("进电梯了，没信号")
    expect(chen.page.locator("#way")).to_contain_text("已到取件点")
    expect(page.locator(".sharing.is-on")).to_be_visible()
    expect(page.locator("#outbox")).to_be_hidden()
    expect(chen.page.locator(".msg")).to_have_count(1)
    assert count_sent(site_engine, order_id) == 1
    await_position(sun, site_engine, "wulin_square", north=100)
    sun.complaints.clear()


# --- what they do -----------------------------------------------------------------------------------------------------
def publish(chen: Person) -> str:
    """From the category, which she changes her mind about, to an order that couriers see."""
    chen.open("/errands")
    with chen.arriving():
        chen.press("帮买东西")
    chen.choose("shop_choice", "fixed", reveals="pickup_shop-known")
    chen.choose("category", "fetch_parcel", reveals="pickup-known")
    chen.fill(description="驿站取一件，箱子不重", station="菜鸟驿站", station_code="3-1-2046")
    for field, place in (("pickup", "wulin_square"), ("dropoff", "longxiang_bridge")):
        chen.page.locator(f'[name="{field}-known"]').select_option(place)
    chen.fill(recipient_name="陈默", recipient_phone=RECIPIENT)
    chen.submit()
    found = ORDER.search(chen.page.url)
    assert found is not None
    chen.choose("fee_decision", "order", reveals="fee_fen")
    chen.fill(fee_fen="12", tip_fen="3")
    press_step(chen, "确认", leads_on=True)
    expect(chen.page.locator("#state")).to_contain_text("等待接单")
    return found[1]


def take(sun: Person) -> None:
    """What he earns, and one press."""
    sun.open("/courier")
    offer = sun.page.locator("#offers .offer", has_text="¥12.60").first
    sun.await_there(offer)
    assert find_overflow(sun.page) + find_barriers(sun.page) == []
    with sun.arriving():
        offer.get_by_role("button", name="接单").click()
    sun.sees("准确地址、聊天室和下一步在这一页")
    assert RECIPIENT not in sun.page.content()


def talk(chen: Person, sun: Person) -> None:
    """Text one way, a voice message the other: her page has got the room by itself."""
    say(chen, "箱子放门卫也行")
    expect(sun.page.locator(".msg").last).to_contain_text("箱子放门卫也行")
    sun.press("录语音")
    expect(sun.page.locator("[data-clock]")).to_have_text("0:02")
    sun.press("发送语音")
    expect(chen.page.locator(".msg.voice")).to_be_visible()


def arrive(sun: Person) -> None:
    """His phone tells where he is."""
    expect(sun.page.locator('[name="place-point"]')).to_have_value(re.compile(r"^30\.2725"))
    press_step(sun, "已到取件点", leads_on=True)
    expect(sun.page.locator("#h-step")).to_have_text("取件")


def pick_up(sun: Person) -> None:
    """Proved by a photo of the parcel."""
    sun.page.locator('[name="pickup_proof"]').select_option("photo")
    sun.attach("物品照片", "parcel.png", "image/png", picture())
    expect(sun.page.locator("#task-form .file")).to_be_visible()
    sun.choose("condition", "good")
    sun.page.locator('[name="is_checked"]').check()
    press_step(sun, "已取件", leads_on=True)
    expect(sun.page.locator("#h-step")).to_have_text("配送")


def follow(chen: Person, sun: Person) -> None:
    """He moves, and her map and the time of arrival move with him."""
    before = chen.page.locator("#where").get_attribute("data-places")
    stand(sun, "longxiang_bridge", north=600)
    expect(chen.page.locator("#where")).not_to_have_attribute("data-places", str(before), timeout=20_000)
    expect(chen.page.locator("#eta")).to_contain_text("还有")


def hand_over(chen: Person, sun: Person) -> None:
    """The code she tells him, and nothing else."""
    press_step(sun, "已到收货点", leads_on=True)
    expect(sun.page.locator("#h-step")).to_have_text("交付确认")
    code = str(chen.page.locator(".code").get_attribute("aria-label")).replace(" ", "")
    assert code not in sun.page.content()
    sun.page.locator('[name="delivery_proof"]').select_option("code")
    sun.fill(delivery_code=code)
    press_step(sun, "已交付", leads_on=True)


def say(person: Person, words: str) -> None:
    """Writes in the chat room."""
    person.page.locator(".say [name=text]").fill(words)
    person.page.keyboard.press("Enter")


def press_step(person: Person, words: str, *, leads_on: bool = False) -> None:
    """The one large button at the bottom."""
    button = person.page.locator(".errand-foot").get_by_role("button", name=words)
    if not leads_on:
        button.click()
        return
    with person.arriving():
        button.click()


def stand(person: Person, landmark: str, north: int = 0) -> None:
    """The phone is so many metres north of a landmark."""
    place = LANDMARKS[landmark][2]
    latitude = place.latitude + north / METRES_PER_DEGREE
    person.context.set_geolocation({"latitude": latitude, "longitude": place.longitude, "accuracy": 8})


def await_position(person: Person, engine: Engine, landmark: str, north: int) -> None:
    """Where the phone was further north of a landmark than this is written down: the server does so once a second."""
    further = LANDMARKS[landmark][2].lat + round(north * 1_000_000 / METRES_PER_DEGREE)
    query = select(func.count()).select_from(position).where(position.c.lat > further)
    deadline, found = monotonic() + PATIENCE_SECONDS, 0
    while not found and monotonic() < deadline:
        person.page.wait_for_timeout(200)
        with engine.database.read() as connection:
            found = connection.execute(query).scalar_one()
    assert found


def count_sent(engine: Engine, order_id: str) -> int:
    """How often the arrival was sent in."""
    sent = (submission.c.instance_id == order_id, submission.c.element == "go_to_pickup")
    with engine.database.read() as connection:
        return int(connection.execute(select(func.count()).where(*sent)).scalar_one())
