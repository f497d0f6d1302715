"""The modeler: what it opens it keeps, what one changes is checked at once, and the words are those of the page."""

import re
from collections import Counter
from pathlib import Path

from lxml import etree
from playwright.sync_api import Locator, expect

from engine.definitions.drawing import lay_out
from tests.browser.checks import find_barriers, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import PHONE, TIMEOUT_MILLISECONDS, Language, Person
from tests.engine.diagrams import bpmn, end, flow, process, start, user

DIAGRAMS = sorted((Path(__file__).parents[2] / "bpmn").rglob("*.bpmn"))
ELEMENTS = Path(__file__).parents[1] / "engine" / "language" / "elements"
REACTIONS = (
    "event_sub_process_message_non_interrupting",
    "event_sub_process_conditional",
    "boundary_conditional",
    "link",
)
LOOP = (
    '<bpmn:multiInstanceLoopCharacteristics camunda:collection="people" camunda:elementVariable="one" '
    'baton:outputCollection="answers" baton:outputElement="answer"/>'
)
LOOPED = process("looped", start(), user("ask", LOOP, camunda__formKey="a/b"), end(), flow("s ask e"))
FOREIGN = Path(__file__).parents[1] / "engine" / "definitions" / "intake" / "data"
READY = '[data-state="ready"]'
EDITOR = 'document.querySelector("[data-modeler]")'
SAVE_ALL = f"""async (xml) => {{
  const {{ modeler }} = {EDITOR};
  const {{ warnings }} = await modeler.importXML(xml);
  for (const element of modeler.get("elementRegistry").getAll()) modeler.get("selection").select(element);
  return [warnings.map((one) => one.message), (await modeler.saveXML({{ format: true }})).xml];
}}"""
# one element of each kind, with every menu it can open
WALK = f"""async () => {{
  const {{ modeler, untranslated }} = {EDITOR};
  const [elements, popup] = [modeler.get("elementRegistry"), modeler.get("popupMenu")];
  const kind = ({{ type, businessObject: one }}) => type + one.eventDefinitions?.[0]?.$type + one.cancelActivity;
  const kinds = new Map(elements.filter(({{ type }}) => type !== "label").map((one) => [kind(one), one]));
  for (const element of kinds.values()) {{
    modeler.get("selection").select(element);
    for (const menu of ["bpmn-replace", "bpmn-append", "bpmn-create"]) popup.open(element, menu, {{ x: 0, y: 0 }});
    popup.open([element], "color-picker", {{ x: 0, y: 0 }});
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    popup.close();
  }}
  return [kinds.size, [...untranslated].sort()];
}}"""
# what the replace menu of each element offers
OFFERED = f"""(ids) => {{
  const {{ modeler }} = {EDITOR};
  const [elements, popup] = [modeler.get("elementRegistry"), modeler.get("popupMenu")];
  const offers = (id) => Object.keys(popup._getContext(elements.get(id), "bpmn-replace").entries);
  return Object.fromEntries(ids.map((id) => [id, offers(id).map((one) => one.replace("replace-with-", ""))]));
}}"""
MOVE = f"""() => {{
  const {{ modeler }} = {EDITOR};
  modeler.get("modeling").moveElements([modeler.get("elementRegistry").get("score")], {{ x: 30, y: 150 }});
}}"""
ENGLISH = re.compile(r"[A-Za-z]{4}")


def open_editor(person: Person, key: str) -> None:
    """The draft of a process, as an analyst gets there."""
    person.open(f"/definitions?kind=process&q={key}")
    person.page.locator("main a.name").locator("visible=true").first.click()
    person.page.locator('form[action="/drafts"] button').first.click()
    wait_ready(person, "data-modeler")


def wait_ready(person: Person, part: str) -> None:
    person.page.locator(f"[{part}]{READY}").wait_for()


def shape(person: Person, element: str) -> Locator:
    return person.page.locator(f'.djs-shape[data-element-id="{element}"]')


def panel_field(person: Person, field: str) -> Locator:
    return person.page.locator(f'[data-panel] [data-entry-id="{field}"] :is(input, textarea, select)')


def save(person: Person) -> str:
    """The file as it would be saved now."""
    return str(person.page.evaluate(f"async () => (await {EDITOR}.modeler.saveXML()).xml"))


def test_change_is_saved_checked_and_compared(visit: Visit) -> None:
    with visit("zh") as person:
        person.sign_in("ye", "analyst")
        open_editor(person, "mutual_rating")
        page = person.page
        assert page.evaluate(f"{EDITOR}.lost") == []
        shape(person, "rate_a").click()
        name, problems = panel_field(person, "nameEn"), page.locator("[data-problems]")
        name.fill("")
        finding = problems.get_by_role("button", name="应有英文名称")
        expect(finding).to_be_visible(timeout=TIMEOUT_MILLISECONDS)
        expect(page.locator('.found-error[data-element-id="rate_a"]')).to_be_attached()
        expect(page.locator('[data-panel] [data-entry-id="nameEn"]')).to_contain_text("应有英文名称")
        shape(person, "rate_b").click()
        finding.click()
        expect(name).to_be_focused()
        page.keyboard.type("Rate them")
        expect(finding).to_have_count(0, timeout=TIMEOUT_MILLISECONDS)
        expect(page.locator("[data-draft-status]")).to_contain_text("已保存")
        assert find_barriers(page) == []
        person.follow("逐项比较")
        wait_ready(person, "data-compare")
        changes = page.locator(".change")
        expect(changes).to_have_count(1)
        expect(changes).to_contain_text("名称（英文）Rate the other side → Rate them")
        assert find_barriers(page) == []


def test_menus_offer_what_runs_and_the_services(visit: Visit) -> None:
    with visit("zh") as person:
        person.sign_in("ye", "analyst")
        open_editor(person, "service_case")
        page = person.page
        shape(person, "load_policy").click()
        menu = page.locator(".djs-popup")
        page.locator('.djs-context-pad [data-action="replace"]').click()
        expect(menu.locator(".entry", has_text="业务规则任务")).to_be_visible()
        assert menu.locator(".entry").count() > 8
        expect(menu.locator(".entry", has_text="临时子流程")).to_have_count(0)
        menu.locator(".entry", has_text="业务规则任务").click()
        assert 'camunda:topic="load_policy"' not in save(person)
        page.locator('.djs-palette [data-action="undo"]').click()
        assert 'camunda:topic="load_policy"' in save(person)
        shape(person, "load_policy").click()
        page.locator('.djs-context-pad [data-action="append"]').click()
        menu.locator("input").fill("remind")
        menu.locator('[data-id="service-remind"]').click()
        expect(panel_field(person, "topic")).to_have_value("remind")
        expect(panel_field(person, "name")).to_have_value("提醒")
        expect(panel_field(person, "input-element")).to_have_value("${element}")
        page.keyboard.press("Escape")  # out of its name
        page.locator('.djs-palette [data-action="undo"]').click()
        assert "remind" not in save(person)
        expect(page.locator("[data-problems] > li")).to_have_count(0, timeout=TIMEOUT_MILLISECONDS)
        page.locator(".bts-toggle-mode").click()
        page.locator('.bts-context-pad[title="触发"]:not(.hidden)').first.click()
        expect(page.locator(".bts-scope").first).to_be_visible()
        shown = page.locator("[class^=bts-][title]").evaluate_all("all => all.map((one) => one.title)")
        assert [
            words for words in [*shown, page.locator(".bts-toggle-mode").inner_text()] if ENGLISH.search(words)
        ] == []


def test_every_diagram_is_kept_and_every_text_is_chinese(visit: Visit) -> None:
    with visit("zh") as person:
        person.sign_in("ye", "analyst")
        open_editor(person, "hire_order")
        count, untranslated = person.page.evaluate(WALK)
        assert count > 15
        assert untranslated == []
        files = {path.name: path.read_bytes() for path in DIAGRAMS} | {"looped": lay_out(bpmn(LOOPED))}
        for file, content in files.items():
            warnings, saved = person.page.evaluate(SAVE_ALL, content.decode())
            assert (file, warnings, list_lost(content, saved.encode())) == (file, [], [])
        for name in REACTIONS:
            content = (ELEMENTS / f"{name}.bpmn").read_bytes()
            warnings, saved = person.page.evaluate(SAVE_ALL, content.decode())
            assert (name, warnings, list_lost(content, saved.encode())) == (name, [], [])
            assert person.page.evaluate(WALK)[1] == []


def test_a_foreign_file_is_brought_in_arranged_and_put_back(visit: Visit) -> None:
    with visit("zh") as person:
        person.sign_in("ye", "analyst")
        person.open("/definitions/upload")
        page = person.page
        assert find_barriers(page) == []
        page.locator("#files").set_input_files([FOREIGN / "camunda_8.bpmn"])
        page.locator('button[name="check"]').locator("visible=true").last.click()
        expect(page.locator(".problems")).to_contain_text("请把 FEEL 改写为 ${…} 中的 Python")
        assert find_barriers(page) == []
        person.press("存为 1 份草稿")
        wait_ready(person, "data-modeler")
        assert page.evaluate(f"{EDITOR}.lost") == []
        place = f"{EDITOR}.modeler.get('elementRegistry').get('score').x"
        before = page.evaluate(place)
        page.evaluate(MOVE)
        moved = page.evaluate(place)
        assert moved != before
        person.press("自动排列")
        undo = person.button("撤销排列")
        expect(undo).to_be_visible()
        assert page.evaluate(place) == before
        assert find_barriers(page) == []
        undo.click()
        expect(undo).to_have_count(0)
        assert page.evaluate(place) == moved
        expect(page.locator("[data-draft-status]")).to_contain_text("已保存")
        assert 'type="score-customer"' in save(person)


def test_an_event_sub_process_offers_its_triggers(visit: Visit) -> None:
    with visit("zh") as person:
        person.sign_in("ye", "analyst")
        open_editor(person, "service_case")
        content = (ELEMENTS / "event_sub_process_message_non_interrupting.bpmn").read_text("utf-8")
        person.page.evaluate(SAVE_ALL, content)
        offered = person.page.evaluate(OFFERED, ["begin", "told"])
        assert {"message-start", "none-start"} & set(offered["begin"]) == {"message-start"}
        assert not [one for one in offered["begin"] if re.search("conditional|error|escalation|interrupting", one)]
        assert {"error-start", "conditional-start", "non-interrupting-timer-start"} <= set(offered["told"])
        shape(person, "told").click()
        person.page.locator('.djs-context-pad [data-action="replace"]').click()
        person.page.locator('.djs-popup [data-id="replace-with-conditional-start"]').click()
        panel_field(person, "eventCondition").fill("answer > 5")
        panel_field(person, "eventCondition").press("Tab")
        assert re.search(r"<bpmn:condition [^>]*>answer &gt; 5</bpmn:condition>", save(person))


def list_lost(before: bytes, after: bytes) -> list[str]:
    """What is said in the one file and not in the other."""
    facts = [Counter(map(_tell, etree.fromstring(file).iter("*"))) for file in (before, after)]
    return [f"- {fact}" for fact in facts[0] - facts[1]] + [f"+ {fact}" for fact in facts[1] - facts[0]]


def _tell(node: etree._Element) -> str:
    text = (node.text or "").strip() if len(node) == 0 else ""
    return f"{node.tag} {sorted(node.items())} {text}"


def test_path_of_planes_is_in_the_language_of_the_page(visit: Visit) -> None:
    paths: dict[Language, list[str]] = {"en": ["Hire order", "Expiry decision"], "zh": ["需求订单", "到期处理"]}
    for language, path in paths.items():
        with visit(language) as person:
            person.sign_in("ye", "analyst")
            open_editor(person, "hire_order")
            person.page.locator(".bjs-drilldown").first.click()
            expect(person.page.locator(".bjs-breadcrumbs .bjs-crumb")).to_have_text(path)


def test_english_page_shows_english_names_and_a_phone_shows_the_diagram(visit: Visit) -> None:
    with visit("en") as person:
        person.sign_in("ye", "analyst")
        open_editor(person, "secure_funds")
        page = person.page
        expect(shape(person, "set_deadline")).to_contain_text("Set deadline")
        address = page.url
        shape(person, "set_deadline").click()
        expect(page.locator("[data-panel]")).to_contain_text("Duration duration *")
        page.set_viewport_size({"width": PHONE, "height": 844})
        person.open(address)
        wait_ready(person, "data-modeler")
        expect(shape(person, "set_deadline")).to_contain_text("Set deadline")
        expect(page.locator(".djs-palette")).to_have_count(0)
        assert find_overflow(page) + find_barriers(page) == []
