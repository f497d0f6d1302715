"""Two browsers in one chat room: text, picture, voice, phone, and a connection that was lost for a while."""

import re

from playwright.sync_api import Locator, expect
from sqlalchemy import select

from engine.runtime.engine import Engine
from engine.storage.tables import user
from tests.browser.checks import find_barriers, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import PHONE, Person
from tests.support.errand_room import PHONES, certify, end_by_itself, leave_by_itself, open_by_itself, photo


def test_two_people_talk_about_an_order(visit: Visit, site_engine: Engine) -> None:
    order_id = _open(site_engine)
    with visit("zh", PHONE) as chen, visit("en") as wang:
        for person, login in ((chen, "chen"), (wang, "wang")):
            person.enter(login, "individual")
            person.open(f"/chat/{order_id}")
        _write(wang, "Only the 450 ml one is left.")
        _write(chen, f"可以，拿两瓶。到了打 {PHONES[0]}")
        expect(_said(wang).last).to_contain_text("到了打 •••")
        expect(chen.page.locator("[data-seen]")).to_have_text("对方已读")

        wang.page.locator("[data-camera] input").set_input_files(
            {"name": "receipt.jpg", "mimeType": "image/jpeg", "buffer": photo()}
        )
        image = chen.page.locator(".msg.picture img")
        expect(image).to_be_visible()
        assert image.evaluate("one => one.decode().then(() => one.naturalWidth)") == 1600

        _speak(chen)
        heard = _said(wang).last
        expect(heard.get_by_role("button", name="Play voice message, 0:02")).to_be_visible()
        assert len(set(re.findall(r"V([\d.]+)", heard.locator("path").first.get_attribute("d") or ""))) > 1
        heard.get_by_role("button").click()
        expect(heard.get_by_role("button", name="Pause")).to_be_visible()
        expect(heard.get_by_role("button", name="Play")).to_be_visible()  # it was played to its end

        chen.press("拨打")
        expect(chen.page.locator("[data-number]")).to_have_attribute("href", re.compile(r"tel:1700000\d{4}"))
        expect(wang.page.locator(".sys").last).to_have_text("Chen Siyuan called")
        for person in (chen, wang):
            assert [number for number in PHONES if number in person.page.content()] == []
            assert find_barriers(person.page) + find_overflow(person.page) == []
        expect(chen.page.locator("[data-seen]")).to_have_text("对方已读")  # also behind a line of the system
        assert len(_said(wang).all()) == len(_said(chen).all()) == 4


def test_what_is_said_without_a_connection_is_sent_once(visit: Visit, site_engine: Engine) -> None:
    order_id = _open(site_engine)
    with visit("zh", PHONE) as chen, visit("en") as wang:
        for person, login in ((chen, "chen"), (wang, "wang")):
            person.enter(login, "individual")
            person.open(f"/chat/{order_id}")
        expect(chen.page.locator(".sys").last).to_contain_text("电话已可用")
        chen.context.set_offline(True)
        for words in ("我在电梯里", "马上下来"):
            chen.page.locator("[name=text]").fill(words)
            chen.page.keyboard.press("Enter")
        expect(chen.page.locator(".msg.waiting")).to_have_count(2)
        expect(chen.page.locator("[data-state]")).to_contain_text("恢复后自动发送")
        _write(wang, "Where are you?")
        chen.complaints.clear()  # the browser says that there is no connection
        chen.context.set_offline(False)
        expect(chen.page.locator(".msg.waiting")).to_have_count(0)
        expect(_said(chen)).to_have_count(3)
        expect(_said(wang)).to_have_count(3)
        assert [one.strip() for one in wang.page.locator(".msg .words").all_inner_texts()] == [
            *("Where are you?", "我在电梯里", "马上下来")
        ]
        leave_by_itself(site_engine, order_id, "courier")
        expect(chen.page.locator(".chat-note").last).to_contain_text("对方已离开")
        end_by_itself(site_engine, order_id)
        expect(chen.page.locator(".chat-note").last).to_contain_text("订单已结束")


def _open(engine: Engine) -> str:
    with engine.database.read() as connection:
        ids = {row.login: row.id for row in connection.execute(select(user))}
    for login, number in zip(("chen", "wang"), PHONES, strict=False):
        certify(engine, ids[login], number)
    return open_by_itself(engine, {"requester": ids["chen"], "courier": ids["wang"]})


def _write(person: Person, words: str) -> None:
    person.page.locator("[name=text]").fill(words)
    person.page.keyboard.press("Enter")
    expect(person.page.locator(".msg.me:not(.waiting)").last).to_contain_text(words[:10])


def _speak(person: Person) -> None:
    person.press("录语音")
    expect(person.page.locator("[data-clock]")).to_have_text("0:02")
    person.press("发送语音")
    expect(person.page.locator(".msg.me.voice")).to_be_visible()


def _said(person: Person) -> Locator:
    return person.page.locator(".msg[data-seq]")
