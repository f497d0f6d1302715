"""Forms as HTML: every type of field, both languages, what was typed comes back, and nothing typed becomes markup."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import lxml.html
import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from lxml.html import HtmlElement
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from engine.definitions.forms import BoundForm, Form
from engine.storage.plain import Plain, PlainDict
from tests.engine.definitions.forms.support import SHANGHAI, choices, fill, make, part
from web.formatting import Formatter
from web.rendering import render_form, render_readonly
from web.rendering.display import Display, format_size

WEB = Path(__file__).parents[3] / "web"
ICONS = frozenset((WEB / "assets" / "icons.txt").read_text().split())
EVIL = "<script>alert(1)</script>\"' onload=x {{ 7*7 }}"
PHOTO: PlainDict = {"file": "f1", "name": "a.jpg", "sha256": "1", "size_bytes": 2_400_000, "media_type": "image/jpeg"}
PAPER: PlainDict = {"file": "f2", "name": EVIL, "sha256": "2", "size_bytes": 1, "media_type": "application/pdf"}


def draw_icon(name: str, classes: str = "") -> Markup:
    assert name in ICONS, f"Expected an icon of the sprite, but got {name}"
    return Markup('<svg class="i {}"><use href="#{}"/></svg>').format(classes, name)


ENVIRONMENT = Environment(
    loader=FileSystemLoader(WEB / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.globals["icon"] = draw_icon


def fmt(language: Literal["zh", "en"] = "en") -> Formatter:
    return Formatter(language, SHANGHAI, datetime(2026, 11, 21, tzinfo=UTC))


def draw(bound: BoundForm) -> HtmlElement:
    return parse(render_form(ENVIRONMENT, bound, fmt(bound.language)))


def parse(markup: str) -> HtmlElement:
    tree = lxml.html.fragment_fromstring(markup, create_parent="form")
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids)), ids
    for target in tree.xpath("//@for | //@aria-describedby"):
        assert set(target.split()) <= set(ids), target
    return tree


def one(tree: HtmlElement, path: str) -> HtmlElement:
    found = tree.xpath(path)
    assert len(found) == 1, (path, lxml.html.tostring(tree, encoding="unicode"))
    element: HtmlElement = found[0]
    return element


def words(tree: HtmlElement) -> str:
    return " ".join(" ".join(map(str, tree.itertext())).split())


def sides(language_words: str = "") -> dict[str, Any]:
    return {
        "total": "total_fen",
        "sides": [{"value": "a_fen", "label": f"甲{language_words}"}, {"value": "b_fen", "label": "乙"}],
        "i18n": {"en": {"label": "Split", "sides": {"a_fen": f"A{language_words}", "b_fen": "B"}}},
    }


def every_type(extra: str = "") -> Form:
    """A form with all types of fields; `extra` is added to every text of it."""
    label = {"label": f"标签{extra}", "description": f"说明{extra}"}
    english: dict[str, Any] = {"label": f"Label{extra}", "description": f"Help{extra}"}
    both: dict[str, Any] = {**label, "i18n": {"en": english}}
    listed = [{"value": value, "label": f"选{extra}", "description": f"后果{extra}"} for value in ("a", "b")]
    answers = {value: {"label": f"Answer{extra}", "description": f"Result{extra}"} for value in ("a", "b")}
    asked: dict[str, Any] = {**label, "values": listed, "i18n": {"en": {**english, "values": answers}}}
    items: dict[str, Any] = {**label, "items": listed, "i18n": {"en": {**english, "items": answers}}}
    unit = {"appearance": {"suffixAdorner": f"份{extra}"}}
    counted = {**both, **unit, "i18n": {"en": {**english, "suffixAdorner": f"pcs{extra}"}}}
    return make(
        part("text", "", text=f"文字{extra}", i18n={"en": {"text": f"Text{extra}"}}),
        part("textfield", "title", **both | {"validate": {"required": True}}),
        part("textarea", "content", **both),
        part("number", "count", **counted, decimalDigits=0),
        part("number", "reward_fen", **both, money=True),
        part("select", "select", **asked),
        part("radio", "radio", **asked),
        part("checklist", "checklist", **asked),
        part("checkbox", "agree", **both),
        part("datetime", "day", **both),
        part("datetime", "at", **both, subtype="datetime"),
        part("filepicker", "files", **both, multiple=True),
        part("filepicker", "photos", **both, multiple=True, accept="image/*"),
        part("textfield", "order_no", **both, readonly=True),
        part("group", "", id="g", label=f"组{extra}", components=[part("textfield", "inner", **both)])
        | {"i18n": {"en": {"label": f"Group{extra}"}}},
        part("separator", "", id="line"),
        part("spacer", "", id="gap"),
        part("baton:checklist_review", "review", **items),
        part("baton:split", "split", **sides(extra) | {"label": f"分配{extra}"}),
        part("baton:facts", "facts", **both, source="facts"),
        part("baton:settlement_preview", "preview", **both, source="settlement"),
    )


DATA: PlainDict = {
    "order_no": EVIL,
    "total_fen": 20000,
    "facts": [
        {"zh": EVIL, "en": EVIL, "name": "note", "value": EVIL},
        {"zh": "额", "en": "Sum", "name": "x_fen", "value": 5},
    ],
    "settlement": {
        "gross_fen": 33330,
        "platform_fee_fen": 3333,
        "platform_fee_bps": 1000,
        "vat_fen": 189,
        "net_fen": 29997,
    },
}
FILES = {"f1": PHOTO, "f2": PAPER}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_type_is_drawn_in_both_languages(language: Literal["zh", "en"]) -> None:
    form = every_type()
    tree = draw(fill(form, data=DATA, language=language))
    shown = words(tree)
    expected = (
        ("标签", "说明", "组", "拍照", "承接", "平台服务费 10%") if language == "zh" else ("Label", "Help", "Group")
    )
    for word in set(expected) - {"承接"}:
        assert word in shown
    for word in ("Label", "Help") if language == "zh" else ("标签", "说明"):
        assert word not in shown
    names = set(tree.xpath("//input/@name | //select/@name | //textarea/@name"))
    plain = form.inputs.keys() - {"files", "photos", "review", "split"}
    assert names == plain | {"files-upload", "photos-upload", "review-a", "review-b", "split-a_fen", "split-b_fen"}


def every_input(tree: HtmlElement) -> Iterator[HtmlElement]:
    yield from tree.xpath("//input[not(@type='hidden')] | //select | //textarea")


def test_every_input_has_a_label_and_none_needs_a_script() -> None:
    tree = draw(fill(every_type(), data=DATA))
    for control in every_input(tree):
        is_named = control.xpath("ancestor::label") or tree.xpath(f"//label[@for='{control.get('id')}']")
        assert is_named, lxml.html.tostring(control)
        assert control.get("required") is None  # the server's message is in the person's language
    assert not tree.xpath("//script | //@style | //@onclick")


def test_controls_suit_what_is_typed() -> None:
    tree = draw(fill(every_type(), data=DATA))
    assert one(tree, "//input[@name='reward_fen']").get("inputmode") == "decimal"
    assert one(tree, "//input[@name='count']").get("inputmode") == "numeric"
    assert one(tree, "//input[@name='at']").get("type") == "datetime-local"
    assert one(tree, "//input[@name='day']").get("type") == "date"
    assert one(tree, "//input[@name='title']").get("aria-required") == "true"
    assert one(tree, "//input[@name='title']").get("aria-describedby") == "f-title-help"
    assert words(one(tree, "//div[@class='with-unit'][input/@name='count']")) == "pcs"
    assert words(one(tree, "//div[@class='with-unit'][input/@name='reward_fen']")) == "CNY"
    camera, album = tree.xpath("//input[@name='photos-upload']")
    assert camera.get("capture") == "environment"
    assert camera.get("accept") == album.get("accept") == "image/*"
    assert album.get("capture") is None
    assert len(tree.xpath("//label[@class='choice']//input[@name='radio']")) == 2


def test_many_answers_are_a_plain_list() -> None:
    tree = draw(fill(make(choices("x", "radio", *"abcde"))))
    assert len(tree.xpath("//label[@class='checkline']")) == 5


def test_nothing_typed_or_written_becomes_markup() -> None:
    form = every_type(EVIL)
    text_fields = ("title", "content", "count", "reward_fen", "select", "day", "at", "inner", "split-a_fen", "review-a")
    submitted = MultiDict([(name, EVIL) for name in text_fields])
    submitted.setlist("files", ["f2"])
    submitted.setlist("photos", ["f1"])
    bound = fill(form, submitted, data=DATA, files=FILES)
    assert not bound.validate()
    markup = render_form(ENVIRONMENT, bound, fmt())
    values: PlainDict = dict.fromkeys(form.fields, EVIL) | {"files": [PAPER], "review": {"a": True}, "split": None}
    readonly = render_readonly(ENVIRONMENT, form, values, fmt(), data=DATA)
    for drawn in (markup, readonly):
        assert "alert(1)" in drawn
        assert "<script" not in drawn
        assert "49" not in drawn
        tree = parse(drawn)
        assert not tree.xpath("//@onload | //script")


def test_an_error_keeps_what_was_typed_and_says_what_is_wrong() -> None:
    sent = {"title": "", "reward_fen": "1.234", "radio": "b", "checklist": "a", "agree": "true", "files": "f1"}
    sent |= {"content": "\nzwei\nZeilen", "at": "2026-11-30T18:30", "split-a_fen": "1x", "review-a": "no"}
    bound = fill(every_type(), sent, data=DATA, files=FILES)
    assert not bound.validate()
    tree = draw(bound)
    amount = one(tree, "//input[@name='reward_fen']")
    assert amount.get("value") == "1.234"
    assert amount.get("aria-invalid") == "true"
    assert amount.get("aria-describedby") == "f-reward_fen-help f-reward_fen-error-1"
    assert words(one(tree, "//p[@id='f-reward_fen-error-1']")) == "At most 2 decimals"
    assert one(tree, "//p[@id='f-reward_fen-error-1']//svg") is not None
    assert one(tree, "//input[@name='radio'][@value='b']").get("checked") is not None
    assert one(tree, "//input[@name='checklist'][@value='a']").get("checked") is not None
    assert one(tree, "//input[@name='agree']").get("checked") is not None
    assert one(tree, "//input[@name='at']").get("value") == "2026-11-30T18:30"
    assert one(tree, "//input[@name='review-a'][@value='no']").get("checked") is not None
    assert one(tree, "//input[@name='split-a_fen']").get("value") == "1x"
    assert one(tree, "//input[@name='files']").get("value") == "f1"
    assert "zwei" in one(tree, "//textarea").text_content()
    problems = one(tree, "//div[@role='alert']")
    assert words(problems).startswith("Not submitted: 3 answers need a change Everything you entered is kept.")
    for target in problems.xpath(".//a/@href"):
        assert one(tree, f"//*[@id='{target.removeprefix('#')}']") is not None


def test_a_stored_file_is_shown_with_a_way_to_remove_it() -> None:
    tree = draw(fill(every_type(), {"files": "f1", "title": "x"}, files=FILES, data=DATA, language="zh"))
    item = one(tree, "//li[@class='file']")
    assert one(item, ".//img").get("src") == "/files/f1/thumbnail"
    assert one(item, ".//a").get("href") == "/files/f1"
    assert "2.4 MB" in words(item)
    button = one(item, ".//button")
    assert (button.get("name"), button.get("value")) == ("_remove", "files:f1")
    assert button.get("aria-label") == "移除 a.jpg"
    # Enter in a field must submit and not remove the file.
    assert tree.xpath("//button")[0].get("name") is None


def test_a_change_that_shows_more_fetches_the_form_again() -> None:
    form = make(part("checkbox", "more"), part("textfield", "what", showWhen="more"), part("number", "other"))
    tree = draw(fill(form))
    asking = one(tree, "//*[@hx-post]")
    assert one(asking, ".//input").get("name") == "more"
    assert asking.get("hx-vals") == '{"_refresh": "1"}'
    assert asking.get("hx-target") == asking.get("hx-select") == "#form-fields"
    assert one(tree, "//*[@id='form-fields']") is not None
    button = one(tree, "//noscript//button")
    assert (button.get("name"), words(button)) == ("_refresh", "Update the form")
    assert not tree.xpath("//input[@name='what']")
    tree = draw(fill(form, {"more": "true"}))
    assert one(tree, "//input[@name='what']") is not None
    assert one(tree, "//input[@name='_shown']").get("value") == "what"


def test_a_group_of_which_nothing_is_shown_has_no_heading() -> None:
    within = [part("textfield", "what", showWhen="more")]
    form = make(
        part("checkbox", "more"),
        part("group", "", id="g", label="组", i18n={"en": {"label": "Group"}}, components=within),
    )
    assert draw(fill(form)).xpath("//h2") == []
    assert len(draw(fill(form, {"more": "true"})).xpath("//h2")) == 1


def test_a_form_without_conditions_and_files_has_no_buttons() -> None:
    assert not draw(fill(make(part("textfield", "x")))).xpath("//button")


def test_components_of_one_row_stand_side_by_side() -> None:
    row = {"layout": {"row": "Row_1", "columns": 8}}
    tree = draw(fill(make(part("number", "a", **row), part("number", "b", **row), part("number", "c"))))
    assert one(tree, "//div[@class='grid-2 fold']").xpath(".//input/@name") == ["a", "b"]


def test_money_is_shown_before_it_moves() -> None:
    tree = draw(fill(every_type(), data=DATA))
    table = words(one(tree, "//section[@id='f-preview']//table"))
    assert table == "Pay ¥333.30 Platform fee 10% −¥33.33 of which VAT ¥1.89 Net pay ¥299.97"
    assert "not known yet" in words(one(draw(fill(every_type())), "//section[@id='f-preview']"))


def test_a_filled_in_form_is_read_as_it_was() -> None:
    values: PlainDict = {
        "title": "修空调",
        "content": "一\n二",
        "count": 1200,
        "reward_fen": 123456,
        "select": "a",
        "checklist": ["a", "b"],
        "agree": True,
        "day": "2026-11-30",
        "at": "2026-11-30T10:30:00Z",
        "files": [PHOTO],
        "inner": None,
        "review": {"a": True, "b": None},
        "split": {"a_fen": 15000, "b_fen": 5000},
    }
    tree = parse(render_readonly(ENVIRONMENT, every_type(), values, fmt("zh"), data=DATA))
    shown = words(tree)
    for word in ("修空调", "1,200 份", "¥1,234.56", "选、选", "是", "11月30日", "11月30日 18:30", "未填写", "¥150.00"):
        assert word in shown
    assert one(tree, "//a[@href='/files/f1']") is not None
    assert len(tree.xpath("//dd//br")) == 1
    assert words(one(tree, "//h3[text()='组']/following-sibling::dl[1]")) == "标签 未填写"
    assert not tree.xpath("//input | //select | //textarea | //button")
    assert "选" not in words(parse(render_readonly(ENVIRONMENT, every_type(), {"radio": "gone"}, fmt("zh"))))


def test_what_was_hidden_then_is_not_shown() -> None:
    tree = parse(render_readonly(ENVIRONMENT, every_type(), {"title": "x"}, fmt()))
    assert words(tree) == "Label x"


def test_personal_data_stay_hidden_unless_opened() -> None:
    form = make(part("textfield", "phone", personal={"subject": "publisher"}))
    values: PlainDict = {"phone": {"$vault": "v1", "sha256": "s"}}
    hidden = parse(render_readonly(ENVIRONMENT, form, values, fmt()))
    assert words(hidden) == "Label phone Personal data, hidden"
    opened = render_readonly(ENVIRONMENT, form, values, fmt(), lambda reference: f"<138 {reference['$vault']}>")
    assert words(parse(opened)) == "Label phone <138 v1>"


def test_data_are_shown_by_what_their_names_say() -> None:
    display = Display(fmt("en"))
    shown: list[tuple[str, Plain, str]] = [
        ("reward_fen", -150000, "−¥1,500.00"),
        ("fee_bps", 600, "6%"),
        ("taken_at", "2026-11-20T12:18:00Z", "20 Nov 20:18"),
        ("day", "2027-01-05", "5 Jan 2027"),
        ("count", 1234, "1,234"),
        ("done", False, "No"),
        ("names", ["a", "b"], "a, b"),
        ("place", {"city": "杭州", "fee_fen": 5}, "city: 杭州"),
        ("day", "2026-99-99", "2026-99-99"),
    ]
    for name, value, expected in shown:
        assert display.show_datum(name, value).lines[0] == expected
    assert display.show_datum("x", None).lines == ()
    assert display.show_datum("proofs", [PHOTO, PAPER]).files[1].id == "f2"
    assert format_size(999) == "1 kB"


def test_a_blank_field_is_kept_for_its_language_and_its_form_and_never_with_what_somebody_wrote() -> None:
    form, namesake = make(part("textfield", "note", label="说明")), make(part("textfield", "note", label="备注"))
    empty = "//input[@name='note' and @value='']"
    for _ in range(2):
        assert "说明" in words(draw(fill(form, language="zh")))
        assert "备注" in words(draw(fill(namesake, language="zh")))
        assert "说明" not in words(draw(fill(namesake, language="zh")))
        written = draw(fill(form, {"note": EVIL}, language="zh"))
        assert one(written, "//input[@name='note']").get("value") == EVIL
        one(draw(fill(form, language="zh")), empty)
        assert "Label note" in words(draw(fill(form)))


def test_a_field_for_files_is_blank_until_it_holds_one() -> None:
    form = make(part("filepicker", "proofs", multiple=True))
    for _ in range(2):
        held = draw(fill(form, {"proofs": "f1"}, files=FILES))
        assert one(held, "//input[@type='hidden' and @name='proofs']").get("value") == "f1"
        assert draw(fill(form)).xpath("//input[@type='hidden' and @name='proofs']") == []


def test_what_is_wrong_with_a_blank_field_is_said_once() -> None:
    form = make(part("textfield", "note", validate={"required": True}))
    refused = fill(form, MultiDict({"note": ""}))
    assert not refused.validate()
    assert one(draw(refused), "//input[@name='note']").get("aria-invalid") == "true"
    assert one(draw(fill(form)), "//input[@name='note']").get("aria-invalid") is None
