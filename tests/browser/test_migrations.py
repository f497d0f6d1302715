"""The page of a migration keeps itself true: what happened before it listened, and while nothing on it is ticked."""

from playwright.sync_api import Browser, Route, expect

from engine.commands.work import settle
from engine.runtime.engine import Engine
from engine.services.identity.passwords import Passwords
from engine.services.identity.people import grant_role, register_person
from engine.storage.actor import PLATFORM, SYSTEM
from tests.browser.checks import find_barriers, find_overflow
from tests.browser.conftest import serve
from tests.browser.person import HEIGHT, PHONE, Person
from tests.support.clock import ManualClock
from tests.web.analyst.desk import deploy_trial, run_case
from tests.web.analyst.test_migrations import find_version, rename_check
from web.demo import PASSWORD

# Asks for the parts of the page anew, and waits until they are there.
_ASK = """() => new Promise((done) => {
  document.addEventListener("fresh", () => done(), {once: true});
  document.dispatchEvent(new Event("ask"));
})"""


def test_what_ended_before_the_page_listened_is_seen(engine: Engine, clock: ManualClock, browser: Browser) -> None:
    deploy_trial(engine)
    run_case(engine, clock)
    first = find_version(engine)
    second = rename_check(engine)
    known = {"login": "ana", "password": PASSWORD, "name_zh": "郑雯", "name_en": "Zheng Wen"}
    grant_role(engine, SYSTEM, register_person(engine, Passwords(time_cost=1), SYSTEM, **known), PLATFORM, "analyst")

    def end_and_let_listen(route: Route) -> None:
        settle(engine)
        route.continue_()

    with serve(engine, has_workers=False) as url, Person(browser, url, "en") as ana:
        page = ana.enter("ana", "analyst").page
        page.route("**/live/inbox", end_and_let_listen)
        ana.open(f"/definitions/{first}/migrate?source={first}&target={second}")
        ana.press("Try it")
        ana.sees("To be chosen")
        expect(page.get_by_role("checkbox")).to_be_visible()
        assert find_barriers(page) + find_overflow(page) == []
        ana.press("Move the clean one")
        ana.sees("Done")
        expect(ana.button("Put it back")).to_be_visible()
        expect(ana.button("Pause")).to_have_count(0)

        page.get_by_role("checkbox").check()
        ana.button("Put it back").focus()
        page.evaluate(_ASK)
        expect(page.get_by_role("checkbox")).to_be_checked()
        expect(ana.button("Put it back")).to_be_focused()
        page.set_viewport_size({"width": PHONE, "height": HEIGHT})
        assert find_barriers(page) + find_overflow(page) == []
