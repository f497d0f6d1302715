"""What a form may say, and what is found to be wrong with it."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.definitions.forms import FormInvalid, parse_form
from engine.definitions.forms.messages import MESSAGES, say
from engine.definitions.forms.reading import find_slowness
from tests.engine.definitions.forms.support import choices, find, make, part, write
from tests.support.effort import takes_at_most


def test_a_form_says_what_becomes_of_its_fields() -> None:
    form = make(
        part("textfield", "title", validate={"required": True, "minLength": 4, "maxLength": 60}),
        part("textarea", "address", personal={"subject": "publisher"}),
        part("number", "reward_fen", money=True, keep="submission", defaultValue=12.5),
        part("group", "", label="照片", i18n={"en": {"label": "Photos"}}, components=[part("filepicker", "photos")]),
        part("textfield", "order_no", readonly=True),
        part("button", "", action="submit"),
    )
    assert tuple(form.fields) == ("title", "address", "reward_fen", "photos", "order_no")
    assert form.variables == ("title", "address", "photos")
    assert form.kept == {"reward_fen"}
    assert dict(form.personal_fields) == {"address": "publisher"}
    assert form.file_keys == ("photos",)
    assert form.fields["reward_fen"].default == 1250
    assert form.fields["title"].label.of("zh") == "标签 title"
    assert form.fields["title"].label.of("en") == "Label title"


@pytest.mark.parametrize(
    ("component", "code"),
    [
        ({"type": "iframe", "id": "x"}, "unknown_type"),
        ({"type": ["list"], "id": "x"}, "unknown_type"),
        (part("dynamiclist", "", path="x", components=[]), "entries_missing"),
        (part("dynamiclist", "", path="x", components=[part("filepicker", "a")]), "entry_unsupported"),
        (part("dynamiclist", "", path="x", components=[part("textfield", "a", showWhen="True")]), "entry_property"),
        (part("dynamiclist", "", path="x", components=[part("textfield", "a"), part("number", "a")]), "key_duplicate"),
        (
            part("dynamiclist", "", path="x", components=[part("textfield", "a")], sum={"field": "a", "is": 1}),
            "wrong_property",
        ),
        (part("number", "x", percent=True), "percent_key"),
        ({"type": "baton:nothing", "id": "x"}, "unknown_component"),
        (part("textfield", "x", conditional={"hide": "=true"}), "unknown_property"),
        (part("textfield", "x", validate={"min": 1}), "unknown_property"),
        (part("textfield", "x", i18n={"en": {"label": "X", "hint": "?"}}), "unknown_property"),
        (part("textfield", "x", label="= a"), "feel_refused"),
        (part("textfield", "x", label=""), "missing_chinese"),
        (part("textfield", "x", i18n={}), "missing_english"),
        (part("textfield", "x", description="说明"), "missing_english"),
        (part("text", "", id="x", text="说明"), "missing_english"),
        (part("group", "", id="x", label="组", components=[]), "missing_english"),
        (part("textfield", "x", validate={"required": "yes"}), "wrong_property"),
        (part("textfield", "x", validate={"minLength": 9, "maxLength": 3}), "bounds_crossed"),
        (part("number", "x", validate={"min": 2, "max": 1.5}), "bounds_crossed"),
        (part("number", "x", money=True), "money_key"),
        (part("number", "x", defaultValue="many"), "default_invalid"),
        (part("number", "x", defaultValue=True), "default_invalid"),
        (part("datetime", "x", subtype="week"), "wrong_property"),
        (part("datetime", "x", defaultValue="tomorrow"), "default_invalid"),
        (part("checkbox", "x", defaultValue="true"), "default_invalid"),
        (part("select", "x", values=[]), "choices_missing"),
        (part("select", "x", values=[{"label": "甲", "value": "a"}]), "missing_english"),
        (choices("x", "radio", "a", "b", "a"), "choice_duplicate"),
        (choices("x", "radio", "a", defaultValue="z"), "default_invalid"),
        (choices("x", "checklist", "a", defaultValue=[{}]), "default_invalid"),
        (part("select", "x", values=[{"label": "甲", "value": 1}]), "wrong_property"),
        (part("filepicker", "x", multiple=True, max_files=0), "wrong_property"),
        (part("filepicker", "x", multiple=True, max_files=51), "wrong_property"),
        (part("filepicker", "x", max_files=3), "wrong_property"),
        (part("filepicker", "x", max_mb=51), "wrong_property"),
        (part("filepicker", "x", accept="pictures"), "wrong_property"),
        (part("textfield", "x", personal={"subject": ""}), "wrong_property"),
        (part("textfield", "x", keep="forever"), "wrong_property"),
        (part("textfield", "x", validate={"pattern": "("}), "pattern_invalid"),
        (part("textfield", "x", validate={"pattern": "(a+)+"}), "pattern_slow"),
        (part("textfield", "x", validate={"validationType": "iban"}), "wrong_property"),
        (part("textfield", "x", showWhen="a +"), "condition_invalid"),
        (part("textfield", "x", showWhen="__import__('os')"), "condition_invalid"),
        (part("textfield", "x", showWhen="=a"), "feel_refused"),
        (part("textfield", "x", showWhen="missing == 'a'"), "condition_unknown"),
        (part("textfield", "x", showWhen="x == 'a'"), "condition_cyclic"),
        (part("baton:facts", "", id="x"), "source_missing"),
        (part("baton:settlement_preview", "", id="x"), "wrong_property"),
        (part("baton:settlement_preview", "", id="x", source="plan", reads="pay, nobody"), "wrong_property"),
        (part("baton:checklist_review", "x", items=[]), "choices_missing"),
        (part("baton:checklist_review", "x", items=[], requiredWhen={"field": [], "equals": 1}), "wrong_property"),
        (part("baton:split", "x", sides=[], total="t"), "wrong_property"),
    ],
)
def test_what_is_wrong_is_found_at_its_component(component: dict[str, Any], code: str) -> None:
    assert ("x", code) in find(component)


def test_a_side_of_a_split_is_named_as_an_amount() -> None:
    sides = [{"value": value, "label": value} for value in ("pay", "refund_fen")]
    english = {"label": "Split", "sides": {"pay": "Pay", "refund_fen": "Refund"}}
    assert find(part("baton:split", "x", sides=sides, total="total_fen", i18n={"en": english})) == [("x", "side_key")]


@pytest.mark.parametrize("key", ["Title", "9a", "a b", "a-b", "", "_refresh", "标题"])
def test_keys_are_plain_names(key: str) -> None:
    assert "key_invalid" in [code for _, code in find(part("textfield", "x") | {"key": key})]


@pytest.mark.parametrize("key", ["class", "csrf_token", "now"])
def test_keys_that_mean_something_else_are_reserved(key: str) -> None:
    assert find(part("textfield", key)) == [(key, "key_reserved")]


def test_keys_are_distinct_also_inside_groups() -> None:
    group = part("group", "", label="组", i18n={"en": {"label": "Group"}}, components=[part("number", "a")])
    assert ("a", "key_duplicate") in find(part("textfield", "a"), group)


def test_conditions_may_not_go_in_circles_nor_read_personal_data() -> None:
    assert find(part("textfield", "a", showWhen="b == ''"), part("textfield", "b", showWhen="a == ''")) == [
        ("a", "condition_cyclic")
    ]
    assert find(part("textfield", "a", personal={"subject": "p"}), part("textfield", "b", showWhen="a == ''")) == [
        ("b", "condition_personal")
    ]
    inner = [part("checkbox", "a")]
    group = part("group", "", id="g", label="组", i18n={"en": {"label": "G"}}, components=inner, showWhen="a")
    assert [code for _, code in find(group)] == ["condition_cyclic"]


def test_everything_wrong_is_found_in_one_go() -> None:
    found = find(part("textfield", "a", label=""), part("number", "b", money=True), {"type": "nothing", "id": "c"})
    assert found == [("a", "missing_chinese"), ("b", "money_key"), ("c", "unknown_type")]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        b'{"type": "default"}',
        b'{"type": "other", "components": []}',
        b'{"type": "default", "components": [], "x": NaN}',
        b'{"type": "default", "components": [], "x": 1e999}',
        b'{"type": "default", "components": [], "x": "\\ud800"}',
        b"[" * 100_000,
        b" " * 300_000,
    ],
)
def test_what_is_no_form_is_refused(content: bytes) -> None:
    with pytest.raises(FormInvalid) as invalid:
        parse_form("p/f", content)
    assert [finding.component for finding in invalid.value.findings] == ["p/f"]
    assert "Expected" in str(invalid.value)


def test_size_is_limited() -> None:
    assert ("#201", "form_too_large") in find(*(part("separator", "", id=f"s{n}") for n in range(201)))
    nested = part("separator", "", id="s")
    for level in range(6):
        nested = part("group", "", id=f"g{level}", label="组", i18n={"en": {"label": "G"}}, components=[nested])
    assert [code for _, code in find(nested)] == ["form_too_large"]


PROPERTIES = ["key", "id", "label", "validate", "values", "components", "i18n", "showWhen", "money", "accept"]
PROPERTIES += [
    "max_files",
    "max_mb",
    "personal",
    "keep",
    "items",
    "sides",
    "source",
    "rows",
    "requiredWhen",
    "total",
    "layout",
]
PROPERTIES += ["appearance", "defaultValue", "subtype", "readonly", "max_mb"]
KINDS = ["textfield", "number", "select", "datetime", "filepicker", "group", "text"]
KINDS += ["baton:facts", "baton:split", "baton:checklist_review"]
ATOM = st.sampled_from([None, True, 0, -5, 2**70, 0.5, "", "a", "x_fen", "=a", "(", "x > 1"])
NAMES = st.sampled_from(["en", "required", "min", "pattern", "row", "field", "equals", "value", "label"])
JSON = ATOM | st.lists(ATOM, max_size=2) | st.dictionaries(NAMES, ATOM, max_size=3)
NESTED = (
    JSON | st.lists(st.dictionaries(NAMES, JSON, max_size=3), max_size=2) | st.dictionaries(NAMES, JSON, max_size=2)
)


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(PROPERTIES), NESTED, max_size=8))
def test_any_properties_are_read_or_have_findings(kind: str, properties: dict[str, Any]) -> None:
    with suppress(FormInvalid):
        parse_form("p/f", write({**properties, "type": kind}))


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|a)*$", "(.*)*", r"(a)\1", "(?=a)a", "(a?){30}", "a?" * 7, "(a|a)" * 20, "a*" * 5],
)
def test_patterns_that_might_take_long_are_refused(pattern: str) -> None:
    assert find_slowness(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["[0-9]{17}[0-9X]", r"1[3-9]\d{9}", r"[^@\s]+@[^@\s]+\.[a-z]{2,}", r"[A-Z]{2}-\d+(?:-\d+)?", "[(+*]+", r"\(\d+\)"],
)
def test_ordinary_patterns_pass_and_match_fast(pattern: str) -> None:
    assert find_slowness(pattern) is None
    form = make(part("textfield", "x", validate={"pattern": pattern}))
    compiled = form.fields["x"].rules.pattern
    assert compiled
    texts = ("1" * 100, "a" * 100, "a@" * 50, "A-1-" * 25)
    assert takes_at_most(0.5, lambda: [compiled.fullmatch(text) for text in texts])


def test_the_slowest_pattern_that_passes_is_fast_enough() -> None:
    pattern = ".*.*.*" + "a?" * 6 + "#"
    assert find_slowness(pattern) is None
    compiled = make(part("textfield", "x", validate={"pattern": pattern})).fields["x"].rules.pattern
    assert compiled
    assert takes_at_most(1, lambda: compiled.fullmatch("a" * 100))


def test_every_message_has_both_languages_with_the_same_facts() -> None:
    for code, (chinese, english) in MESSAGES.items():
        places = [{word.split("}")[0] for word in text.split("{")[1:]} for text in (chinese, english)]
        assert chinese, code
        assert places[1] <= places[0], code
    assert say("en", "too_short", min_length=10, length=4) == "At least 10 characters; 4 so far"
    assert say("en", "too_short", min_length=1, length=0) == "At least 1 character; 0 so far"
    assert say("zh", "too_short", min_length=10, length=4) == "至少 10 个字，现在 4 个"


def test_a_schema_is_written_as_the_editor_writes_it() -> None:
    assert parse_form("p/f", write()).components == ()
