"""A process from nothing: drawn, given a form and a table, mended, deployed, started, done and looked at."""

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.person import PHONE, Person

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
    for label, words in (("Key", "days"), ("Label (Chinese)", "天数"), ("Label (English)", "Days")):
        page.get_by_label(label, exact=True).fill(words)
        page.keyboard.press("Tab")
    expect(page.frame_locator("iframe").get_by_label("Days")).to_be_visible()
    page.get_by_label("Required").check()
    expect(page.frame_locator("iframe").get_by_label("Days *")).to_be_visible()
    wait_until_saved(analyst)


def make_table(analyst: Person) -> None:
    """Long journeys are of another level."""
    begin(analyst, "decision", TABLE, "出差级别", "Travel level")
    page = analyst.page
    page.locator("th.input-cell").first.dblclick()
    page.get_by_label("Input expression").fill("days")
    page.get_by_label("Type", exact=True).fill("number")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    for number, (condition, level) in enumerate((("> 5", '"long"'), ("-", '"short"'))):
        page.locator(".add-rule-add button").click()
        for place, words in enumerate((condition, level)):
            page.locator(f'td[data-coords="{number}:{place}"] [contenteditable]').fill(words)
    page.locator("#try-days").fill("12")
    expect(page.locator("[data-result]")).to_contain_text("long")
    expect(page.locator("[data-problems] > li")).to_have_count(0)
    wait_until_saved(analyst)


def mend(analyst: Person) -> None:
    """What the panel says is missing: the form, the table, a name; and who may start it."""
    page = analyst.page
    page.locator('.djs-shape[data-element-id="fill_request"]').click()
    describe(analyst, formKey=FORM)
    page.locator('.djs-shape[data-element-id="set_level"]').click()
    describe(analyst, decisionRef=TABLE, resultVariable="level", mapDecisionResult="singleEntry")
    page.locator("[data-problems]").get_by_role("button", name="Expected an English name").click()
    expect(entry(analyst, "nameEn")).to_be_focused()
    describe(analyst, nameEn="Level set")
    page.locator(".djs-container svg").first.click(position={"x": 500, "y": 60})  # nothing: the process itself
    describe(analyst, candidateStarterGroups="customer_service", subject="level")
    expect(page.locator("[data-problems] > li")).to_have_count(0)


def deploy(analyst: Person) -> None:
    """The three of them, together."""
    analyst.page.locator("a[data-draft-leave]").click()
    expect(analyst.page.locator('input[name="draft"]:checked')).to_have_count(3)
    analyst.fill(note="Travel requests")
    analyst.press("Deploy what is chosen")
    analyst.sees("3 definitions have a new version")


def test_process_from_nothing_to_the_auditor(visit: Visit) -> None:
    with visit("en") as ye:
        ye.sign_in("ye", "analyst")
        editor = begin(ye, "process", PROCESS, "出差申请", "Travel request")
        draw(ye)
        problems = ye.page.locator("[data-problems]")
        expect(problems).to_contain_text("Expected a form on the user task fill_request")
        expect(problems).to_contain_text("Expected a decision table")
        wait_until_saved(ye)
        make_form(ye)
        make_table(ye)
        ye.open(editor)
        ye.page.wait_for_selector(READY, state="attached")
        mend(ye)
        deploy(ye)

    with visit("en", PHONE) as bai:
        bai.sign_in("bai", "customer_service")
        bai.open("/inbox")
        bai.follow("Start")
        bai.follow("Travel request")
        bai.press("Start")
        bai.is_at("/tasks/")
        bai.fill(days="12")
        bai.submit()
        bai.is_at("/inbox")

    with visit("zh") as du:
        du.sign_in("du", "auditor")
        du.open(f"/cases?process={PROCESS}")
        du.page.locator(".desk-table a.name").click()
        du.sees("已结束")
        du.sees("申请已定级")
        done = du.page.locator('.djs-shape.done[data-element-id="set_level"]')
        expect(done).to_be_visible()
        expect(du.page.locator(".line")).to_contain_text(TABLE)
        expect(du.page.locator(".aside .diff")).to_contain_text("long")
        du.follow("表单")
        du.sees("12")
