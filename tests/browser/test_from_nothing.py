"""A process from nothing: drawn, given a form and a table, mended, deployed, started, done and looked at."""

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.person import Person

READY = "[data-state=ready]"
FORM, TABLE, PROCESS = "travel/request", "travel_level", "travel"


def begin(analyst: Person, kind: str, key: str, name: str = "", english: str = "") -> str:
    """Begins something new; gives the address of its editor."""
    analyst.open(f"/drafts/new?kind={kind}")
    analyst.fill(key=key, name_zh=name, name_en=english)
    analyst.press("Begin and open the editor")
    analyst.page.wait_for_selector(READY, state="attached")
    return analyst.page.url


def wait_until_saved(analyst: Person) -> None:
    expect(analyst.page.locator("[data-draft-status]")).to_contain_text("Saved ")


def entry(analyst: Person, field: str) -> Locator:
    """A field of the properties panel."""
    return analyst.page.locator(f'[data-panel] [data-entry-id="{field}"] :is(input, textarea, select)')


def describe(analyst: Person, **values: str) -> None:
    """Fills in fields of the properties panel."""
    for field, value in values.items():
        place = entry(analyst, field)
        if not place.is_visible():
            group = f'.bio-properties-panel-group:has([data-entry-id="{field}"])'
            analyst.page.locator(f"{group} .bio-properties-panel-arrow").first.click()
        if place.evaluate("one => one.tagName") == "SELECT":
            place.select_option(value)
        else:
            place.fill(value)
            place.press("Tab")


def append(analyst: Person, kind: str, **values: str) -> None:
    """Draws what comes behind the selected element, and describes it."""
    analyst.page.locator('.djs-context-pad [data-action="append"]').click()
    menu = analyst.page.locator(".djs-popup")
    menu.locator("input").fill(kind)
    menu.locator(".entry", has_text=kind).first.click()
    analyst.page.keyboard.press("Escape")  # out of its name
    describe(analyst, **values)


def draw(analyst: Person) -> None:
    """Start, a task of who starts, a decision, the end; the task has no form yet, the decision no table."""
    page = analyst.page
    page.locator('.djs-shape[data-element-id="start"]').click()
    describe(analyst, initiator="applicant")
    append(
        analyst,
        "User task",
        name="填写出差申请",
        nameEn="Fill in the travel request",
        id="fill_request",
        documentation="写明天数和事由。",
        documentationEn="Say how long, and what for.",
        assignee="${applicant}",
        dueDate="P2D",
    )
    append(analyst, "Business rule task", name="确定级别", nameEn="Set the level", id="set_level")
    append(analyst, "End event", name="申请已定级", id="level_set")


def make_form(analyst: Person) -> None:
    """A number that must be given."""
    begin(analyst, "form", FORM)
    page = analyst.page
    page.locator(".fjs-palette-field[data-field-type='number']").click()
    page.get_by_label("Key").fill("days")
    page.get_by_label("Label (Chinese)").fill("天数")
    page.get_by_label("Label (English)").fill("Days")
    expect(page.frame_locator("iframe").get_by_label("Days")).to_be_visible()
    wait_until_saved(analyst)


def make_table(analyst: Person) -> None:
    """Long journeys are of another level."""
    begin(analyst, "decision", TABLE, "出差级别", "Travel level")
    wait_until_saved(analyst)


def test_process_from_nothing_to_the_auditor(visit: Visit) -> None:
    with visit("en") as ye:
        ye.sign_in("ye", "analyst")
        begin(ye, "process", PROCESS, "出差申请", "Travel request")
        draw(ye)
        page = ye.page
        page.screenshot(path="/tmp/w/n1.png")
        make_form(ye)
        page.screenshot(path="/tmp/w/n2.png")
        make_table(ye)
        page.screenshot(path="/tmp/w/n3.png")
