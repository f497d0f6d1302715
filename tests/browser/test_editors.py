"""The editors of forms and tables at a real browser: nothing lost, nothing untranslated, tried out for real."""

import json
import re

from lxml import etree
from playwright.sync_api import Page, expect

from tests.browser.checks import find_barriers, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import PHONE, Person
from tests.support.stage import ROOT

FORMS = sorted([*ROOT.glob("forms/*/*.form"), *ROOT.glob("web/market/forms/*.form")])
TABLES = sorted([*ROOT.glob("bpmn/*/*.dmn"), *ROOT.glob("tests/engine/language/*.dmn")])
DELIVERY = ROOT / "tests/engine/language/decisions_delivery.dmn"
# Texts on the screen, and in the attributes people hear, that hold Latin words and no Chinese. Left out: keys and code,
# what is declared to be English, the cells and the declared values of the table itself, the names of products.
_UNTRANSLATED = """() => {
  const ours = "code, .mono, h1, [lang=en], td, [contenteditable], [data-inputs] option, iframe";
  const names = /Baton|Powered by bpmn.io|EN|"[^"]*"/g;
  const isForeign = (text) => /[A-Za-z]{2}/.test(text.replace(names, "")) && !/[\\u4e00-\\u9fff]/.test(text);
  const found = [];
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const {parentElement: holder, data} = walker.currentNode;
    if (isForeign(data) && !holder.closest(ours) && holder.checkVisibility()) found.push(data.trim());
  }
  for (const name of ["title", "placeholder", "aria-label", "alt"]) {
    for (const one of document.querySelectorAll(`main [${name}]`)) {
      if (isForeign(one.getAttribute(name)) && !one.closest(ours)) found.push(`${name}: ${one.getAttribute(name)}`);
    }
  }
  return found;
}"""
_REWRITE_FORMS = """async (sources) => {
  const script = [...document.scripts].find((one) => one.src.includes("form-editor"));
  const {makeEditor, writeSchema} = await import(script.src);
  const written = [];
  for (const source of sources) {
    const schema = JSON.parse(source);
    const editor = await makeEditor(schema, document.createElement("div"));
    editor.get("modeling").addFormField({type: "separator"}, editor._getState().schema, 0);
    editor.get("commandStack").undo();
    written.push(writeSchema(editor, schema));
  }
  return written;
}"""
_REWRITE_TABLES = """async (sources) => {
  const script = [...document.scripts].find((one) => one.src.includes("table-editor"));
  const {openTables} = await import(script.src);
  const written = [];
  for (const source of sources) {
    const place = document.createElement("div");
    place.innerHTML = "<button data-undo></button><button data-redo></button><p data-tabs></p><div data-table></div>";
    document.querySelector("main").append(place);
    written.push(await (await openTables(place, source)).save());
    place.remove();
  }
  return written;
}"""


def open_editor(person: Person, kind: str, key: str) -> Page:
    """Presses Edit on the page of what is deployed, and waits for the editor."""
    person.open(f"/definitions?kind={kind}&q={key}")
    person.page.locator("main a[href^='/definitions/']:not([href$='/upload'])").locator("visible=true").first.click()
    person.page.locator("form[action='/drafts'] button").click()
    person.page.wait_for_selector("[data-state=ready]", state="attached")
    return person.page


def wait_until_saved(person: Person) -> None:
    expect(person.page.locator("[data-draft-status]")).to_have_text(re.compile(r"^(已保存|Saved) \d\d:\d\d$"))


def discard(person: Person) -> None:
    person.page.locator(".head details.menu > summary").click()
    person.page.locator("form[action$='/discard'] button").click()
    person.is_at("/definitions")


def read_xml(content: bytes | str) -> str:
    """The canonical form of a file without space, comments and the hit policy that DMN assumes."""
    parser = etree.XMLParser(remove_blank_text=True, remove_comments=True)
    root = etree.fromstring(content.encode() if isinstance(content, str) else content, parser)
    for table in root.iter("{*}decisionTable"):
        if table.get("hitPolicy") == "UNIQUE":
            del table.attrib["hitPolicy"]
    return etree.tostring(root, method="c14n").decode()


def test_form_is_changed_and_seen_as_the_server_renders_it(visit: Visit) -> None:
    with visit("zh") as person:
        person.sign_in("ye", "analyst")
        page = open_editor(person, "form", "shared/rate")
        written = page.evaluate(_REWRITE_FORMS, [file.read_text() for file in FORMS])
        assert [json.loads(text) for text in written] == [json.loads(file.read_bytes()) for file in FORMS]
        preview = page.frame_locator("iframe")
        expect(preview.locator("body")).to_contain_text("双方都评价或期限届满后才公开")

        # a component more, behind the selected one, with both its names
        page.locator(".fe-outline button").nth(1).click()
        page.locator(".fjs-palette-field[data-field-type='money']").click()
        page.get_by_label("名称（中文）").fill("保证金")
        page.get_by_label("名称（英文）").fill("Deposit")
        expect(preview.locator("label[for='f-amount_1_fen']")).to_have_text("保证金")
        wait_until_saved(person)
        assert page.evaluate(_UNTRANSLATED) == []
        assert find_barriers(page) == []

        # a condition follows what is filled in there
        page.get_by_label("显示条件").fill('stars == "5"')
        expect(preview.locator("label[for='f-amount_1_fen']")).to_have_count(0)
        preview.locator("input[name='stars'][value='5']").press("Space")
        expect(preview.locator("label[for='f-amount_1_fen']")).to_be_visible()
        page.locator("button[data-width='desk']").press("Enter")
        preview.get_by_role("button", name="提交").press("Enter")
        expect(preview.locator("body")).to_contain_text("提交会被接受")
        page.locator("button[data-width='phone']").press("Enter")
        page.locator(".fe-outline, .fe-canvas").first.locator("[data-id='amount_1_fen']").click()

        # what is wrong is named, and the preview stays as it was
        page.get_by_label("名称（英文）").fill("")
        expect(page.locator("[data-unsound]")).to_contain_text("amount_1_fen 应有英文 label，但没有")
        expect(page.locator("[data-problems]")).to_contain_text("应有英文 label，但没有")
        page.get_by_role("button", name="回到全部组件").click()
        expect(page.locator(".fe-outline")).to_be_visible()
        page.locator("[data-problems] button").first.click()
        expect(page.locator(".fe-title h2")).to_have_text("保证金")
        page.get_by_label("名称（英文）").fill("Deposit")
        page.get_by_role("button", name="EN", exact=True).click()
        expect(preview.locator("label[for='f-amount_1_fen']")).to_have_text("Deposit")

        # kept: the same after loading the page anew
        wait_until_saved(person)
        page.reload()
        page.wait_for_selector("[data-state=ready]", state="attached")
        expect(page.locator(".fe-outline")).to_contain_text("保证金")
        page.set_viewport_size({"width": PHONE, "height": 800})
        assert find_overflow(page) == []
        page.set_viewport_size({"width": 1440, "height": 900})
        discard(person)


def test_table_is_changed_and_tried_out(visit: Visit) -> None:
    with visit("zh") as person:
        person.sign_in("ye", "analyst")
        page = open_editor(person, "decision", "cancel_hire")
        written = page.evaluate(_REWRITE_TABLES, [file.read_text() for file in TABLES])
        assert [read_xml(text) for text in written] == [read_xml(file.read_bytes()) for file in TABLES]

        page.locator("#try-requested_by").select_option("publisher")
        page.locator("#try-stage").select_option("started")
        page.locator("#try-progress_bps").fill("2000")
        result = page.locator("[data-result]")
        expect(result).to_contain_text("命中规则 4")
        expect(result).to_contain_text("charge_bps3000")
        row = page.locator("td[data-row-id='rule_publisher_started']").first
        plain = page.locator("td[data-row-id='rule_taker_started']").first
        colour = "one => getComputedStyle(one).backgroundColor"
        assert row.evaluate(colour) != plain.evaluate(colour)

        # a cell is changed, and the server decides anew
        cell = page.locator("[data-element-id='rule_publisher_started_charge_bps'] [contenteditable]")
        cell.fill("max(4000, progress_bps)")
        expect(result).to_contain_text("charge_bps4000")
        wait_until_saved(person)
        assert page.evaluate(_UNTRANSLATED) == []
        assert find_barriers(page) == []
        cell.fill("max(")
        expect(page.locator("[data-problems]")).to_contain_text("规则 4 的结果“违约金")
        expect(result).to_contain_text("改正后才能试算")
        cell.fill("max(4000, progress_bps)")
        expect(result).to_contain_text("charge_bps4000")

        # menus and editors that open speak Chinese as well
        page.locator("td.input-cell").first.click(button="right")
        expect(page.locator(".context-menu")).to_contain_text("在上方添加规则")
        assert page.evaluate(_UNTRANSLATED) == []
        page.keyboard.press("Escape")
        page.locator("th.input-cell").first.dblclick()
        expect(page.locator(".context-menu")).to_contain_text("清除可用的值")
        assert page.evaluate(_UNTRANSLATED) == []
        page.keyboard.press("Escape")
        wait_until_saved(person)
        discard(person)


def test_decisions_of_one_file_are_changed_and_tried_out_together(visit: Visit) -> None:
    with visit("zh") as person:
        person.sign_in("ye", "analyst")
        person.open("/definitions/upload")
        person.page.set_input_files("#files", DELIVERY)
        person.page.locator("button.btn-main[name=check]").click()
        person.page.locator("button[name=deploy]").click()
        person.page.wait_for_url("**/definitions?**")
        page = open_editor(person, "decision", "delivery_price")
        page.locator("#try-distance_metres").fill("5200")
        page.locator("#try-pickup_time").fill("17:30")
        result = page.locator("[data-result]")
        expect(result).to_contain_text("delivery_price1600")
        expect(result).to_contain_text("附加费 / Surcharges")
        assert page.evaluate(_UNTRANSLATED) == []
        assert find_barriers(page) == []

        # an overlap in another table of the file; the finding leads back to it
        tabs = page.locator("[data-tabs] button")
        tabs.filter(has_text="配送区域").click()
        page.locator("[data-element-id=zone_near_distance] [contenteditable]").fill("[0..3500]")
        problems = page.locator("[data-problems] button")
        expect(problems).to_contain_text("规则 1 和规则 2 都符合 distance_metres = 3001")
        tabs.filter(has_text="附加费").click()
        expect(page.locator("[data-row-id=surcharge_rush]").first).to_be_visible()
        problems.click()
        expect(page.locator("[data-row-id=zone_far]").first).to_be_visible()
        wait_until_saved(person)

        # it is one draft, whichever of its decisions is opened
        draft = page.url
        assert open_editor(person, "decision", "surcharges").url.partition("?")[0] == draft
        discard(person)
