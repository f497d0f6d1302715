"""The frame of a page: its switches lead back to where they were pressed, and there is always a way out."""

import pytest
from playwright.sync_api import expect

from engine.runtime.engine import Engine
from engine.services.identity.passwords import Passwords
from engine.services.identity.people import register_person
from engine.storage.actor import SYSTEM
from engine.storage.ids import new_id
from tests.browser.conftest import Visit
from tests.browser.person import DESKTOP, PHONE
from web.demo import PASSWORD

PAGE = "/inbox?view=mine&sort=created"


@pytest.fixture
def newcomer(site_engine: Engine) -> str:
    """The login of somebody of his own: the account remembers the language, and the others keep theirs."""
    login = f"n{new_id()[-8:]}"
    names = {"name_zh": "新来", "name_en": "Newcomer"}
    register_person(site_engine, Passwords(1), SYSTEM, login=login, password=PASSWORD, **names)
    return login


@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_page_is_read_in_another_language_by_night_and_left(visit: Visit, newcomer: str, has_scripts: bool) -> None:
    with visit("zh", DESKTOP, has_scripts=has_scripts) as somebody:
        somebody.enter(newcomer, "individual")
        somebody.open(PAGE)
        html, side = somebody.page.locator("html"), somebody.page.locator(".side")
        side.locator("button[name=language]").click()
        expect(html).to_have_attribute("lang", "en")
        side.locator("button[name=theme]").click()
        expect(html).to_have_attribute("data-theme", "dark")
        somebody.is_at(r"/inbox\?view=mine&sort=created$")
        side.locator("button[name=language]").click()
        expect(html).to_have_attribute("lang", "zh-CN")
        side.locator("summary").click()
        somebody.press("退出登录")
        somebody.is_at("/sign-in")
        somebody.open(PAGE)
        somebody.is_at("/sign-in")


def test_a_phone_has_them_on_the_page_of_all_entries(visit: Visit, newcomer: str) -> None:
    with visit("en", PHONE) as somebody:
        somebody.enter(newcomer, "individual")
        somebody.open("/menu")
        somebody.press("中文")
        expect(somebody.page.locator("html")).to_have_attribute("lang", "zh-CN")
        somebody.press("深色")
        expect(somebody.page.locator("html")).to_have_attribute("data-theme", "dark")
        somebody.is_at("/menu$")
        somebody.press("English")
        somebody.press("Sign out")
        somebody.is_at("/sign-in")


def test_the_bell_knows_its_page_after_it_was_rung(visit: Visit, newcomer: str) -> None:
    with visit("en") as somebody:
        somebody.enter(newcomer, "individual")
        somebody.open("/notices")
        bell = somebody.page.locator("#bell")
        expect(bell).to_have_attribute("aria-current", "page")
        bell.evaluate("bell => bell.append('old')")
        somebody.page.evaluate("document.dispatchEvent(new CustomEvent('fresh'))")
        expect(bell).not_to_contain_text("old")
        expect(bell).to_have_attribute("aria-current", "page")
