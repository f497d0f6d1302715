"""The registered components, and the registry."""

from typing import Any

import pytest

from engine.definitions.forms import FormComponent, form_component
from engine.storage.plain import PlainDict
from tests.engine.definitions.forms.support import choices, fill, make, part

ITEMS = [{"value": "clear", "label": "描述清楚"}, {"value": "legal", "label": "不违法"}]
REVIEW = make(
    choices("decision", "radio", "approve", "reject"),
    part(
        "baton:checklist_review",
        "checklist",
        items=ITEMS,
        requiredWhen={"field": "decision", "equals": "approve"},
        i18n={"en": {"label": "Checks", "items": {"clear": "Clear", "legal": "Legal"}}},
    ),
)
SPLIT = part(
    "baton:split",
    "shares",
    total="dispute.total_fen",
    validate={"required": True},
    sides=[{"value": "pay_fen", "label": "承接人"}, {"value": "refund_fen", "label": "发布方"}],
    i18n={"en": {"label": "Shares", "sides": {"pay_fen": "Taker", "refund_fen": "Publisher"}}},
)
TOTAL: PlainDict = {"dispute": {"total_fen": 20000}}


def test_a_review_answers_every_item_to_approve() -> None:
    answered = {"decision": "approve", "checklist-clear": "yes", "checklist-legal": "no"}
    bound = fill(REVIEW, answered)
    assert bound.validate()
    assert bound.values["checklist"] == {"clear": True, "legal": False}
    for language, words in (("zh", "共 2 项，还有 1 项没有回答"), ("en", "1 of 2 answers are missing")):
        bound = fill(REVIEW, {"decision": "approve", "checklist-clear": "yes"}, language=language)  # type: ignore[arg-type]  # a literal in a loop
        assert not bound.validate()
        assert bound.errors == {"checklist": [words]}
    assert fill(REVIEW, {"decision": "approve"}).validate() is False


def test_a_review_that_rejects_may_leave_items_open() -> None:
    bound = fill(REVIEW, {"decision": "reject", "checklist-legal": "no"})
    assert bound.validate()
    assert bound.values["checklist"] == {"clear": None, "legal": False}


def test_an_answer_that_is_neither_yes_nor_no_is_refused() -> None:
    bound = fill(REVIEW, {"decision": "reject", "checklist-legal": "maybe"})
    assert not bound.validate()
    assert bound.errors == {"checklist": ["This answer is not offered; choose again"]}


@pytest.mark.parametrize(
    ("pay", "refund", "words"),
    [
        ("100", "80", "These add up to ¥180.00, but the total is ¥200.00: ¥20.00 is missing"),
        ("150", "80", "These add up to ¥230.00, but the total is ¥200.00: ¥30.00 too much"),
        ("-1", "201", "At least ¥0.00; −¥1.00 now"),
        ("a", "1", "Not an amount, such as 1,234.50"),
        ("", "", "Required; nothing entered yet"),
    ],
)
def test_a_split_that_does_not_add_up_says_by_how_much(pay: str, refund: str, words: str) -> None:
    bound = fill(make(SPLIT), {"shares-pay_fen": pay, "shares-refund_fen": refund}, data=TOTAL)
    assert not bound.validate()
    assert bound.errors == {"shares": [words]}


def test_a_split_that_adds_up() -> None:
    for pay, refund, expected in [("120.5", "79.50", (12050, 7950)), ("200", "", (20000, 0)), ("0", "200", (0, 20000))]:
        bound = fill(make(SPLIT), {"shares-pay_fen": pay, "shares-refund_fen": refund}, data=TOTAL)
        assert bound.validate(), bound.errors
        assert bound.values["shares"] == dict(zip(("pay_fen", "refund_fen"), expected, strict=True))


def test_a_split_of_an_unknown_total_is_refused() -> None:
    bound = fill(make(SPLIT), {"shares-pay_fen": "1"}, language="zh")
    assert not bound.validate()
    assert bound.errors == {"shares": ["总金额还没有确定，暂时不能分配"]}


def test_a_split_comes_back_from_a_draft() -> None:
    bound = fill(make(SPLIT), {"shares-pay_fen": "1x", "shares-refund_fen": "5"}, data=TOTAL)
    again = fill(make(SPLIT), draft=bound.draft, data=TOTAL)
    assert again.draft == {"shares": {"pay_fen": "1x", "refund_fen": "5"}}
    kept = fill(make(SPLIT), draft={"shares": {"pay_fen": 150, "refund_fen": None}}, data=TOTAL)
    assert kept.draft == {"shares": {"pay_fen": 150, "refund_fen": None}}


def test_facts_come_from_process_data_or_from_rows_the_server_prepared() -> None:
    english = {"label": "Facts", "rows": {"reward_fen": "Reward", "place.city": "City"}}
    rows = [{"value": "reward_fen", "label": "酬金"}, {"value": "place.city", "label": "城市"}]
    form = make(part("baton:facts", "facts", rows=rows, i18n={"en": english}))
    assert view(form, {"reward_fen": 5, "place": {"city": "杭州"}})["rows"] == [
        {"label": "Reward", "name": "reward_fen", "value": 5},
        {"label": "City", "name": "place.city", "value": "杭州"},
    ]
    form = make(part("baton:facts", "facts", source="order.facts"))
    prepared: PlainDict = {"order": {"facts": [{"zh": "接单", "en": "Taken", "name": "taken_at", "value": "x"}, 7]}}
    assert view(form, prepared)["rows"] == [{"label": "Taken", "name": "taken_at", "value": "x"}]
    assert view(form, {})["rows"] == []


def test_a_settlement_shows_what_the_server_computed_or_nothing() -> None:
    form = make(part("baton:settlement_preview", "preview", source="settlement"))
    amounts: PlainDict = {"gross_fen": 33330, "platform_fee_fen": 3333, "vat_fen": 189, "net_fen": 29997}
    assert view(form, {"settlement": amounts}) == {"amounts": amounts}
    assert view(form, {"settlement": {"gross_fen": 1}}) == {"amounts": None}
    assert fill(form, {}).values == {}


def view(form: Any, data: PlainDict) -> PlainDict:
    return fill(form, data=data).view(form.components[0])


def test_components_are_registered_once_and_under_our_prefix() -> None:
    for name in ("baton:split", "split"):
        with pytest.raises(ValueError, match="Expected a new type"):
            form_component(name)(FormComponent)
