"""The case view: the time slider moves marks and data, and everything is there without scripts as well."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.checks import find_barriers, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import PHONE, Person

CASE = "Proofread an English product catalogue"


def open_case(auditor: Person) -> None:
    auditor.sign_in("du", "auditor")
    auditor.open(f"/cases?q={CASE}")
    auditor.page.locator(".desk-table .name").click()


def here(auditor: Person, element: str) -> Locator:
    """An element of the diagram, if the case is there at the moment."""
    return auditor.page.locator(f'.canvas.drawn [data-element-id="{element}"].now')


def test_slider_moves_marks_and_data_and_keeps_the_plane(visit: Visit) -> None:
    with visit("en") as auditor:
        open_case(auditor)
        page, slider = auditor.page, auditor.page.get_by_role("slider")
        expect(here(auditor, "rate_each_other")).to_be_visible()
        assert find_barriers(page) == []

        slider.focus()
        slider.press("Home")
        auditor.sees("record 1 of 8")
        expect(here(auditor, "describe_demand")).to_be_visible()
        expect(here(auditor, "rate_each_other")).to_have_count(0)
        expect(page.locator(".aside .diff")).not_to_contain_text("publisher_answer")
        expect(slider).to_be_focused()
        expect(slider).to_have_attribute("aria-valuetext", re.compile("record 1 of 8, .*, Case started"))
        auditor.is_at(r"\?at=1$")

        slider.fill("5")
        auditor.sees("record 5 of 8")
        expect(page.locator(".line .current")).to_contain_text("Hand over result")
        page.get_by_title("Open Fulfilment").click()
        expect(here(auditor, "confirm_or_object")).to_be_visible()
        page.get_by_role("link", name="Next record").click()
        auditor.sees("record 6 of 8")
        expect(here(auditor, "confirm_or_object")).to_have_count(0)
        expect(page.locator('[data-element-id="confirm_or_object"].done')).to_be_visible()  # the plane is still open
        expect(page.locator(".line .current .diff").first).to_contain_text("publisher_answer")

        page.get_by_role("button", name="Play").click()
        auditor.sees("record 8 of 8")
        expect(page.get_by_role("link", name="Next record")).to_be_disabled()
        page.go_back()  # to the search: moving through a case leaves no trail
        expect(page.get_by_role("searchbox")).to_be_visible()


def test_the_plane_of_what_is_to_be_shown_is_open(visit: Visit) -> None:
    with visit("en") as auditor:
        open_case(auditor)
        page = auditor.page
        auditor.open(page.url.partition("?")[0] + "?at=5&show=confirm_or_object")
        expect(here(auditor, "confirm_or_object")).to_be_visible()
        expect(page.locator(".canvas.drawn .bjs-breadcrumbs-shown")).to_contain_text("Fulfilment")


def test_each_moment_is_a_page_without_scripts(visit: Visit) -> None:
    with visit("zh", PHONE, has_scripts=False) as auditor:
        auditor.sign_in("du", "auditor")
        auditor.open(f"/cases?q={CASE}")
        auditor.page.locator(".desk-cards .name").click()
        auditor.sees("第 8 / 8 条")
        auditor.follow("上一条记录")
        auditor.sees("第 7 / 8 条")
        auditor.sees("之后还有 1 条记录")
        auditor.follow("平台审核")
        auditor.is_at("drawing=platform_review")
        auditor.follow("定时器")
        auditor.is_at(r"/timers\?at=7&drawing=platform_review")
        assert find_overflow(auditor.page) == []
